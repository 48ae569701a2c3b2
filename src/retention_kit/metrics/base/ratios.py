"""Division at the very end: exact counts and sums in, one float out."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.schemas import SUM


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


def mean_of_money(total: str, count: str) -> pl.Expr:
    """Divide a sum of money by a count, so that equal means are equal floats.

    What seven purchases of 19.99 cost is no float: as one, divided by 7, it is not 19.99. Counted
    in ten-thousandths both are whole, and the quotient is the float nearest to the true mean.

    Args:
        total: A column of sums of money, of four digits after the point.
        count: A column of counts.

    Returns:
        A `Float64` expression, null where the count is 0; exact as said of sums below 2⁵³
        ten-thousandths, some 900 billion.

    Examples:
        >>> from decimal import Decimal
        >>> spent = pl.DataFrame({"total": [Decimal("139.93"), Decimal("19.99")], "count": [7, 1]})
        >>> spent.select(mean_of_money("total", "count")).to_series().to_list()
        [19.99, 19.99]
    """
    units = pl.col(total).cast(SUM).to_physical().cast(pl.Float64)
    below = pl.col(count).cast(pl.Float64) * 10.0**SUM.scale
    # As in `ratio`: a denominator that hangs on the row is divided by.
    return pl.when(below != 0).then(units / (below + units * 0.0))
