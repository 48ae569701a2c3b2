"""Which orders are completed, and which are returns."""

from __future__ import annotations

import polars as pl

from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.instants import at_microseconds

SOLD = "__sold"
"""Whether a row is, or is of, a completed sale."""
GONE_BACK = "__gone_back"
"""Whether a row is, or is of, a completed return."""
_KEY = "__is_return"


def is_completed(given: Given) -> pl.Expr:
    """Say which orders are completed: an absent or null status is."""
    if given.column("orders", "status").dtype is None:
        return pl.lit(value=True)
    status = pl.col("status")
    return status.is_null() | (status == "completed")


def is_of_return(given: Given, table: str) -> pl.Expr:
    """Say which orders are returns, or which lines are of returns; absent or null is a sale."""
    if given.column(table, "kind").dtype is None:
        return pl.lit(value=False)
    return (pl.col("kind") == "return").fill_null(value=False)


def completed_lines(lines: pl.LazyFrame, given: Given, *, since: int | None = None) -> pl.LazyFrame:
    """Drop the lines of orders that are cancelled or open.

    Args:
        lines: Lines of orders.
        given: The tables.
        since: Where no line is before, in microseconds since 1970 in UTC; a line has the instant
            of its order.
    """
    if given.column("orders", "status").dtype is None:
        return lines
    orders = given.frames["orders"].filter(given.before_now("orders"))
    if since is not None:
        orders = orders.filter(pl.col("ordered_at") >= at_microseconds(given, "orders", since))
    undone = orders.filter(~is_completed(given)).select(
        CUSTOMER, "order_id", is_of_return(given, "orders").alias(_KEY)
    )
    keyed = lines.with_columns(is_of_return(given, "order_items").alias(_KEY))
    return keyed.join(undone, on=["order_id", CUSTOMER, _KEY], how="anti").drop(_KEY)
