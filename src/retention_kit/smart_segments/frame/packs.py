"""Small facts side by side in one whole number, because a group costs by its aggregates.

Two counts share a number of 64 bits, 32 bits each: more rows than that no table has. What is only
true or false is one bit, and the bits of all rows of a customer are joined by or.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

_HALF = 2**32
_BITS = 62


@dataclass(slots=True)
class Packs:
    """Counts and bits of one table, as they are asked for and then aggregated.

    Attributes:
        prefix: What the names of its columns begin with.
        counted: The masks whose rows are counted.
        bits: By column, what each row gives to it.
        free: How many bits of the last of these columns are not taken.
    """

    prefix: str
    counted: list[pl.Expr] = field(default_factory=list)
    bits: list[list[pl.Expr]] = field(default_factory=list)
    free: int = 0

    def count(self, mask: pl.Expr) -> pl.Expr:
        """Count the rows that a mask leaves; 0 of customers who are not there."""
        column, is_upper = divmod(len(self.counted), 2)
        self.counted.append(mask)
        both = pl.col(f"{self.prefix}counts_{column}").cast(pl.Int64)
        half = both // _HALF if is_upper else both % _HALF
        return half.fill_null(0)

    def exists(self, mask: pl.Expr) -> pl.Expr:
        """Say whether a mask leaves a row; false of customers who are not there."""
        column, offset = self._take(1)
        bit = pl.lit(2**offset, dtype=pl.Int64)
        self.bits[column].append(pl.when(mask).then(bit))
        return ((self._of(column) & bit) != 0).fill_null(value=False)

    def kinds(self, mask: pl.Expr, number: pl.Expr, most: int) -> pl.Expr:
        """Count the different numbers, 0 to below `most`, of the rows that a mask leaves."""
        column, offset = self._take(most)
        shift = (pl.when(mask).then(number) + offset).cast(pl.UInt32)
        self.bits[column].append(pl.lit(2, dtype=pl.Int64).pow(shift))
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
            pair = self.counted[column : column + 2]
            name = f"{self.prefix}counts_{column // 2}"
            found.append((_two(*pair) if len(pair) == 2 else pair[0]).sum().alias(name))
        for column, given in enumerate(self.bits):
            joined = given[0].fill_null(0)
            for more in given[1:]:
                joined = joined | more.fill_null(0)
            found.append(joined.bitwise_or().alias(f"{self.prefix}bits_{column}"))
        return found

    def _of(self, column: int) -> pl.Expr:
        return pl.col(f"{self.prefix}bits_{column}")

    def _take(self, bits: int) -> tuple[int, int]:
        if bits > self.free:
            self.bits.append([])
            self.free = _BITS
        self.free -= bits
        return len(self.bits) - 1, _BITS - self.free - bits


def _two(lower: pl.Expr, upper: pl.Expr) -> pl.Expr:
    return (
        pl.when(lower & upper)
        .then(pl.lit(_HALF + 1, dtype=pl.Int64))
        .when(upper)
        .then(pl.lit(_HALF, dtype=pl.Int64))
        .when(lower)
        .then(pl.lit(1, dtype=pl.Int64))
        .otherwise(pl.lit(0, dtype=pl.Int64))
    )
