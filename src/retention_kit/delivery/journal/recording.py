"""What became of actions: from a channel's receipts, from web hooks, look-ups and people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sql

from retention_kit.delivery.journal import batches, rows
from retention_kit.delivery.journal.problems import LostRowsError
from retention_kit.delivery.journal.records import Recorded
from retention_kit.delivery.journal.rows import Row, Style
from retention_kit.delivery.journal.tables import ACTIONS
from retention_kit.delivery.outcomes import DONE, Outcome, Receipt
from retention_kit.errors import DefinitionError

_RANK: Final[Mapping[str, int]] = MappingProxyType(
    {
        "accepted": 1,
        "delivered": 2,
        "opened": 3,
        "clicked": 4,
        "bounced": 5,
        "unsubscribed": 6,
    }
)
"""Of what has happened, in which order it can; states only go up."""
_OPEN: Final = frozenset({"handed_over", "pending", "unknown"})
"""States in which it is not known what became of an action."""
_CHANGED: Final = ("state", "code", "detail", "external_id", "occurred_at", "updated_at")
_OPEN_ROWS: Final = ("pending", "unknown")
_LONGEST_WORD: Final = 500
_LONGEST_DETAIL: Final = 2_000
"""Characters of what an outside system says; it is kept for reading, not for keeping all of it."""


def goes_forward(before: str, after: str, *, settled: bool = False) -> bool:
    """Say whether an action in a state can be found to be in another.

    What has happened is a fact, whatever was thought before. That it did not happen, or that
    nobody knows, is believed only of what was not known.

    Args:
        before: The state it is in.
        after: The state that was told.
        settled: Whether its own call told.
    """
    if after in DONE:
        return _RANK[after] > _RANK.get(before, 0)
    if before == after:
        return False
    if settled:
        return before in _OPEN
    return before == "unknown" or (before == "pending" and after == "rejected")


class Settling:
    """A batch about which the channel said something.

    Args:
        connection: A transaction that writes.
        style: How statements are written.
        channel: The channel's number.
        name: The batch's name.
        number: Its number.
    """

    def __init__(
        self, connection: sql.Connection, style: Style, channel: int, name: str, number: int
    ) -> None:
        self._connection = connection
        self._style = style
        self._channel = channel
        self._name = name
        self._number = number

    def settle(self, receipt: Receipt, now: int) -> Mapping[str, int]:
        """Write a receipt, and say how many rows came to which state.

        Raises:
            DefinitionError: The batch was not handed over.
            LostRowsError: It was taken back.
        """
        before = self._before()
        after: str = receipt.rest if before in _OPEN else before
        ids = _sayable(receipt.outcomes)
        found = rows.find(self._connection, self._style, self._channel, ids, lock=True)
        named = [row for row in found.values() if row.batch == self._number]
        told, kept = [], []
        counts: Counter[str] = Counter()
        for row in named:
            outcome = receipt.outcomes[row.id]
            if goes_forward(row.state, outcome.state, settled=True):
                counts[outcome.state] += 1
                if row.own is not None or outcome.state != after or _says_more(outcome):
                    told.append(_values(outcome, row, now))
            elif row.state in _OPEN and row.state != after:
                kept.append((row.state, row.number))
        counts[receipt.rest] += self._settle_rest(receipt, named, before, now)
        self._change_batch(receipt, after, now)
        rows.update(self._connection, self._style, ("state",), kept)
        rows.update(self._connection, self._style, _CHANGED, told)
        return {state: count for state, count in counts.items() if count}

    def _before(self) -> str:
        asked = f"SELECT state, token FROM journal_batches WHERE number = {self._style.mark}"
        if self._style.locks:
            asked += " FOR UPDATE"
        before, token = self._connection.exec_driver_sql(asked, (self._number,)).one()
        if before == "claimed":
            raise DefinitionError(
                f"The batch {self._name!r} was not handed over, so nothing can have become of it. "
                "Next step: hand it over before it is submitted.",
                parameter="batch",
            )
        # One with a token became planned by a receipt, and single rows of it are still asked about.
        if before == "planned" and token is None:
            raise LostRowsError(self._name)
        return str(before)

    def _settle_rest(self, receipt: Receipt, named: Sequence[Row], before: str, now: int) -> int:
        """Settle the open rows that are not named, and say how many changed.

        Those that have the batch's state change with it; they are only counted here.
        """
        shared = 0
        if before in _OPEN and before != receipt.rest:
            shared = batches.count(self._connection, self._style, self._number)
            shared -= sum(row.own is None for row in named)
        if before == "handed_over" or receipt.rest == "pending":
            return shared
        those = (ACTIONS.c.batch == self._number) & ACTIONS.c.state.in_(_OPEN_ROWS)
        own = self._connection.execute(
            ACTIONS.update().where(those).values(state=receipt.rest, updated_at=now)
        ).rowcount
        # The named ones get back what they had, or what they were said to be.
        return shared + own - sum(row.own in _OPEN_ROWS for row in named)

    def _change_batch(self, receipt: Receipt, after: str, now: int) -> None:
        changes = "state = ?, run = NULL, token = ?, asked_at = ?, poll_after = ?, updated_at = ?"
        asked = receipt.token is not None
        when = (now, rows.microseconds(receipt.poll_after)) if asked else (None, None)
        token = rows.readable(receipt.token) if asked else None
        values = (after, token, *when, now, self._number)
        rows.update_batch(self._connection, self._style, changes, "number = ?", values)


def record(
    connection: sql.Connection,
    style: Style,
    channel: int,
    outcomes: Sequence[Outcome],
    now: int,
    *,
    decided: bool = False,
) -> Recorded:
    """Write what was heard of actions outside of their own calls.

    Args:
        connection: A transaction that writes.
        style: How statements are written.
        channel: The channel's number.
        outcomes: What was heard.
        now: The instant.
        decided: Whether a person says it, who is also believed of what is pending.
    """
    ids = list(dict.fromkeys(one.id for one in outcomes))
    found = rows.find(connection, style, channel, _sayable(ids), lock=True)
    states = {one: row.state for one, row in found.items()}
    changes = []
    for outcome in outcomes:
        row = found.get(outcome.id)
        if row is not None and _is_believed(states[outcome.id], outcome.state, decided=decided):
            states[outcome.id] = outcome.state
            changes.append(_values(outcome, row, now))
    rows.update(connection, style, _CHANGED, changes)
    heard = sum(one.id in found for one in outcomes)
    unheard = tuple(one for one in ids if one not in found)
    return Recorded(len(changes), heard - len(changes), unheard)


def _is_believed(before: str, after: str, *, decided: bool) -> bool:
    return before in _OPEN_ROWS if decided else goes_forward(before, after)


def _sayable(ids: Iterable[str]) -> list[str]:
    """Leave out ids that no action can have and that a database would not even look for."""
    return [one for one in ids if isinstance(one, str) and one == rows.readable(one)]


def _says_more(outcome: Outcome) -> bool:
    return bool(
        outcome.code or outcome.detail or outcome.external_id or outcome.occurred_at is not None
    )


def _values(outcome: Outcome, row: Row, now: int) -> tuple[Any, ...]:
    at, external_id = outcome.occurred_at, outcome.external_id
    return (
        outcome.state,
        rows.readable(outcome.code, _LONGEST_WORD) if outcome.code else None,
        rows.readable(outcome.detail, _LONGEST_DETAIL) if outcome.detail else None,
        None if external_id is None else rows.readable(external_id, _LONGEST_WORD),
        None if at is None else rows.microseconds(at.timestamp()),
        now,
        row.number,
    )
