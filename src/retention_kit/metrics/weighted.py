"""Quantiles of a distribution that is kept as values and how often each occurs; days of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.metrics.reduced import sums_by

_UP_TO = "__up_to"
MEDIAN = Fraction(1, 2)
DAY = 86_400_000_000
"""Microseconds."""


def quantiles(
    totals: Frame,
    value: str,
    times: str,
    wanted: Mapping[str, Fraction],
    groups: Sequence[str] = (),
) -> Frame:
    """Give quantiles of type 7, which interpolate between the two values next to them.

    Args:
        totals: A reduced table.
        value: The column of values, whole numbers or durations.
        times: The column that says how often each occurs.
        wanted: By the name of a column of the result, a fraction of 0 … 1.
        groups: Columns to split by.

    Returns:
        One row per group, with the groups and the quantiles (`Float64`; of durations, in
        microseconds), null where there are no values. The value at fraction p of n sorted values
        x₀ … is that at place h = (n − 1)p, which is x⌊h⌋ + (h − ⌊h⌋)(x⌊h⌋₊₁ − x⌊h⌋).

    References:
        Hyndman and Fan (1996), Sample quantiles in statistical packages.
    """
    up_to = pl.col(times).cum_sum()
    if groups:
        up_to = up_to.over(groups)
    ranked = (
        totals.filter(pl.col(times) > 0)
        .select(*groups, pl.col(value).to_physical(), times)
        .sort(value)
        .with_columns(up_to.alias(_UP_TO))
    )
    picked = (_quantile(value, times, part).alias(name) for name, part in wanted.items())
    return sums_by(ranked, groups, *picked)


def in_days(microseconds: pl.Expr) -> pl.Expr:
    """Give a length of time in days of 24 hours, as `Float64`."""
    return divided(microseconds, DAY)


def divided(value: pl.Expr, number: int) -> pl.Expr:
    """Divide by a number so that the answer does not depend on how many rows there are."""
    # Many rows divided by one number are multiplied by its inverse, which rounds otherwise.
    return value / (value * 0 + number)


def _quantile(value: str, times: str, part: Fraction) -> pl.Expr:
    # In whole numbers, so that a place that is a whole number is found to be one.
    place = (pl.col(times).sum() - 1) * part.numerator
    below = place.floordiv(part.denominator)
    beyond = divided(place.mod(part.denominator), part.denominator)
    low = pl.col(value).filter(pl.col(_UP_TO) > below).min()
    high = pl.col(value).filter(pl.col(_UP_TO) > below + 1).min()
    return pl.when(beyond > 0).then(low + beyond * (high - low)).otherwise(low.cast(pl.Float64))
