"""A programme's numbers as arrays, as the compiled kernel takes them."""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from retention_kit.loyalty_rules.kernel.layout import Rules
from retention_kit.loyalty_rules.lowered.calendars import LAST_DAY
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

Numbers = npt.NDArray[np.int64]
"""Whole numbers, the only thing that the kernel knows."""
RulesOfArrays: TypeAlias = Any
"""`layout.Rules` whose columns are arrays."""
EventsOfArrays: TypeAlias = Any
"""`layout.Events` whose columns are arrays."""
DAY = 86_400_000_000
"""A day of 24 hours in microseconds."""
_BY_DAY = ("midnights", "instants", "periods", "first_day")
_SPARE_DAYS = 400
_STEP = 366
_KINDS = {"int": "number", int: "number", "Column": "column", "Cells": "column"}


def rules_between(plan: CompiledProgram, first: int, last: int) -> RulesOfArrays:
    """Give a programme's rules as arrays, with tables of the days that a history needs.

    Args:
        plan: The programme.
        first: The earliest instant of an event, in microseconds.
        last: The instant of observation.

    Returns:
        The rules; tables of days reach as far beyond `last` as any length of the programme leads
        from there, and as far again.
    """
    # Rounded to years, so that buckets and chunks of one history share the tables.
    start = max(0, (first // DAY - 2) // _STEP * _STEP)
    end = (last // DAY + 2 + _STEP) // _STEP * _STEP
    return _rules(plan, start, end)


@functools.lru_cache(maxsize=16)
def _rules(plan: CompiledProgram, start: int, end: int) -> RulesOfArrays:
    rules: Any = plan.rules
    ahead = max([table[end] - end * DAY for table in rules.instants], default=0)
    ahead = max(ahead, *rules.moment_elapsed, 0)
    end = min(end + ahead // DAY + _SPARE_DAYS, LAST_DAY - 1)
    fixed = {
        name: _column(getattr(rules, name), two=kind == "columns")
        for name, kind in kinds_of_fields(Rules).items()
        if name not in _BY_DAY
    }
    return Rules(
        **fixed,
        first_day=start,
        midnights=_days(rules.midnights, start, end + 1),
        instants=_table([_days(one, start, end) for one in rules.instants]),
        periods=_table([_days(one, start, end) for one in rules.periods]),
    )


def kinds_of_fields(group: type[Any]) -> dict[str, str]:
    """Say of each field of a group of columns whether it is a `number`, `column` or `columns`."""
    return {
        name: _KINDS.get(getattr(annotation, "__forward_arg__", annotation), "columns")
        for name, annotation in group.__annotations__.items()
    }


def _column(value: Any, *, two: bool) -> Any:
    if isinstance(value, int):
        return value
    if two:
        return _table([np.array(row, dtype=np.int64) for row in value])
    return np.array(value, dtype=np.int64).reshape(-1)


def _table(rows: list[Numbers]) -> Numbers:
    if not rows or not len(rows[0]):
        # Something must be there for the compiler to know that it has two dimensions.
        return np.zeros((max(1, len(rows)), 1), dtype=np.int64)
    return np.ascontiguousarray(np.stack(rows))


def _days(table: Any, first: int, last: int) -> Numbers:
    return np.array(table.slice(first, last), dtype=np.int64)
