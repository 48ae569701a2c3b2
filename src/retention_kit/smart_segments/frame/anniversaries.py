"""Dates that come round, asked of a column of dates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from retention_kit.smart_segments.definitions.lengths import read_length
from retention_kit.smart_segments.definitions.moments import Anniversary
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.lowered.due import due_dates

_LEAP_DAY = 229


def comes_round(day: pl.Expr, anniversary: Anniversary, given: Given) -> pl.Expr:
    """Say which dates come round on one of the days asked for.

    Args:
        day: An expression of dates.
        anniversary: When.
        given: The instant of observation and the shop's zone.

    Returns:
        A `Boolean` expression, null where there is no date.
    """
    first, last = due_dates(anniversary, given.as_of, given.clock)
    if anniversary.after is not None:
        after = read_length("after", anniversary.after)
        then = day.dt.offset_by(f"{after.months}mo{after.days}d")
        return then.is_between(_date(first), _date(last))
    years = [
        (max(first, dt.date(year, 1, 1)), min(last, dt.date(year, 12, 31)))
        for year in range(first.year, last.year + 1)
    ]
    return pl.any_horizontal(_in_one_year(day, *ends, anniversary) for ends in years)


def _in_one_year(day: pl.Expr, first: dt.date, last: dt.date, anniversary: Anniversary) -> pl.Expr:
    """Ask for days of one year, whose months and days as one number stand in order."""
    number = day.dt.month().cast(pl.Int32) * 100 + day.dt.day().cast(pl.Int32)
    hit = number.is_between(_number(first), _number(last))
    is_leap = first.year % 4 == 0 and (first.year % 100 != 0 or first.year % 400 == 0)
    if not is_leap:
        kept = (2, 28) if anniversary.leap_day == "28_february" else (3, 1)
        kept_on = dt.date(first.year, *kept)
        on_leap_day = number == _LEAP_DAY
        hit = hit | on_leap_day if first <= kept_on <= last else hit & ~on_leap_day
    return hit & (day.dt.year() < first.year)


def _number(day: dt.date) -> int:
    return day.month * 100 + day.day


def _date(day: dt.date) -> Any:
    return pl.lit(day, dtype=pl.Date)
