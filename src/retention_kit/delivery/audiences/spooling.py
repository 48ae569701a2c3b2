"""Changes that are still to be made, on disk, so that a million of them need little memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

_PIECE: Final = 1_000


class Change(NamedTuple):
    """A customer who joins or leaves.

    Attributes:
        customer: The customer's key.
        generation: How often something was accepted of them.
        moved: Whether they join with other contacts than they were in the audience with.
        fingerprint: Of what is sent, of those who join.
        identifiers: What takes them out again, as JSON.
        names: Contacts and other identifiers, of those who join.
    """

    customer: str
    generation: int
    moved: bool
    fingerprint: str
    identifiers: str
    names: dict[str, str]


class Changes:
    """Changes in a file, in the order they were added. The file goes with its folder.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = path.open("w", encoding="utf-8")
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, change: Change) -> None:
        """Write a change; not once it was read."""
        if self._file is None:
            raise ValueError("The changes are complete.")
        self._file.write(json.dumps(change, ensure_ascii=True) + "\n")
        self._count += 1

    def complete(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __iter__(self) -> Iterator[Change]:
        """Give the changes; may be begun again."""
        self.complete()
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                yield Change(*json.loads(line))

    def pieces(self) -> Iterator[list[Change]]:
        """Give the changes in lists of a thousand."""
        piece: list[Change] = []
        for change in self:
            piece.append(change)
            if len(piece) == _PIECE:
                yield piece
                piece = []
        if piece:
            yield piece

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.complete()
