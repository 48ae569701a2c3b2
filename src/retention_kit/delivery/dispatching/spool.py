"""Rows of a large batch in a temporary file, so that a million of them take no memory."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterable, Iterator
from typing import Final

from retention_kit.delivery.actions import ActionKey
from retention_kit.delivery.dispatching.rows import Row, Rows, RowsInMemory
from retention_kit.delivery.outcomes import Payload

IN_MEMORY: Final = 5_000
"""Up to how many rows of a batch stay in memory."""
_READ_LINES = 1_000

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False).encode


class RowsOnDisk:
    """Rows in a temporary file that only this user can read, and that vanishes with the process.

    Several may read at the same time, each at a place of its own.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - it lives as long as the rows
        self._lock = threading.Lock()
        self._end = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, rows: Iterable[Row]) -> None:
        """Write rows at the end."""
        lines = [_line(row) for row in rows]
        text = "".join(lines).encode("ascii")
        with self._lock:
            self._file.seek(self._end)
            self._file.write(text)
            self._end += len(text)
            self._count += len(lines)

    def __iter__(self) -> Iterator[Row]:
        place = 0
        while place < self._end:
            with self._lock:
                self._file.seek(place)
                lines: list[bytes] = []
                while len(lines) < _READ_LINES and place < self._end:
                    line = self._file.readline()
                    lines.append(line)
                    place += len(line)
            for line in lines:
                yield _row(line)

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
        if len(self._few) > IN_MEMORY or self._many is not None:
            if self._many is None:
                self._many = RowsOnDisk()
            self._many.extend(self._few)
            self._few = []

    def done(self, *, in_order_of_id: bool = False) -> Rows:
        """Give what was gathered.

        Args:
            in_order_of_id: Sort those that are in memory, so that the same rows are the same batch
                however they were handed in.
        """
        if self._many is not None:
            return self._many
        if in_order_of_id:
            self._few.sort(key=_id_of)
        return RowsInMemory(self._few)

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
        if len(few) >= _READ_LINES:
            gathering.extend(few)
            few = []
    gathering.extend(few)
    return gathering.done()


def _id_of(row: Row) -> str:
    return row.payload.id


def _line(row: Row) -> str:
    payload = row.payload
    return (
        _encode(
            [
                payload.id,
                payload.body,
                payload.group,
                payload.size,
                dict(payload.keep),
                row.key,
                row.kind,
                row.fingerprint,
                row.extra,
                row.replaces,
                row.needs,
                row.batch,
            ]
        )
        + "\n"
    )


def _row(line: bytes) -> Row:
    id_, body, group, size, keep, key, kind, fingerprint, *rest = json.loads(line)
    return Row(Payload(id_, body, group, size, keep), ActionKey(*key), kind, fingerprint, *rest)
