"""Days of the shop's zone as instants, and the ends of lengths of the calendar."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.smart_segments.definitions.lengths import on_the_clock, read_length, zone_named

_DAY = dt.timedelta(days=1)


def midnight(day: pl.Expr, zone: str) -> pl.Expr:
    """Give the instants at which days begin.

    Args:
        day: Dates.
        zone: The shop's zone.

    Returns:
        An expression of instants in that zone. Where the clock leaves midnight out, it is the
        instant at which the clock jumps; of a midnight that comes twice it is the first.
    """

    def read(wall: pl.Expr) -> pl.Expr:
        return wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    clock = day.cast(pl.Datetime("us"))
    # A time that the clock leaves out is read as if it had not: a day earlier, and 24 hours more.
    return pl.coalesce(read(clock), read(clock - _DAY) + _DAY)


def midnight_of(day: dt.date, zone: str) -> dt.datetime:
    """Give the instant at which one day begins, as `midnight` does."""
    named = zone_named(zone)
    return on_the_clock(dt.datetime.combine(day, dt.time()), named).astimezone(named)


def end_of(at: pl.Expr, length: str, zone: str) -> pl.Expr:
    """Give the instants at which lengths end that begin at others.

    Args:
        at: Instants in the shop's zone.
        length: For example `"14d"`.
        zone: The shop's zone.

    Returns:
        An expression of instants: of hours and less so much later; of days and more the midnight
        after the day that many days or months later. 14 days from 1 January end on 16 January at
        00:00.
    """
    asked = read_length("length", length)
    if asked.is_elapsed:
        return at + dt.timedelta(seconds=asked.seconds)
    last = at.dt.date().dt.offset_by(f"{asked.months}mo{asked.days}d")
    return midnight(last + _DAY, zone)
