"""A column compared as `Comparison` says, as an expression that is null where nothing is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions import patterns
from retention_kit.smart_segments.definitions.lengths import microseconds
from retention_kit.smart_segments.definitions.values import (
    OF_TEXT,
    Comparison,
    kind_of_value,
)
from retention_kit.smart_segments.frame.exact import COMPARED, compared, is_number
from retention_kit.smart_segments.frame.given import Column, Given
from retention_kit.smart_segments.frame.instants import days_within
from retention_kit.smart_segments.frame.texts import (
    as_text,
    folded,
    folded_column,
    is_one_of,
    is_text,
    nfc,
    normalised,
)

_IN_WORDS = {
    "text": "a text",
    "number": "a number",
    "truth": "true or false, with equals, not_equals, in and not_in",
    "date": "a date, or 'during' with a window",
    "instant": "a date, an instant with a time zone, or 'during' with a window",
}
_TAKES = {
    "text": ("text",),
    "number": ("number",),
    "truth": ("true or false",),
    "date": ("date",),
    "instant": ("date", "instant"),
}


def answered(column: Column, comparison: Comparison, given: Given) -> pl.Expr:
    """Compare a column.

    Args:
        column: The column.
        comparison: How and with what.
        given: The tables, the instant of observation and the shop's zone.

    Returns:
        A `Boolean` expression; null where the value is missing, but for `known` and `unknown`.

    Raises:
        DefinitionError: What the column holds is not compared so, or with that.
    """
    operator = comparison.operator
    if operator in ("known", "unknown"):
        is_known = column.present.is_not_null()
        return is_known if operator == "known" else ~is_known
    if column.dtype is None:
        return pl.lit(None, dtype=pl.Boolean)
    kind = _checked_kind(column, comparison)
    if operator == "during":
        return _during(column, comparison, given)
    if operator in ("in", "not_in"):
        found = _is_one_of(column, kind, comparison, given)
        return found if operator == "in" else ~found
    if kind == "text":
        return _text(column, comparison)
    return _one(column, kind, operator, comparison.value, given)


def _kind(dtype: pl.DataType | None) -> str | None:
    if is_text(dtype):
        return "text"
    if is_number(dtype):
        return "number"
    if isinstance(dtype, pl.Datetime):
        return "instant" if dtype.time_zone is not None else None
    if isinstance(dtype, pl.Date):
        return "date"
    return "truth" if isinstance(dtype, pl.Boolean) else None


def _checked_kind(column: Column, comparison: Comparison) -> str:
    """Say what a column holds.

    Raises:
        DefinitionError: It is not compared so, or with that.
    """
    kind = _kind(column.dtype)
    operator = comparison.operator
    operands = comparison.values or (comparison.value,)
    asked = "a window" if operator == "during" else kind_of_value(operands[0])
    if kind is None:
        fits, allowed = False, "known and unknown alone"
    else:
        allowed = _IN_WORDS[kind]
        if operator == "during":
            fits = kind in ("date", "instant")
        elif operator in OF_TEXT:
            fits = kind == "text"
        elif kind == "truth" and operator not in ("equals", "not_equals", "in", "not_in"):
            fits = False
        else:
            fits = all(kind_of_value(one) in _TAKES[kind] for one in operands)
    if kind is None or not fits:
        raise DefinitionError(
            f"Column {column.name!r} of table {column.table!r} is {column.dtype}, and a condition "
            f"compares it ({operator}) with {asked}. Allowed: {allowed}. Next step: mend the "
            "value in the condition, or the column's type.",
            parameter=column.name,
        )
    return kind


def _one(column: Column, kind: str, operator: str, operand: Any, given: Given) -> pl.Expr:
    dtype = column.dtype
    assert dtype is not None
    if kind == "number":
        return compared(column.value, dtype, operator, operand)
    how = COMPARED[operator]
    if kind == "truth":
        return how(column.value, pl.lit(operand, dtype=pl.Boolean))
    if kind == "date":
        return how(column.value, pl.lit(operand, dtype=pl.Date))
    if isinstance(operand, dt.datetime):
        return how(column.value.dt.epoch("us"), microseconds(operand))
    day = column.value.dt.convert_time_zone(given.zone).dt.date()
    return how(day, pl.lit(operand, dtype=pl.Date))


def _is_one_of(column: Column, kind: str, comparison: Comparison, given: Given) -> pl.Expr:
    if kind == "text":
        text = as_text(column.value, column.dtype or pl.String())
        if comparison.fold:
            return folded_column(text).is_in(sorted({folded(one) for one in comparison.values}))
        return is_one_of(text, comparison.values)
    each = [_one(column, kind, "equals", one, given) for one in comparison.values]
    return each[0] if len(each) == 1 else pl.any_horizontal(each)


def _text(column: Column, comparison: Comparison) -> pl.Expr:
    text = as_text(column.value, column.dtype or pl.String())
    operator, operand = comparison.operator, str(comparison.value)
    if operator in ("equals", "not_equals") and not comparison.fold:
        same = is_one_of(text, (operand,))
        return same if operator == "equals" else ~same
    if operator == "matches":
        return _whole(text, comparison).str.contains(_tried(operand, fold=comparison.fold))
    wanted = folded(operand) if comparison.fold else nfc(operand)
    whole = _whole(text, comparison)
    asked: dict[str, Callable[[], pl.Expr]] = {
        "contains": lambda: whole.str.contains(wanted, literal=True),
        "starts_with": lambda: whole.str.starts_with(wanted),
        "ends_with": lambda: whole.str.ends_with(wanted),
    }
    if operator in asked:
        return asked[operator]()
    # Bytes of UTF-8 stand in the order of the characters.
    return COMPARED[operator](whole, pl.lit(wanted, dtype=pl.String))


def _whole(text: pl.Expr, comparison: Comparison) -> pl.Expr:
    return folded_column(text) if comparison.fold else normalised(text)


def _tried(pattern: str, *, fold: bool) -> str:
    """Give a pattern as Rust takes it.

    Raises:
        DefinitionError: Rust refuses it.
    """
    written = patterns.for_rust(pattern, fold=fold)
    try:
        pl.Series([""]).str.contains(written, strict=True)
    except pl.exceptions.ComputeError:
        raise DefinitionError(
            f"The regular expression {pattern!r} is refused by the engine that runs it over "
            "tables. Next step: write it in the subset that 'matches' documents.",
            parameter="value",
        ) from None
    return written


def _during(column: Column, comparison: Comparison, given: Given) -> pl.Expr:
    window = comparison.window
    assert window is not None
    bounds = window.bounds(given.as_of, given.clock)
    if isinstance(column.dtype, pl.Date):
        first, end = days_within(bounds, given.clock)
        before = column.value < pl.lit(end, dtype=pl.Date)
        return before if first is None else (column.value >= pl.lit(first, dtype=pl.Date)) & before
    return within(column.value.dt.epoch("us"), bounds)


def within(at: pl.Expr, bounds: tuple[int | None, int], now: int | None = None) -> pl.Expr:
    """Say which instants lie within bounds; an end that is `now` is not asked for."""
    start, end = bounds
    asked = [] if start is None else [at >= start]
    if end != now:
        asked.append(at < end)
    if not asked:
        return pl.lit(value=True)
    return asked[0] if len(asked) == 1 else asked[0] & asked[1]
