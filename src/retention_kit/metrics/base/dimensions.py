"""Dimensions: the columns that a figure is split by, and what group a customer stands in."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.packed import fits_packed, ranked
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names

By = str | Sequence[str]
"""One column, or several."""


def dimensions(by: By, frame: Frame, *, reserved: Sequence[str] = ()) -> tuple[str, ...]:
    """Check the columns to split by against a table's schema.

    Args:
        by: One column's name, or several.
        frame: The table that must have them.
        reserved: Names of columns in the result, which a dimension may not have.

    Returns:
        The names.

    Raises:
        DefinitionError: A column is not there, is named twice, is reserved, or cannot group.
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    schema = frame.collect_schema()
    for name in names:
        if name not in schema:
            nearest = nearest_names(str(name), schema.names())
            hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
            raise DefinitionError(
                f"There is no dimension {name!r}. Allowed: a column of the table: "
                f"{', '.join(schema.names())}.{hint} Next step: join what is known of customers "
                "with orders_with_customers(orders, customers, columns=[…]) and split by that.",
                parameter="by",
            )
        if name.startswith("__"):
            raise bad_parameter(
                "by",
                got=name,
                allowed="a column whose name does not begin with two underscores",
                step="rename it before; such names are used for what is reckoned with on the way.",
            )
        if name in reserved:
            raise bad_parameter(
                "by",
                got=name,
                allowed=f"a column that is none of the result's: {', '.join(reserved)}",
                step="rename it before.",
            )
        if schema[name].is_nested() or schema[name].is_float():
            raise bad_parameter(
                "by",
                got=f"{name}, a column of {schema[name]}",
                allowed="text, a choice, a whole number, a date or true and false",
                step="cast or round it before.",
            )
    if len(set(names)) < len(names):
        raise bad_parameter("by", got=names, allowed="each column once")
    return names


def first_sale_value(
    value: str | pl.Expr, orders: Frame, *, sold_at: str = "ordered_at"
) -> pl.Expr:
    """Give a value at a customer's sale with the smallest (instant, id), inside a group-by.

    Rows whose `sold_at` is null are passed over while there is another.

    Args:
        value: A column or an expression.
        orders: The table, whose schema says what an id is.
        sold_at: The column with the instant of a sale.

    Returns:
        An aggregation.
    """
    wanted = pl.col(value) if isinstance(value, str) else value
    if not fits_packed(orders.collect_schema()["order_id"]):
        return wanted.sort_by(sold_at, "order_id", nulls_last=True).first()
    # Instant and id as one number: a smallest one is found without sorting.
    return wanted.min_by(ranked(pl.col(sold_at).dt.epoch("us"), pl.col("order_id")))
