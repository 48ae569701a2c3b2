"""Whether a date comes round on one of the days asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.lengths import EPOCH, Length, add_months
from retention_kit.smart_segments.definitions.moments import Anniversary, LeapDay
from retention_kit.smart_segments.definitions.values import kind_of_value
from retention_kit.smart_segments.person.asking import Ask
from retention_kit.smart_segments.person.comparing import on_calendar
from retention_kit.smart_segments.person.spans import length_of


def comes_round(date: dt.date, anniversary: Anniversary, today: dt.date) -> bool:
    """Say whether a date comes round on one of the days, the first of which is today or later."""
    try:
        ahead = anniversary.ahead
        first = _moved(today, length_of(ahead)) if ahead else today
        last = first + dt.timedelta(anniversary.days - 1)
        if anniversary.after is not None:
            return first <= _moved(date, length_of(anniversary.after)) <= last
    except (OverflowError, ValueError):
        return False
    return any(
        first <= _in_year(date, year, anniversary.leap_day) <= last
        for year in range(max(first.year, date.year + 1), last.year + 1)
    )


def date_of(value: Any, column: str, ask: Ask) -> dt.date:
    """Give the date of a date, of an instant, or of microseconds since 1970, in the shop's zone.

    Raises:
        DefinitionError: It is something else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and not column:
        return (EPOCH + dt.timedelta(microseconds=value)).astimezone(ask.zone).date()
    if isinstance(value, dt.datetime):
        return on_calendar(value, ask.zone, column, "customers")
    if isinstance(value, dt.date):
        return value
    raise DefinitionError(
        f"Column {column!r} of table 'customers' holds values of the type "
        f"{kind_of_value(value)}, which do not come round. Allowed: dates and instants. Next step: "
        "another column.",
        parameter="column",
    )


def _moved(date: dt.date, length: Length) -> dt.date:
    clock = add_months(dt.datetime.combine(date, dt.time()), length.months)
    return clock.date() + dt.timedelta(length.days)


def _in_year(date: dt.date, year: int, leap_day: LeapDay) -> dt.date:
    try:
        return date.replace(year=year)
    except ValueError:
        return dt.date(year, 2, 28) if leap_day == "28_february" else dt.date(year, 3, 1)
