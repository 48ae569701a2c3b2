"""Calendar periods of the shop's zone as whole numbers, and back."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.errors import bad_parameter

Every = Literal["1d", "1w", "1mo", "1q", "1y"]
"""A calendar period; weeks start on Monday."""

_EVERY = ("1d", "1w", "1mo", "1q", "1y")
_MONDAY = 3  # 1970-01-01 was a Thursday
# Weeks fill 16 bits in 2597, months in 2730, quarters in 8191, days soon; and a window of a century
# is added to them.
_SMALL_BEFORE = {"1d": 0, "1w": 2490, "1mo": 2600, "1q": 8000, "1y": 9999}


def check_every(every: str) -> None:
    """Raise where a period is none of those the calendar has.

    Raises:
        DefinitionError: It is not.
    """
    if every not in _EVERY:
        raise bad_parameter("every", got=every, allowed=", ".join(repr(one) for one in _EVERY))


def period_index(at: pl.Expr, every: Every) -> pl.Expr:
    """Number the periods that instants or dates fall in, so that the next one is one more.

    Args:
        at: Instants in the shop's zone, or dates.
        every: The period.

    Returns:
        An `Int32` expression.
    """
    match every:
        case "1y":
            return at.dt.year().cast(pl.Int32)
        case "1q":
            return at.dt.year().cast(pl.Int32) * 4 + at.dt.quarter().cast(pl.Int32) - 1
        case "1mo":
            return at.dt.year().cast(pl.Int32) * 12 + at.dt.month().cast(pl.Int32) - 1
        case "1w":
            return (at.dt.date().cast(pl.Int32) + _MONDAY).floordiv(7)
        case "1d":
            return at.dt.date().cast(pl.Int32)


def number_type(every: Every, as_of: dt.datetime) -> type[pl.DataType]:
    """Give the type that numbers of periods before an instant fit; small ones group faster.

    Args:
        every: The period.
        as_of: The instant, in any zone.

    Returns:
        `Int16` or `Int32`.
    """
    return pl.Int16 if as_of.year < _SMALL_BEFORE[every] else pl.Int32


def is_near_start(start: pl.Expr, every: Every, data_start: pl.Expr) -> pl.Expr:
    """Say of periods whether the one before is not wholly in the data.

    Who bought in that one may look new in these: new customers are left-censored there.

    Args:
        start: The first days of the periods.
        every: The period.
        data_start: The first day that the data cover.

    Returns:
        A `Boolean` expression, false where nothing is known of the start.
    """
    before = period_start(period_index(start, every) - 1, every)
    return (before < data_start).fill_null(value=False)


def period_start(index: pl.Expr, every: Every) -> pl.Expr:
    """Give the first day of numbered periods.

    Args:
        index: What `period_index` gives.
        every: The period.

    Returns:
        A `Date` expression.
    """
    match every:
        case "1y":
            return pl.date(index, 1, 1)
        case "1q":
            return pl.date(index.floordiv(4), index.mod(4) * 3 + 1, 1)
        case "1mo":
            return pl.date(index.floordiv(12), index.mod(12) + 1, 1)
        case "1w":
            return (index * 7 - _MONDAY).cast(pl.Int32).cast(pl.Date)
        case "1d":
            return index.cast(pl.Int32).cast(pl.Date)


def last_day(as_of: dt.datetime) -> dt.date:
    """Give the last day that an exclusive bound lets in, at least in part."""
    return (as_of - dt.timedelta(microseconds=1)).date()
