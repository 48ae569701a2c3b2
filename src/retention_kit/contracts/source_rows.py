"""What every source of Polars' own kind for Python does with its rows: filter them, and stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl


def rows_asked(
    frames: Iterable[pl.DataFrame], predicate: pl.Expr | None, rows: int | None
) -> Iterator[pl.DataFrame]:
    """Give those rows of a source that Polars asks it for, batch by batch.

    Args:
        frames: The source's batches, which are taken until there are rows enough.
        predicate: Which rows are wanted; None for all.
        rows: How many of those at most; None for all.
    """
    left = rows
    for frame in frames:
        found = frame if predicate is None else frame.filter(predicate)
        if left is not None:
            found = found.head(left)
            left -= found.height
        yield found
        if left == 0:
            return
