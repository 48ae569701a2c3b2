"""Small facts side by side in one whole number, because a group costs by its aggregates.

Two counts share a number of 64 bits, 32 bits each: more rows than that no table has. What is only
true or false is one bit, and the bits of all rows of a customer are joined by or. What a row gives
to a number depends on when it happened alone, but for the kinds of rows: so each kind gives one
number that changes from one bound of time to the next, however many bounds are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import polars as pl

from retention_kit.smart_segments.definitions.windows import Bounds

_HALF = 2**32
_BITS = 62
_EVER: Bounds = (None, 2**63)


class _Given(NamedTuple):
    """What rows give to a number.

    Attributes:
        mask: Which rows.
        bounds: From when, and before when.
        number: The number.
    """

    mask: pl.Expr
    bounds: Bounds
    number: int


class _Place(NamedTuple):
    """Where a bit is: in which column, and which number it is there."""

    column: int
    bit: int


@dataclass(slots=True)
class Packs:
    """Counts and bits of one table, as they are asked for and then aggregated.

    Attributes:
        prefix: What the names of its columns begin with.
        at: The instants of the rows, in microseconds since 1970 in UTC.
        now: Before when all rows are.
        counted: The rows that are counted.
        bits: By column, what rows give to it.
        kinds_of: By column, bits that rows give by a number of theirs.
        places: By rows and bounds, the bit that says whether there is one.
        free: How many bits of the last of these columns are not taken.
    """

    prefix: str
    at: pl.Expr
    now: int
    counted: list[_Given] = field(default_factory=list)
    bits: list[list[_Given]] = field(default_factory=list)
    kinds_of: dict[int, list[pl.Expr]] = field(default_factory=dict)
    places: dict[tuple[str, Bounds], _Place] = field(default_factory=dict)
    free: int = 0

    def count(self, mask: pl.Expr, bounds: Bounds = _EVER) -> pl.Expr:
        """Count the rows that a mask leaves within bounds; 0 of customers who are not there."""
        column, is_upper = divmod(len(self.counted), 2)
        self.counted.append(_Given(mask, bounds, _HALF if is_upper else 1))
        both = pl.col(f"{self.prefix}counts_{column}").cast(pl.Int64)
        half = both // _HALF if is_upper else both % _HALF
        return half.fill_null(0)

    def exists(self, mask: pl.Expr, bounds: Bounds = _EVER) -> pl.Expr:
        """Say whether a mask leaves a row within bounds; false of customers who are not there."""
        key = (str(mask), bounds)
        place = self.places.get(key) or self._new([(mask, bounds)])[0]
        bit = pl.lit(place.bit, dtype=pl.Int64)
        return ((self._of(place.column) & bit) != 0).fill_null(value=False)

    def spans(self, mask: pl.Expr, edges: Sequence[int]) -> pl.Expr:
        """Count the spans of time from one edge to the next in which a mask leaves a row.

        Args:
            mask: Which rows.
            edges: In microseconds since 1970 in UTC, in order; as few as `has_room_for` says.
        """
        asked = [(mask, bounds) for bounds in pairwise(edges)]
        known = [self.places.get((str(mask), bounds)) for _, bounds in asked]
        found = [place for place in known if place is not None]
        if len(found) < len(asked) or len({place.column for place in found}) > 1:
            found = self._new(asked)
        own = pl.lit(sum(place.bit for place in found), dtype=pl.Int64)
        seen = (self._of(found[0].column) & own).bitwise_count_ones()
        return seen.fill_null(0).cast(pl.Int64)

    def kinds(self, mask: pl.Expr, number: pl.Expr, most: int) -> pl.Expr:
        """Count the different numbers, 0 to below `most`, of the rows that a mask leaves."""
        column, offset = self._take(most)
        shift = (pl.when(mask).then(number) + offset).cast(pl.UInt32)
        self.kinds_of.setdefault(column, []).append(pl.lit(2, dtype=pl.Int64).pow(shift))
        own = pl.lit((2**most - 1) * 2**offset, dtype=pl.Int64)
        seen = (self._of(column) & own).bitwise_count_ones()
        return seen.fill_null(0).cast(pl.Int64)

    @staticmethod
    def has_room_for(bits: int) -> bool:
        """Say whether so many bits fit into one number."""
        return bits <= _BITS

    def sums(self) -> list[pl.Expr]:
        """Give the aggregates."""
        found = []
        for column in range(0, len(self.counted), 2):
            numbers = self._numbers(self.counted[column : column + 2])
            both = numbers[0] if len(numbers) == 1 else numbers[0] + numbers[1]
            found.append(both.sum().alias(f"{self.prefix}counts_{column // 2}"))
        for column, given in enumerate(self.bits):
            numbers = self._numbers(given)
            numbers += [kind.fill_null(0) for kind in self.kinds_of.get(column, ())]
            joined = numbers[0]
            for more in numbers[1:]:
                joined = joined | more
            found.append(joined.bitwise_or().alias(f"{self.prefix}bits_{column}"))
        return found

    def _numbers(self, given: Sequence[_Given]) -> list[pl.Expr]:
        """Give what a row gives altogether, by each kind of rows."""
        by_mask: dict[str, list[_Given]] = {}
        for one in given:
            by_mask.setdefault(str(one.mask), []).append(one)
        nothing = pl.lit(0, dtype=pl.Int64)
        return [
            pl.when(alike[0].mask).then(self._in_time(alike)).otherwise(nothing)
            for alike in by_mask.values()
        ]

    def _in_time(self, given: Sequence[_Given]) -> pl.Expr:
        """Give what rows of one kind give by their instants: a number that goes by steps."""
        steps: dict[int | None, int] = {None: 0}
        for (start, end), number in ((one.bounds, one.number) for one in given):
            # What is over before it begins holds nothing.
            if start is not None and start >= end:
                continue
            steps[start] = steps.get(start, 0) + number
            if end < self.now:
                steps[end] = steps.get(end, 0) - number
        level, levels = steps.pop(None), []
        first = level
        for edge in sorted(steps, key=lambda one: one or 0):
            level += steps[edge]
            levels.append((edge or 0, level))
        return _stair(self.at, first, levels)

    def _of(self, column: int) -> pl.Expr:
        return pl.col(f"{self.prefix}bits_{column}")

    def _new(self, asked: Sequence[tuple[pl.Expr, Bounds]]) -> list[_Place]:
        """Take bits that rows within bounds set."""
        column, offset = self._take(len(asked))
        places = []
        for number, (mask, bounds) in enumerate(asked, offset):
            self.bits[column].append(_Given(mask, bounds, 2**number))
            place = _Place(column, 2**number)
            self.places.setdefault((str(mask), bounds), place)
            places.append(place)
        return places

    def _take(self, bits: int) -> tuple[int, int]:
        if bits > self.free:
            self.bits.append([])
            self.free = _BITS
        self.free -= bits
        return len(self.bits) - 1, _BITS - self.free - bits


def _stair(at: pl.Expr, first: int, levels: Sequence[tuple[int, int]]) -> pl.Expr:
    """Give the level that an instant has reached: halving, so that no expression is deep."""
    if not levels:
        return pl.lit(first, dtype=pl.Int64)
    middle = len(levels) // 2
    edge, level = levels[middle]
    return (
        pl.when(at >= edge)
        .then(_stair(at, level, levels[middle + 1 :]))
        .otherwise(_stair(at, first, levels[:middle]))
    )
