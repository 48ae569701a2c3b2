"""One row per customer: what they bought, brought back, and when."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.observed import SOLD, SOLD_AT, observed, with_sales


@customer_local
def customer_summary(orders: Frame, *, as_of: dt.datetime) -> Frame:
    """Summarise each customer's sales and returns.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.

    Returns:
        One row per customer with a sale or a return, shape `(n_customers, 7)`, in no promised
        order:

        - `customer_id`: as in `orders`.
        - `orders` (`Int64`): number of sales, >= 0.
        - `returns` (`Int64`): number of returns, >= 0.
        - `revenue` (`Decimal(38, 4)`): sum of sales, shop currency, major units.
        - `net_revenue` (`Decimal(38, 4)`): sum of sales and returns.
        - `first_order_at`, `last_order_at`: instants of the first and the last sale; null where
            there are returns alone.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone.

    Notes:
        `net_revenue` is what the field calls historic lifetime value.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> summary = customer_summary(orders, as_of=as_of).sort("customer_id").collect()
        >>> summary.select("customer_id", "orders", "returns", "net_revenue").rows()
        [(1, 2, 1, Decimal('300.0000')), (2, 1, 0, Decimal('50.0000'))]
    """
    return (
        with_sales(observed(orders, as_of=as_of))
        .group_by("customer_id")
        .agg(
            pl.col(SOLD_AT).count().alias("orders"),
            pl.len().alias("rows"),
            pl.col(SOLD).sum().alias("revenue"),
            pl.col("amount").sum().alias("net_revenue"),
            pl.col(SOLD_AT).min().alias("first_order_at"),
            pl.col(SOLD_AT).max().alias("last_order_at"),
        )
        .select(
            "customer_id",
            pl.col("orders").cast(pl.Int64),
            (pl.col("rows") - pl.col("orders")).cast(pl.Int64).alias("returns"),
            pl.col("revenue", "net_revenue").cast(SUM),
            "first_order_at",
            "last_order_at",
        )
    )
