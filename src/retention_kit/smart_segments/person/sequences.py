"""Whether a sequence is found among one customer's rows: step by step, by what can be reached."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.lengths import EPOCH, Length, microseconds
from retention_kit.smart_segments.definitions.sequences import Same, Sequence, Without
from retention_kit.smart_segments.person.asking import Ask, Entries, Row
from retention_kit.smart_segments.person.columns import Read, reading
from retention_kit.smart_segments.person.comparing import comparable, is_number
from retention_kit.smart_segments.person.plan import Plan
from retention_kit.smart_segments.person.spans import length_of

Bound = tuple[Any, ...]
"""What earlier steps' rows say in the columns that are referred to; None where it is missing."""
_FOREVER = 1 << 62


def found(sequence: Sequence, plan: Plan) -> Callable[[Ask], bool | None]:
    """Give the function that says whether there is a match of a sequence.

    It keeps, for each step, the rows that can be reached, with what later steps need to know of
    the rows before; it never looks at whole matches, of which there may be very many.
    """
    refers = _refers(sequence)
    steps = [_Step(sequence, place, refers, plan) for place in range(len(sequence.steps))]
    window = plan.span(sequence.window)
    quiet = length_of(sequence.quiet_for) if sequence.quiet_for else None
    unfinished = {"no": False, "yes": True, "unknown": None}[sequence.unfinished]

    def search(ask: Ask) -> bool | None:
        reached = steps[0].beginning(_beginnings(sequence, steps[0].rows_of(ask), ask, window))
        for before, step in pairwise(steps):
            if not reached:
                return False
            reached = step.following(reached, before, ask)
        answer: bool | None = False
        for at, bound in reached:
            end = ask.now if quiet is None else moved(at, quiet, ask.zone)
            if steps[-1].blocked_at(at, bound, ask) >= min(end, ask.now):
                if end <= ask.now or unfinished:
                    return True
                answer = unfinished if answer is False else answer
        return answer

    return search


def moved(at: int, length: Length, zone: dt.tzinfo) -> int:
    """Give the instant so long after another, both in microseconds since 1970 in UTC."""
    if length.is_elapsed:
        return at + length.seconds * 1_000_000
    return microseconds(length.after(EPOCH + dt.timedelta(microseconds=at), zone))


def _beginnings(sequence: Sequence, entries: Entries, ask: Ask, window: int) -> Entries:
    """Give the rows that may be the first step."""
    start, end = ask.bounds_of(window)

    def inside(entries: Entries) -> Entries:
        first = 0 if start is None else _place(entries, start)
        return entries[first : _place(entries, end)]

    if sequence.which == "any":
        return inside(entries)
    among = inside(entries) if sequence.among == "window" else entries[: _place(entries, ask.now)]
    if not among:
        return ()
    at = among[0 if sequence.which == "first" else -1][0]
    return inside(among[_place(among, at) : _place(among, at + 1)])


class _Step:
    """One step, compiled.

    Attributes:
        rows: The place of its filter.
        within: How long after the step before it at most.
        same: What its row has in common with earlier ones: how it is read, and where in `Bound`.
        withouts: What must not follow it: the place of the filter, and what it has in common.
        keeps: Which of what was bound before is still needed.
        binds: What of its own row is needed later.
    """

    def __init__(
        self, sequence: Sequence, place: int, refers: list[list[tuple[int, str]]], plan: Plan
    ) -> None:
        step = sequence.steps[place]
        before = refers[place - 1] if place else []
        table = step.rows.table
        self.rows = plan.rows_of(step.rows)
        self.within = length_of(step.within) if step.within else None
        self.same = [_common(same, table, before) for same in step.same]
        self.withouts = [_without(one, refers[place], plan) for one in step.without]
        self.keeps = [before.index(one) for one in refers[place] if one[0] < place]
        self.binds = [reading(table, column) for at, column in refers[place] if at == place]

    def rows_of(self, ask: Ask) -> Entries:
        return ask.rows_of(self.rows)

    def beginning(self, entries: Entries) -> set[tuple[int, Bound]]:
        """Give what is reached by beginning with rows."""
        return {(at, self.bound((), row)) for at, row in entries}

    def bound(self, before: Bound, row: Row) -> Bound:
        kept = [before[place] for place in self.keeps]
        return (*kept, *(comparable(read(row)) for read in self.binds))

    def following(
        self, reached: set[tuple[int, Bound]], before: _Step, ask: Ask
    ) -> set[tuple[int, Bound]]:
        """Give what is reached by this step from what the step before reached."""
        entries = self.rows_of(ask)
        instants: dict[Bound, list[int]] = {}
        for at, bound in reached:
            instants.setdefault(bound, []).append(at)
        after: set[tuple[int, Bound]] = set()
        for bound, ats in instants.items():
            # What an earlier row with the same bound reached need not be looked at again.
            seen = 0
            for at in sorted(ats):
                end = min(ask.now, before.blocked_at(at, bound, ask))
                if self.within is not None:
                    end = min(end, moved(at, self.within, ask.zone))
                first, last = max(seen, _place(entries, at + 1)), _place(entries, end)
                for at_next, row in entries[first:last]:
                    if all(_is_same(read(row), bound[place]) for read, place in self.same):
                        after.add((at_next, self.bound(bound, row)))
                seen = max(seen, last)
        return after

    def blocked_at(self, at: int, bound: Bound, ask: Ask) -> int:
        """Give the instant of the first row that must not follow a row of this step."""
        return min((_first(one, at, bound, ask) for one in self.withouts), default=_FOREVER)


_Common = tuple[Read, int]


def _without(
    without: Without, known: list[tuple[int, str]], plan: Plan
) -> tuple[int, list[_Common]]:
    common = [_common(same, without.rows.table, known) for same in without.same]
    return plan.rows_of(without.rows), common


def _common(same: Same, table: str, known: list[tuple[int, str]]) -> _Common:
    return reading(table, same.column), known.index((same.step, same.of_column))


def _first(without: tuple[int, list[_Common]], at: int, bound: Bound, ask: Ask) -> int:
    rows, common = without
    entries = ask.rows_of(rows)
    for place in range(_place(entries, at), len(entries)):
        found_at, row = entries[place]
        if all(_is_same(read(row), bound[one]) for read, one in common):
            return found_at
    return _FOREVER


def _is_same(value: Any, other: Any) -> bool:
    """Say whether a value is what an earlier row said; missing values equal nothing.

    Raises:
        DefinitionError: They are of types of which no values are equal.
    """
    if value is None or other is None:
        return False
    mine = comparable(value)
    if mine.__class__ is not other.__class__ and _kind(mine) != _kind(other):
        raise DefinitionError(
            f"'same' compares a column of {type(value).__name__} with a column of other values. "
            "Allowed: two columns of one type. Next step: cast one of them.",
            parameter="same",
        )
    return bool(mine == other)


def _kind(value: Any) -> str:
    return "number" if is_number(value) else type(value).__name__


def _place(entries: Entries, at: int) -> int:
    return bisect_left(entries, (at,))


def _refers(sequence: Sequence) -> list[list[tuple[int, str]]]:
    """Give, for each step, the step and column of what must be known once it is reached."""
    return [
        sorted(
            {
                (same.step, same.of_column)
                for later, same in _sames(sequence)
                if same.step <= place <= later
            }
        )
        for place in range(len(sequence.steps))
    ]


def _sames(sequence: Sequence) -> Iterator[tuple[int, Same]]:
    """Give each reference, and after which step it is looked at last."""
    for place, step in enumerate(sequence.steps):
        for same in step.same:
            # To choose the row of a step, what was bound by the step before it is enough.
            yield place - 1, same
        for without in step.without:
            for same in without.same:
                yield place, same
