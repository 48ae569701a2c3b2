"""Filters of rows in English, and what customers did with such rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Several
from typing import Any

from retention_kit.smart_segments.definitions.rows import Rows, Source
from retention_kit.smart_segments.definitions.sequences import Same
from retention_kit.smart_segments.definitions.values import Comparison, Where
from retention_kit.smart_segments.sentences.english.text import (
    falls,
    listed,
    quoted,
    spaced,
    value,
)
from retention_kit.smart_segments.sentences.english.words import (
    EVENTS,
    ORDINALS,
    Deed,
    Noun,
    noun_of,
)
from retention_kit.smart_segments.sentences.parts import event_of, is_a_number, is_an_id, kind_of

FOLD = "(ignoring capitals and ё)"
_KEPT = "(not counting what was returned)"
_NAMES: Mapping[Source, tuple[str, str]] = {
    "orders": ("order", "orders"),
    "order_items": ("purchased item", "purchased items"),
    "returns": ("return", "returns"),
    "returned_items": ("returned item", "returned items"),
}
_ORDER = {
    "number": {
        "less_than": "below {}",
        "at_most": "at most {}",
        "more_than": "above {}",
        "at_least": "at least {}",
    },
    "date": {
        "less_than": "before {}",
        "at_most": "not after {}",
        "more_than": "after {}",
        "at_least": "not before {}",
    },
    "text": {
        "less_than": "before {} in the alphabet",
        "at_most": "not after {} in the alphabet",
        "more_than": "after {} in the alphabet",
        "at_least": "not before {} in the alphabet",
    },
}


def compared(operator: str, given: Any, write: Callable[[Any], str] = value) -> str:
    """Say what stands after "is" where something is compared with one value."""
    if operator == "equals":
        return write(given)
    if operator == "not_equals":
        return f"not {write(given)}"
    return _ORDER[kind_of(given)][operator].format(write(given))


def predicate(comparison: Comparison) -> str:
    """Say a comparison behind the column's name: `is “Omsk”`, `contains “om”`."""
    write = _writer(comparison)
    values = [write(one) for one in comparison.values]
    match comparison.operator:
        case "in":
            said = f"is {listed(values)}"
        case "not_in":
            said = f"is {_none_of(values)}"
        case "contains":
            said = f"contains {quoted(comparison.value)}"
        case "starts_with":
            said = f"starts with {quoted(comparison.value)}"
        case "ends_with":
            said = f"ends with {quoted(comparison.value)}"
        case "matches":
            said = f"matches the pattern {quoted(comparison.value)}"
        case "known":
            said = "is known"
        case "unknown":
            said = "is not known"
        case "during":
            said = f"is {falls(comparison.window)}"
        case operator:
            said = f"is {compared(operator, comparison.value, write)}"
    return spaced(said, FOLD if comparison.fold else "")


def with_filter(where: Where, table: str) -> str:
    """Say one filter of a row: `with category “tea”`, `without a promo code`."""
    noun = noun_of(where.column, table)
    write = _writer(where)
    values = [write(one) for one in where.values]
    match where.operator:
        case "known" | "unknown":
            word = "with" if where.operator == "known" else "without"
            is_said_known = noun.is_quoted or is_a_number(where.column, table)
            return f"{word} {f'a known {noun.one}' if is_said_known else _a(noun)}"
        case "equals":
            said = f"{_equal(noun)} {write(where.value)}"
        case "not_equals":
            said = f"{noun.one} other than {write(where.value)}"
        case "in":
            said = f"{_equal(noun)} {listed(values)}"
        case "not_in":
            said = f"{noun.one} other than {listed(values)}"
        case "contains":
            said = f"{quoted(where.value)} in the {_field(noun)}"
        case "starts_with":
            said = f"{quoted(where.value)} at the start of the {_field(noun)}"
        case "ends_with":
            said = f"{quoted(where.value)} at the end of the {_field(noun)}"
        case "matches":
            said = f"{noun.one} matching the pattern {quoted(where.value)}"
        case "during":
            said = f"{noun.one} {falls(where.window)}"
        case operator:
            words = compared(operator, where.value, write)
            of = "of " if words.startswith("at ") else ""
            said = f"{noun.one} {of}{words}"
    return spaced("with", said, FOLD if where.fold else "")


def with_filters(filters: Several[Where], table: str) -> str:
    """Say all filters of a row: `with category “tea” and with amount of at least 100`."""
    return listed((with_filter(one, table) for one in filters), "and") if filters else ""


def deed(rows: Rows) -> Deed:
    """Say what customers did who have such rows, and who have none."""
    if rows.source == "events":
        return _of_events(rows)
    said = with_filters(rows.where, rows.table)
    if rows.net:
        said = spaced(said, _KEPT)
    match rows.source, bool(rows.where):
        case "orders", False:
            words = ("bought", "bought nothing", "bought something")
        case "orders", True:
            words = ("placed an order", "placed no orders", "")
        case "order_items", False:
            words = ("bought an item", "bought no items", "")
        case "order_items", True:
            words = ("bought something", "bought nothing", "")
        case "returns", _:
            words = ("made a return", "made no returns", "")
        case _, False:
            words = ("returned an item", "returned no items", "")
        case _:
            words = ("returned something", "returned nothing", "")
    return Deed(*(spaced(word, said) if word else "" for word in words))


def rows_named(rows: Rows, *, many: bool) -> str:
    """Name rows: `orders with channel “site”`, or one of them: `order with channel “site”`."""
    if rows.source == "events":
        names, where = event_of(rows)
        noun = "events" if many else "event"
        said = spaced(listed([quoted(one) for one in names]) if names else "", noun)
        return spaced(said, with_filters(where, "events"))
    one, several = _NAMES[rows.source]
    said = spaced(several if many else one, with_filters(rows.where, rows.table))
    return spaced(said, _KEPT if rows.net else "")


def end_named(rows: Rows) -> str:
    """Name the first or the last of rows: `purchase with category “tea”`."""
    named = rows_named(rows, many=False)
    if rows.source == "order_items" and rows.where:
        return f"purchase{named.removeprefix(_NAMES[rows.source][0])}"
    return named


def same_as(same: Several[Same], table: str, earlier: Several[Rows], *, is_one_step: bool) -> str:
    """Say what a row has in common with earlier steps: `(with the same product id)`."""
    said = []
    for one in same:
        noun = noun_of(one.column, table)
        other = noun_of(one.of_column, earlier[one.step].table)
        step = "" if is_one_step else f"the {ORDINALS[one.step]} step"
        if other.one == noun.one and one.of_column == one.column:
            said.append(spaced(f"the same {noun.one}", f"as in {step}" if step else ""))
        else:
            place = step or "that"
            said.append(f"{noun.one} the same as {_the(other)} in {place}")
    return f"(with {listed(said, 'and with')})" if said else ""


def _of_events(rows: Rows) -> Deed:
    names, where = event_of(rows)
    said = with_filters(where, "events")
    if not names:
        return Deed(spaced("had an event", said), spaced("had no events", said))
    if len(names) == 1 and names[0] in EVENTS:
        past, after_not = EVENTS[names[0]]
        return Deed(spaced(past, said), spaced("did not", after_not, said))
    named = listed([quoted(one) for one in names])
    return Deed(spaced("did", named, said), spaced("did not do", named, said))


def _writer(comparison: Comparison) -> Callable[[Any], str]:
    return functools.partial(value, is_id=is_an_id(comparison.column))


def _none_of(values: list[str]) -> str:
    if len(values) == 1:
        return f"not {values[0]}"
    if len(values) == 2:
        return f"neither {values[0]} nor {values[1]}"
    return f"none of {listed(values, 'and')}"


def _a(noun: Noun) -> str:
    return f"{'an' if noun.one[0] in 'aeiou' else 'a'} {noun.one}"


def _equal(noun: Noun) -> str:
    return f"{noun.one} equal to" if noun.is_quoted else noun.one


def _field(noun: Noun) -> str:
    return f"column {noun.one}" if noun.is_quoted else noun.one


def _the(noun: Noun) -> str:
    return noun.one if noun.is_quoted else f"the {noun.one}"
