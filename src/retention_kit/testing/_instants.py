"""Instants that are hard to get right: where clocks change, and where days and months end."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import polars as pl

ZONES = (
    "Europe/London",
    "UTC",
    "America/Santiago",  # the clocks change at midnight, so that some days have no 00:00
    "Australia/Lord_Howe",  # they change by half an hour
    "Pacific/Apia",  # it had no 30 December 2011
    "Asia/Kathmandu",  # 5 hours 45 minutes from UTC
    "Europe/Moscow",  # summer time for ever since March 2011
)
"""Time zones of which each is hard in its own way, in the years that the instants are of."""

_FROM = dt.datetime(2011, 1, 1, tzinfo=dt.UTC)
_UNTIL = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
_DAYS = (
    dt.date(2011, 2, 28),
    dt.date(2011, 3, 1),
    dt.date(2011, 5, 31),
    dt.date(2011, 12, 26),  # a Monday
    dt.date(2012, 1, 1),  # a Sunday
    dt.date(2012, 1, 31),
    dt.date(2012, 2, 29),
    dt.date(2012, 3, 1),
)
_HALF_HOUR = 1_800_000_000
_DAY = 86_400_000_000
SHIFTS = (0, -1, 1, _HALF_HOUR, -_HALF_HOUR, 2 * _HALF_HOUR, _DAY, -_DAY, 31 * _DAY, 365 * _DAY)
"""How far from a hard instant others lie, in microseconds."""


@functools.cache
def hard_instants(time_zone: str) -> tuple[int, ...]:
    """Give hard instants of a zone, in microseconds since 1970.

    The first is a calm noon; then come changes of the clocks, and midnights that begin a day after
    which, or before which, a calendar turns.
    """
    zone = ZoneInfo(time_zone)
    calm = dt.datetime(2011, 6, 15, 12, tzinfo=zone)
    midnights = [dt.datetime.combine(day, dt.time(), tzinfo=zone) for day in _DAYS]
    changes = _changes(zone)
    days = [dt.datetime.combine(at.astimezone(zone), dt.time(), tzinfo=zone) for at in changes]
    return tuple(_microseconds(at) for at in (calm, *changes, *midnights, *days))


def after_all(time_zone: str) -> dt.datetime:
    """Give an instant that lies after all that are drawn."""
    zone = ZoneInfo(time_zone)
    return dt.datetime.combine(_UNTIL + 2 * dt.timedelta(microseconds=max(SHIFTS)), dt.time(), zone)


def to_datetime(microseconds: int, zone: dt.tzinfo) -> dt.datetime:
    """Give an instant in a zone; of a wall-clock time that occurs twice, the right one."""
    return (
        dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=microseconds)
    ).astimezone(zone)


def _changes(zone: ZoneInfo) -> list[dt.datetime]:
    found = []
    at = _FROM
    while at < _UNTIL:
        following = at + dt.timedelta(days=1)
        if _offset(at, zone) != _offset(following, zone):
            found.append(_change_between(at, following, zone))
        at = following
    return found


def _change_between(before: dt.datetime, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + dt.timedelta(seconds=middle), zone) == _offset(before, zone):
            low = middle
        else:
            high = middle
    return before + dt.timedelta(seconds=high)


def _offset(at: dt.datetime, zone: ZoneInfo) -> dt.timedelta | None:
    return at.astimezone(zone).utcoffset()


def _microseconds(at: dt.datetime) -> int:
    return (at - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(microseconds=1)


def first_to_see(tables: Iterable[pl.DataFrame], as_of: dt.datetime) -> dt.datetime:
    """Give the first instant of observation that sees all that one given sees, in UTC."""
    utc = as_of.astimezone(dt.UTC)
    last: dt.datetime | None = None
    for frame in tables:
        for column in frame.iter_columns():
            if not isinstance(column.dtype, pl.Datetime) or column.dtype.time_zone is None:
                continue
            instants = column.dt.convert_time_zone("UTC")
            at = instants.filter(instants < utc).max()
            if isinstance(at, dt.datetime) and (last is None or at > last):
                last = at
    if last is None:
        return utc - dt.timedelta(days=400)
    return last.astimezone(dt.UTC) + dt.timedelta(microseconds=1)
