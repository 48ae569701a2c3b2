"""Which sales, and which lines of sales, have not been brought back whole."""

from __future__ import annotations

import polars as pl

from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.statuses import (
    completed_lines,
    is_completed,
    is_of_return,
)

_SALE = "__sale_of_return"
_BACK = "__brought_back"
_HELD = "__held"
_PRODUCT = "product_id"


def with_net(seen: pl.LazyFrame, table: str, given: Given, *, name: str) -> pl.LazyFrame:
    """Add whether a sale, or a line of one, still counts after what was returned of it.

    A sale counts unless there are returns of it that are worth as much as it is; a line unless as
    many of its product were returned as the order holds.

    Args:
        seen: Rows of `table` before the instant of observation, not all of them perhaps.
        table: `orders` or `order_items`.
        given: The tables.
        name: The name of the column to add.
    """
    if table == "orders":
        back = (
            _returns(given)
            .group_by(CUSTOMER, _SALE)
            .agg(_exact(given, "orders", "amount").sum().alias(_BACK))
        )
        joined = seen.join(
            back, left_on=[CUSTOMER, "order_id"], right_on=[CUSTOMER, _SALE], how="left"
        )
        left = _exact(given, "orders", "amount") + pl.col(_BACK)
        return joined.with_columns((left > 0).fill_null(value=True).alias(name)).drop(_BACK)
    quantity = _exact(given, "order_items", "quantity")
    is_return = is_of_return(given, table)
    lines = completed_lines(given.frames[table].filter(given.before_now(table)), given)
    of_sale = _returns(given).select(CUSTOMER, "order_id", _SALE)
    back = (
        lines.filter(is_return)
        .join(of_sale, on=[CUSTOMER, "order_id"], how="inner")
        .group_by(CUSTOMER, _SALE, _PRODUCT)
        .agg(quantity.sum().alias(_BACK))
    )
    held = (
        lines.filter(~is_return)
        .group_by(CUSTOMER, "order_id", _PRODUCT)
        .agg(quantity.sum().alias(_HELD))
    )
    gone = (
        held.join(
            back,
            left_on=[CUSTOMER, "order_id", _PRODUCT],
            right_on=[CUSTOMER, _SALE, _PRODUCT],
            how="inner",
        )
        .filter(pl.col(_HELD) + pl.col(_BACK) <= 0)
        .select(CUSTOMER, "order_id", _PRODUCT, pl.lit(value=False).alias(name))
    )
    keys = [CUSTOMER, "order_id", _PRODUCT]
    return seen.join(gone, on=keys, how="left").with_columns(pl.col(name).fill_null(value=True))


def _returns(given: Given) -> pl.LazyFrame:
    """Give the completed returns, each with the id of the sale that it is of."""
    original = given.column("orders", "original_order_id")
    sale = pl.col("order_id") if original.dtype is None else pl.coalesce(original.name, "order_id")
    return (
        given.frames["orders"]
        .filter(given.before_now("orders"), is_completed(given) & is_of_return(given, "orders"))
        .with_columns(sale.alias(_SALE))
    )


def _exact(given: Given, table: str, name: str) -> pl.Expr:
    column = given.column(table, name)
    return pl.lit(0) if column.dtype is None else column.value.fill_null(0)
