"""Order values: how much a sale brings, the first against those that follow it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.first_sales import IS_FIRST, NEVER_BOUGHT, with_first_sales
from retention_kit.metrics.base.observed import (
    SOLD,
    SOLD_AT,
    concat_columns,
    in_zone,
    observed,
    with_sales,
)
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    number_type,
    period_index,
    period_start,
)
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of

SUMS = (
    "customers",
    "return_only_customers",
    "orders",
    "returns",
    "revenue",
    "net_revenue",
    "first_orders",
    "first_revenue",
    "repeat_orders",
    "repeat_revenue",
    "margin",
    "orders_with_margin",
)
PERIOD = "period"


@additive(keys=(), when={"every": PERIOD})
def order_totals(
    orders: Frame, *, as_of: dt.datetime, every: Every | None = None, by: By = ()
) -> Frame:
    """Count and sum sales and returns, the first sale of each customer apart from the others.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        every: Split by calendar periods of this length, in the shop's zone; None takes all time
            together.
        by: Columns of `orders` to split by. An order stands in its own group and period; a missing
            value is a group of its own.

    Returns:
        One row, or, with `every` or `by`, one row per group and period with a sale or a return, in
        no promised order, the columns of `by` first:

        - `period` (`Date`): first day of the period; only with `every`.
        - `customers` (`Int64`): customers with a sale in the group and period.
        - `return_only_customers` (`Int64`): customers who never bought, with a return in it.
        - `orders`, `returns` (`Int64`): sales and returns.
        - `revenue` (`Decimal(38, 4)`): sum of sales, shop currency, major units.
        - `net_revenue` (`Decimal(38, 4)`): sum of sales and returns.
        - `first_orders` (`Int64`), `first_revenue` (`Decimal(38, 4)`): of each customer's first
            sale ever, the one with the smallest (`ordered_at`, `order_id`).
        - `repeat_orders` (`Int64`), `repeat_revenue` (`Decimal(38, 4)`): of all others.
        - `margin` (`Decimal(38, 4)`): sum of the margins known, of sales and returns.
        - `orders_with_margin` (`Int64`): sales whose margin is known.

        No orders give a row of zeros; with `every` or `by`, zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period, or `by` names
            no column that can be split by.

    Notes:
        Customers of returns alone have no first order; their returns are in `net_revenue`.
        Whether an order is a first or a repeat one is decided over all of the customer's sales
        before `as_of`, not within the group: so `first_orders` of a period are its new customers,
        and all columns but the counts of customers add up to the whole.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = order_totals(orders, as_of=as_of).collect()
        >>> totals.select("customers", "orders", "first_revenue", "repeat_revenue").rows()
        [(2, 3, Decimal('150.0000'), Decimal('300.0000'))]
        >>> monthly = order_totals(orders, as_of=as_of, every="1mo").sort("period").collect()
        >>> monthly.select("period", "customers", "first_orders", "repeat_orders").rows()
        [(datetime.date(2025, 1, 1), 1, 1, 0), (datetime.date(2025, 3, 1), 2, 1, 1)]
    """
    groups = dimensions(by, orders, reserved=(*SUMS, PERIOD))
    seen = with_sales(observed(orders, as_of=as_of))
    if every is not None:
        check_every(every)
        return _split_totals(seen, as_of=as_of, every=every, groups=groups)
    return _split_totals(seen, as_of=as_of, every=None, groups=groups) if groups else _whole(seen)


def _whole(seen: Frame) -> Frame:
    """Sum everything into one row, which needs no more of a customer than their first sale."""
    firsts = (
        seen.group_by("customer_id")
        .agg(first_sale_value(SOLD, seen, sold_at=SOLD_AT).alias("first"))
        .select(
            pl.col("first").count().cast(pl.Int64).alias("customers"),
            pl.col("first").null_count().cast(pl.Int64).alias("return_only_customers"),
            pl.col("first").sum().cast(SUM).alias("first_revenue"),
        )
    )
    sums = concat_columns(seen.select(*_order_sums(seen)), firsts)
    return _with_repeats(sums.with_columns(pl.col("customers").alias("first_orders"))).select(SUMS)


def _split_totals(
    seen: Frame, *, as_of: dt.datetime, every: Every | None, groups: tuple[str, ...]
) -> Frame:
    marked = with_first_sales(seen)
    keys = [*groups]
    if every is not None:
        small = number_type(every, in_zone(as_of, "UTC"))
        number = period_index(pl.col("ordered_at"), every).cast(small)
        marked, keys = marked.with_columns(number.alias(PERIOD)), [*groups, PERIOD]
    customer, bought = pl.col("customer_id"), pl.col(SOLD_AT).is_not_null()
    sums = marked.group_by(keys).agg(
        customer.filter(bought).n_unique().cast(pl.Int64).alias("customers"),
        customer.filter(NEVER_BOUGHT).n_unique().cast(pl.Int64).alias("return_only_customers"),
        pl.col(IS_FIRST).sum().cast(pl.Int64).alias("first_orders"),
        pl.col(SOLD).filter(IS_FIRST).sum().cast(SUM).alias("first_revenue"),
        *_order_sums(seen),
    )
    if every is not None:
        start = period_start(pl.col(PERIOD).cast(pl.Int32), every)
        sums = sums.with_columns(start.alias(PERIOD))
    return _with_repeats(sums).select(*keys, *SUMS)


def _order_sums(seen: Frame) -> list[pl.Expr]:
    sold_at, is_known = pl.col(SOLD_AT), "margin" in seen.collect_schema()
    margin = pl.col("margin") if is_known else pl.lit(None, dtype=SUM)
    with_margin = (sold_at.is_not_null() & margin.is_not_null()) if is_known else pl.lit(value=0)
    return [
        sold_at.count().cast(pl.Int64).alias("orders"),
        sold_at.null_count().cast(pl.Int64).alias("returns"),
        pl.col(SOLD).sum().cast(SUM).alias("revenue"),
        pl.col("amount").sum().cast(SUM).alias("net_revenue"),
        margin.sum().cast(SUM).alias("margin"),
        with_margin.sum().cast(pl.Int64).alias("orders_with_margin"),
    ]


def _with_repeats(sums: Frame) -> Frame:
    return sums.with_columns(
        (pl.col("orders") - pl.col("first_orders")).alias("repeat_orders"),
        (pl.col("revenue") - pl.col("first_revenue")).alias("repeat_revenue"),
    )


@finisher(of=order_totals)
def average_order_value(totals: Frame) -> Frame:
    """Turn order totals into average order values.

    Args:
        totals: What `order_totals` gives, or a sum of such tables.

    Returns:
        One row per row of `totals`, its groups and periods first; ratios are `Float64`, shop
        currency, major units, null where the denominator is 0:

        - `orders`, `first_orders`, `repeat_orders` (`Int64`): the denominators.
        - `average_order_value`: revenue / orders.
        - `average_order_value_net`: net revenue / orders.
        - `first_average_order_value`: first revenue / first orders.
        - `repeat_average_order_value`: repeat revenue / repeat orders.

    Notes:
        AOV = sum of sales / number of sales; net of returns the numerator alone changes.
        First and repeat *orders* are compared, not one-time and repeat *buyers*.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> values = average_order_value(order_totals(orders, as_of=as_of)).collect()
        >>> values.select("orders", "average_order_value", "average_order_value_net").rows()
        [(3, 150.0, 116.66666666666667)]
    """
    return totals.select(
        *groups_of(totals, SUMS),
        "orders",
        "first_orders",
        "repeat_orders",
        ratio("revenue", "orders").alias("average_order_value"),
        ratio("net_revenue", "orders").alias("average_order_value_net"),
        ratio("first_revenue", "first_orders").alias("first_average_order_value"),
        ratio("repeat_revenue", "repeat_orders").alias("repeat_average_order_value"),
    )


@finisher(of=order_totals)
def purchase_frequency(totals: Frame) -> Frame:
    """Turn order totals into orders per customer.

    Args:
        totals: What `order_totals` gives, or a sum of such tables.

    Returns:
        One row per row of `totals`, its groups and periods first:

        - `customers` (`Int64`): customers with a sale, the denominator.
        - `orders` (`Int64`): sales.
        - `purchase_frequency` (`Float64`): orders / customers, null without customers.

    Notes:
        Of the whole of the data, or of a period if the totals are of that period.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> purchase_frequency(order_totals(orders, as_of=as_of)).collect().rows()
        [(2, 3, 1.5)]
    """
    return totals.select(
        *groups_of(totals, SUMS),
        "customers",
        "orders",
        ratio("orders", "customers").alias("purchase_frequency"),
    )


@finisher(of=order_totals)
def share_of_repeat_sales(totals: Frame) -> Frame:
    """Turn order totals into the share of revenue that repeat orders bring.

    Args:
        totals: What `order_totals` gives, or a sum of such tables.

    Returns:
        One row per row of `totals`, its groups and periods first:

        - `revenue` (`Decimal(38, 4)`): sum of sales, the denominator.
        - `repeat_revenue` (`Decimal(38, 4)`): of those that were not a customer's first.
        - `share_of_repeat_sales` (`Float64`): the share of the second in the first, 0 … 1, null
            without revenue.

    Notes:
        Of repeat *orders*. What repeat *buyers* bring, their first orders included, is more:
        `repeat_buyers` has it.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> share_of_repeat_sales(order_totals(orders, as_of=as_of)).collect().rows()
        [(Decimal('450.0000'), Decimal('300.0000'), 0.6666666666666666)]
    """
    return totals.select(
        *groups_of(totals, SUMS),
        "revenue",
        "repeat_revenue",
        ratio("repeat_revenue", "revenue").alias("share_of_repeat_sales"),
    )
