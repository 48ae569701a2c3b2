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
    above, below = (pl.col(name).cast(pl.Float64) for name in (numerator, denominator))
    # Polars multiplies by the inverse of what it knows to be one value for all rows, and then
    # 49 / 49 is not 1; a denominator that hangs on the row is divided by.
    return pl.when(below != 0).then(above / (below + above * 0.0))
