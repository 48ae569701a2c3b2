"""Changes that are still to be made, on disk, so that a million of them need little memory."""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

_PIECE: Final = 1_000
_LENGTH: Final = 8


class Change(NamedTuple):
    """A customer who joins or leaves.

    Attributes:
        customer: The customer's key.
        generation: How often something was accepted of them.
        moved: Whether they join with other contacts than they were in the audience with.
        id: The id of the action that puts them in; empty where it is not reckoned yet.
        fingerprint: Of what is sent, of those who join.
        identifiers: What takes them out again, as JSON.
        names: Contacts and other identifiers, of those who join.
    """

    customer: str
    generation: int
    moved: bool
    id: str
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
        self._file: IO[bytes] | None = path.open("wb")
        self._piece: list[tuple[object, ...]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, change: Change) -> None:
        """Write a change; not once it was read."""
        self._piece.append(tuple(change))
        self._count += 1
        if len(self._piece) == _PIECE:
            self._flush()

    def complete(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._flush()
            self._file.close()
            self._file = None

    def __iter__(self) -> Iterator[Change]:
        """Give the changes; may be begun again."""
        for piece in self.pieces():
            yield from piece

    def pieces(self) -> Iterator[list[Change]]:
        """Give the changes in lists of a thousand."""
        self.complete()
        with self._path.open("rb") as file:
            while length := file.read(_LENGTH):
                # Only this process reads what it wrote itself a moment before.
                yield [
                    Change._make(one) for one in marshal.loads(file.read(int.from_bytes(length)))
                ]

    def _flush(self) -> None:
        if self._file is None:
            raise ValueError("The changes are complete.")
        if self._piece:
            written = marshal.dumps(self._piece)
            self._file.write(len(written).to_bytes(_LENGTH) + written)
            self._piece = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.complete()
