"""Counts of requests that a journal keeps, so that all processes together stay within limits."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sql

from retention_kit.delivery.journal.book import Book
from retention_kit.delivery.journal.tables import LIMITS


class SqlLimitLedger:
    """A `LimitLedger` in a journal's database.

    Counts outlive the process, but not at once a loss of power: who is without it for longer than
    a moment has waited long enough.

    Args:
        book: The journal's.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    @contextlib.contextmanager
    def changing(self, account: str) -> Iterator[dict[str, Any]]:
        """Give an account's counts under a lock; what they are at the end is kept.

        Args:
            account: Whose requests are counted.

        Raises:
            JournalError: The database cannot be written.
        """
        mine = LIMITS.c.account == account
        asked = sql.select(LIMITS.c.counts).where(mine).with_for_update()
        with self._book.changing() as connection:
            kept = connection.execute(asked).scalar()
            if kept is None:
                self._begin(connection, account)
                kept = connection.execute(asked).scalar_one()
            counts = json.loads(kept)
            yield counts
            text = json.dumps(counts, separators=(",", ":"))
            if text != kept:
                connection.execute(LIMITS.update().where(mine).values(counts=text))

    def _begin(self, connection: sql.Connection, account: str) -> None:
        """Write an account without counts, unless somebody else does so at this instant."""
        connection.execute(
            sql.text(
                "INSERT INTO journal_limits (account, counts) VALUES (:account, '{}') "
                "ON CONFLICT DO NOTHING"
            ),
            {"account": account},
        )
