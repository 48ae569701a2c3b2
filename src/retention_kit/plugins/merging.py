"""Rows that came later take the place of earlier ones, without either being held in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from retention_kit.plugins.types import SourceTable

_ARRIVAL = "__arrival"
_HASH = "__hash"
_MANY: Final = 200_000
"""Of more rows than this it is not asked whether they are known: it would need memory for them."""


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
    keys, same_hash = _came(fresh, table)
    # What is looked up is held in memory: the keys that came, never the rows that were there.
    untouched = before.filter(~same_hash)
    of_another_key = before.filter(same_hash).join(
        keys.lazy(), on=list(table.key), how="anti", nulls_equal=True
    )
    return pl.concat([untouched, of_another_key, living])


def _came(fresh: pl.LazyFrame, table: SourceTable) -> tuple[pl.DataFrame, pl.Expr]:
    """Give the keys that came, and what is true of rows that may have one of them."""
    keys = fresh.select(table.key).collect(engine="streaming")
    key = pl.struct(table.key).hash()
    hashes = keys.select(key).to_series().implode()
    return keys, key.is_in(hashes)


def is_known(before: Path, fresh: Path, table: SourceTable) -> bool:
    """Tell whether rows that were just read are there already, all of them as they are.

    Those at the cursor itself always come again; for them alone nothing need be written.

    Args:
        before: The rows that were there.
        fresh: The rows as they came.
        table: What the source says of them.
    """
    old = pl.scan_parquet(before)
    latest = latest_rows(fresh, table)
    columns = old.collect_schema()
    if any(dtype.is_nested() for dtype in columns.values()):
        # What is nested cannot be joined by.
        return bool(pl.scan_parquet(fresh).select(pl.len()).collect().item() == 0)
    keys = list(table.key)
    came, same_hash = _came(latest, table)
    if came.height > _MANY:
        return False
    touched = old.filter(same_hash).join(came.lazy(), on=keys, how="semi", nulls_equal=True)
    living = without_deleted(latest, table)
    new = living.join(touched, on=list(columns), how="anti", nulls_equal=True).head(1)
    if not new.collect(engine="streaming").is_empty():
        return False
    mark = table.deletions
    if mark is None or mark not in latest.collect_schema():
        return True
    deleted = latest.filter(pl.col(mark).fill_null(value=False)).select(keys)
    gone = touched.join(deleted, on=keys, how="semi", nulls_equal=True).head(1)
    return gone.collect(engine="streaming").is_empty()


def without_deleted(rows: pl.LazyFrame, table: SourceTable) -> pl.LazyFrame:
    """Leave out the rows that are marked as deleted, and the mark."""
    mark = table.deletions
    if mark is None or mark not in rows.collect_schema():
        return rows
    return rows.filter(~pl.col(mark).fill_null(value=False)).drop(mark)
