"""What the door takes of each row in its one pass: a few bits, and a few bytes to compare.

Counting inside the plan would hold hash tables beside the data; a byte of flags per row, counted
afterwards, is both faster and smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

FLAGS = "__flags"
KEPT = "kept"
"""The flag of rows that keep every rule of their own."""

Collect = Callable[[pl.LazyFrame], pl.DataFrame]
"""What turns a plan into rows."""


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of all rows of a table.

    Attributes:
        rows: One row per row of the table: `FLAGS`, and the columns that were asked for.
        names: The flags, lowest bit first.
        tallies: How many rows have each combination of flags.
    """

    rows: pl.DataFrame
    names: tuple[str, ...]
    tallies: Mapping[int, int]

    def count(self, *flags: str, lacking: tuple[str, ...] = ()) -> int:
        """Count the rows that have all these flags, and none of those."""
        asked, wanted = self._mask((*flags, *lacking)), self._mask(flags)
        return sum(rows for value, rows in self.tallies.items() if value & asked == wanted)

    def column(self, name: str, *flags: str, lacking: tuple[str, ...] = ()) -> pl.Series:
        """Give a column of the rows that have all these flags, and none of those."""
        if self.count(*flags, lacking=lacking) == self.count():
            return self.rows[name]
        asked, wanted = self._mask((*flags, *lacking)), self._mask(flags)
        return self.rows.filter((pl.col(FLAGS) & asked) == wanted)[name]

    def sizes(self, name: str, *flags: str) -> pl.DataFrame:
        """Count the rows that have all these flags, by the values of a column.

        Returns:
            Two columns, `name` and `rows`.
        """
        mask = self._mask(flags)
        plan = self.rows.lazy().filter((pl.col(FLAGS) & mask) == mask).group_by(name)
        return plan.agg(pl.len().alias("rows")).collect(engine="streaming")

    def _mask(self, flags: tuple[str, ...]) -> int:
        return sum(1 << self.names.index(flag) for flag in flags)


def take_signals(
    frame: pl.LazyFrame,
    flags: Mapping[str, pl.Expr],
    columns: Mapping[str, pl.Expr] | None = None,
    *,
    run: Collect,
) -> Signals:
    """Read a table once and take the signals of its rows.

    Args:
        frame: The table.
        flags: At most 16 conditions by name; null counts as false.
        columns: Small columns to take along, by name.
        run: What collects.
    """
    width = pl.UInt8 if len(flags) <= 8 else pl.UInt16
    bits = [
        pl.when(condition).then(pl.lit(1 << place, dtype=width)).otherwise(pl.lit(0, dtype=width))
        for place, condition in enumerate(flags.values())
    ]
    packed = bits[0]
    for bit in bits[1:]:
        packed = packed | bit
    rows = run(
        frame.select(
            packed.alias(FLAGS), *(value.alias(name) for name, value in (columns or {}).items())
        )
    )
    tallied = rows.lazy().group_by(FLAGS).agg(pl.len()).collect(engine="streaming")
    return Signals(rows=rows, names=tuple(flags), tallies=dict(tallied.rows()))
