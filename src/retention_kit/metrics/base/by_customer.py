"""A customer's rows next to each other and in turn, without a slow sort."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.packed import fits_packed, packed
from retention_kit.metrics.base.dimensions import first_sale_value


def in_turn(frame: Frame, then: str) -> Frame:
    """Sort a table by customer, and within each by an instant, a date or a whole number.

    Args:
        frame: A table with `customer_id`, not null.
        then: The column to sort a customer's rows by, not null; numbers of up to 64 signed bits.

    Returns:
        The same rows. Those of one customer that are equal in `then` are in no promised order.
    """
    dtype = frame.collect_schema()["customer_id"]
    if not fits_packed(dtype):
        return frame.sort("customer_id", then)
    return frame.sort(packed(pl.col(then).to_physical(), dtype))


def previous(value: pl.Expr) -> pl.Expr:
    """Give the value of the customer's row before, null in their first; for rows in turn."""
    return _neighbour(value, 1)


def following(value: pl.Expr) -> pl.Expr:
    """Give the value of the customer's next row, null in their last; for rows in turn."""
    return _neighbour(value, -1)


def with_first_sale(frame: Frame, sales: Frame, names: Sequence[str]) -> Frame:
    """Put the values that columns have at each customer's first sale beside a table.

    Args:
        frame: A table with `customer_id` of customers who bought.
        sales: Their sales.
        names: Columns of `sales`, none of which `frame` has; without any the table stays as it is.
    """
    if not names:
        return frame
    firsts = sales.group_by("customer_id").agg(first_sale_value(name, sales) for name in names)
    return frame.join(firsts, on="customer_id")


def _neighbour(value: pl.Expr, step: int) -> pl.Expr:
    customer = pl.col("customer_id")
    return pl.when(customer == customer.shift(step)).then(value.shift(step))
