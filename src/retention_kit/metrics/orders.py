"""Order values: how much a sale brings, the first against those that follow it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.observed import (
    SOLD,
    SOLD_AT,
    concat_columns,
    observed,
    with_sales,
)
from retention_kit.metrics.ratios import ratio


@additive(keys=())
def order_totals(orders: Frame, *, as_of: dt.datetime) -> Frame:
    """Count and sum sales and returns, the first sale of each customer apart from the others.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.

    Returns:
        One row:

        - `customers` (`Int64`): customers with a sale.
        - `return_only_customers` (`Int64`): customers with returns alone.
        - `orders`, `returns` (`Int64`): sales and returns.
        - `revenue` (`Decimal(38, 4)`): sum of sales, shop currency, major units.
        - `net_revenue` (`Decimal(38, 4)`): sum of sales and returns.
        - `first_orders` (`Int64`), `first_revenue` (`Decimal(38, 4)`): of each customer's first
            sale, the one with the smallest (`ordered_at`, `order_id`).
        - `repeat_orders` (`Int64`), `repeat_revenue` (`Decimal(38, 4)`): of all others.

        No orders give a row of zeros.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone.

    Notes:
        Customers of returns alone have no first order; their returns are in `net_revenue`.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = order_totals(orders, as_of=as_of).collect()
        >>> totals.select("customers", "orders", "first_revenue", "repeat_revenue").rows()
        [(2, 3, Decimal('150.0000'), Decimal('300.0000'))]
    """
    seen = with_sales(observed(orders, as_of=as_of))
    sums = seen.select(
        pl.col(SOLD_AT).count().cast(pl.Int64).alias("orders"),
        pl.col(SOLD_AT).null_count().cast(pl.Int64).alias("returns"),
        pl.col(SOLD).sum().cast(SUM).alias("revenue"),
        pl.col("amount").sum().cast(SUM).alias("net_revenue"),
    )
    firsts = (
        seen.group_by("customer_id")
        .agg(_first_sale(seen).alias("first"))
        .select(
            pl.col("first").count().cast(pl.Int64).alias("customers"),
            pl.col("first").null_count().cast(pl.Int64).alias("return_only_customers"),
            pl.col("first").sum().cast(SUM).alias("first_revenue"),
        )
    )
    return concat_columns(sums, firsts).select(
        "customers",
        "return_only_customers",
        "orders",
        "returns",
        "revenue",
        "net_revenue",
        pl.col("customers").alias("first_orders"),
        "first_revenue",
        (pl.col("orders") - pl.col("customers")).alias("repeat_orders"),
        (pl.col("revenue") - pl.col("first_revenue")).alias("repeat_revenue"),
    )


def _first_sale(orders: Frame) -> pl.Expr:
    """Give the amount of a customer's sale with the smallest (instant, id), or null."""
    sold = pl.col(SOLD)
    if not orders.collect_schema()["order_id"].is_integer():
        return sold.sort_by(SOLD_AT, "order_id", nulls_last=True).first()
    # Instant and id as one whole number of 128 bits: a smallest one is found without sorting.
    instant = pl.col(SOLD_AT).dt.epoch("us").cast(pl.Int128)
    return sold.min_by(instant * pl.lit(2**64, dtype=pl.Int128) + pl.col("order_id"))


@finisher(of=order_totals)
def average_order_value(totals: Frame) -> Frame:
    """Turn order totals into average order values.

    Args:
        totals: What `order_totals` gives, or a sum of such tables.

    Returns:
        One row per row of `totals`; ratios are `Float64`, shop currency, major units, null where
        the denominator is 0:

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
        One row per row of `totals`:

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
        "customers", "orders", ratio("orders", "customers").alias("purchase_frequency")
    )
