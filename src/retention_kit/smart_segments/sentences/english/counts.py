"""Counts, figures and habits in English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retention_kit.smart_segments.definitions.counting import (
    EventAggregate,
    EventCount,
    Lapsed,
    Reactivated,
    Regularity,
    TooNew,
)
from retention_kit.smart_segments.definitions.customers import MessageEngagement
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.values import NumberOperator
from retention_kit.smart_segments.definitions.windows import AllTime, CalendarPeriod
from retention_kit.smart_segments.sentences.english.filters import (
    compared,
    deed,
    rows_named,
)
from retention_kit.smart_segments.sentences.english.text import (
    how_often,
    length,
    number,
    of_last,
    percent,
    spaced,
    when,
)
from retention_kit.smart_segments.sentences.english.words import PERIODS, noun_of
from retention_kit.smart_segments.sentences.parts import Times, messages_of, times_of

_TOO_NEW: Mapping[TooNew, str] = {
    "evaluate": "",
    "unknown": "(not known of customers newer than that)",
    "false": "(not true of customers newer than that)",
    "true": "(true of all customers newer than that)",
}
_SPENT: Mapping[NumberOperator, str] = {
    "equals": "exactly {}",
    "not_equals": "a sum other than {}",
    "less_than": "less than {}",
    "at_most": "at most {}",
    "more_than": "more than {}",
    "at_least": "at least {}",
}
_AGGREGATES = {"sum": "total", "mean": "average", "min": "smallest", "max": "largest"}


def done(rows: Rows, times: Times, at: str) -> str:
    """Say how often customers did something, and when."""
    words = deed(rows)
    if times.kind == "none":
        return spaced(words.not_done, at)
    if times.kind == "some":
        return spaced(words.some or words.done, at)
    return spaced(words.done, how_often(times), at)


def _of_count(condition: EventCount) -> tuple[str, str]:
    times = times_of(condition.at_least, condition.at_most)
    said = done(condition.rows, times, when(condition.window))
    return "who", spaced(said, _too_new(condition))


def _of_aggregate(condition: EventAggregate) -> tuple[str, str]:
    at = when(condition.window)
    if _is_money_spent(condition):
        on = f"on {rows_named(condition.rows, many=True)}"
        return "who", spaced("spent", _how_much(condition), on, at, _too_new(condition))
    write = percent if condition.aggregate == "share" else number
    if condition.to is not None:
        said = f"from {write(condition.value)} to {write(condition.to)}"
    else:
        said = compared(condition.operator, condition.value, write)
    return "whose", spaced(_figure(condition), at, "is", said, _too_new(condition))


def _of_regularity(condition: Regularity) -> tuple[str, str]:
    words = deed(condition.rows).some or deed(condition.rows).done
    count, name = condition.periods, PERIODS[condition.every]
    if count == 1:
        window = CalendarPeriod(every=condition.every, ago=0 if condition.current else 1)
        return "who", spaced(words, when(window), _too_new(condition))
    of = "each" if condition.at_least == count else f"at least {number(condition.at_least)}"
    kind = "calendar" if condition.current else "complete calendar"
    now = ", the current one included" if condition.current else ""
    said = f"in {of} of the last {number(count)} {kind} {name}s{now}"
    return "who", spaced(words, said, _too_new(condition))


def _of_lapsed(condition: Lapsed) -> tuple[str, str]:
    before = "before that"
    if condition.active is not None:
        before = f"in the {of_last(condition.active)} before that"
    silent = f"{deed(condition.rows).not_done} in the last {of_last(condition.silent)}"
    often = done(condition.rows, times_of(condition.at_least, None), "")
    return "who", f"{silent}, but {before} {often}"


def _of_reactivated(condition: Reactivated) -> tuple[str, str]:
    words = deed(condition.rows).some or deed(condition.rows).done
    said = f"in the last {of_last(condition.within)} after a break of at least"
    return "who", f"{words} again {said} {length(condition.gap)}"


def _of_messages(condition: MessageEngagement) -> tuple[str, str]:
    times, at = times_of(condition.at_least, condition.at_most), when(condition.window)
    if condition.engagement != "ignored":
        return "who", done(messages_of(condition, condition.engagement), times, at)
    received = done(messages_of(condition, "received"), times, at)
    return "who", f"{received} and from the first one on opened or clicked none"


COUNTS: Mapping[str, Callable[[Any], tuple[str, str]]] = {
    "event_count": _of_count,
    "event_aggregate": _of_aggregate,
    "regularity": _of_regularity,
    "lapsed": _of_lapsed,
    "reactivated": _of_reactivated,
    "message_engagement": _of_messages,
}


def _too_new(condition: EventCount | EventAggregate | Regularity) -> str:
    if isinstance(getattr(condition, "window", None), AllTime):
        return ""
    return _TOO_NEW[condition.too_new]


def _figure(condition: EventAggregate) -> str:
    rows = condition.rows
    named = rows_named(rows, many=True)
    if condition.aggregate == "share":
        part = rows_named(rows.also(*condition.of), many=True)
        return f"share of {part} among all {named}"
    noun = noun_of(condition.column or "", rows.table)
    if condition.aggregate == "distinct":
        return f"number of different {noun.many} in {named}"
    said = f"{_AGGREGATES[condition.aggregate]} {noun.one}"
    # "Amount of orders" would be read as how many there are.
    if condition.aggregate in ("min", "max"):
        return f"{said} of a single {rows_named(rows, many=False)}"
    if condition.column == "amount" and not noun.is_quoted:
        if condition.aggregate == "sum":
            return f"sum of the amounts of {named}"
        one = rows_named(rows, many=False)
        return "average order value" if rows == Rows() else f"{said} per {one}"
    return f"{said} of {named}"


def _is_money_spent(condition: EventAggregate) -> bool:
    is_amount = condition.aggregate == "sum" and condition.column == "amount"
    return is_amount and condition.rows.source in ("orders", "order_items")


def _how_much(condition: EventAggregate) -> str:
    low = number(condition.value)
    if condition.to is not None:
        return f"from {low} to {number(condition.to)}"
    return _SPENT[condition.operator].format(low)
