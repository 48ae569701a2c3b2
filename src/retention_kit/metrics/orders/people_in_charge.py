"""Managers: repeat sales, retention and growth of value of the customers each looks after."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.packed import fits_packed, ranked
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.activity import duration
from retention_kit.metrics.base.dimensions import first_sale_value
from retention_kit.metrics.base.intervals import with_wilson
from retention_kit.metrics.base.observed import (
    SOLD,
    SOLD_AT,
    in_zone,
    instant,
    observed,
    with_sales,
    zone_of,
)
from retention_kit.metrics.base.ratios import ratio

_HELD = "__manager"


@additive(keys=("manager",), ages=True)
def manager_totals(
    orders: Frame, *, as_of: dt.datetime, since: dt.datetime, active_within: str | None = None
) -> Frame:
    """Count and sum the sales of the customers each manager looks after.

    Additive. Orders at or after `as_of`, and those not completed, do not count. A customer, with
    all they ever bought, stands with the manager of their last sale.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`; `manager` may be absent.
        as_of: Observation instant, exclusive, with a time zone.
        since: The instant to compare with, before `as_of`.
        active_within: For how long a sale makes a customer: a customer at the instant t is who has
            a sale in [t − `active_within`, t); so many days, weeks, months, quarters or years, as
            in `"90d"`. None takes the time from `since` to `as_of`.

    Returns:
        One row per manager, in no promised order:

        - `manager` (`String`): of the customers' last sale, the one with the greatest
            (`ordered_at`, `order_id`); null is a row of its own.
        - `customers` (`Int64`): customers with a sale.
        - `repeat_customers` (`Int64`): those with two or more.
        - `orders`, `repeat_orders` (`Int64`): their sales, and those that are not a customer's
            first.
        - `revenue`, `repeat_revenue` (`Decimal(38, 4)`): the sums of these, shop currency, major
            units.
        - `net_revenue` (`Decimal(38, 4)`): sum of sales and returns.
        - `customers_before` (`Int64`): those who had bought before `since`.
        - `net_revenue_before` (`Decimal(38, 4)`): their sales and returns before it.
        - `start_customers` (`Int64`): customers at `since`.
        - `retained` (`Int64`): those of them who are customers at `as_of` too.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: An instant has no time zone, `since` is not before `as_of`, or
            `active_within` is no such length.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> orders = orders.with_columns(manager=pl.lit("Ann"))
        >>> totals = manager_totals(orders, as_of=as_of, since=as_of.replace(month=2)).collect()
        >>> totals.select("manager", "customers", "repeat_orders", "start_customers").rows()
        [('Ann', 2, 1, 1)]
    """
    zone = zone_of(observed(orders, as_of=as_of).collect_schema())
    end, start = in_zone(as_of, zone), in_zone(since, zone, "since")
    # In one zone Python would compare wall clocks, of which one hour comes twice.
    if start.timestamp() >= end.timestamp():
        raise bad_parameter("since", got=since, allowed=f"an instant before as_of ({as_of})")
    if active_within is None:
        # Of instants in one zone Python subtracts what their clocks show, not what passed.
        length = end.astimezone(dt.UTC) - start.astimezone(dt.UTC)
        from_start, from_end = start.astimezone(dt.UTC) - length, start
    else:
        window = duration("active_within", active_within)
        from_start, from_end = window.before(start), window.before(end)
    sold, sold_at = pl.col(SOLD), pl.col(SOLD_AT)
    was_before = pl.col("ordered_at") < instant(start, zone)
    is_start = (sold_at >= instant(from_start, zone)) & (sold_at < instant(start, zone))
    bought_before = (sold_at < instant(start, zone)).any()
    seen = with_sales(observed(orders, as_of=as_of))
    customers = (
        seen.group_by("customer_id")
        .agg(
            _last_manager(orders).cast(pl.String).alias(_HELD),
            sold_at.count().cast(pl.Int64).alias("orders"),
            sold.sum().cast(SUM).alias("revenue"),
            first_sale_value(SOLD, orders, sold_at=SOLD_AT).cast(SUM).alias("__first"),
            pl.col("amount").sum().cast(SUM).alias("net_revenue"),
            bought_before.alias("__before"),
            pl.col("amount").filter(was_before).sum().cast(SUM).alias("net_revenue_before"),
            is_start.any().alias("__start"),
            (sold_at >= instant(from_end, zone)).any().alias("__end"),
        )
        .filter(pl.col("orders") > 0)
    )
    return (
        customers.group_by(pl.col(_HELD).alias("manager"))
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            (pl.col("orders") >= 2).sum().cast(pl.Int64).alias("repeat_customers"),
            pl.col("orders").sum(),
            pl.col("revenue", "__first", "net_revenue").sum(),
            pl.col("__before").sum().cast(pl.Int64).alias("customers_before"),
            pl.col("net_revenue_before").filter("__before").sum(),
            pl.col("__start").sum().cast(pl.Int64).alias("start_customers"),
            (pl.col("__start") & pl.col("__end")).sum().cast(pl.Int64).alias("retained"),
        )
        .select(
            "manager",
            "customers",
            "repeat_customers",
            "orders",
            (pl.col("orders") - pl.col("customers")).alias("repeat_orders"),
            "revenue",
            (pl.col("revenue") - pl.col("__first")).alias("repeat_revenue"),
            "net_revenue",
            "customers_before",
            "net_revenue_before",
            "start_customers",
            "retained",
        )
    )


def _last_manager(orders: Frame) -> pl.Expr:
    """Give the manager of a customer's sale with the greatest (instant, id)."""
    schema = orders.collect_schema()
    if "manager" not in schema:
        return pl.lit(None, dtype=pl.String).first()
    if not fits_packed(schema["order_id"]):
        return pl.col("manager").sort_by(SOLD_AT, "order_id", nulls_last=False).last()
    # Instant and id as one number: a greatest one is found without sorting.
    return pl.col("manager").max_by(ranked(pl.col(SOLD_AT).dt.epoch("us"), pl.col("order_id")))


@finisher(of=manager_totals)
def manager_performance(totals: Frame, *, confidence: float | None = None) -> Frame:
    """Turn managers' totals into repeat sales, retention and growth of lifetime value.

    Args:
        totals: What `manager_totals` gives, or a sum of such tables.
        confidence: How often the intervals of the two shares of customers should hold, above 0 and
            below 1; None gives no intervals.

    Returns:
        One row per manager, by repeat revenue, greatest first:

        - `manager` (`String`): null is nobody.
        - `customers`, `repeat_customers` (`Int64`): as in `totals`.
        - `repeat_purchase_rate` (`Float64`): the second / the first, 0 … 1.
        - `repeat_revenue` (`Decimal(38, 4)`): of sales that are not a customer's first.
        - `share_of_repeat_sales` (`Float64`): that / all revenue of the manager's customers.
        - `start_customers`, `retained` (`Int64`): customers at `since`, and still at `as_of`.
        - `customer_retention_rate` (`Float64`): the second / the first, 0 … 1.
        - `lifetime_value` (`Float64`): net revenue / customers, shop currency.
        - `lifetime_value_before` (`Float64`): the same at `since`, of those who had bought by then.
        - `lifetime_value_growth` (`Float64`): the first / the second − 1.
        - with `confidence`, `repeat_purchase_rate_low`, `repeat_purchase_rate_high`,
            `customer_retention_rate_low` and `customer_retention_rate_high` (`Float64`): the ends
            of their Wilson intervals.

        Ratios are null where the denominator is 0.

    Raises:
        DefinitionError: `confidence` is not between 0 and 1.

    Notes:
        A manager who wins many customers lowers the lifetime value of theirs for a while. Whoever
        took over a customer has the whole of that customer's past: compare managers who have been
        there as long.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> orders = orders.with_columns(manager=pl.lit("Ann"))
        >>> totals = manager_totals(orders, as_of=as_of, since=as_of.replace(month=2))
        >>> table = manager_performance(totals).collect()
        >>> table.select("lifetime_value", "lifetime_value_before", "lifetime_value_growth").rows()
        [(175.0, 100.0, 0.75)]
    """
    now, before = pl.col("lifetime_value"), pl.col("lifetime_value_before")
    table = (
        totals.with_columns(
            ratio("repeat_customers", "customers").alias("repeat_purchase_rate"),
            ratio("repeat_revenue", "revenue").alias("share_of_repeat_sales"),
            ratio("retained", "start_customers").alias("customer_retention_rate"),
            ratio("net_revenue", "customers").alias("lifetime_value"),
            ratio("net_revenue_before", "customers_before").alias("lifetime_value_before"),
        )
        .select(
            "manager",
            "customers",
            "repeat_customers",
            "repeat_purchase_rate",
            "repeat_revenue",
            "share_of_repeat_sales",
            "start_customers",
            "retained",
            "customer_retention_rate",
            "lifetime_value",
            "lifetime_value_before",
            pl.when(before > 0).then(now / before - 1).alias("lifetime_value_growth"),
        )
        .sort("repeat_revenue", "manager", descending=[True, False])
    )
    if confidence is None:
        return table
    rated = with_wilson(table, "repeat_purchase_rate", "repeat_customers", "customers", confidence)
    return with_wilson(rated, "customer_retention_rate", "retained", "start_customers", confidence)
