"""Rows of a large batch in a temporary file, so that a million of them take no memory."""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from retention_kit.delivery.actions import ActionKey
from retention_kit.delivery.dispatching.rows import Row, Rows, RowsInMemory
from retention_kit.delivery.outcomes import Payload

IN_MEMORY: Final = 5_000
"""Up to how many rows of a batch stay in memory."""
SORTED_AT_ONCE: int = 20_000
"""How many rows that stand on disk are put in order in memory."""
_AT_ONCE = 1_000


class RowsOnDisk:
    """Rows in a temporary file that only this user can read, and that vanishes with the process.

    Several may read at the same time, each at a place of its own.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - it lives as long as the rows
        self._lock = threading.Lock()
        self._pieces: list[tuple[int, int]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, rows: Sequence[Row]) -> None:
        """Write rows at the end; best a thousand at a time, for they are read so again."""
        if not rows:
            return
        written = pickle.dumps([_fields(row) for row in rows], protocol=pickle.HIGHEST_PROTOCOL)
        with self._lock:
            place = self._file.seek(0, os.SEEK_END)
            self._file.write(written)
            self._pieces.append((place, len(written)))
            self._count += len(rows)

    def __iter__(self) -> Iterator[Row]:
        for place, length in self._pieces:
            with self._lock:
                self._file.seek(place)
                written = self._file.read(length)
            # Only this process reads what it wrote itself.
            for fields in pickle.loads(written):
                yield _row(fields)

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


class Gathering:
    """Rows that come bit by bit: in memory as long as they are few, then on disk."""

    def __init__(self) -> None:
        self._few: list[Row] = []
        self._many: RowsOnDisk | None = None

    def __len__(self) -> int:
        return len(self._few) + (0 if self._many is None else len(self._many))

    @property
    def in_memory(self) -> int:
        """How many stand in memory."""
        return len(self._few)

    def extend(self, rows: Iterable[Row]) -> None:
        """Take rows."""
        self._few.extend(rows)
        if len(self._few) > (IN_MEMORY if self._many is None else _AT_ONCE - 1):
            self._flush()

    def done(self, *, in_order_of_id: bool = False) -> Rows:
        """Give what was gathered.

        Args:
            in_order_of_id: Put them in order, so that the same rows are the same batch however
                they were handed in.
        """
        if self._many is not None:
            self._flush()
            return in_order(self._many) if in_order_of_id else self._many
        if in_order_of_id:
            self._few.sort(key=_id_of)
        return RowsInMemory(self._few)

    def _flush(self) -> None:
        """Write what is in memory to the disk."""
        if self._many is None:
            self._many = RowsOnDisk()
        for start in range(0, len(self._few), _AT_ONCE):
            self._many.extend(self._few[start : start + _AT_ONCE])
        self._few = []

    def close(self) -> None:
        """Drop what was gathered."""
        self._few = []
        if self._many is not None:
            self._many.close()


def gathered(rows: Iterable[Row]) -> Rows:
    """Give rows as a batch's, on disk where they are many."""
    gathering = Gathering()
    few: list[Row] = []
    for row in rows:
        few.append(row)
        if len(few) >= _AT_ONCE:
            gathering.extend(few)
            few = []
    gathering.extend(few)
    return gathering.done()


def in_order(rows: RowsOnDisk) -> RowsOnDisk:
    """Put rows on disk in the order of their ids, some of them at a time; closes the old file."""
    passes = -(-len(rows) // SORTED_AT_ONCE)
    made = RowsOnDisk()
    try:
        for number in range(passes):
            # Ids are hashes: by their first digits they fall into parts of about one size.
            some = [row for row in rows if int(row.payload.id[:8], 16) * passes >> 32 == number]
            some.sort(key=_id_of)
            for start in range(0, len(some), _AT_ONCE):
                made.extend(some[start : start + _AT_ONCE])
    except BaseException:
        made.close()
        raise
    finally:
        rows.close()
    return made


def _id_of(row: Row) -> str:
    return row.payload.id


def _fields(row: Row) -> tuple[Any, ...]:
    """Give a row as plain values, which are written and read several times as fast."""
    payload, key = row.payload, row.key
    return (
        (payload.id, payload.body, payload.group, payload.size, dict(payload.keep)),
        tuple(key),
        row.kind,
        row.fingerprint,
        row.extra,
        row.replaces,
        row.needs,
        row.batch,
    )


def _row(fields: tuple[Any, ...]) -> Row:
    payload, key, *rest = fields
    return Row(Payload(*payload), ActionKey._make(key), *rest)
