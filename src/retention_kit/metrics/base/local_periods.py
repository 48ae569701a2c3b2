"""The period that an instant falls in, without asking the time zone row by row.

A clock's zone is asked once for each day of UTC, of which there are few, and the answer is looked
up: the number of the period at the day's start, and the second at which it becomes another.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from retention_kit.metrics.base.periods import Every, check_every, period_index

_DAY = 86_400_000_000
_SECOND = 1_000_000
_FIRST_DAY = -719_162
"""1 January of the year 1, in days since 1970: no instant of Python is earlier."""
_NEVER = 2**31 - 1
_EPOCH = dt.date(1970, 1, 1)
_ZONES_FROM = -62_091
"""1 January 1800."""
_INSTANT = pl.Datetime("us", "UTC")


class _Calendar(NamedTuple):
    """By day of UTC.

    Attributes:
        number: The period's number at the day's start.
        second: The second of the day at which it becomes another, beyond the day where it does not.
        step: By how much it changes then; None where that is 1 throughout.
    """

    number: pl.Series
    second: pl.Series
    step: pl.Series | None


def period_number(at: pl.Expr, every: Every, *, zone: str, until: dt.datetime) -> pl.Expr:
    """Number the periods that instants fall in, as `period_index` does, at a tenth of its cost.

    Args:
        at: Instants in the shop's zone, of the year 1 or later.
        every: The period.
        zone: The shop's zone.
        until: An instant that is later than all of them; with a time zone.

    Returns:
        An `Int32` expression, null where the instant is.
    """
    check_every(every)
    calendar = _calendar(every, zone, until.astimezone(dt.UTC).year // 100)
    if calendar is None:
        return period_index(at, every)
    passed = at.dt.cast_time_unit("us").to_physical()
    day = passed.floordiv(_DAY)
    last = len(calendar.number) - 1
    # What lies beyond is not looked at by anyone, but must not be an error either.
    place = (day - _FIRST_DAY).clip(0, last)
    changes = (passed - day * _DAY).floordiv(_SECOND) >= pl.lit(calendar.second).gather(place)
    number = pl.lit(calendar.number).gather(place)
    if calendar.step is None:
        return number + changes.cast(pl.Int32)
    return number + changes.cast(pl.Int32) * pl.lit(calendar.step).gather(place)


def local_day(at: pl.Expr, *, zone: str, until: dt.datetime) -> pl.Expr:
    """Give the dates that the shop's clock shows at instants, as `dt.date` does.

    Args:
        at: Instants in the shop's zone, of the year 1 or later.
        zone: The shop's zone.
        until: An instant that is later than all of them; with a time zone.

    Returns:
        A `Date` expression, null where the instant is.
    """
    return period_number(at, "1d", zone=zone, until=until).cast(pl.Date)


@lru_cache(maxsize=32)
def _calendar(every: Every, zone: str, century: int) -> _Calendar | None:
    """Make the calendar up to the end of a century; None where a day changes its period twice."""
    days, turning = _days(zone, century)
    midnight = _next_midnight(pl.col("start"), pl.col("offset"))
    plain = days.select(_number(pl.col("start") + pl.col("offset"), every).alias("number")).select(
        "number",
        pl.when(pl.col("number").shift(-1) != pl.col("number"))
        .then(days.select((midnight - pl.col("start")).floordiv(_SECOND)).to_series())
        .otherwise(_NEVER)
        .cast(pl.Int32)
        .alias("second"),
    )
    changes = _changes(turning, every)
    if changes["start"].is_duplicated().any():
        return None
    number, second = plain["number"], plain["second"]
    step = pl.repeat(1, len(number), dtype=pl.Int32, eager=True)
    places = turning["start"] // _DAY - _FIRST_DAY
    second = second.scatter(places, _NEVER)
    places = changes["start"] // _DAY - _FIRST_DAY
    second = second.scatter(places, changes["second"])
    step = step.scatter(places, changes["step"])
    return _Calendar(number, second, None if (step == 1).all() else step)


@lru_cache(maxsize=8)
def _days(zone: str, century: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the days of UTC with the zone's offset at their start, and those with a transition.

    Of the latter, `turns_at` is the instant of it and `then` the offset from it on.
    """
    end = (dt.date(min(century * 100 + 99, 9998), 12, 31) - _EPOCH).days + 2
    days = pl.concat(
        (
            # Before there were zones, each place had one time of its own.
            _starts(_FIRST_DAY, _ZONES_FROM).with_columns(
                _offset(pl.lit(_ZONES_FROM * _DAY), zone).alias("offset")
            ),
            _starts(_ZONES_FROM, end).with_columns(_offset(pl.col("start"), zone).alias("offset")),
        )
    )
    turning = (
        days.with_columns(pl.col("offset").shift(-1).alias("then"))
        .filter(pl.col("offset") != pl.col("then"))
        .with_columns(pl.col("start").alias("low"), (pl.col("start") + _DAY).alias("turns_at"))
    )
    # Halving the time in which the offset becomes the next day's, of all these days at once.
    for _ in range(_DAY.bit_length()):
        middle = (pl.col("low") + pl.col("turns_at")).floordiv(2)
        has_turned = _offset(middle, zone) == pl.col("then")
        turning = turning.with_columns(
            pl.when(has_turned).then("low").otherwise(middle).alias("low"),
            pl.when(has_turned).then(middle).otherwise("turns_at").alias("turns_at"),
        )
    return days, turning.drop("low")


def _starts(first: int, end: int) -> pl.DataFrame:
    day = pl.int_range(first, end, dtype=pl.Int64, eager=True)
    return pl.DataFrame({"start": day * _DAY})


def _changes(turning: pl.DataFrame, every: Every) -> pl.DataFrame:
    """Find when and by how much the number changes within the days that have a transition."""
    start, turns = pl.col("start"), pl.col("turns_at")
    before, after = pl.col("offset"), pl.col("then")
    midnight, later = _next_midnight(start, before), _next_midnight(turns, after)
    moments = pl.concat(
        (
            turning.select("start", start.alias("at"), (start + before).alias("local")),
            turning.filter(midnight < turns).select(
                "start", midnight.alias("at"), (midnight + before).alias("local")
            ),
            turning.select("start", turns.alias("at"), (turns + after).alias("local")),
            turning.filter(later < start + _DAY).select(
                "start", later.alias("at"), (later + after).alias("local")
            ),
        )
    ).sort("start", "at")
    number = _number(pl.col("local"), every)
    return moments.select(
        "start",
        (pl.col("at") - start).floordiv(_SECOND).cast(pl.Int32).alias("second"),
        pl.when(start == start.shift()).then(number.diff()).alias("step"),
    ).filter(pl.col("step") != 0)


def _number(local: pl.Expr, every: Every) -> pl.Expr:
    return period_index(local.floordiv(_DAY).cast(pl.Int32).cast(pl.Date), every).cast(pl.Int32)


def _next_midnight(at: pl.Expr, offset: pl.Expr) -> pl.Expr:
    return ((at + offset).floordiv(_DAY) + 1) * _DAY - offset


def _offset(at: pl.Expr, zone: str) -> pl.Expr:
    """Give the microseconds by which a zone's clock is ahead of UTC at instants."""
    local = at.cast(_INSTANT).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return local.to_physical() - at
