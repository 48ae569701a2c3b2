"""Counting of pairs: which products stand together in the baskets of a stream of lines, in NumPy.

Lines are scattered by a hash of their basket, so that each part is small enough for the processor's
caches; in a part they are sorted by basket and product, netted, and each product of a basket counts
with those after it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Array: TypeAlias = npt.NDArray[Any]

DENSE_CELLS = 2**25
"""Up to how many possible pairs each has a counter of its own: 256 MB, some 8,000 products."""
_PARTS_BITS = 8
_SCATTERED_ROWS = 2**17
_COMPACTED_KEYS = 2**23
_KEYS_AT_ONCE = 2**17
_PAIRED_AT_ONCE = 512
# An odd factor makes another number of each number below 2⁶⁴, and its upper bits scatter.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Lines(NamedTuple):
    """Lines, column by column.

    Attributes:
        baskets: Whose they are, a number of 64 bits for each basket.
        products: Codes of products, from 0.
        quantities: How many, negative on a return, in any one unit.
    """

    baskets: Array
    products: Array
    quantities: Array


class Pairs(NamedTuple):
    """Pairs of codes with how many baskets hold both; a code with itself has its own baskets."""

    first: Array
    second: Array
    together: Array


class BasketLines:
    """Lines that are kept as small as they can be, scattered by basket.

    A line takes some 11 to 20 bytes until it is counted.
    """

    def __init__(self) -> None:
        self._loose: list[Lines] = []
        self._loose_rows = 0
        self._parts: list[list[Lines]] = []

    def add(self, lines: Lines) -> None:
        """Take a batch of lines."""
        mixed = lines.baskets * _FACTOR
        self._loose.append(Lines(mixed, _narrowed(lines.products), _narrowed(lines.quantities)))
        self._loose_rows += len(mixed)
        if self._loose_rows >= _SCATTERED_ROWS:
            self._scatter()

    def parts(self) -> Iterator[Lines]:
        """Give all lines of some baskets after all of others, and forget them."""
        if self._parts and self._loose:
            self._scatter()
        parts = self._parts or [self._loose]
        while parts:
            part = parts.pop()
            if part:
                yield _together(part)
        self._loose = []

    def _scatter(self) -> None:
        lines = _together(self._loose)
        self._loose, self._loose_rows = [], 0
        if not self._parts:
            self._parts = [[] for _ in range(2**_PARTS_BITS)]
        part = (lines.baskets >> np.uint64(64 - _PARTS_BITS)).astype(np.uint8)
        order = np.argsort(part, kind="stable")
        ends = np.cumsum(np.bincount(part, minlength=len(self._parts)))[:-1]
        columns = (np.split(column[order], ends) for column in lines)
        for held, *several in zip(self._parts, *columns, strict=True):
            if len(several[0]):
                # A copy, for a view would hold the whole batch as long as its last part.
                held.append(Lines(*(one.copy() for one in several)))


class PairCounter:
    """Counts in how many baskets two products stand together.

    Attributes:
        baskets: How many baskets had anything.
    """

    def __init__(self, products: int, *, dense_cells: int = DENSE_CELLS) -> None:
        self._products = products
        # Row b of a triangle begins where the rows before it, of 1, 2, … b cells, end.
        codes = np.arange(products + 1, dtype=np.int64)
        self._begins = codes * (codes + 1) // 2
        cells = int(self._begins[-1])
        self._dense = np.zeros(cells, dtype=np.int64) if cells <= dense_cells else None
        self._sparse = _Sparse()
        self.baskets = 0

    def add(self, lines: Lines) -> None:
        """Count the baskets of one part, all of whose lines are here."""
        products, lengths = _bought(lines)
        self.baskets += len(lengths)
        starts = np.cumsum(lengths) - lengths
        for length in np.unique(lengths).tolist():
            alike = starts[lengths == length]
            # A column is a basket, so that a row, which all pairs are made of, is read as it lies.
            held = products[np.arange(length)[:, None] + alike]
            self._add_alike(held, self._begins[held])

    def _add_alike(self, held: Array, begins: Array) -> None:
        """Count the pairs of baskets that hold equally many products.

        Args:
            held: The products, ascending in each column.
            begins: Where their rows of the triangle begin.
        """
        length = len(held)
        if length > _PAIRED_AT_ONCE:
            for distance in range(length):
                self._count(begins[distance:] + held[: length - distance])
            return
        later, earlier = _places(length)
        at_once = max(1, _KEYS_AT_ONCE // held.shape[1])
        for start in range(0, len(later), at_once):
            part = slice(start, start + at_once)
            self._count(begins[later[part]] + held[earlier[part]])

    def _count(self, keys: Array) -> None:
        if self._dense is None:
            self._sparse.add(keys.ravel())
        else:
            np.add.at(self._dense, keys.ravel(), 1)

    def pairs(self, *, size: int) -> Iterator[Pairs]:
        """Give the pairs that were counted, at most so many cells of counters at a time."""
        if self._dense is None:
            keys, counts = self._sparse.counts()
            for start in range(0, len(keys), size):
                yield self._pairs(keys[start : start + size], counts[start : start + size])
            return
        for start in range(0, len(self._dense), size):
            counts = self._dense[start : start + size]
            found = np.flatnonzero(counts)
            if len(found):
                yield self._pairs(found + start, counts[found])

    def _pairs(self, keys: Array, counts: Array) -> Pairs:
        second = np.searchsorted(self._begins, keys, side="right") - 1
        return Pairs(keys - self._begins[second], second, counts)


class _Sparse:
    """Counters of those keys alone that occur."""

    def __init__(self) -> None:
        self._fresh: list[Array] = []
        self._fresh_keys = 0
        self._counted = _counted_keys(np.empty(0, dtype=np.int64))

    def add(self, keys: Array) -> None:
        self._fresh.append(keys)
        self._fresh_keys += len(keys)
        # At least as many as are counted already, so that each is counted anew a few times only.
        if self._fresh_keys >= max(_COMPACTED_KEYS, self._counted.height):
            self._compact()

    def counts(self) -> tuple[Array, Array]:
        self._compact()
        return self._counted["key"].to_numpy(), self._counted["count"].to_numpy()

    def _compact(self) -> None:
        if not self._fresh:
            return
        fresh = _counted_keys(np.concatenate(self._fresh))
        self._fresh, self._fresh_keys = [], 0
        both = pl.concat([self._counted, fresh]).group_by("key")
        self._counted = both.agg(pl.col("count").sum())


def _counted_keys(keys: Array) -> pl.DataFrame:
    count = pl.len().cast(pl.Int64).alias("count")
    return pl.DataFrame({"key": keys}).group_by("key").agg(count)


@functools.lru_cache(maxsize=128)
def _places(length: int) -> tuple[Array, Array]:
    """Give the places of two products in a basket of that many, the later and the earlier one."""
    later, earlier = np.tril_indices(length)
    return later.astype(np.int64), earlier.astype(np.int64)


def _bought(lines: Lines) -> tuple[Array, Array]:
    """Net the lines of each basket and product.

    Returns:
        The products of the baskets, one basket after another, ascending in each; and how many each
        basket holds, at least one.
    """
    order = _by_basket_and_product(lines)
    baskets, products = lines.baskets[order], lines.products[order]
    firsts = np.flatnonzero(_starts(baskets) | _starts(products))
    firsts = firsts[_positive_sums(lines.quantities[order], firsts)]
    begins = np.flatnonzero(_starts(baskets[firsts]))
    return products[firsts].astype(np.int64), np.diff(begins, append=len(firsts))


def _by_basket_and_product(lines: Lines) -> Array:
    """Sort by product and 32 bits of the hash, word by word; by all of them where that is too few.

    NumPy sorts words of 16 bits in linear time, and longer ones by comparing.
    """
    baskets, products = lines.baskets, lines.products
    order = np.argsort(products.astype(np.uint16), kind="stable")
    if products.dtype.itemsize > 2:
        order = _sorted_on(order, products >> 16)
    short = (baskets >> np.uint64(64 - _PARTS_BITS - 32)).astype(np.uint32)
    order = _sorted_on(order, short)
    order = _sorted_on(order, short >> np.uint32(16))
    ordered, shortly = baskets[order], short[order]
    if np.any((ordered[1:] != ordered[:-1]) & (shortly[1:] == shortly[:-1])):
        return np.lexsort((products, baskets))
    return order


def _sorted_on(order: Array, words: Array) -> Array:
    """Sort further on the lowest 16 bits of each number."""
    return order[np.argsort(words.astype(np.uint16)[order], kind="stable")]


def _starts(column: Array) -> Array:
    starts = np.ones(len(column), dtype=bool)
    starts[1:] = column[1:] != column[:-1]
    return starts


def _positive_sums(quantities: Array, firsts: Array) -> Array:
    """Tell which sums are above 0, of the rows from each of `firsts` to the next."""
    if not len(firsts):
        return np.empty(0, dtype=bool)
    wide = quantities.astype(np.int64)
    most = max(int(wide.max()), -int(wide.min()))
    if most * len(wide) < 2**62:
        whole: Array = np.add.reduceat(wide, firsts)
        return np.asarray(whole > 0)
    # The lower and the upper half apart: neither sum can overflow.
    lower = np.add.reduceat(wide & 0xFFFFFFFF, firsts)
    upper = np.add.reduceat(wide >> 32, firsts) + (lower >> 32)
    return np.asarray((upper > 0) | ((upper == 0) & ((lower & 0xFFFFFFFF) > 0)))


def _together(several: list[Lines]) -> Lines:
    return Lines(*(np.concatenate(columns) for columns in zip(*several, strict=True)))


def _narrowed(column: Array) -> Array:
    """Give a column of whole numbers the smallest signed type that holds them all."""
    if not len(column):
        return column
    least, most = column.min(), column.max()
    for candidate in (np.int8, np.int16, np.int32):
        bounds = np.iinfo(candidate)
        if bounds.min <= least and most <= bounds.max:
            return column.astype(candidate)
    return column.astype(np.int64)
