"""Counts, figures and habits in Russian."""

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
from retention_kit.smart_segments.definitions.windows import AllTime, CalendarPeriod
from retention_kit.smart_segments.sentences.parts import Times, messages_of, times_of
from retention_kit.smart_segments.sentences.russian.filters import compared, deed, row_of, rows_of
from retention_kit.smart_segments.sentences.russian.text import (
    form,
    how_often,
    length,
    number,
    of_former,
    of_last,
    percent,
    spaced,
    when,
)
from retention_kit.smart_segments.sentences.russian.words import PERIODS, noun_of

_TOO_NEW: Mapping[TooNew, str] = {
    "evaluate": "",
    "unknown": "(о тех, кто с магазином меньше этого срока, это неизвестно)",
    "false": "(кроме тех, кто с магазином меньше этого срока)",
    "true": "(а также все, кто с магазином меньше этого срока)",
}
_AGGREGATES = {
    "sum": {"m": "общий", "f": "общая", "n": "общее"},
    "mean": {"m": "средний", "f": "средняя", "n": "среднее"},
    "min": {"m": "наименьший", "f": "наименьшая", "n": "наименьшее"},
    "max": {"m": "наибольший", "f": "наибольшая", "n": "наибольшее"},
}


def done(rows: Rows, times: Times, at: str) -> str:
    """Say how often customers did something, and when."""
    words = deed(rows)
    if times.kind == "none":
        return spaced(words.not_done, at)
    if times.kind == "some":
        return spaced(words.done, at)
    return spaced(words.repeated, how_often(times), at)


def _of_count(condition: EventCount) -> tuple[str, str]:
    times = times_of(condition.at_least, condition.at_most)
    said = done(condition.rows, times, when(condition.window))
    return "who", spaced(said, _too_new(condition))


def _of_aggregate(condition: EventAggregate) -> tuple[str, str]:
    write = percent if condition.aggregate == "share" else number
    if condition.to is not None:
        said = f"— от {write(condition.value)} до {write(condition.to)}"
    else:
        said = compared(condition.operator, condition.value, write)
        if condition.operator in ("equals", "not_equals"):
            said = f"— {said}"
    figure = _figure(condition)
    return "whose", spaced(figure, when(condition.window), said, _too_new(condition))


def _of_regularity(condition: Regularity) -> tuple[str, str]:
    words = deed(condition.rows).repeated
    count, unit = condition.periods, PERIODS[condition.every]
    if count == 1:
        window = CalendarPeriod(every=condition.every, ago=0 if condition.current else 1)
        return "who", spaced(words, when(window), _too_new(condition))
    is_her = unit.gender == "f"
    of = f"не менее чем в {number(condition.at_least)}"
    if condition.at_least == count:
        of = "в каждой" if is_her else "в каждом"
    one = "ой" if is_her else "ого"
    end = form(count, one, "ых", "ых")
    kind = f"календарн{end}" if condition.current else f"полн{end} календарн{end}"
    periods = f"{number(count)} {kind} {form(count, unit.few, unit.many, unit.many)}"
    now = f", считая {'текущую' if is_her else 'текущий'}" if condition.current else ""
    return "who", spaced(words, f"{of} из последних {periods}{now}", _too_new(condition))


def _of_lapsed(condition: Lapsed) -> tuple[str, str]:
    before = "до этого"
    if condition.active is not None:
        before = f"за {of_former(condition.active)}"
    silent = f"{deed(condition.rows).not_done} за {of_last(condition.silent)}"
    often = done(condition.rows, times_of(condition.at_least, None), "")
    return "who", f"{silent}, но {before} {often}"


def _of_reactivated(condition: Reactivated) -> tuple[str, str]:
    said = f"за {of_last(condition.within)} после перерыва не менее чем в"
    return "who", f"снова {deed(condition.rows).done} {said} {length(condition.gap)}"


def _of_messages(condition: MessageEngagement) -> tuple[str, str]:
    times, at = times_of(condition.at_least, condition.at_most), when(condition.window)
    if condition.engagement != "ignored":
        return "who", done(messages_of(condition, condition.engagement), times, at)
    received = done(messages_of(condition, "received"), times, at)
    return "who", f"{received} и с первого раза ни одного не открыли и ни на что в них не нажали"


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
    if condition.aggregate == "share":
        return f"доля {rows_of(rows.also(*condition.of))} среди всех {rows_of(rows)}"
    noun = noun_of(condition.column or "", rows.table)
    if condition.aggregate == "distinct":
        return f"число разных {noun.many} среди {rows_of(rows)}"
    if condition.aggregate == "mean" and condition.column == "amount" and rows == Rows():
        return "средний чек"
    adjective = _AGGREGATES[condition.aggregate][noun.gender]
    of = row_of(rows) if condition.aggregate in ("min", "max") else rows_of(rows)
    if noun.is_quoted:
        return f"{adjective} значение {noun.of} у {of}"
    return f"{adjective} {noun.name} {of}"
