"""Which ids have come in a call: 16 bytes for each, exact, for millions of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_RECENT = 65_536
_Words = npt.NDArray[np.uint64]


class SeenIds:
    """A growing set of ids of 32 hexadecimal digits.

    A set of texts takes 150 bytes an id. Here the last few are such a set, and the others stand in
    sorted arrays that are merged as they grow, so that there are few of them.
    """

    def __init__(self) -> None:
        self._recent: set[str] = set()
        self._runs: list[tuple[_Words, _Words]] = []

    def __len__(self) -> int:
        return len(self._recent) + sum(len(first) for first, _ in self._runs)

    def add(self, ids: Iterable[str]) -> list[bool]:
        """Add ids, and say of each whether it is new."""
        given = list(ids)
        known = self._among_runs(given) if self._runs else set()
        new = []
        for one in given:
            fresh = one not in self._recent and one not in known
            new.append(fresh)
            if fresh:
                self._recent.add(one)
        if len(self._recent) >= _RECENT:
            self._sort_away()
        return new

    def _among_runs(self, ids: list[str]) -> set[str]:
        found: set[str] = set()
        first, second = _words(ids)
        for firsts, seconds in self._runs:
            at = np.searchsorted(firsts, first)
            near = np.flatnonzero(firsts[np.minimum(at, len(firsts) - 1)] == first)
            for number in near.tolist():
                place = int(at[number])
                # Two ids may share their first half.
                while place < len(firsts) and firsts[place] == first[number]:
                    if seconds[place] == second[number]:
                        found.add(ids[number])
                    place += 1
        return found

    def _sort_away(self) -> None:
        first, second = _sorted(*_words(list(self._recent)))
        self._recent.clear()
        while self._runs and len(self._runs[-1][0]) <= 2 * len(first):
            older = self._runs.pop()
            first, second = _sorted(
                np.concatenate([older[0], first]), np.concatenate([older[1], second])
            )
        self._runs.append((first, second))


def _words(ids: list[str]) -> tuple[_Words, _Words]:
    both = np.frombuffer(bytes.fromhex("".join(ids)), dtype=np.uint64).reshape(-1, 2)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def _sorted(first: _Words, second: _Words) -> tuple[_Words, _Words]:
    order = np.argsort(first, kind="stable")
    return first[order], second[order]
