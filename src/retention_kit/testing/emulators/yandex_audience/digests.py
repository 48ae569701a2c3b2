"""Sets of SHA-256 digests, 32 bytes for each and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

SIZE = 32
_TYPE = np.dtype(f"S{SIZE}")


class Digests:
    """A set of digests as one sorted array.

    A million digests take 32 MB, a fifth of what a set of `bytes` takes.

    Args:
        packed: The digests one after another; repeated ones count once.
    """

    def __init__(self, packed: bytes | bytearray = b"") -> None:
        self._sorted: npt.NDArray[Any] = np.unique(np.frombuffer(packed, dtype=_TYPE))

    @classmethod
    def of(cls, digests: Iterable[str]) -> Digests:
        """Make a set of digests given as 64 hexadecimal digits."""
        return cls(b"".join(bytes.fromhex(digest) for digest in digests))

    def __len__(self) -> int:
        return int(self._sorted.size)

    def __contains__(self, digest: object) -> bool:
        if not isinstance(digest, str):
            return False
        wanted = np.frombuffer(bytes.fromhex(digest), dtype=_TYPE)
        place = int(np.searchsorted(self._sorted, wanted)[0])
        return place < len(self) and bool(self._sorted[place] == wanted[0])

    def __iter__(self) -> Iterator[str]:
        for digest in self._sorted:
            # NumPy drops the zero bytes at the end of a text.
            yield bytes(digest).ljust(SIZE, b"\0").hex()

    def __or__(self, other: Digests) -> Digests:
        return _made(np.union1d(self._sorted, other._sorted))

    def __sub__(self, other: Digests) -> Digests:
        return _made(np.setdiff1d(self._sorted, other._sorted, assume_unique=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digests) and bool(np.array_equal(self._sorted, other._sorted))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self):,} digests>"


def _made(array: npt.NDArray[Any]) -> Digests:
    made = Digests()
    made._sorted = array
    return made
