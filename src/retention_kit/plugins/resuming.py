"""From where a table is read the next time, so that nothing that changed is passed over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import polars as pl

from retention_kit.contracts.instants import cast_instant
from retention_kit.contracts.reading import ISO_8601, Reading
from retention_kit.plugins.types import Cursor, SourceTable

MARGIN: Final = dt.timedelta(minutes=5)
"""How much earlier than it was begun a reading is taken up again: clocks differ a little."""
BEHIND: Final = dt.timedelta(hours=12)
"""How much more where instants have no zone: clocks may be behind UTC by so much."""
AHEAD: Final = dt.timedelta(hours=14)
"""How much instants in text that state no offset may be ahead of UTC."""


def can_resume(dtype: pl.DataType) -> bool:
    """Tell whether a column of this type can be a cursor."""
    return isinstance(dtype, pl.Datetime | pl.Date | pl.String) or dtype.is_integer()


def next_cursor(
    fresh: Path, before: Cursor | None, began: float, table: SourceTable
) -> Cursor | None:
    """Say from where a table is read the next time.

    Rows may change while pages are read, after their own page. So what tells of changes is taken up
    again at the greatest instant seen, but not later than a little before this reading began.

    Args:
        fresh: The rows that were just read.
        before: From where they were read.
        began: When that was begun, in seconds since 1970.
        table: What the source says of them.

    Returns:
        The cursor; None where the table has none, or it cannot be told.
    """
    if table.cursor is None:
        return None
    rows = pl.scan_parquet(fresh)
    dtype = rows.collect_schema()[table.cursor]
    if dtype == pl.String:
        seen = _of_text(rows, table, table.cursor)
    else:
        seen = rows.select(pl.col(table.cursor).max()).collect(engine="streaming").item()
        if dtype == pl.Date and seen is not None:
            seen = dt.datetime.combine(seen, dt.time())
    if seen is None:
        return before if _is_empty(rows) else None
    if isinstance(seen, dt.datetime) and table.cursor_kind == "modified_at":
        bound = dt.datetime.fromtimestamp(began, dt.UTC) - MARGIN
        seen = min(seen, bound if seen.tzinfo else bound.replace(tzinfo=None) - BEHIND)
    return seen


def _of_text(rows: pl.LazyFrame, table: SourceTable, column: str) -> Cursor | None:
    """Give the greatest of texts by what they say: instants, or whole numbers."""
    raw = pl.col(column)
    if table.cursor_kind == "modified_at":
        reading = Reading("UTC", date_format=ISO_8601)
        value = cast_instant(table.name, column, pl.String(), reading).value
    else:
        value = raw.str.strip_chars().cast(pl.Int64, strict=False)
    greatest, unread, read, text = (
        rows.select(
            value.max().alias("greatest"),
            (value.is_null() & raw.is_not_null()).sum().alias("unread"),
            value.is_not_null().sum().alias("read"),
            raw.max().alias("text"),
        )
        .collect(engine="streaming")
        .row(0)
    )
    if unread and (read or table.cursor_kind == "modified_at"):
        # What cannot be compared cannot be told to be the last.
        return None
    if isinstance(greatest, dt.datetime):
        return greatest - AHEAD
    return str(text) if greatest is None and text is not None else _number(greatest)


def _number(greatest: int | None) -> str | None:
    return None if greatest is None else str(greatest)


def _is_empty(rows: pl.LazyFrame) -> bool:
    return int(rows.select(pl.len()).collect().item()) == 0
