"""How actions come into a journal: planned, refused, left out, and claimed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sql

from retention_kit.delivery.journal import rows
from retention_kit.delivery.journal.book import Book, Topic
from retention_kit.delivery.journal.customers import customer_text
from retention_kit.delivery.journal.records import Claimed, Known, Planned

Opened = Callable[[sql.Connection], int]
"""Gives the number of a batch that rows may be added to, within a transaction."""

_FREE: Final = frozenset({"planned", "rejected", "suppressed"})
"""States in which an action was not sent and is nobody's."""
_NEW: Final = (
    "channel",
    "id",
    "topic",
    "customer",
    "occurrence",
    "fingerprint",
    "state",
    "batch",
    "attempts",
    "planned_at",
    "updated_at",
    "code",
    "detail",
)
_RENEWED: Final = (
    "topic",
    "fingerprint",
    "state",
    "batch",
    "attempts",
    "updated_at",
    "code",
    "detail",
)
_LONGEST: Final = 2_000
"""Characters of a code or a detail."""
_CLAIMED: Final = ("state", "batch", "attempts", "updated_at", "code", "detail")


class Planning:
    """What is planned for one channel.

    Args:
        book: The journal.
        channel: The channel's number.
    """

    def __init__(self, book: Book, channel: int) -> None:
        self._book = book
        self._channel = channel

    def plan(self, planned: Sequence[Planned]) -> Claimed:
        """Write actions that are new as planned."""
        return self._insert(planned, None)[0]

    def plan_and_claim(
        self, planned: Sequence[Planned], opened: Opened
    ) -> tuple[Claimed, int | None]:
        """Write actions that are new into a batch; give its number if there were any."""
        return self._insert(planned, opened)

    def claim(self, ids: Sequence[str], opened: Opened) -> tuple[list[str], int | None]:
        """Put planned actions into a batch; give those it got, and its number if there were any."""
        book, now = self._book, self._book.now()
        wanted = list(dict.fromkeys(ids))

        def change(connection: sql.Connection) -> tuple[list[str], int | None]:
            found = rows.find(connection, book.style, self._channel, wanted, lock=True)
            got = [one for one in wanted if one in found and found[one].state == "planned"]
            number = opened(connection) if got else None
            values = [
                (None, number, found[one].attempts, now, None, None, found[one].number)
                for one in got
            ]
            rows.update(connection, book.style, _CLAIMED, values)
            return got, number

        return book.write(change, durable=False)

    def replan(self, planned: Sequence[Planned]) -> Mapping[str, Known]:
        """Make actions planned again that are known and were not sent, or are in doubt."""
        told = [(one, "", "") for one in planned]
        return self._renew(told, "planned", _FREE | {"unknown"}, new=False)

    def close(self, told: Sequence[tuple[Planned, str, str]], state: str) -> Mapping[str, Known]:
        """Write that actions will not be sent, each with a code and a detail.

        Returns:
            What is known of those that were left alone.
        """
        return self._renew(told, state, _FREE, new=True)

    def _insert(
        self, planned: Sequence[Planned], opened: Opened | None
    ) -> tuple[Claimed, int | None]:
        book, channel, now = self._book, self._channel, self._book.now()
        wanted = {one.id: one for one in reversed(planned)}
        ids = list(dict.fromkeys(one.id for one in planned))
        topics = book.topics({_topic(one) for one in wanted.values()})
        state = "planned" if opened is None else None

        def change(connection: sql.Connection) -> tuple[Claimed, int | None]:
            found = rows.find(connection, book.style, channel, ids, lock=False)
            new = [one for one in ids if one not in found] if found else ids
            number = None if opened is None or not new else opened(connection)
            # In one order, so that no two wait for each other.
            values = [_row(channel, wanted[one], topics, state, number, now) for one in sorted(new)]
            rows.insert(connection, book.style, _NEW, values)
            return Claimed(new, {one: row.known for one, row in found.items()}), number

        return book.write(change, durable=False)

    def _renew(
        self,
        told: Sequence[tuple[Planned, str, str]],
        state: str,
        allowed: frozenset[str],
        *,
        new: bool,
    ) -> Mapping[str, Known]:
        book, channel, now = self._book, self._channel, self._book.now()
        wanted = {one.id: (one, _text(code), _text(detail)) for one, code, detail in told}
        topics = book.topics({_topic(one) for one, _, _ in wanted.values()})

        def change(connection: sql.Connection) -> Mapping[str, Known]:
            found = rows.find(connection, book.style, channel, list(wanted), lock=True)
            changed, inserted, left = [], [], {}
            for one in sorted(wanted):
                action, *why = wanted[one]
                row = found.get(one)
                if row is None:
                    inserted.append(_row(channel, action, topics, state, None, now, *why))
                elif row.state in allowed:
                    what = (topics[_topic(action)], action.fingerprint, state, None)
                    changed.append((*what, row.attempts, now, *why, row.number))
                else:
                    left[one] = row.known
            if new:
                rows.insert(connection, book.style, _NEW, inserted)
            rows.update(connection, book.style, _RENEWED, changed)
            return left

        return book.write(change, durable=False)


def _text(said: str) -> str | None:
    return rows.readable(said, _LONGEST) if said else None


def _topic(planned: Planned) -> Topic:
    return Topic(planned.key.campaign, planned.key.step, planned.kind, planned.group)


def _row(
    channel: int,
    planned: Planned,
    topics: Mapping[Topic, int],
    state: str | None,
    batch: int | None,
    now: int,
    code: str | None = None,
    detail: str | None = None,
) -> tuple[Any, ...]:
    key = planned.key
    return (
        channel,
        planned.id,
        topics[_topic(planned)],
        customer_text(key.customer_id),
        key.occurrence,
        planned.fingerprint,
        state,
        batch,
        0,
        now,
        now,
        code,
        detail,
    )
