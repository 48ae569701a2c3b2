"""Values compared as `Comparison` says: each comparison becomes a function when it is compiled."""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from retention_kit.errors import DataError, DefinitionError
from retention_kit.smart_segments.definitions.lengths import EPOCH, microseconds, on_the_clock
from retention_kit.smart_segments.definitions.patterns import for_python
from retention_kit.smart_segments.definitions.values import COMPARED, Comparison, kind_of_value
from retention_kit.smart_segments.person.asking import Ask, Entries, Entry
from retention_kit.smart_segments.person.columns import is_described, reading
from retention_kit.smart_segments.person.plan import Plan

Test = Callable[[Any, Ask], bool]
"""Says whether a value that is not missing holds."""
Select = Callable[[Entries, Ask], Entries]
"""Gives the rows that hold."""
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = COMPARED
_IN_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
_MICROSECOND = dt.timedelta(microseconds=1)


def selecting(comparison: Comparison, table: str, plan: Plan) -> Select:
    """Give the function that keeps the rows of which a comparison holds."""
    column = comparison.column
    read = reading(table, column)
    match comparison.operator:
        case "known":
            return lambda entries, _: [one for one in entries if not is_missing(read(one[1]))]
        case "unknown":
            return lambda entries, _: [one for one in entries if is_missing(read(one[1]))]
    test = testing(comparison, table, plan)
    wanted = comparison.value
    is_plain = comparison.operator == "equals" and not comparison.fold
    if is_plain and isinstance(wanted, str) and is_described(table, column):
        return _equal_text(column, composed(wanted), test)

    def select(entries: Entries, ask: Ask) -> Entries:
        kept: list[Entry] = []
        for entry in entries:
            value = read(entry[1])
            if not is_missing(value) and test(value, ask):
                kept.append(entry)
        return kept

    return select


def _equal_text(column: str, wanted: str, test: Test) -> Select:
    """Compare texts by themselves first: what is equal is, and of ASCII the rest is not."""

    def select(entries: Entries, ask: Ask) -> Entries:
        kept: list[Entry] = []
        for entry in entries:
            value = entry[1].get(column)
            if value == wanted:
                kept.append(entry)
            elif value is None or (value.__class__ is str and value.isascii()):
                continue
            elif not is_missing(value) and test(value, ask):
                kept.append(entry)
        return kept

    return select


def is_missing(value: Any) -> bool:
    """Say whether a value is missing: there is none, or it is not a number (NaN)."""
    return value is None or bool(value != value)  # noqa: PLR0124 - true of NaN alone


def testing(comparison: Comparison, table: str, plan: Plan) -> Test:
    """Give the function that compares a value which is there.

    It raises `DefinitionError` where the column's type and the operand do not go together.
    """
    if comparison.operator == "during":
        return _during(comparison, table, plan)
    operands = comparison.values or (comparison.value,)
    match operands[0]:
        case bool():
            return _of_booleans(comparison, table)
        case str():
            return _of_texts(comparison, table)
        case dt.datetime():
            return _of_instants(comparison, table)
        case dt.date():
            return _of_dates(comparison, table)
    return _of_numbers(comparison, table)


def composed(text: str) -> str:
    """Give a text in the normal form NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Give a text in NFC, in lower case and without the dots of ё."""
    return composed(text).lower().replace("\u0451", "\u0435")


def _of_texts(comparison: Comparison, table: str) -> Test:
    normal = folded if comparison.fold else composed
    holds = _text_holds(comparison, normal)

    def test(value: Any, _: Ask) -> bool:
        if not isinstance(value, str):
            raise _mismatch(comparison, table, value)
        return holds(normal(value))

    return test


def _text_holds(comparison: Comparison, normal: Callable[[str], str]) -> Callable[[str], bool]:
    wanted: Any = comparison.value
    match comparison.operator:
        case "in":
            return frozenset(map(normal, comparison.values)).__contains__
        case "not_in":
            among = frozenset(map(normal, comparison.values))
            return lambda text: text not in among
        case "matches":
            search = re.compile(for_python(wanted, fold=comparison.fold)).search
            return lambda text: search(text) is not None
        case "contains" | "starts_with" | "ends_with":
            inside, part = _IN_TEXT[comparison.operator], normal(wanted)
            return lambda text: inside(text, part)
    compare, other = COMPARE[comparison.operator], normal(wanted)
    return lambda text: compare(text, other)


def _of_numbers(comparison: Comparison, table: str) -> Test:
    exact = _among_or_compared(comparison, Decimal)
    near = _among_or_compared(comparison, float)

    def test(value: Any, _: Ask) -> bool:
        if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
            return exact(value)
        if isinstance(value, float):
            return near(value)
        raise _mismatch(comparison, table, value)

    return test


def _of_booleans(comparison: Comparison, table: str) -> Test:
    holds = _among_or_compared(comparison, bool)

    def test(value: Any, _: Ask) -> bool:
        if not isinstance(value, bool):
            raise _mismatch(comparison, table, value)
        return holds(value)

    return test


def _of_instants(comparison: Comparison, table: str) -> Test:
    holds = _among_or_compared(comparison, microseconds)

    def test(value: Any, _: Ask) -> bool:
        if not isinstance(value, dt.datetime):
            raise _mismatch(comparison, table, value)
        return holds(elapsed(value, comparison.column, table))

    return test


def _of_dates(comparison: Comparison, table: str) -> Test:
    holds = _among_or_compared(comparison, lambda date: date)

    def test(value: Any, ask: Ask) -> bool:
        if isinstance(value, dt.datetime):
            return holds(on_calendar(value, ask.zone, comparison.column, table))
        if not isinstance(value, dt.date):
            raise _mismatch(comparison, table, value)
        return holds(value)

    return test


def _during(comparison: Comparison, table: str, plan: Plan) -> Test:
    assert comparison.window is not None
    window = plan.span(comparison.window)

    def test(value: Any, ask: Ask) -> bool:
        if isinstance(value, dt.datetime):
            at = elapsed(value, comparison.column, table)
        elif isinstance(value, dt.date):
            at = microseconds(on_the_clock(dt.datetime.combine(value, dt.time()), ask.zone))
        else:
            raise _mismatch(comparison, table, value)
        start, end = ask.bounds_of(window)
        return (start is None or start <= at) and at < end

    return test


def _among_or_compared(
    comparison: Comparison, normal: Callable[[Any], Any]
) -> Callable[[Any], bool]:
    match comparison.operator:
        case "in":
            return frozenset(map(normal, comparison.values)).__contains__
        case "not_in":
            among = frozenset(map(normal, comparison.values))
            return lambda value: value not in among
    compare, wanted = COMPARE[comparison.operator], normal(comparison.value)
    return lambda value: compare(value, wanted)


def elapsed(value: dt.datetime, column: str, table: str) -> int:
    """Give an instant in microseconds since 1970 in UTC.

    Raises:
        DataError: It has no time zone.
    """
    try:
        return (value - EPOCH) // _MICROSECOND
    except TypeError:
        raise _without_zone(column, table) from None


def on_calendar(value: dt.datetime, zone: dt.tzinfo, column: str, table: str) -> dt.date:
    """Give the date of an instant in the shop's zone.

    Raises:
        DataError: It has no time zone.
    """
    if value.tzinfo is None:
        raise _without_zone(column, table)
    return value.astimezone(zone).date()


def comparable(value: Any) -> Any:
    """Give what has a hash, and is equal exactly where values are.

    Instants of one zone compare by its clock in Python, which shows some hours twice.
    """
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return (value - EPOCH, "instant")
    return repr(value) if isinstance(value, list | dict | set) else value


def is_number(value: Any) -> bool:
    """Say whether a value is a number; true and false are none."""
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def is_exact(value: Any) -> bool:
    """Say whether a value is a number that adds up exactly."""
    if isinstance(value, float) or not is_number(value):
        return False
    return not isinstance(value, Decimal) or math.isfinite(value)


def _without_zone(column: str, table: str) -> DataError:
    return DataError(
        f"Column {column!r} of table {table!r} holds an instant without a time zone. Allowed: "
        "instants with a time zone. Next step: give each its zone."
    )


def _mismatch(comparison: Comparison, table: str, value: Any) -> DefinitionError:
    """Say that a column's type and the operand do not go together."""
    kind = kind_of_value(value)
    operand = (comparison.values or (comparison.value,))[0]
    against = "a window" if operand is None else f"{kind_of_value(operand)} operands"
    allowed = {
        "text": "texts, with every operator but 'during'",
        "number": "numbers",
        "true or false": "true or false, with 'equals', 'not_equals', 'in' and 'not_in'",
        "instant": "dates, instants, or 'during' with a window",
        "date": "dates, or 'during' with a window",
    }.get(kind, "nothing but 'known' and 'unknown'")
    return DefinitionError(
        f"Column {comparison.column!r} of table {table!r} holds values of the type {kind}, and "
        f"{comparison.operator!r} compares it with {against}. Allowed with it: {allowed}. Next "
        "step: mend the value, or the column's type.",
        parameter="value",
    )
