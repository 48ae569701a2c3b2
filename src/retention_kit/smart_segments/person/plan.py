"""What a segment asks for, each thing once: windows, filters and facts, by their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retention_kit.smart_segments.definitions.plugins import ConditionSpec
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.lowered.facts import Fact
from retention_kit.smart_segments.lowered.spans import Span
from retention_kit.smart_segments.person.asking import Ask, Entries
from retention_kit.smart_segments.person.spans import Resolve, resolving


class Plan:
    """The windows, filters and facts of a segment, as functions in lists.

    It is handed what makes functions of filters and of facts, which themselves ask it for places.

    Attributes:
        segment: The segment's name, for messages.
        taken: When snapshots were taken, in microseconds since 1970, in order, by segment.
        specs: What plugins give.
        spans: How the bounds of each window are found.
        rows: What each filter is of.
        selects: How the rows of each filter are found.
        facts: What is to be known.
        computes: How each of them is worked out.
    """

    def __init__(
        self,
        segment: str,
        *,
        filtering: Callable[[Rows, Plan], Callable[[Ask], Entries]],
        computing: Callable[[Fact, Plan], Callable[[Ask], Any]],
        taken: dict[str, tuple[int, ...]] | None = None,
        specs: tuple[ConditionSpec, ...] = (),
    ) -> None:
        self.segment = segment
        self._filtering = filtering
        self._computing = computing
        self.taken = taken
        self.specs = specs
        self.spans: list[Resolve] = []
        self.rows: list[Rows] = []
        self.selects: list[Callable[[Ask], Entries]] = []
        self.facts: list[Fact] = []
        self.computes: list[Callable[[Ask], Any]] = []
        self._places: dict[tuple[str, str], int] = {}

    def span(self, span: Span) -> int:
        """Give the place of a window."""
        return self._place("span", span, self.spans, resolving)

    def rows_of(self, rows: Rows) -> int:
        """Give the place of a filter."""
        before = len(self.selects)
        place = self._place("rows", rows, self.selects, lambda one: self._filtering(one, self))
        if len(self.selects) > before:
            self.rows.append(rows)
        return place

    def fact(self, fact: Fact) -> int:
        """Give the place of a fact."""
        before = len(self.computes)
        place = self._place("fact", fact, self.computes, lambda one: self._computing(one, self))
        if len(self.computes) > before:
            self.facts.append(fact)
        return place

    def _place(self, kind: str, what: Any, made: list[Any], make: Callable[[Any], Any]) -> int:
        # By what it looks like: 1 and true are equal, and ask for different things of a column.
        key = (kind, repr(what))
        if key not in self._places:
            one = make(what)
            self._places[key] = len(made)
            made.append(one)
        return self._places[key]
