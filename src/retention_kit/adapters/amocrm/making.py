"""Making and changing records, an array at a time: one bad row never takes the others down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from retention_kit.adapters.amocrm.account import TooHeavyError
from retention_kit.adapters.amocrm.fields import rows_of
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.outcomes import Outcome
from retention_kit.errors import ChannelError, RejectedError, UnknownOutcomeError

_TRIES: Final = 3


@dataclass(frozen=True)
class Item:
    """One record to be written for a row.

    Attributes:
        id: The action's id; it goes along as `request_id`.
        body: The record.
        data: What the action says.
    """

    id: str
    body: dict[str, Any] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def sent(self) -> dict[str, Any]:
        """The record as it is sent."""
        return {**self.body, "request_id": self.id}


class Results:
    """What became of the rows of a batch.

    Attributes:
        outcomes: By id; rows that are not in it did not happen.
    """

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}

    def accept(self, row_id: str, external_id: Any) -> None:
        """Say that a row happened."""
        self.outcomes[row_id] = Outcome(row_id, "accepted", external_id=str(external_id))

    def reject(self, row_id: str, code: str, detail: str = "") -> None:
        """Say that a row is refused."""
        self.outcomes[row_id] = Outcome(row_id, "rejected", code=code, detail=detail[:500])

    def doubt(self, row_id: str) -> None:
        """Say that nobody knows."""
        self.outcomes[row_id] = Outcome(row_id, "unknown", code="no_answer")

    def remark(self, row_id: str, code: str, detail: str) -> None:
        """Say something of a row that happened."""
        known = self.outcomes[row_id]
        self.outcomes[row_id] = Outcome(
            row_id, known.state, code=code, detail=detail, external_id=known.external_id
        )


class Maker:
    """Writes records in arrays; shrinks the arrays when they are too heavy for the gateway.

    Args:
        clock: The time.
        most: How many records an array holds at first.
        doubt_seconds: How long to wait until what went unanswered is looked for.
    """

    def __init__(self, clock: Clock, *, most: int, doubt_seconds: float) -> None:
        self._clock = clock
        self._most = most
        self._doubt_seconds = doubt_seconds

    def write(
        self,
        items: Sequence[Item],
        send: Callable[[list[dict[str, Any]]], Any],
        name: str,
        results: Results,
        *,
        find: Callable[[Sequence[Item]], Mapping[str, Any] | None] | None,
    ) -> None:
        """Write records, and note what became of each.

        Args:
            items: The records.
            send: Sends an array, and gives the answer.
            name: Under which name the answer holds them.
            results: Where to note it.
            find: Looks for records whose answer did not come: gives the ids there of those that
                are there, or None where it cannot say. None where a second write does no harm.

        Raises:
            ChannelError: The account takes nothing now; what was not noted did not happen.
        """
        todo = [(list(items[at : at + self._most]), 1) for at in range(0, len(items), self._most)]
        todo.reverse()
        while todo:
            some, tries = todo.pop()
            if len(some) > self._most:
                todo += [(part, tries) for part in _halves(some)]
                continue
            try:
                answer = send([item.sent for item in some])
            except RejectedError as problem:
                todo += [(part, tries) for part in _refused(some, problem, results)]
            except UnknownOutcomeError as problem:
                if isinstance(problem, TooHeavyError):
                    self._most = max(1, len(some) // 2)
                left = self._in_doubt(some, results, find, last=tries >= _TRIES)
                todo += [(part, tries + 1) for part in _halves(left)]
            else:
                _note(some, rows_of(answer, name), results)

    def _in_doubt(
        self,
        some: list[Item],
        results: Results,
        find: Callable[[Sequence[Item]], Mapping[str, Any] | None] | None,
        *,
        last: bool,
    ) -> list[Item]:
        """Give those that certainly are not there, or do no harm a second time."""
        found: Mapping[str, Any] | None = {}
        if find is not None:
            self._clock.sleep(self._doubt_seconds)
            try:
                found = find(some)
            except ChannelError:
                found = None
        left = []
        for item in some:
            if found is not None and item.id in found:
                results.accept(item.id, found[item.id])
            elif found is None or last:
                results.doubt(item.id)
            else:
                left.append(item)
        return left


def _refused(some: list[Item], problem: RejectedError, results: Results) -> list[list[Item]]:
    """Take out what is named; halve where nothing is."""
    named = {item.id for item in some if item.id in problem.rejected}
    if not named and len(some) == 1:
        results.reject(some[0].id, problem.code, str(problem))
        return []
    if not named:
        return _halves(some)
    for row_id in named:
        code, _, path = problem.rejected[row_id].partition(" ")
        results.reject(row_id, code, f"The field {path!r} is refused." if path else "")
    left = [item for item in some if item.id not in named]
    return [left] if left else []


def _note(some: list[Item], rows: list[dict[str, Any]], results: Results) -> None:
    made = {str(row.get("request_id")): row.get("id") for row in rows}
    for place, item in enumerate(some):
        external = made.get(item.id)
        if external is None and len(rows) == len(some):
            external = rows[place].get("id")
        if external is None:
            results.doubt(item.id)
        else:
            results.accept(item.id, external)


def _halves(some: list[Item]) -> list[list[Item]]:
    middle = (len(some) + 1) // 2
    # The last comes first off the list.
    return [part for part in (some[middle:], some[:middle]) if part]
