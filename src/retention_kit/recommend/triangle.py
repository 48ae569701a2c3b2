"""Counting of pairs of products that stand together in baskets, in NumPy.

Counters are the cells of a triangle: row b holds those of product b with every product of a smaller
code. All pairs of one row are counted one after another, so that the counters that are written stay
in the processor's caches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from retention_kit.recommend.blocks import Array, Held, Lines, bought

DENSE_CELLS = 2**25
"""Up to how many possible pairs are counted in cells at a time: 128 MB, some 8,000 products."""
_SORTED_KEYS = 2**22
_COUNTED_ROWS = 2**20
_KEYS_AT_ONCE = 2**15
_NARROW_COUNTS = 2**31


class Pairs(NamedTuple):
    """Pairs of codes with how many baskets hold both; a code with itself has its own baskets."""

    first: Array
    second: Array
    together: Array


class PairCounter:
    """Counts in how many baskets two products stand together.

    Attributes:
        baskets: How many baskets had anything.
    """

    def __init__(self, products: int, *, dense_cells: int = DENSE_CELLS) -> None:
        self._products = products
        self._dense_cells = dense_cells
        # Row b begins where the rows before it, of 0, 1, … b - 1 cells, end.
        codes = np.arange(products + 1, dtype=np.int64)
        self._begins = codes * (codes - 1) // 2
        cells = int(self._begins[-1])
        self._dense = np.zeros(cells, dtype=np.int32) if cells <= dense_cells else None
        self._own = np.zeros(products, dtype=np.int64)
        self._held: list[Held] = []
        self._held_rows = 0
        self.baskets = 0

    def add(self, lines: Lines) -> None:
        """Count the baskets of one part, all of whose lines are here."""
        held = bought(lines)
        if not len(held.products):
            return
        self.baskets += len(held.lengths)
        self._own += np.bincount(held.products, minlength=self._products)
        self._held.append(held)
        self._held_rows += len(held.products)
        if self._dense is not None and self._held_rows >= _COUNTED_ROWS:
            self._count_held(self._dense)

    def pairs(self, *, size: int) -> Iterator[Pairs]:
        """Give the pairs that were counted, about so many cells of counters at a time."""
        own = np.flatnonzero(self._own)
        if len(own):
            yield Pairs(own, own, self._own[own])
        if self._dense is None:
            yield from self._range_by_range(size)
            return
        self._count_held(self._dense)
        assert self._dense is not None
        yield from self._of_cells(0, self._products, self._dense, size)

    def _count_held(self, dense: Array) -> None:
        if self.baskets >= _NARROW_COUNTS and dense.itemsize == 4:
            self._dense = dense = dense.astype(np.int64)
        if self._held:
            later = _Later(self._held, self._begins)
            _count(later.keys(0, len(later.rows)), dense)
        self._held, self._held_rows = [], 0

    def _range_by_range(self, size: int) -> Iterator[Pairs]:
        """Count some rows of the triangle after others, for all are too many cells at once."""
        if not self._held:
            return
        later = _Later(self._held, self._begins)
        self._held, self._held_rows = [], 0
        # Where the lines of each row begin, and how many keys come before them.
        lines = np.searchsorted(later.rows, np.arange(self._products + 1))
        keys = np.concatenate([[0], later.ends])[lines]
        dtype = np.int32 if self.baskets < _NARROW_COUNTS else np.int64
        low = 0
        while low < self._products:
            few_keys = _last_within(keys, low, _SORTED_KEYS)
            few_cells = _last_within(self._begins, low, self._dense_cells)
            high = max(few_keys, few_cells, low + 1)
            found = later.keys(int(lines[low]), int(lines[high]))
            if high == few_keys:
                yield from self._of_keys(list(found), size)
            else:
                base = int(self._begins[low])
                counts = np.zeros(int(self._begins[high]) - base, dtype=dtype)
                _count((one - base for one in found), counts)
                yield from self._of_cells(low, high, counts, size)
            low = high

    def _of_keys(self, keys: list[Array], size: int) -> Iterator[Pairs]:
        """Count keys by sorting them."""
        if not keys:
            return
        ordered = np.concatenate(keys)
        ordered.sort()
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        counts = np.diff(starts, append=len(ordered))
        distinct = ordered[starts]
        for start in range(0, len(distinct), size):
            part = distinct[start : start + size]
            second = np.searchsorted(self._begins, part, side="right") - 1
            yield Pairs(part - self._begins[second], second, counts[start : start + size])

    def _of_cells(self, low: int, high: int, counts: Array, size: int) -> Iterator[Pairs]:
        """Give the pairs of some rows, from their cells."""
        base = int(self._begins[low])
        while low < high:
            until = min(high, max(_last_within(self._begins, low, size), low + 1))
            begin, end = (int(self._begins[row]) - base for row in (low, until))
            cells = counts[begin:end]
            found = np.flatnonzero(cells)
            if len(found):
                edges = np.searchsorted(found, self._begins[low : until + 1] - base - begin)
                second = np.repeat(np.arange(low, until), np.diff(edges))
                first = found + (base + begin) - self._begins[second]
                yield Pairs(first, second, cells[found])
            low = until


class _Later:
    """Lines as the later product of pairs, sorted by product.

    Attributes:
        rows: The product of each, ascending.
        ends: How many pairs it and those before it are the later one of.
    """

    def __init__(self, held: list[Held], begins: Array) -> None:
        products, lengths = (np.concatenate(columns) for columns in zip(*held, strict=True))
        order = np.argsort(products, kind="stable")
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        self._products = products
        self._begins = begins
        # The earlier products of a line's pairs are those from the start of its basket up to it.
        self._first = starts[order]
        self._several = order - self._first
        self.rows = products[order]
        self.ends = np.cumsum(self._several)

    def keys(self, low: int, high: int) -> Iterator[Array]:
        """Give the cells of all pairs of some lines, one for each pair."""
        while low < high:
            before = int(self.ends[low - 1]) if low else 0
            until = int(np.searchsorted(self.ends, before + _KEYS_AT_ONCE, side="right"))
            until = min(high, max(until, low + 1))
            part = slice(low, until)
            several = self._several[part]
            places = np.repeat(self._first[part] - (self.ends[part] - several) + before, several)
            places += np.arange(len(places))
            if len(places):
                cells = np.repeat(self._begins[self.rows[part]], several)
                cells += self._products[places]
                yield cells
            low = until


def _count(several: Iterator[Array], counts: Array) -> None:
    one = counts.dtype.type(1)
    for cells in several:
        np.add.at(counts, cells, one)


def _last_within(ends: Array, low: int, most: int) -> int:
    """Give the last row before which no more than so many are added since another."""
    return int(np.searchsorted(ends, int(ends[low]) + most, side="right")) - 1
