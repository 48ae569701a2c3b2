"""A lazy table of pairs, counted in Python when its plan is collected.

A join of the lines with themselves is many times dearer than NumPy's counting of the pairs of each
basket; so this is a source of Polars' own kind for Python, and the plan before it is streamed when
rows are asked for, not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from retention_kit.contracts.source_rows import rows_asked
from retention_kit.recommend.blocks import Array, BasketLines, Lines
from retention_kit.recommend.triangle import PairCounter, Pairs

BASKET = "basket"
PRODUCT = "product"
QUANTITY = "quantity"
FIRST = "product_a"
SECOND = "product_b"
TOGETHER = "together"
_CODE = "code"
_LINES_AT_ONCE = 2**20
_CELLS_AT_ONCE = 2**22
_SPAN = 2**22


def counted_pairs(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Count in how many baskets products stand together, when the result is collected.

    Args:
        lines: `BASKET` (whole numbers or text), `PRODUCT` (whole numbers, text or choices) and
            `QUANTITY` (`Int64`, below 0 on a return), none of them null.

    Returns:
        `FIRST`, `SECOND` (of the type of `PRODUCT`, the smaller first) and `TOGETHER` (`Int64`):
        a row per pair of products that some basket holds, one of each product with itself, and one
        of nulls with the number of baskets. A product is in a basket where its quantities there
        sum to more than 0.
    """
    product = lines.collect_schema()[PRODUCT]
    schema = {FIRST: product, SECOND: product, TOGETHER: pl.Int64()}
    return register_io_source(
        _PairSource(_with_numbers(lines)),
        schema=schema,
        validate_schema=True,
        is_pure=True,
    )


def _with_numbers(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Give each basket a number of 64 bits of its own."""
    dtype = lines.collect_schema()[BASKET]
    basket = pl.col(BASKET)
    if _is_short(dtype):
        whole = basket if dtype == pl.UInt64 else basket.cast(pl.Int64)
    else:
        whole = basket.cast(pl.String).cast(pl.Categorical(pl.Categories.random())).to_physical()
    return lines.select(whole.alias(BASKET), PRODUCT, QUANTITY)


@dataclass(frozen=True, slots=True)
class _PairSource:
    """What Polars asks for rows.

    Attributes:
        lines: The plan of the lines.
    """

    lines: pl.LazyFrame

    def __call__(
        self,
        columns: list[str] | None,
        predicate: pl.Expr | None,
        rows: int | None,
        _: int | None,
    ) -> Iterator[pl.DataFrame]:
        frames = self._frames()
        if columns is not None:
            frames = (frame.select(columns) for frame in frames)
        return rows_asked(frames, predicate, rows)

    def _frames(self) -> Iterator[pl.DataFrame]:
        codes = _Codes(self.lines.collect_schema()[PRODUCT])
        held = BasketLines()
        for batch in self.lines.collect_batches(
            engine="streaming", maintain_order=False, chunk_size=_LINES_AT_ONCE
        ):
            if batch.height:
                held.add(
                    Lines(
                        _bits(batch[BASKET]),
                        codes.of(batch[PRODUCT]),
                        batch[QUANTITY].to_numpy(),
                    )
                )
        counter = PairCounter(codes.count)
        for part in held.parts():
            counter.add(part)
        if counter.baskets:
            nothing = pl.Series([None], dtype=codes.dtype)
            yield _frame(nothing, nothing, np.array([counter.baskets]))
        for pairs in counter.pairs(size=_CELLS_AT_ONCE):
            yield codes.decoded(pairs)


class _Codes:
    """Products numbered from 0 as they come."""

    def __init__(self, dtype: pl.DataType) -> None:
        self.dtype = dtype
        self._known = pl.DataFrame(schema={PRODUCT: dtype, _CODE: pl.UInt32})
        self._lowest = 0
        self._codes: Array | None = np.empty(0, dtype=np.int32) if _is_short(dtype) else None

    @property
    def count(self) -> int:
        return self._known.height

    def of(self, products: pl.Series) -> Array:
        """Give the codes of a batch, and number what is new in it."""
        found = self._looked_up(products)
        if found is None:
            fresh = products.unique().to_frame().join(self._known, on=PRODUCT, how="anti")
            numbered = fresh.with_columns(
                pl.int_range(self.count, self.count + fresh.height, dtype=pl.UInt32).alias(_CODE)
            )
            self._known = pl.concat([self._known, numbered])
            self._tabulate()
            found = self._looked_up(products)
        assert found is not None
        return found

    def decoded(self, pairs: Pairs) -> pl.DataFrame:
        """Give the pairs' products, the smaller first."""
        values = self._known[PRODUCT]
        if _is_short(self.dtype):
            numbers = values.to_numpy()
            one, other = numbers[pairs.first], numbers[pairs.second]
            smaller = pl.Series(np.minimum(one, other), dtype=self.dtype)
            larger = pl.Series(np.maximum(one, other), dtype=self.dtype)
            return _frame(smaller, larger, pairs.together)
        place = np.empty(len(values), dtype=np.int64)
        place[values.arg_sort().to_numpy()] = np.arange(len(values))
        swapped = place[pairs.first] > place[pairs.second]
        first = np.where(swapped, pairs.second, pairs.first)
        second = np.where(swapped, pairs.first, pairs.second)
        return _frame(values.gather(first), values.gather(second), pairs.together)

    def _looked_up(self, products: pl.Series) -> Array | None:
        """Give codes where all products are known."""
        if self._codes is None:
            found = products.to_frame().join(
                self._known, on=PRODUCT, how="left", maintain_order="left"
            )[_CODE]
            return None if found.null_count() else found.to_numpy()
        least, most = cast("int", products.min()), cast("int", products.max())
        if least < self._lowest or most >= self._lowest + len(self._codes):
            return None
        codes = self._codes[products.cast(pl.Int64).to_numpy() - self._lowest]
        return None if codes.min() < 0 else codes

    def _tabulate(self) -> None:
        """Lay the codes of whole numbers out in a row, where those are near each other."""
        if self._codes is None:
            return
        known = self._known[PRODUCT]
        least, most = cast("int", known.min()), cast("int", known.max())
        if most - least >= _SPAN or most >= 2**63 or least < -(2**63):
            self._codes = None
            return
        self._lowest = least
        self._codes = np.full(most - least + 1, -1, dtype=np.int32)
        self._codes[known.cast(pl.Int64).to_numpy() - least] = self._known[_CODE].to_numpy()


def _frame(first: pl.Series, second: pl.Series, together: Any) -> pl.DataFrame:
    return pl.DataFrame(
        {FIRST: first, SECOND: second, TOGETHER: pl.Series(together, dtype=pl.Int64)}
    )


def _is_short(dtype: pl.DataType) -> bool:
    """Tell whole numbers of at most 64 bits, which NumPy has."""
    return dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128)


def _bits(numbers: pl.Series) -> Any:
    """Give whole numbers as the 64 bits they are of."""
    if numbers.dtype == pl.Int64:
        return numbers.to_numpy().view(np.uint64)
    return numbers.cast(pl.UInt64).to_numpy()
