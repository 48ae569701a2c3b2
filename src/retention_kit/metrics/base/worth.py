"""What customers have brought, order by order: the columns that values are summed from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.first_sales import IS_FIRST, with_first_sales
from retention_kit.metrics.base.local_periods import period_number
from retention_kit.metrics.base.observed import (
    SOLD,
    in_zone,
    is_sale,
    observed,
    with_sales,
    zone_of,
)
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    number_type,
    period_start,
)

MARGIN = "__margin"
IN = "__in"
SOLD_IN = "__sold_in"
BUYER = "__buyer"
FIRST = "__first"
OF = "__of_"
"""What the names of columns to split by begin with on the way, lest they meet others."""
MARGIN_KNOWN = 0.95
"""From this share of sales with a margin on, margins are the measure of value."""


def priced(orders: Frame) -> Frame:
    """Add `MARGIN`: the margin, or null where the table has none."""
    has = "margin" in orders.collect_schema()
    margin = pl.col("margin") if has else pl.lit(None, dtype=SUM)
    return orders.with_columns(margin.alias(MARGIN))


def basis_of(totals: Frame) -> Frame:
    """Say by what value is measured: `margin` where enough sales have one, else `revenue`.

    Args:
        totals: A reduced table with `orders` and `orders_with_margin`.

    Returns:
        One row with `basis` (`String`).
    """
    with_margin, all_orders = pl.col("orders_with_margin").sum(), pl.col("orders").sum()
    known = with_margin.cast(pl.Float64) >= MARGIN_KNOWN * all_orders.cast(pl.Float64)
    by_margin = (all_orders > 0) & known
    basis = pl.when(by_margin).then(pl.lit("margin")).otherwise(pl.lit("revenue"))
    return totals.select(basis.alias("basis"))


def by_basis(margin: str, revenue: str) -> pl.Expr:
    """Give one column or the other as the column `basis` says."""
    return pl.when(pl.col("basis") == "margin").then(margin).otherwise(revenue)


def worth_rows(
    orders: Frame,
    *,
    as_of: dt.datetime,
    every: Every,
    more: Sequence[str] = (),
    mark_first: bool = False,
) -> Frame:
    """Give the sales and returns that count, with the number of the period each falls in.

    Args:
        orders: The `orders` table.
        as_of: Observation instant, exclusive, with a time zone.
        every: The period.
        more: Further columns of `orders` that the caller needs.
        mark_first: Whether to add `IS_FIRST`.

    Returns:
        `customer_id` and `amount`; `more`, each under its name after `OF`; `SOLD` as `with_sales`
        has it; `MARGIN`; `IN`, the period's number; and of sales alone `SOLD_IN`, the same, and
        `BUYER`, the customer.
    """
    check_every(every)
    sale = is_sale(orders)
    seen = with_sales(priced(observed(orders, as_of=as_of)))
    marked = with_first_sales(seen) if mark_first else seen
    number = number_type(every, in_zone(as_of, "UTC"))
    zone = zone_of(orders.collect_schema())
    period = period_number(pl.col("ordered_at"), every, zone=zone, until=as_of).cast(number)
    return marked.select(
        "customer_id",
        "amount",
        *(pl.col(name).alias(OF + name) for name in more),
        *([IS_FIRST] if mark_first else []),
        SOLD,
        MARGIN,
        period.alias(IN),
        pl.when(sale).then(period).alias(SOLD_IN),
        pl.when(sale).then("customer_id").alias(BUYER),
    )


def order_sums(margin: str = MARGIN) -> dict[str, pl.Expr]:
    """Give the sums over orders that every table of value has, as aggregations by name.

    Args:
        margin: The column with the margin.
    """
    sold = pl.col(SOLD)
    sums = {
        "orders": sold.count().cast(pl.Int64),
        "orders_with_margin": pl.when(sold.is_not_null()).then(margin).count().cast(pl.Int64),
        "revenue": sold.sum().cast(SUM),
        "net_revenue": pl.col("amount").sum().cast(SUM),
        "margin": pl.col(margin).sum().cast(SUM),
    }
    return {name: value.alias(name) for name, value in sums.items()}


def worth_sums() -> list[pl.Expr]:
    """Give the buyers and `order_sums` of `worth_rows`."""
    buyers = pl.col(BUYER).drop_nulls().n_unique().cast(pl.Int64)
    return [buyers.alias("customers"), *order_sums().values()]


def cohort_and_age(every: Every) -> list[pl.Expr]:
    """Give `cohort` and `period` of the numbers `FIRST` and `IN`."""
    first, at = pl.col(FIRST).cast(pl.Int32), pl.col(IN).cast(pl.Int32)
    return [
        period_start(first, every).alias("cohort"),
        (at - first).cast(pl.Int64).alias("period"),
    ]


def not_before_first() -> pl.Expr:
    """Give `IN`, where a return before the customer's first sale falls in with that sale."""
    return pl.max_horizontal(IN, FIRST).alias(IN)
