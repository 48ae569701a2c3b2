"""Numbers, values, dates, lengths, windows and counts in Russian, with the endings they need."""

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
from retention_kit.smart_segments.sentences.parts import (
    Times,
    clock_of,
    digits_of,
    last_day_of,
    length_parts,
    offset_of,
)
from retention_kit.smart_segments.sentences.russian.words import MONTHS, PERIODS, UNITS, Unit

NBSP = "\N{NO-BREAK SPACE}"
_LAST = {"m": "последний", "f": "последнюю", "n": "последнее"}
_FORMER = {"m": "предшествующий", "f": "предшествующую", "n": "предшествующее"}


def number(value: float | Decimal) -> str:
    """Write a number: `12 500,5`, its space unbreakable."""
    return digits_of(value, thousands=NBSP, point=",")


def percent(share: float | Decimal) -> str:
    """Write a share: `12,5 %`."""
    return f"{number(Decimal(str(share)) * 100)}{NBSP}%"


def quoted(text: object) -> str:
    """Put a text in quotes."""
    return f"«{text}»"


def listed(items: Iterable[str], last: str = "или") -> str:
    """Join items: `а, б или в`."""
    *first, end = items
    return f"{', '.join(first)} {last} {end}" if first else end


def date(day: dt.date) -> str:
    """Write a date as people do: `31 декабря 2025 года`."""
    return f"{day.day}{NBSP}{MONTHS[day.month - 1]} {day.year}{NBSP}года"


def moment(at: dt.date | dt.datetime) -> str:
    """Write a date or an instant: `10:00 UTC+3 31 декабря 2025 года`."""
    if isinstance(at, dt.datetime):
        return f"{clock_of(at)} {offset_of(at)} {date(at.date())}"
    return date(at)


def value(given: Any, *, is_id: bool = False) -> str:
    """Write a value that a column is compared with."""
    match given:
        case bool():
            return "да" if given else "нет"
        case int() if is_id:
            return str(given)
        case int() | Decimal():
            return number(given)
        case dt.date():
            return moment(given)
    return quoted(given)


def form(count: int, one: str, few: str, many: str) -> str:
    """Choose the form behind a whole number, by the rules of CLDR: 1 день, 2 дня, 5 дней."""
    if count % 10 == 1 and count % 100 != 11:
        return one
    if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14:
        return few
    return many


def counted(count: int, unit: Unit) -> str:
    """Write a count in the accusative: `1 неделю`, `3 дня`, `5 дней`."""
    return f"{number(count)}{NBSP}{form(count, unit.one_of, unit.few, unit.many)}"


def counted_of(count: int, unit: Unit) -> str:
    """Write a count in the genitive: `1 недели`, `3 дней`, `21 дня`."""
    return f"{number(count)}{NBSP}{form(count, unit.few, unit.many, unit.many)}"


def length(text: str) -> str:
    """Say a length in the accusative: `1 месяц и 15 дней`."""
    return listed((counted(count, UNITS[unit]) for count, unit in length_parts(text)), "и")


def length_of(text: str) -> str:
    """Say a length in the genitive: `1 месяца и 15 дней`."""
    return listed((counted_of(count, UNITS[unit]) for count, unit in length_parts(text)), "и")


def of_last(text: str) -> str:
    """Say the last of a length: `последний месяц`, `последние 30 дней`."""
    return _with_adjective(text, _LAST, "последние")


def of_former(text: str) -> str:
    """Say the length before: `предшествующий год`, `предшествующие 6 месяцев`."""
    return _with_adjective(text, _FORMER, "предшествующие")


def when(window: Any) -> str:
    """Say when something happened: `за последние 30 дней`; nothing for all time."""
    match window:
        case Last():
            return f"за {of_last(window.length)}"
        case BetweenAges():
            return f"в период от {length_of(window.oldest)} до {length_of(window.youngest)} назад"
        case Since():
            return _since(window)
        case CalendarPeriod():
            return _period(window)
    return ""


def falls(window: Any) -> str:
    """Say where a date lies: `в последние 30 дней`, `не раньше 1 мая 2025 года`."""
    match window:
        case AllTime():
            return "в прошлом"
        case Last():
            return f"в {of_last(window.length)}"
        case Since(until=None):
            return f"не раньше {moment(window.start)}"
    return when(window)


def how_often(times: Times) -> str:
    """Say how often: `не менее 2 раз`; nothing for at least once and for not once."""
    match times:
        case Times("any"):
            return "сколько угодно раз или ни разу"
        case Times("exactly", low):
            return f"ровно {number(low)}{NBSP}{form(low, 'раз', 'раза', 'раз')}"
        case Times("at_least", low):
            return f"не менее {_times_of(low)}"
        case Times("at_most", low):
            return f"не более {_times_of(low)}"
        case Times("between", low, high):
            return f"от {number(low)} до {_times_of(high)}"
    return ""


def spaced(*words: str) -> str:
    """Join what there is with spaces."""
    return " ".join(word for word in words if word)


def _times_of(count: int) -> str:
    return f"{number(count)}{NBSP}{form(count, 'раза', 'раз', 'раз')}"


def _with_adjective(text: str, adjectives: dict[str, str], many: str) -> str:
    (count, name), *rest = length_parts(text)
    unit = UNITS[name]
    if count == 1:
        first = f"{adjectives[unit.gender]} {unit.one_of}"
    else:
        word = form(count, adjectives[unit.gender], many, many)
        first = f"{word} {counted(count, unit)}"
    return listed([first, *(counted(more, UNITS[one]) for more, one in rest)], "и")


def _since(window: Since) -> str:
    last_day = last_day_of(window)
    if last_day is not None:
        if last_day == window.start:
            return date(last_day)
        return f"с {date(window.start)} по {date(last_day)} включительно"
    if window.until is not None:
        return f"с {moment(window.start)} до {moment(window.until)}"
    return f"с {moment(window.start)}"


def _period(window: CalendarPeriod) -> str:
    unit = PERIODS[window.every]
    if window.every == "1d":
        if window.ago < 2:
            return ("сегодня", "вчера")[window.ago]
        return f"в календарный день {counted(window.ago, unit)} назад"
    at, which, calendar = "в", ("текущем", "прошлом"), "календарном"
    if unit.gender == "f":
        at, which, calendar = "на", ("текущей", "прошлой"), "календарной"
    if window.ago < 2:
        return f"{at} {which[window.ago]} {calendar} {unit.within}"
    return f"{at} {calendar} {unit.within} {counted(window.ago, unit)} назад"
