"""From the columns of a summary to arrays and back, with a word on rows that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.summary import HISTORY
from retention_kit.errors import DataError

_ROOM = 20_000_000


class Given(NamedTuple):
    """The histories in a block of rows.

    Attributes:
        rows: Which rows have one; the others hold a null.
        x: Repeat purchases of those.
        t_x: Time of the last one, in days.
        age: Time since the first purchase, in days.
    """

    rows: NDArray[np.bool_]
    x: Floats
    t_x: Floats
    age: Floats

    def in_units(self, days: float) -> tuple[Floats, Floats, Floats]:
        """Give `x`, `t_x` and `age`, the times in units of so many days."""
        return self.x, self.t_x / days, self.age / days

    def spread(self, values: Floats) -> pl.Series:
        """Put values of the rows that have a history into a column, null elsewhere and for NaN."""
        column = np.full(self.rows.shape, np.nan)
        column[self.rows] = values
        return pl.Series(column, nan_to_null=True)

    def once(self, function: Callable[[Floats, Floats], Floats]) -> Floats:
        """Apply a function of frequency and age to each distinct pair, and spread the answers.

        What a model expects of a customer who is alive hangs on these two alone, and of a million
        customers whose ages are whole days they are some ten thousand pairs. Unlike `interpolate`
        it is right for what bends sharply.
        """
        if self.age.size == 0:
            return function(self.x, self.age)
        ages, times = self.age.astype(np.int64), self.x.astype(np.int64)
        width = int(ages.max()) + 1
        size = (int(times.max()) + 1) * width
        if size > _ROOM or (ages != self.age).any():
            return function(self.x, self.age)
        pair = times * width + ages
        occurs = np.zeros(size, dtype=np.bool_)
        occurs[pair] = True
        found = np.flatnonzero(occurs)
        each = function((found // width).astype(np.float64), (found % width).astype(np.float64))
        place = np.cumsum(occurs, dtype=np.int64) - 1
        return np.asarray(each[place[pair]])


def given_in(block: pl.Series) -> Given:
    """Read frequency, `t_x_days` and `T_days` out of a column of structs.

    Raises:
        DataError: A row is not possible.
    """
    columns = [block.struct.field(name) for name in block.struct.fields[:3]]
    rows = np.ones(len(block), dtype=np.bool_)
    for column in columns:
        rows &= column.is_not_null().to_numpy()
    x, t_x, age = (
        np.ascontiguousarray(column.cast(pl.Float64).to_numpy()[rows]) for column in columns
    )
    # Written so that NaN is refused too.
    wrong = {
        "a frequency below 0 or not whole": ~((x >= 0) & (x == np.floor(x)) & np.isfinite(x)),
        "t_x_days below 0": ~(t_x >= 0),
        "t_x_days above T_days": ~(t_x <= age),
        "T_days not finite": ~np.isfinite(age),
        "t_x_days above 0 with frequency 0": (x == 0) & (t_x > 0),
    }
    told = [f"{what} in {int(bad.sum()):,} rows" for what, bad in wrong.items() if bad.any()]
    if told:
        raise DataError(
            f"The summary has {'; '.join(told)}. Allowed: whole frequencies from 0 on, and 0 <= "
            "t_x_days <= T_days. Next step: make it with clv_summary(orders, as_of=…)."
        )
    return Given(rows, x, t_x, age)


def column_of_histories(values: Callable[[Given], Floats], name: str) -> pl.Expr:
    """Give a column that is made of the histories in a summary, null where there is none."""

    def column(block: pl.Series) -> pl.Series:
        given = given_in(block)
        return given.spread(values(given))

    return column_of(column, HISTORY, name)


def column_of(
    values: Callable[[pl.Series], pl.Series], columns: tuple[str, ...], name: str
) -> pl.Expr:
    """Give a column that is made of others, row by row."""
    mapped = pl.struct(columns).map_batches(values, return_dtype=pl.Float64, is_elementwise=True)
    return mapped.alias(name)
