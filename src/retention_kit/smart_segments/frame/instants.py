"""Instants in a plan: moved by lengths of the calendar, and as days of the shop's zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.metrics.base.observed import in_zone
from retention_kit.smart_segments.definitions.lengths import (
    EPOCH,
    Length,
    microseconds,
    on_the_clock,
)
from retention_kit.smart_segments.definitions.windows import period_bounds
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.lowered.spans import LastPeriods

_DAY = dt.timedelta(days=1)
_LEEWAY = 2
"""More days than any change of a clock takes or gives."""


def moved(at: pl.Expr, length: Length, zone: str) -> pl.Expr:
    """Give the instant this long after another, as `Length.after` does.

    Args:
        at: Instants in microseconds since 1970 in UTC.
        length: How long.
        zone: The shop's zone.

    Returns:
        An `Int64` expression: microseconds since 1970 in UTC.
    """
    if not length.is_elapsed:
        clock = as_instant(at, zone).dt.replace_time_zone(None)
        at = _read_on(clock.dt.offset_by(f"{length.months}mo{length.days}d"), zone)
    return at + length.seconds * 1_000_000 if length.seconds else at


def is_passed(earlier: pl.Expr, length: Length, later: pl.Expr, zone: str) -> pl.Expr:
    """Say whether an instant moved by a length is not after another; null where either is none.

    Args:
        earlier: Instants in microseconds since 1970 in UTC.
        length: How long.
        later: The other instants.
        zone: The shop's zone.
    """
    if length.is_elapsed:
        return moved(earlier, length, zone) <= later
    # The clock is asked only where the length of months and days makes a difference.
    surely = earlier + _microseconds(length.longest_days + _LEEWAY) <= later
    never = earlier + _microseconds(length.shortest_days - _LEEWAY) > later
    exactly = moved(pl.when(~surely & ~never).then(earlier), length, zone) <= later
    return pl.when(surely | never).then(surely).otherwise(exactly)


def _microseconds(days: float) -> int:
    return int(days * 86_400_000_000)


def as_instant(at: pl.Expr, zone: str) -> pl.Expr:
    """Give microseconds since 1970 in UTC as instants of the shop's zone."""
    return at.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)


def _read_on(clock: pl.Expr, zone: str) -> pl.Expr:
    """Give the instants at which the clock of a zone shows times."""

    def read(wall: pl.Expr) -> pl.Expr:
        return wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    # A time that the clock leaves out is read as if it had not: a day earlier, and 24 hours more.
    beyond = read(clock.dt.offset_by("-1d")) + _DAY
    return pl.coalesce(read(clock), beyond).dt.epoch("us")


def at_microseconds(given: Given, table: str, at: int) -> pl.Expr:
    """Give an instant as a literal of the type that a table's instants have."""
    zone = given.zone_in(table)
    return pl.lit(in_zone(EPOCH + dt.timedelta(microseconds=at), zone), pl.Datetime("us", zone))


def days_within(bounds: tuple[int | None, int], zone: ZoneInfo) -> tuple[dt.date | None, dt.date]:
    """Give the days that begin within bounds: from the first, to before the second.

    Args:
        bounds: In microseconds since 1970 in UTC.
        zone: The shop's zone.
    """
    start, end = bounds
    return (None if start is None else _first_day(start, zone)), _first_day(end, zone)


def period_edges(window: LastPeriods, given: Given) -> list[int] | None:
    """Give where the calendar periods of a window begin, and where the last one ends.

    Args:
        window: The periods.
        given: The instant of observation and the shop's zone.

    Returns:
        Microseconds since 1970 in UTC, in order; None where a clock that is put back shows a day
        before one of these instants again after it, so that instants alone do not tell.
    """
    bounds = [
        period_bounds(window.every, ago, 1, given.as_of, given.clock)
        for ago in reversed(range(1 - window.current, 1 - window.current + window.periods))
    ]
    edges = [start for start, _ in bounds if start is not None] + [bounds[-1][1]]
    shown = [
        (EPOCH + dt.timedelta(microseconds=edge)).astimezone(given.clock) for edge in edges[:-1]
    ]
    if edges != sorted(set(edges)) or any(_is_shown_twice(clock) for clock in shown):
        return None
    return edges


def _is_shown_twice(clock: dt.datetime) -> bool:
    return clock.replace(fold=0).utcoffset() != clock.replace(fold=1).utcoffset()


def _first_day(at: int, zone: ZoneInfo) -> dt.date:
    """Give the first day that begins at an instant or later."""
    day = (EPOCH + dt.timedelta(microseconds=at)).astimezone(zone).date() - 2 * _DAY
    return _next(day, lambda one: _begins(one, zone) >= at)


def _begins(day: dt.date, zone: ZoneInfo) -> int:
    return microseconds(on_the_clock(dt.datetime.combine(day, dt.time()), zone))


def _next(day: dt.date, holds: Callable[[dt.date], bool]) -> dt.date:
    while not holds(day):
        day += _DAY
    return day
