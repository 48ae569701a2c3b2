"""What both languages look at before they say a condition."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from retention_kit.contracts.tables import TABLES
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.counting import EventAggregate, EventCount
from retention_kit.smart_segments.definitions.customers import (
    Attribute,
    Member,
    MessageEngagement,
    Score,
)
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.values import Scalar, Where
from retention_kit.smart_segments.definitions.windows import AllTime, Since
from retention_kit.smart_segments.lowered.lowering import MESSAGE_EVENTS

_PART = re.compile(r"(\d+)(mo|[yqwdhms])")
_UNITS = ("y", "q", "mo", "w", "d", "h", "m", "s")
_SWAPPED = {
    "equals": "not_equals",
    "less_than": "at_least",
    "at_most": "more_than",
    "in": "not_in",
    "known": "unknown",
}
_OPPOSITES = {**_SWAPPED, **{after: before for before, after in _SWAPPED.items()}}


class Times(NamedTuple):
    """How often, as a language says it.

    Attributes:
        kind: `any` number, `none`, `some` (at least once), and with numbers the rest.
        low: The lower number, or the only one.
        high: The upper number of `between`.
    """

    kind: Literal["any", "none", "some", "exactly", "at_least", "at_most", "between"]
    low: int = 0
    high: int = 0


class Event(NamedTuple):
    """Events of certain names.

    Attributes:
        names: The names; none is every name.
        where: The other filters.
    """

    names: tuple[str, ...]
    where: tuple[Where, ...]


def length_parts(text: str) -> tuple[tuple[int, str], ...]:
    """Give how many of each unit a length has, the longest unit first: `"1mo15d"`."""
    counts: dict[str, int] = {}
    for count, unit in _PART.findall(text):
        counts[unit] = counts.get(unit, 0) + int(count)
    return tuple((counts[unit], unit) for unit in _UNITS if counts.get(unit))


def times_of(at_least: int | None, at_most: int | None) -> Times:
    """Tell which kind of count bounds are."""
    match at_least, at_most:
        case None | 0, 0:
            return Times("none")
        case 0, None:
            return Times("any")
        case 1, None:
            return Times("some")
        case int(low), None:
            return Times("at_least", low)
        case None | 0, int(high):
            return Times("at_most", high)
        case int(low), int(high):
            return Times("exactly", low) if low == high else Times("between", low, high)
    return Times("any")


def event_of(rows: Rows) -> Event:
    """Take the names of events apart from the other filters."""
    for place, where in enumerate(rows.where):
        if where.column == "name" and where.operator in ("equals", "in") and not where.fold:
            names = where.values or (where.value,)
            if all(isinstance(one, str) for one in names):
                rest = rows.where[:place] + rows.where[place + 1 :]
                return Event(tuple(map(str, names)), rest)
    return Event((), rows.where)


def messages_of(condition: MessageEngagement, what: str) -> Rows:
    """Give the events that a message leaves when it is received, opened or clicked."""
    filters = {
        "name": MESSAGE_EVENTS[condition.channel][what],
        "campaign": condition.campaign,
        "message_id": condition.message_id,
    }
    where = tuple(
        Where(column=column, value=value) for column, value in filters.items() if value is not None
    )
    return Rows(source="events", where=where)


def opposite(condition: Condition) -> Condition | None:
    """Give the condition that is true where this is false, false where it is true, and no other.

    Returns:
        The condition; None where none says it in fewer words than "it is not true that".
    """
    match condition:
        case EventCount(too_new=too_new, window=window) if too_new == "evaluate" or isinstance(
            window, AllTime
        ):
            return _opposite_count(condition)
        case MessageEngagement(engagement="received" | "opened" | "clicked"):
            return _opposite_count(condition)
        case EventAggregate(to=None, too_new="evaluate"):
            return _swapped(condition)
        case Attribute() | Score():
            asks_if_known = condition.operator in ("known", "unknown")
            return _swapped(condition) if asks_if_known or condition.missing == "unknown" else None
        case Member(when="ever"):
            return _with(condition, when="never")
        case Member(when="never"):
            return _with(condition, when="ever")
    return None


def _with(condition: Condition, **fields: Any) -> Condition:
    other: Condition = condition.with_fields(**fields)
    return other


def _opposite_count(condition: EventCount | MessageEngagement) -> Condition | None:
    low, high = condition.at_least or 0, condition.at_most
    if low and high is None:
        return _with(condition, at_least=None, at_most=low - 1)
    if high is not None and not low:
        return _with(condition, at_least=high + 1, at_most=None)
    return None


def _swapped(condition: Attribute | Score | EventAggregate) -> Condition | None:
    operator = _OPPOSITES.get(condition.operator)
    return _with(condition, operator=operator) if operator else None


def last_day_of(window: Since) -> dt.date | None:
    """Give the last day of a window of whole days, which ends before the day after it."""
    until = window.until
    if until is None or isinstance(until, dt.datetime) or isinstance(window.start, dt.datetime):
        return None
    return until - dt.timedelta(days=1)


def digits_of(number: float | Decimal, *, thousands: str, point: str) -> str:
    """Write a number with its thousands apart."""
    exact = Decimal(str(number))
    text = f"{exact.copy_abs():,f}"
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    sign = "−" if exact < 0 else ""
    return sign + whole.replace(",", thousands) + (point + rest if rest else "")


def is_an_id(column: str) -> bool:
    """Say whether a column holds ids, whose digits are not grouped."""
    return column == "id" or column.endswith("_id")


def is_a_number(column: str, table: str) -> bool:
    """Say whether a column holds amounts, of which 0 is known and yet nothing to have."""
    described = TABLES[table].columns.get(column)
    return described is not None and described.kind in ("money", "number")


def offset_of(at: dt.datetime) -> str:
    """Name the offset of an instant: `UTC`, `UTC+3`, `UTC+5:30`."""
    minutes = round((at.utcoffset() or dt.timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def clock_of(at: dt.datetime) -> str:
    """Write the time of day, as exactly as it is given."""
    if at.microsecond:
        return at.strftime("%H:%M:%S.%f")
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def kind_of(value: Scalar) -> Literal["text", "number", "date", "truth"]:
    """Tell what kind of words a value needs."""
    match value:
        case bool():
            return "truth"
        case int() | Decimal():
            return "number"
        case dt.date():
            return "date"
    return "text"
