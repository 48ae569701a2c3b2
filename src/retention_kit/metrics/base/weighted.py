"""Quantiles of a distribution that is kept as values and how often each occurs; days of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from retention_kit.contracts.law import Frame

_UP_TO = "__up_to_"
MEDIAN = Fraction(1, 2)
DAY = 86_400_000_000
"""Microseconds."""


def ranked(totals: Frame, value: str, times: Sequence[str], groups: Sequence[str] = ()) -> Frame:
    """Sort a reduced table by its values, for `quantile` to find places in it.

    Args:
        totals: A reduced table.
        value: The column of values, whole numbers or durations; these become microseconds.
        times: The columns that say how often each occurs.
        groups: Columns to split by.
    """
    up_to = {_UP_TO + name: pl.col(name).cum_sum() for name in times}
    return (
        totals.with_columns(pl.col(value).to_physical())
        .sort(value)
        .with_columns(
            (running.over(groups) if groups else running).alias(name)
            for name, running in up_to.items()
        )
    )


def quantile(value: str, times: str, part: Fraction) -> pl.Expr:
    """Give a quantile of type 7, which interpolates between the two values next to its place.

    Args:
        value: The column of values of a table that is `ranked`.
        times: The column that says how often each occurs.
        part: A fraction of 0 … 1.

    Returns:
        An aggregation (`Float64`), null without values. The one at fraction p of n sorted values
        x₀ … is that at place h = (n − 1)p, which is x⌊h⌋ + (h − ⌊h⌋)(x⌊h⌋₊₁ − x⌊h⌋).

    References:
        Hyndman and Fan (1996), Sample quantiles in statistical packages.
    """
    up_to, count = pl.col(_UP_TO + times), pl.col(times).sum()
    # In whole numbers, so that a place that is a whole number is found to be one.
    place = (count - 1) * part.numerator
    below = place.floordiv(part.denominator)
    beyond = divided(place.mod(part.denominator), part.denominator)
    low = pl.col(value).filter(up_to > below).min()
    high = pl.col(value).filter(up_to > below + 1).min()
    between = pl.when(beyond > 0).then(low + beyond * (high - low)).otherwise(low)
    return pl.when(count > 0).then(between).cast(pl.Float64)


def in_days(microseconds: pl.Expr) -> pl.Expr:
    """Give a length of time in days of 24 hours, as `Float64`."""
    return divided(microseconds, DAY)


def divided(value: pl.Expr, number: int) -> pl.Expr:
    """Divide by a number so that the answer does not depend on how many rows there are."""
    # Many rows divided by one number are multiplied by its inverse, which rounds otherwise.
    return value / (value * 0 + number)
