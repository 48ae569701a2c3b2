"""Filters of rows in Russian, and what customers did with such rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Several
from typing import Any

from retention_kit.smart_segments.definitions.rows import Rows, Source
from retention_kit.smart_segments.definitions.sequences import Same
from retention_kit.smart_segments.definitions.values import Comparison, Where
from retention_kit.smart_segments.sentences.parts import (
    event_of,
    is_a_number,
    is_an_id,
    kind_of,
)
from retention_kit.smart_segments.sentences.russian.events import EVENTS
from retention_kit.smart_segments.sentences.russian.text import (
    falls,
    listed,
    quoted,
    spaced,
    value,
)
from retention_kit.smart_segments.sentences.russian.words import (
    ORDINALS,
    Deed,
    Gender,
    Noun,
    noun_of,
)

FOLD = "(без учёта регистра и ё)"
KEPT = "(без учёта возвращённого)"
_ORDER = {
    "number": {
        "less_than": "меньше {}",
        "at_most": "не больше {}",
        "more_than": "больше {}",
        "at_least": "не меньше {}",
    },
    "date": {
        "less_than": "раньше {}",
        "at_most": "не позже {}",
        "more_than": "позже {}",
        "at_least": "не раньше {}",
    },
    "text": {
        "less_than": "по алфавиту раньше {}",
        "at_most": "по алфавиту не позже {}",
        "more_than": "по алфавиту позже {}",
        "at_least": "по алфавиту не раньше {}",
    },
}
_ONE: Mapping[Source, tuple[str, str, Gender]] = {
    "orders": ("заказ", "заказа", "m"),
    "order_items": ("купленная позиция", "купленной позиции", "f"),
    "returns": ("возврат", "возврата", "m"),
    "returned_items": ("возвращённая позиция", "возвращённой позиции", "f"),
}
_INSIDE = {"contains": "внутри", "starts_with": "в начале", "ends_with": "в конце"}


def compared(operator: str, given: Any, write: Callable[[Any], str] = value) -> str:
    """Say how something is compared with one value, without a dash."""
    if operator == "equals":
        return write(given)
    if operator == "not_equals":
        return _none_of((given,), write)
    return _ORDER[kind_of(given)][operator].format(write(given))


def predicate(noun: Noun, comparison: Comparison) -> str:
    """Say a comparison with the column's name: `город — «Омск»`, `город содержит «ом»`."""
    write = _writer(comparison)
    values = [write(one) for one in comparison.values]
    match comparison.operator:
        case "in":
            said = f"— {listed(values)}"
        case "not_in":
            said = f"— {_none_of(comparison.values, write)}"
        case "contains":
            said = f"содержит {quoted(comparison.value)}"
        case "starts_with":
            said = f"начинается на {quoted(comparison.value)}"
        case "ends_with":
            said = f"заканчивается на {quoted(comparison.value)}"
        case "matches":
            said = f"подходит под шаблон {quoted(comparison.value)}"
        case "known":
            said = _known(noun)
        case "unknown":
            said = _known(noun, "не")
        case "during":
            said = f"— {falls(comparison.window)}"
        case operator:
            said = compared(operator, comparison.value, write)
            if operator in ("equals", "not_equals"):
                said = f"— {said}"
    return spaced(noun.name, said, FOLD if comparison.fold else "")


def with_filter(where: Where, table: str) -> str:
    """Say one filter of a row: `из категории «чай»`, `без промокода`."""
    noun = noun_of(where.column, table)
    if noun.is_quoted and where.operator in ("known", "unknown"):
        return f"с {'не' if where.operator == 'unknown' else ''}заполненным {noun.by}"
    if where.operator in ("known", "unknown") and is_a_number(where.column, table):
        known = "известной" if noun.gender == "f" else "известным"
        return f"с {'не' if where.operator == 'unknown' else ''}{known} {noun.by}"
    said = _filter(where, noun, table)
    return spaced(said, FOLD if where.fold else "")


def with_filters(filters: Several[Where], table: str) -> str:
    """Say all filters of a row: `из категории «чай» и с суммой не меньше 100`."""
    return listed((with_filter(one, table) for one in filters), "и") if filters else ""


def with_(noun: str) -> str:
    """Put «с» or «со» before a word in the instrumental."""
    hissing = len(noun) > 1 and noun[0] in "сзшж" and noun[1] not in "аеёиоуыэюяъь"
    return f"{'со' if hissing else 'с'} {noun}"


def deed(rows: Rows) -> Deed:
    """Say what customers did who have such rows, and who have none."""
    if rows.source == "events":
        return _of_events(rows)
    said = with_filters(rows.where, rows.table)
    if rows.net:
        said = spaced(said, KEPT)
    match rows.source, bool(rows.where):
        case "orders", False:
            words = ("что-то купили", "покупали", "ничего не покупали")
        case "orders", True:
            words = ("оформили заказ", "оформляли заказ", "не оформляли заказов")
        case "order_items", False:
            words = ("купили какой-то товар", "покупали какой-то товар", "не покупали товаров")
        case "order_items", True:
            words = ("купили что-то", "покупали что-то", "не покупали ничего")
        case "returns", _:
            words = ("оформили возврат", "оформляли возврат", "не оформляли возвратов")
        case _, False:
            words = ("вернули какой-то товар", "возвращали какой-то товар", "не возвращали товаров")
        case _:
            words = ("вернули что-то", "возвращали что-то", "не возвращали ничего")
    return Deed(*(spaced(word, said) for word in words))


def rows_of(rows: Rows) -> str:
    """Name rows in the genitive: `заказов с каналом «site»`."""
    if rows.source == "events":
        names, where = event_of(rows)
        said = spaced("событий", listed([quoted(one) for one in names]) if names else "")
        return spaced(said, with_filters(where, "events"))
    noun = {
        "orders": "заказов",
        "order_items": "купленных позиций",
        "returns": "возвратов",
        "returned_items": "возвращённых позиций",
    }[rows.source]
    return spaced(noun, with_filters(rows.where, rows.table), KEPT if rows.net else "")


def row_of(rows: Rows) -> str:
    """Name one of rows in the genitive: `одного заказа с каналом «site»`."""
    _, noun_of_it, gender, said = _one(rows)
    return spaced("одной" if gender == "f" else "одного", noun_of_it, said)


def end_of(rows: Rows, end: str) -> tuple[str, str, str]:
    """Name the first or last row, in the nominative and the genitive, and say that it was."""
    noun, noun_of_it, gender, said = _one(rows)
    if rows.source == "order_items" and rows.where:
        noun, noun_of_it = "покупка", "покупки"
    first = end == "first"
    name = {
        "m": "первый" if first else "последний",
        "f": "первая" if first else "последняя",
        "n": "первое" if first else "последнее",
    }[gender]
    of = {"f": "первой" if first else "последней"}.get(gender, "первого" if first else "последнего")
    was = {"m": "был", "f": "была", "n": "было"}[gender]
    return spaced(name, noun, said), spaced(of, noun_of_it, said), was


def same_as(same: Several[Same], table: str, earlier: Several[Rows], *, is_one_step: bool) -> str:
    """Say what a row has in common with earlier steps: `(с тем же кодом товара)`."""
    said = []
    for one in same:
        noun = noun_of(one.column, table)
        other = noun_of(one.of_column, earlier[one.step].table)
        by = f"значением {noun.of}" if noun.is_quoted else noun.by
        step = "" if is_one_step else f"на {ORDINALS[one.step]} шаге"
        the = "той же" if noun.gender == "f" else "тем же"
        like = "такой же" if noun.gender == "f" else "таким же"
        if other.by == noun.by and one.of_column == one.column:
            said.append(f"с {the} {by}" + (f", что и {step}" if step else ""))
        else:
            place = step or "в тот раз"
            said.append(f"{with_(by)} {like}, как {other.name} {place}")
    return f"({'; '.join(said)})" if said else ""


def _one(rows: Rows) -> tuple[str, str, Gender, str]:
    """Name a row in the nominative and the genitive, with its gender and with what it is like."""
    if rows.source == "events":
        names, where = event_of(rows)
        said = listed([quoted(one) for one in names]) if names else ""
        return "событие", "события", "n", spaced(said, with_filters(where, "events"))
    noun, noun_of_it, gender = _ONE[rows.source]
    said = spaced(with_filters(rows.where, rows.table), KEPT if rows.net else "")
    return noun, noun_of_it, gender, said


def _filter(where: Where, noun: Noun, table: str) -> str:
    operands = where.values or (where.value,)
    is_mark = noun.is_quoted and all(isinstance(one, bool) for one in operands)
    write = _mark if is_mark else _writer(where)
    values = [write(one) for one in where.values]
    is_category = table == "order_items" and where.column == "category"
    if where.operator in _INSIDE:
        return f"с {quoted(where.value)} {_INSIDE[where.operator]} {noun.of}"
    match where.operator:
        case "known":
            return with_(noun.by)
        case "unknown":
            return f"без {noun.of}"
        case "equals" if is_category:
            return f"из категории {write(where.value)}"
        case "in" if is_category:
            return f"из категори{'й' if len(values) > 1 else 'и'} {listed(values)}"
        case "in":
            said = listed(values)
        case "not_in":
            said = _none_of(where.values, write)
        case "matches":
            said = f"по шаблону {quoted(where.value)}"
        case "during":
            said = falls(where.window)
        case operator:
            said = compared(operator, where.value, write)
    if noun.is_quoted:
        what = "с отметкой" if is_mark else "со значением"
        return f"{what} {said} в {noun.by.replace('полем', 'поле')}"
    return f"{with_(noun.by)} {said}"


def _writer(comparison: Comparison) -> Callable[[Any], str]:
    return functools.partial(value, is_id=is_an_id(comparison.column))


def _mark(given: Any) -> str:
    """Write true or false as what stands in a field."""
    return quoted(value(given))


def _none_of(values: Several[Any], write: Callable[[Any], str]) -> str:
    """Say what something is not: `не «Омск» и не «Томск»`."""
    match values:
        case (bool() as one,):
            # What is not «да» is «нет».
            return write(not one)
    return listed((f"не {write(one)}" for one in values), "и")


def _known(noun: Noun, negation: str = "") -> str:
    if noun.is_quoted:
        return spaced(negation, "заполнено")
    return negation + {"m": "известен", "f": "известна", "n": "известно"}[noun.gender]


def _of_events(rows: Rows) -> Deed:
    names, where = event_of(rows)
    said = with_filters(where, "events")
    if len(names) == 1 and names[0] in EVENTS:
        done, repeated, not_done = EVENTS[names[0]]
        words = (done, repeated, f"не {not_done}")
    elif names:
        named = listed([quoted(one) for one in names])
        words = (f"совершили {named}", f"совершали {named}", f"не совершали {named}")
    else:
        words = ("совершили какое-то событие", "совершали событие", "не совершали событий")
    return Deed(*(spaced(word, said) for word in words))
