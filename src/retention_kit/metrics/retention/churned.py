"""The list for those who call customers back: who has gone, and what they were worth."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.contracts.packed import fits_packed, ranked
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import MissingColumnError
from retention_kit.metrics.base.activity import duration
from retention_kit.metrics.base.observed import (
    SOLD_AT,
    in_zone,
    instant,
    is_sale,
    observed,
    with_sales,
    zone_of,
)
from retention_kit.metrics.base.weighted import in_days
from retention_kit.metrics.lifecycle.gaps import Unit, purchase_gaps

CONTACTS = ("email", "phone", "first_name", "last_name", "city")
_WAS_CUSTOMER = "__was_customer"


@customer_local(ages=True)
def churned_customers(
    orders: Frame,
    customers: Frame | None = None,
    *,
    as_of: dt.datetime,
    active_within: str,
    period: str | None = None,
    unit: Unit = "order",
) -> Frame:
    """List the customers who were some a period ago and are none any more, most valuable first.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    lower the value alone.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        customers: The `customers` table, for the contacts; None leaves them null.
        as_of: Observation instant, exclusive, with a time zone: the end of the period.
        active_within: For how long a sale makes a customer, as in `retention_totals`: a number of
            days, weeks, months, quarters or years, as in `"90d"` or `"3mo"`.
        period: How long before `as_of` the period starts, in the same words. None takes
            `active_within`: then the list has those who bought in the window before the last and
            not in the last.
        unit: Between what the usual gap is counted: each `order`, or the shop-zone days of orders,
            each `day` once. Who places two orders in an hour is not overdue after two.

    Returns:
        One row per customer at the period's start who is none at its end, sorted by `net_revenue`,
        the largest first, and then by `customer_id`:

        - `customer_id`: as in `orders`.
        - `net_revenue` (`Decimal(38, 4)`): sum of all their sales and returns, shop currency.
        - `orders` (`Int64`): number of their sales, >= 1.
        - `last_order_at`: the instant of the last one.
        - `days_since_last_order` (`Float64`): from then to `as_of`, in days of 24 hours.
        - `usual_gap_days` (`Float64`): the median of the gaps between their purchases; null with
            one.
        - `gap_multiple` (`Float64`): days since the last order / usual gap, which says how overdue
            they are; null without a usual gap, or where that is 0.
        - `manager` (`String`): of the last sale, the one with the largest (instant, id); null where
            it has none.
        - `email`, `phone`, `first_name`, `last_name`, `city` (`String`): from `customers`, null
            where it does not say.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `active_within` or `period` is no length of the
            calendar, or `unit` is neither of the two.

    Notes:
        Exactly the customers counted as `lost` by `retention_totals`, S without E, in the period
        that ends at `as_of`: with S at `as_of` − `period`, E at `as_of`, and a customer at t being
        who has a sale in [t − `active_within`, t). Who was lost before that is not on the list.
        Lists from several sets of customers, put together, have to be sorted again.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> churned = churned_customers(orders, as_of=as_of, active_within="10d").collect()
        >>> churned.select("customer_id", "orders", "days_since_last_order").rows()
        [(2, 1, 11.489583333333334)]
    """
    active = duration("active_within", active_within)
    length = active if period is None else duration("period", period)
    seen = with_sales(observed(orders, as_of=as_of))
    zone = zone_of(orders.collect_schema())
    end = in_zone(as_of, zone)
    start = length.before(end)
    window_start, gone_since = active.before(start), active.before(end)
    sold_at = pl.col(SOLD_AT)
    was = (sold_at >= instant(window_start, zone)) & (sold_at < instant(start, zone))
    gone = (
        seen.group_by("customer_id")
        .agg(
            pl.col("amount").sum().cast(SUM).alias("net_revenue"),
            sold_at.count().cast(pl.Int64).alias("orders"),
            sold_at.max().alias("last_order_at"),
            was.sum().alias(_WAS_CUSTOMER),
        )
        .filter((pl.col(_WAS_CUSTOMER) > 0) & (pl.col("last_order_at") < instant(gone_since, zone)))
    )
    sales = seen.filter(is_sale(seen)).join(gone, on="customer_id", how="semi")
    gaps = (
        purchase_gaps(sales, as_of=as_of, unit=unit)
        .group_by("customer_id")
        .agg(pl.col("gap_days").median().alias("usual_gap_days"))
    )
    since = instant(as_of, zone) - pl.col("last_order_at")
    days, usual = pl.col("days_since_last_order"), pl.col("usual_gap_days")
    listed = (
        gone.join(gaps, on="customer_id", how="left")
        .join(_managers(sales), on="customer_id", how="left")
        .with_columns(in_days(since.dt.total_microseconds()).alias("days_since_last_order"))
        .with_columns(pl.when(usual > 0).then(days / usual).alias("gap_multiple"))
    )
    return (
        with_contacts(listed, customers)
        .sort(pl.col("net_revenue"), pl.col("customer_id"), descending=[True, False])
        .select(
            "customer_id",
            "net_revenue",
            "orders",
            "last_order_at",
            "days_since_last_order",
            "usual_gap_days",
            "gap_multiple",
            "manager",
            *CONTACTS,
        )
    )


def _managers(sales: Frame) -> Frame:
    """Give the manager of each customer's last sale."""
    schema = sales.collect_schema()
    if "manager" not in schema:
        nobody = pl.lit(None, dtype=pl.String).alias("manager")
        return sales.group_by("customer_id").agg(nobody.first())
    manager = pl.col("manager").cast(pl.String)
    if fits_packed(schema["order_id"]):
        # Instant and id as one number: the largest is found without sorting.
        last = manager.max_by(ranked(pl.col("ordered_at").dt.epoch("us"), pl.col("order_id")))
    else:
        last = manager.sort_by("ordered_at", "order_id").last()
    return sales.group_by("customer_id").agg(last.alias("manager"))


def with_contacts(listed: Frame, customers: Frame | None) -> Frame:
    """Put contacts beside a list of customers; null where they are not known."""
    nothing = {name: pl.lit(None, dtype=pl.String).alias(name) for name in CONTACTS}
    if customers is None:
        return listed.with_columns(nothing.values())
    schema = customers.collect_schema()
    if "customer_id" not in schema:
        raise MissingColumnError("customers", "customer_id", schema.names())
    known = [name for name in CONTACTS if name in schema]
    # The door lets each customer in once; a customer must not be listed twice either way.
    once = customers.group_by("customer_id").agg(
        pl.col(name).cast(pl.String).min() for name in known
    )
    absent = [column for name, column in nothing.items() if name not in known]
    return listed.join(once, on="customer_id", how="left").with_columns(absent)
