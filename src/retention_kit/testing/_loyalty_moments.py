"""When a point becomes active, ends or is looked back from: calendars taken literally.

Part of the naive reading of loyalty programmes, with which the fast one is compared: dates and
datetimes as Python has them, and no tables.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

FOREVER = dt.datetime.max.replace(tzinfo=dt.UTC)
"""An instant after all others."""
_ONE = dt.timedelta(days=1)
_ELAPSED = {"h": "hours", "m": "minutes", "s": "seconds"}
_MONTHS = {"y": 12, "q": 3, "mo": 1}
_DAYS = {"w": 7, "d": 1}
_PART = re.compile(r"([0-9]+)(mo|[yqwdhms])")


def utc(at: dt.datetime) -> dt.datetime:
    """Give an instant in UTC, where instants compare as they follow each other."""
    return at.astimezone(dt.UTC)


def day_of(at: dt.datetime, zone: ZoneInfo) -> dt.date:
    """Give the date that the shop's calendar shows."""
    return at.astimezone(zone).date()


def midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Give the instant at which a day of the shop begins."""
    return utc(dt.datetime.combine(day, dt.time(), zone))


def moved(day: dt.date, length: str, sign: int = 1) -> dt.date:
    """Give the day a calendar length later, or earlier; months clamp to their last day."""
    months = sum(int(n) * _MONTHS[unit] for n, unit in _PART.findall(length) if unit in _MONTHS)
    days = sum(int(n) * _DAYS[unit] for n, unit in _PART.findall(length) if unit in _DAYS)
    year, month = divmod(day.year * 12 + day.month - 1 + sign * months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last)) + dt.timedelta(days=sign * days)


def elapsed(length: str) -> dt.timedelta | None:
    """Give the time that a length of hours, minutes and seconds lasts; None of other lengths."""
    parts = _PART.findall(length)
    if not all(unit in _ELAPSED for _, unit in parts):
        return None
    return sum((dt.timedelta(**{_ELAPSED[unit]: int(n)}) for n, unit in parts), dt.timedelta())


def ends(at: dt.datetime, length: str, zone: ZoneInfo) -> dt.datetime:
    """Give the end of a length: the shop's midnight after the day it leads to, or as elapsed."""
    lasts = elapsed(length)
    if lasts is not None:
        return utc(at) + lasts
    return midnight(moved(day_of(at, zone), length) + _ONE, zone)


def rests(at: dt.datetime, length: str, zone: ZoneInfo) -> dt.datetime:
    """Give the end of a cooldown: the midnight that begins the day it leads to, or as elapsed."""
    lasts = elapsed(length)
    if lasts is not None:
        return utc(at) + lasts
    return midnight(moved(day_of(at, zone), length), zone)


def ends_with_period(
    at: dt.datetime, length: str, period: str | None, zone: ZoneInfo
) -> dt.datetime:
    """Give the end of a length, and from there the end of the month, quarter or year it is in."""
    if period is None:
        return ends(at, length, zone)
    lasts = elapsed(length)
    day = moved(day_of(at, zone), length) if lasts is None else day_of(utc(at) + lasts, zone)
    return midnight(_after_period(day, period), zone)


def expires(at: dt.datetime, expiry: Any, zone: ZoneInfo) -> dt.datetime:
    """Give when what became active at an instant expires."""
    match type(expiry).__name__:
        case "NeverExpires":
            return FOREVER
        case "Rolling":
            return ends_with_period(at, expiry.length, expiry.to_end_of, zone)
        case "Sliding":
            return ends(at, expiry.length, zone)
        case "FixedDate":
            day = day_of(at, zone)
            years = (day.year, day.year + 1)
            dates = [_dated(year, expiry.month, expiry.day) for year in years]
            return midnight(min(one for one in dates if one >= day) + _ONE, zone)
    return midnight(expiry.date + _ONE, zone)


def period_of(at: dt.datetime, period: str, zone: ZoneInfo) -> dt.date:
    """Give the first day of the calendar period that an instant is in."""
    return period_start(day_of(at, zone), period)


def period_start(day: dt.date, period: str) -> dt.date:
    """Give the first day of the calendar period that a day is in."""
    match period:
        case "day":
            return day
        case "week":
            return day - dt.timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return dt.date(day.year, 1, 1)


def window_start(at: dt.datetime, window: str, zone: ZoneInfo) -> dt.datetime:
    """Give where a rolling window that ends at an instant starts, which is not in it."""
    lasts = elapsed(window)
    if lasts is not None:
        return utc(at) - lasts
    day = day_of(at, zone)
    since_midnight = utc(at) - midnight(day, zone)
    return midnight(moved(day, window, -1), zone) + since_midnight


def _after_period(day: dt.date, period: str) -> dt.date:
    start = period_start(day, period)
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    return moved(start, f"{months}mo")


def _dated(year: int, month: int, day: int) -> dt.date:
    return dt.date(year, month, min(day, calendar.monthrange(year, month)[1]))
