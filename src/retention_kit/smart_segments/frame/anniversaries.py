"""Dates that come round, asked of a column of dates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from retention_kit.smart_segments.definitions.lengths import Length, add_months, read_length
from retention_kit.smart_segments.definitions.moments import Anniversary

_LEAP_DAY = 229


def comes_round(day: pl.Expr, anniversary: Anniversary, today: dt.date) -> pl.Expr:
    """Say which dates come round on one of the days asked for.

    Args:
        day: An expression of dates.
        anniversary: When.
        today: The shop's date at the instant of observation.

    Returns:
        A `Boolean` expression, null where there is no date.
    """
    ahead = Length() if anniversary.ahead is None else read_length("ahead", anniversary.ahead)
    first = _later(today, ahead)
    last = _plus(first, anniversary.days - 1)
    if anniversary.after is not None:
        after = read_length("after", anniversary.after)
        then = day.dt.offset_by(f"{after.months}mo{after.days}d")
        return then.is_between(_date(first), _date(last))
    years = [
        (max(first, dt.date(year, 1, 1)), min(last, dt.date(year, 12, 31)))
        for year in range(first.year, last.year + 1)
    ]
    return pl.any_horizontal(_in_one_year(day, *ends, anniversary) for ends in years)


def _in_one_year(
    day: pl.Expr, first: dt.date, last: dt.date, anniversary: Anniversary
) -> pl.Expr:
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


def _later(day: dt.date, length: Length) -> dt.date:
    try:
        clock = add_months(dt.datetime.combine(day, dt.time()), length.months)
        return (clock + dt.timedelta(length.days)).date()
    except (OverflowError, ValueError):
        return dt.date.max


def _plus(day: dt.date, days: int) -> dt.date:
    return dt.date.fromordinal(min(day.toordinal() + days, dt.date.max.toordinal()))
