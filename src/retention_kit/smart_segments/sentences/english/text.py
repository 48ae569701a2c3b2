"""Numbers, values, dates, lengths, windows and counts in English."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from retention_kit.smart_segments.definitions.windows import (
    AllTime,
    BetweenAges,
    CalendarPeriod,
    Last,
    Since,
)
from retention_kit.smart_segments.sentences.english.words import MONTHS, PERIODS, UNITS
from retention_kit.smart_segments.sentences.parts import (
    Times,
    clock_of,
    digits_of,
    last_day_of,
    length_parts,
    offset_of,
)


def number(value: float | Decimal) -> str:
    """Write a number: `12,500.5`."""
    return digits_of(value, thousands=",", point=".")


def percent(share: float | Decimal) -> str:
    """Write a share: `12.5%`."""
    return f"{number(Decimal(str(share)) * 100)}%"


def quoted(text: object) -> str:
    """Put a text in quotes."""
    return f"“{text}”"


def listed(items: Iterable[str], last: str = "or") -> str:
    """Join items: `a, b or c`."""
    *first, end = items
    return f"{', '.join(first)} {last} {end}" if first else end


def date(day: dt.date) -> str:
    """Write a date as people do: `31 December 2025`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def moment(at: dt.date | dt.datetime) -> str:
    """Write a date or an instant: `10:00 UTC+3 on 31 December 2025`."""
    if isinstance(at, dt.datetime):
        return f"{clock_of(at)} {offset_of(at)} on {date(at.date())}"
    return date(at)


def value(given: Any, *, is_id: bool = False) -> str:
    """Write a value that a column is compared with."""
    match given:
        case bool():
            return "true" if given else "false"
        case int() if is_id:
            return str(given)
        case int() | Decimal():
            return number(given)
        case dt.date():
            return moment(given)
    return quoted(given)


def counted(count: int, one: str, many: str) -> str:
    """Write a count: `1 day`, `3 days`."""
    return f"{number(count)} {one if count == 1 else many}"


def length(text: str) -> str:
    """Say a length: `1 month and 15 days`."""
    return listed((counted(count, *UNITS[unit]) for count, unit in length_parts(text)), "and")


def of_last(text: str) -> str:
    """Say a length after "the last": `month`, `30 days`."""
    (count, unit), *rest = length_parts(text)
    first = UNITS[unit][0] if count == 1 else counted(count, *UNITS[unit])
    return listed([first, *(counted(many, *UNITS[one]) for many, one in rest)], "and")


def when(window: Any) -> str:
    """Say when something happened: `in the last 30 days`; nothing for all time."""
    match window:
        case Last():
            return f"in the last {of_last(window.length)}"
        case BetweenAges():
            return _between(window)
        case Since():
            return _since(window)
        case CalendarPeriod():
            return _period(window)
    return ""


def falls(window: Any) -> str:
    """Say where a date lies: `in the last 30 days`, `on or after 1 May 2025`."""
    match window:
        case AllTime():
            return "in the past"
        case Since(until=None):
            at = window.start
            return f"{'at' if isinstance(at, dt.datetime) else 'on'} or after {moment(at)}"
    return when(window)


def how_often(times: Times) -> str:
    """Say how often: `at least 3 times`; nothing for at least once and for not once."""
    match times:
        case Times("any"):
            return "any number of times, or never"
        case Times("exactly", low):
            return f"exactly {_times(low)}"
        case Times("at_least", low):
            return f"at least {_times(low)}"
        case Times("at_most", low):
            return f"at most {_times(low)}"
        case Times("between", low, high):
            return f"from {number(low)} to {number(high)} times"
    return ""


def spaced(*words: str) -> str:
    """Join what there is with spaces."""
    return " ".join(word for word in words if word)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{number(count)} times"


def _between(window: BetweenAges) -> str:
    oldest, youngest = length(window.oldest), length(window.youngest)
    if len(length_parts(window.oldest)) == len(length_parts(window.youngest)) == 1:
        return f"between {oldest} and {youngest} ago"
    # "Between 1 month and 15 days and 1 week ago" could be taken apart in two ways.
    return f"from {oldest} ago to {youngest} ago"


def _since(window: Since) -> str:
    last_day = last_day_of(window)
    if last_day is not None:
        if last_day == window.start:
            return f"on {date(last_day)}"
        return f"from {moment(window.start)} to {date(last_day)}, both included"
    if window.until is not None:
        return f"from {moment(window.start)} until {moment(window.until)}"
    return f"since {moment(window.start)}"


def _period(window: CalendarPeriod) -> str:
    if window.every == "1d":
        if window.ago < 2:
            return ("today", "yesterday")[window.ago]
        return f"on the day {number(window.ago)} days ago"
    name = PERIODS[window.every]
    if window.ago < 2:
        return f"in the {('current', 'previous')[window.ago]} calendar {name}"
    return f"in the calendar {name} {number(window.ago)} {name}s ago"
