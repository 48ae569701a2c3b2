"""Transactions on a journal's database that are tried again where others came first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sql

from retention_kit._databases import Database, LostError
from retention_kit.delivery.journal.problems import in_plain_words

_T = TypeVar("_T")
_ATTEMPTS: Final = 5


def read(database: Database, ask: Callable[[sql.Connection], _T]) -> _T:
    """Ask in a transaction that only reads.

    Raises:
        JournalError: The database cannot be read.
    """

    def once() -> _T:
        with database.reading() as connection:
            return ask(connection)

    return _tried(once)


def write(database: Database, change: Callable[[sql.Connection], _T]) -> _T:
    """Change something in one transaction; perhaps several times, so it keeps nothing.

    It outlives a loss of power from the journal's next hand-over on, before which nothing of it
    matters.

    Raises:
        JournalError: The database cannot be written.
    """

    def once() -> _T:
        with database.writing(durable=False) as connection:
            return change(connection)

    return _tried(once)


def _tried(once: Callable[[], _T]) -> _T:
    with in_plain_words():
        for _ in range(_ATTEMPTS - 1):
            try:
                return once()
            except LostError:
                continue
        return once()
