"""What is read and written of actions and batches, within a transaction that another began.

Statements on many rows are written out, since a driver takes them as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import sqlalchemy as sql

from retention_kit.delivery.journal.records import Known

_T = TypeVar("_T")
_MOST_PARAMETERS: Final = 900
"""Of one statement; an older SQLite takes 999."""
_MICROSECONDS: Final = 1_000_000


class Style(NamedTuple):
    """How statements are written for a database.

    Attributes:
        mark: What stands for a parameter.
        locks: Whether rows are locked; SQLite needs none, since who writes there is alone.
    """

    mark: str
    locks: bool


class Row(NamedTuple):
    """An action as it stands in the tables."""

    id: str
    number: int
    own: str | None
    batch: int | None
    shared: str | None
    attempts: int
    updated_at: int
    changed_at: int | None
    handed_at: int | None
    name: str | None
    kind: str
    group: str
    fingerprint: str

    @property
    def state(self) -> str:
        """Its own state or, where it has none, its batch's."""
        return self.own or self.shared or "claimed"

    @property
    def known(self) -> Known:
        """What is known of it."""
        changed = self.updated_at if self.own else max(self.updated_at, self.changed_at or 0)
        handed = None if self.handed_at is None else self.handed_at / _MICROSECONDS
        return Known(
            self.state,  # type: ignore[arg-type]
            self.kind,
            self.group,
            self.fingerprint,
            self.name,
            self.attempts,
            changed / _MICROSECONDS,
            handed,
        )


def find(
    connection: sql.Connection, style: Style, channel: int, ids: Sequence[str], *, lock: bool
) -> dict[str, Row]:
    """Give actions by id; under a lock, nobody else changes them until the transaction ends."""
    found: dict[str, Row] = {}
    for some in parts(ids):
        those, values = among(style, some)
        asked = (channel, *values)
        if lock and style.locks:
            # As who settles does it: batches first. What came into another meanwhile, once more.
            connection.exec_driver_sql(_lock_batches(style.mark, those), asked)
            connection.exec_driver_sql(_lock_actions(style.mark, those), asked)
            connection.exec_driver_sql(_lock_batches(style.mark, those), asked)
        for row in connection.exec_driver_sql(_find(style.mark, those), asked):
            found[row[0]] = Row(*row)
    return found


def among(style: Style, ids: Sequence[str]) -> tuple[str, tuple[Any, ...]]:
    """Give the set of ids for after an IN, and its parameters.

    PostgreSQL compares a list with each row of a table it knows little of, but joins an array.
    """
    if style.locks:
        return f"(SELECT unnest({style.mark}::text[]))", (list(ids),)
    return f"({_marks(style.mark, len(ids))})", tuple(ids)


def insert(
    connection: sql.Connection, style: Style, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    """Write actions that are new."""
    if rows:
        marks = ",".join([style.mark] * len(columns))
        names = ", ".join(columns)
        connection.exec_driver_sql(
            f"INSERT INTO journal_actions ({names}) VALUES ({marks})",
            rows,
        )


def update(
    connection: sql.Connection, style: Style, columns: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    """Change actions; the last value of each row is the action's number.

    What an outside system calls it stays, where nothing else is said.
    """
    if rows:
        changes = ", ".join(f"{name} = {_set(name, style.mark)}" for name in columns)
        connection.exec_driver_sql(
            f"UPDATE journal_actions SET {changes} WHERE number = {style.mark}",
            rows,
        )


def update_batch(
    connection: sql.Connection, style: Style, changes: str, condition: str, values: tuple[Any, ...]
) -> bool:
    """Change one batch, and say whether it was as the condition wants it.

    Args:
        connection: A transaction that writes.
        style: How statements are written.
        changes: What is set, with `?` for values.
        condition: Of which batch, with `?` for values.
        values: All values, in order.
    """
    text = f"UPDATE journal_batches SET {changes} WHERE {condition}".replace("?", style.mark)
    return connection.exec_driver_sql(text, values).rowcount == 1


def microseconds(seconds: float) -> int:
    """Give seconds as whole microseconds."""
    return round(seconds * _MICROSECONDS)


def readable(value: object, longest: int | None = None) -> str:
    """Give as text what an outside system said, so that each database can take it.

    Args:
        value: What it said: text as a rule.
        longest: The most characters; what is more is cut off.
    """
    text = str(value)[:longest]
    if not text.isascii():
        # Half a character, as where a text was cut in the middle.
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", "") if "\0" in text else text


def parts(those: Sequence[_T], size: int = _MOST_PARAMETERS) -> Iterator[Sequence[_T]]:
    """Cut a sequence into pieces that a statement can take."""
    for start in range(0, len(those), size):
        yield those[start : start + size]


@functools.cache
def _find(mark: str, those: str) -> str:
    return (
        "SELECT a.id, a.number, a.state, a.batch, b.state, a.attempts + coalesce(b.attempts, 0), "
        "a.updated_at, b.updated_at, b.handed_at, b.name, t.kind, t.payload_group, a.fingerprint "
        "FROM journal_actions a JOIN journal_topics t ON t.number = a.topic "
        "LEFT JOIN journal_batches b ON b.number = a.batch "
        f"WHERE a.channel = {mark} AND a.id IN {those}"
    )


@functools.cache
def _lock_actions(mark: str, those: str) -> str:
    # In one order, so that no two wait for each other.
    return (
        f"SELECT number FROM journal_actions WHERE channel = {mark} "
        f"AND id IN {those} ORDER BY id FOR UPDATE"
    )


@functools.cache
def _lock_batches(mark: str, those: str) -> str:
    return (
        "SELECT number FROM journal_batches WHERE number IN (SELECT batch FROM journal_actions "
        f"WHERE channel = {mark} AND id IN {those}) ORDER BY number FOR NO KEY UPDATE"
    )


def _set(name: str, mark: str) -> str:
    return f"coalesce({mark}, external_id)" if name == "external_id" else mark


def _marks(mark: str, count: int) -> str:
    return ",".join([mark] * count)
