"""Facts over windows that only grow, which take new rows alone while time moves on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from typing import Any

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.lowered.facts import (
    Distinct,
    Fact,
    Filled,
    Greatest,
    Least,
    OfColumn,
    Total,
)
from retention_kit.smart_segments.person.asking import Ask, Entries, Entry
from retention_kit.smart_segments.person.comparing import comparable
from retention_kit.smart_segments.person.computing import between, place_of, values_reader
from retention_kit.smart_segments.person.filtering import EXACT
from retention_kit.smart_segments.person.plan import Plan
from retention_kit.smart_segments.person.spans import grows


class Kept:
    """The rows that match a filter, kept in order while new ones come in.

    Attributes:
        entries: The rows.
        waiting: New rows of the source, which have not been looked at yet.
        came: Those of the rows that came later, as they came.
    """

    __slots__ = ("came", "entries", "waiting")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.waiting: list[Entry] = []
        self.came: list[Entry] = []

    def take(self, matching: Entries) -> None:
        """Take those of the waiting rows that match."""
        for entry in matching:
            insert(self.entries, entry)
        self.came.extend(matching)
        self.waiting.clear()


def insert(entries: Entries, entry: Entry) -> None:
    """Put a row in its place by time."""
    assert isinstance(entries, list)
    entries.insert(place_of(entries, entry[0] + 1), entry)


def is_steady(rows: Rows) -> bool:
    """Say whether a row that matches always will, wherever the instant of observation is."""
    return not rows.net and all(where.operator != "during" for where in rows.where)


def running(fact: Fact, plan: Plan, kept: dict[int, Kept]) -> Callable[[Ask], Any] | None:
    """Give the function that works out a fact from what it was before; None where it cannot."""
    if not isinstance(fact, OfColumn) or not grows(fact.window) or not is_steady(fact.rows):
        return None
    rows, window = plan.rows_of(fact.rows), plan.span(fact.window)
    values_of, add, begin = values_reader(fact), _ADD[type(fact)], _BEGIN[type(fact)]
    give = _GIVE.get(type(fact), lambda value: value)
    # What was added up, to before which instant, of which rows, and how many came later.
    last: list[Any] = [begin(), None, None, 0]

    def compute(ask: Ask) -> Any:
        entries = ask.rows_of(rows)
        start, end = ask.bounds_of(window)
        value, until, of, came = last
        if of is not kept[rows] or until > end:
            value, until, of, came = begin(), start, kept[rows], 0
            first, last_place = between(entries, start, end)
            new = entries[first:last_place]
        else:
            first, last_place = between(entries, until, end)
            late = [
                entry for entry in of.came[came:] if entry[0] < until and _is_in(entry[0], start)
            ]
            new = [*entries[first:last_place], *late]
        value = add(value, values_of(new))
        last[:] = [value, end if start is None else max(start, end), of, len(of.came)]
        return give(value)

    return compute


def _is_in(at: int, start: int | None) -> bool:
    return start is None or start <= at


_ADD: dict[type[OfColumn], Callable[[Any, list[Any]], Any]] = {
    Total: lambda total, values: reduce(EXACT.add, values, total),
    Filled: lambda count, values: count + len(values),
    Least: lambda least, values: [min([*least, *values])] if least or values else [],
    Greatest: lambda most, values: [max([*most, *values])] if most or values else [],
    Distinct: lambda found, values: found | set(map(comparable, values)),
}
_BEGIN: dict[type[OfColumn], Callable[[], Any]] = {
    Total: Decimal,
    Filled: int,
    Least: list,
    Greatest: list,
    Distinct: set,
}
_GIVE: dict[type[OfColumn], Callable[[Any], Any]] = {
    Least: lambda least: least[0] if least else None,
    Greatest: lambda most: most[0] if most else None,
    Distinct: len,
}
