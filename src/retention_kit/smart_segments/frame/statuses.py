"""Which orders are completed, and which are returns."""

from __future__ import annotations

import polars as pl

from retention_kit.smart_segments.frame.given import Given

SOLD = "__sold"
"""Whether a row is, or is of, a completed sale."""
GONE_BACK = "__gone_back"
"""Whether a row is, or is of, a completed return."""


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
