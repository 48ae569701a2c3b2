"""Rows that came later take the place of earlier ones, without either being held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from retention_kit.plugins.types import SourceTable

_ARRIVAL = "__arrival"
_HASH = "__hash"


def latest_rows(fresh: Path, table: SourceTable) -> pl.LazyFrame:
    """Give the last row of each key among rows that were just read.

    The last is the one with the greatest cursor where the cursor tells of changes, and of equals
    the one that came last. Only keys that come more than once are held in memory.

    Args:
        fresh: The rows as they came.
        table: What the source says of them.
    """
    rows = pl.scan_parquet(fresh)
    if not table.key:
        return rows
    key = list(table.key)
    hashes = rows.select(pl.struct(key).hash()).collect(engine="streaming").to_series().sort()
    repeated = hashes.filter(hashes == hashes.shift(1)).unique()
    if repeated.is_empty():
        return rows
    numbered = pl.scan_parquet(fresh, row_index_name=_ARRIVAL)
    changed = table.cursor if table.cursor_kind == "modified_at" else None
    order = [_ARRIVAL] if changed is None else [changed, _ARRIVAL]
    columns = dict.fromkeys([*key, *order])
    several = (
        numbered.select(*columns, pl.struct(key).hash().alias(_HASH))
        .join(repeated.to_frame(_HASH).lazy(), on=_HASH, how="semi")
        .collect(engine="streaming")
    )
    last = several.sort(order, nulls_last=False).unique(key, keep="last")
    older = several.join(last, on=_ARRIVAL, how="anti").select(_ARRIVAL)
    return numbered.join(older.lazy(), on=_ARRIVAL, how="anti").drop(_ARRIVAL)


def merged_rows(
    before: pl.LazyFrame | None, fresh: pl.LazyFrame, table: SourceTable
) -> pl.LazyFrame:
    """Put rows that were just read in the place of those of the same keys.

    Args:
        before: What was there; None for nothing.
        fresh: What was just read, each key once.
        table: What the source says of them.

    Returns:
        The rows as they are now, without those that are deleted.
    """
    living = without_deleted(fresh, table)
    if before is None:
        return living
    keys: Sequence[str] = table.key
    untouched = before.join(fresh.select(keys), on=list(keys), how="anti", nulls_equal=True)
    return pl.concat([untouched, living])


def without_deleted(rows: pl.LazyFrame, table: SourceTable) -> pl.LazyFrame:
    """Leave out the rows that are marked as deleted, and the mark."""
    mark = table.deletions
    if mark is None or mark not in rows.collect_schema():
        return rows
    return rows.filter(~pl.col(mark).fill_null(value=False)).drop(mark)
