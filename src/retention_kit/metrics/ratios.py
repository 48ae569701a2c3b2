"""Division at the very end: exact counts and sums in, one float out."""

from __future__ import annotations

import polars as pl


def ratio(numerator: str, denominator: str) -> pl.Expr:
    """Divide two columns of a reduced table.

    Both are cast before dividing, since Decimal ÷ Decimal keeps four digits.

    Args:
        numerator: A column of counts or sums.
        denominator: A column of counts or sums.

    Returns:
        A `Float64` expression, null where the denominator is 0.
    """
    below = pl.col(denominator).cast(pl.Float64)
    return pl.when(below != 0).then(pl.col(numerator).cast(pl.Float64) / below)
