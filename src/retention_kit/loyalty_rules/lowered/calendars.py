"""Tables of days: to which instant each day of the shop leads, reckoned when they are asked for.

A day is its number since 1970 in the shop's zone. The tables go from 1970 to 2199.
"""

from __future__ import annotations

import calendar
import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from retention_kit.loyalty_rules.kernel.layout import NEVER
from retention_kit.smart_segments.definitions.lengths import (
    add_months,
    microseconds,
    on_the_clock,
    zone_named,
)

How = Literal["elapsed", "end", "begin", "period", "yearly", "date"]
PERIODS = ("day", "week", "month", "quarter", "year")
"""The calendar periods, by number."""
_EPOCH = dt.date(1970, 1, 1).toordinal()
LAST_DAY = dt.date(2199, 12, 31).toordinal() - _EPOCH
"""The last day of every table."""
_DAY = 86_400_000_000
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Moment:
    """How an instant leads to another.

    Attributes:
        how: `elapsed`: `microseconds` later. The others depend on the instant's day alone: `end`,
            the midnight after the day that is `months` and `days` later, or after the end of the
            period `to_end_of` in which that day lies; `begin`, the midnight that begins the day so
            much later, or earlier where they are below 0; `period`, the midnight that begins the
            calendar period `to_end_of`; `yearly`, the midnight after the next `day` of `month`;
            `date`, the midnight after day number `days`.
        months: Calendar months, before the days; the day clamps to the month's last.
        days: Days.
        microseconds: Elapsed microseconds.
        to_end_of: `month`, `quarter` or `year`.
        month: The month of a yearly date.
        day: Its day; 29 February is the 28th in other years.
        slides: What moves what it leads to, in the order of the alphabet.
    """

    how: How
    months: int = 0
    days: int = 0
    microseconds: int = 0
    to_end_of: str | None = None
    month: int = 0
    day: int = 0
    slides: tuple[str, ...] = ()


class DayTable(dict[int, int]):
    """A number for each day, reckoned when it is first asked for.

    It reads like a list from 1970 to 2199: `table[day]`, `len(table)`, `table.slice(first, last)`.
    """

    __slots__ = ("_days", "_of")

    def __init__(self, of: Callable[[int], int], days: int = LAST_DAY + 1) -> None:
        super().__init__()
        self._of, self._days = of, days

    def __missing__(self, day: int) -> int:
        found = self[day] = self._of(day)
        return found

    def __len__(self) -> int:
        return self._days

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"DayTable({getattr(self._of, '__name__', 'of days')})"

    def slice(self, first: int, last: int) -> list[int]:
        """Give the numbers of the days from `first` to `last`, both included."""
        return [self[day] for day in range(first, last + 1)]


@functools.cache
def midnights(time_zone: str) -> DayTable:
    """Give the instants at which the days of a zone begin, the day after the last one too.

    Raises:
        DefinitionError: There is no such zone.
    """
    zone = zone_named(time_zone)

    def midnight(day: int) -> int:
        try:
            date = date_of(day)
        except (OverflowError, ValueError):
            return NEVER if day > 0 else -NEVER
        return microseconds(on_the_clock(dt.datetime.combine(date, dt.time()), zone))

    return DayTable(midnight, LAST_DAY + 2)


@functools.cache
def instants(moment: Moment, time_zone: str) -> DayTable:
    """Give the instants to which the days of a zone lead; 0 where time elapsed says it."""
    begins = midnights(time_zone)

    def instant(day: int) -> int:
        if moment.how == "elapsed":
            return 0
        try:
            return begins[day_led_to(moment, day)]
        except (OverflowError, ValueError):
            return NEVER

    return DayTable(instant)


@functools.cache
def periods(number: int) -> DayTable:
    """Give the numbers of the calendar periods in which days lie; see `PERIODS`."""
    name = PERIODS[number]

    def period(day: int) -> int:
        if name == "day":
            return day
        if name == "week":
            return (day + 3) // 7  # 1970 began on a Thursday, and weeks begin on Mondays
        date = date_of(day)
        return ((date.year - 1970) * 12 + date.month - 1) // _MONTHS[name]

    return DayTable(period)


def day_led_to(moment: Moment, day: int) -> int:
    """Give the day at whose midnight lies what a day leads to.

    Raises:
        OverflowError: It lies beyond the calendar.
        ValueError: It lies beyond the calendar.
    """
    match moment.how:
        case "date":
            return moment.days + 1
        case "period":
            return number_of(_period_start(date_of(day), str(moment.to_end_of)))
        case "yearly":
            return _next_date(date_of(day), moment) + 1
    clock = dt.datetime.combine(date_of(day), dt.time())
    moved = (add_months(clock, moment.months) + dt.timedelta(moment.days)).date()
    if moment.how == "begin":
        return number_of(moved)
    if moment.to_end_of is None:
        return number_of(moved) + 1
    start = dt.datetime.combine(_period_start(moved, moment.to_end_of), dt.time())
    return number_of(add_months(start, _MONTHS[moment.to_end_of]).date())


def day_of(at: int, time_zone: str) -> int:
    """Give the day, in a zone, of an instant in microseconds since 1970 in UTC."""
    begins = midnights(time_zone)
    day = at // _DAY
    if begins[day] > at:
        return day - 1
    return day + 1 if begins[day + 1] <= at else day


def date_of(day: int) -> dt.date:
    """Give a day by its number since 1970."""
    return dt.date.fromordinal(_EPOCH + day)


def number_of(date: dt.date) -> int:
    """Give the number of a day since 1970."""
    return date.toordinal() - _EPOCH


def _period_start(date: dt.date, period: str) -> dt.date:
    months = _MONTHS[period]
    return date.replace(month=(date.month - 1) // months * months + 1, day=1)


def _next_date(date: dt.date, moment: Moment) -> int:
    for year in (date.year, date.year + 1):
        last = calendar.monthrange(year, moment.month)[1]
        found = dt.date(year, moment.month, min(moment.day, last))
        if found >= date:
            return number_of(found)
    raise AssertionError("A year has every month.")
