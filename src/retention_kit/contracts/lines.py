"""Orders made from an export by line."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.tables import LINES, ORDER_ITEMS, ORDERS

SEVERAL = "__several_customers"
"""Marks an order whose lines name different customers."""

_SUMMED = ("amount", "discount", "points_paid", "margin")
_KEYS = ("order_id", "kind")


def orders_of(lines: pl.LazyFrame, *, by_status: bool = False) -> pl.LazyFrame:
    """Make orders of accepted lines.

    An order is the lines of one id and one kind. Its instant is the earliest of its lines, its
    `amount`, `discount`, `points_paid` and `margin` are their sums, its `delivery` is the largest
    (exports repeat it on each line), and its other columns are the greatest value that the lines
    give, which is the value itself where they agree.

    Args:
        lines: Accepted rows of an export by line.
        by_status: Whether the lines of an order may differ in status. There is a row for each
            then; `one_status` picks the order's.

    Returns:
        The table `orders`, and the column `SEVERAL`.
    """
    keys = (*_KEYS, "status") if by_status else _KEYS
    others = [
        name
        for name in ORDERS.columns
        if name not in (*keys, *_SUMMED, "ordered_at", "customer_id")
    ]
    given = set(lines.collect_schema().names())
    customer = pl.col("customer_id")
    return lines.group_by(keys).agg(
        customer.max(),
        pl.col("ordered_at").min(),
        *(
            # A sum of nothing but nulls is 0, which would say more than the lines do.
            pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)
            for name in _SUMMED
            if name in given
        ),
        *(pl.col(name).max() for name in others if name in given),
        (customer.min() != customer.max()).fill_null(value=False).alias(SEVERAL),
    )


def one_status(orders: pl.DataFrame) -> pl.DataFrame:
    """Keep one row of each order: its completed lines', else its open, else its cancelled ones'."""
    rank = pl.col("status").cast(pl.Enum(["completed", "open", "cancelled"]))
    return orders.sort(*_KEYS, rank).unique(_KEYS, keep="first", maintain_order=True)


def item_columns(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Give the columns of lines that go on with the lines: theirs, and those no table names."""
    return tuple(name for name in lines if name in ORDER_ITEMS.columns or name not in LINES.columns)
