"""A customer's last sale and the one before it, without sorting."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame

EARLIER = "__earlier"
TIES = "__ties"


def marked_sales(seen: Frame, sold_at: str, earlier: str, ties: str) -> Frame:
    """Mark, among a customer's sales, those before the last instant and those at it."""
    at, last = pl.col(sold_at), pl.col(sold_at).max().over("customer_id")
    return seen.with_columns(last.alias(earlier)).with_columns(
        pl.when(at < pl.col(earlier)).then(at).alias(earlier),
        (at == pl.col(earlier)).alias(ties),
    )


def last_two(sold_at: str, earlier: str = EARLIER, ties: str = TIES) -> tuple[pl.Expr, pl.Expr]:
    """Give the instants of a customer's last sale and of the one before it, as aggregations."""
    last = pl.col(sold_at).max()
    return last, pl.when(pl.col(ties).sum() > 1).then(last).otherwise(pl.col(earlier).max())
