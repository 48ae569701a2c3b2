"""What baskets hold, from a stream of lines, in NumPy.

Lines are scattered by a hash of their basket, so that each part is small enough for the processor's
caches; in a part they are sorted by basket and product, and netted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

_PARTS_BITS = 8
_SCATTERED_ROWS = 2**17
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


class Held(NamedTuple):
    """What baskets hold.

    Attributes:
        products: Codes of products, one basket after another, ascending in each.
        lengths: How many products each basket holds, at least one.
    """

    products: Array
    lengths: Array


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


def bought(lines: Lines) -> Held:
    """Net the lines of each basket and product.

    Args:
        lines: All lines of some baskets, in any order.

    Returns:
        What was bought more of than brought back; baskets without such are absent.
    """
    order = _by_basket_and_product(lines)
    baskets, products = lines.baskets[order], lines.products[order]
    firsts = np.flatnonzero(_starts(baskets) | _starts(products))
    firsts = firsts[_positive_sums(lines.quantities[order], firsts)]
    begins = np.flatnonzero(_starts(baskets[firsts]))
    return Held(_as_code(products[firsts]), np.diff(begins, append=len(firsts)))


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


def _as_code(products: Array) -> Array:
    """Give codes as words of 16 bits where those hold them all: NumPy sorts these fastest."""
    short = not len(products) or int(products.max()) < 2**16
    return products.astype(np.uint16 if short else np.uint32)
