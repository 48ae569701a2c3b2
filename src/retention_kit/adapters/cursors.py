"""Reading a table from a point on: the point as the column has it, so that no row is lost.

Where it is not certain that a row lies before the point, it comes: that it is known already is told
by its key.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.instants import cast_instant
from retention_kit.contracts.reading import ISO_8601, Reading
from retention_kit.errors import DefinitionError
from retention_kit.plugins.types import Cursor, SourceTable

Point = dt.datetime | dt.date | int | str
"""A cursor as a column of some type has it."""

_HOUR = dt.timedelta(hours=1)


def point_for(
    since: Cursor, dtype: pl.DataType, table: SourceTable, *, naive_zone: str = "UTC"
) -> Point:
    """Give the point from which a table is read, as its cursor's column has it.

    Args:
        since: The point, as it was asked for; text is ISO 8601 or a whole number.
        dtype: The type of the column.
        table: The table, which has a cursor.
        naive_zone: The time zone in which instants without one are meant.

    Returns:
        Text for a column of text; else a number, an instant with or without a zone, or a day.

    Raises:
        DefinitionError: The column's type cannot be compared with it.
    """
    try:
        if isinstance(dtype, pl.Datetime):
            return _instant(since, dtype, ZoneInfo(naive_zone))
        if dtype == pl.Date:
            return _aware(since, ZoneInfo(naive_zone)).astimezone(ZoneInfo(naive_zone)).date()
        if dtype.is_numeric() and not isinstance(since, dt.datetime):
            return int(since)
        if dtype == pl.String and table.cursor_kind == "modified_at":
            return _aware(since, ZoneInfo(naive_zone)).isoformat()
        if dtype == pl.String and not isinstance(since, dt.datetime):
            return str(int(since))
    except (ValueError, TypeError):
        pass
    raise DefinitionError(
        f"Parameter 'since' is a {type(since).__name__} that cannot be compared with column "
        f"{table.cursor!r} of table {table.name!r}, which is {dtype}. Allowed: an instant or its "
        "ISO 8601 text for what is modified at an instant, a whole number for an id that grows. "
        "Next step: leave since out, or declare another cursor.",
        parameter="since",
    )


def rows_since(
    frame: pl.LazyFrame,
    schema: pl.Schema,
    since: Cursor,
    table: SourceTable,
    *,
    naive_zone: str = "UTC",
) -> pl.LazyFrame:
    """Keep the rows of a table from a point on.

    A column of text is compared by what it says: as instants in ISO 8601, or as whole numbers. Rows
    without a cursor, or with one that cannot be read, stay.

    Args:
        frame: The rows.
        schema: Their schema.
        since: The point.
        table: The table, which has a cursor.
        naive_zone: The time zone in which instants without one are meant.

    Raises:
        DefinitionError: The column is not there, or its type cannot be compared with the point.
    """
    cursor = cursor_of(table, schema)
    dtype = schema[cursor]
    point = point_for(since, dtype, table, naive_zone=naive_zone)
    value = pl.col(cursor)
    if dtype == pl.String and table.cursor_kind == "modified_at":
        reading = Reading(naive_zone, date_format=ISO_8601)
        value = cast_instant(table.name, cursor, dtype, reading).value
        at = dt.datetime.fromisoformat(str(point)).astimezone(ZoneInfo(naive_zone))
        # What was written while clocks were put back may be an hour later than it is read.
        point = at - _put_back(at, ZoneInfo(naive_zone))
    elif dtype == pl.String:
        value, point = value.str.strip_chars().cast(pl.Int64, strict=False), int(str(point))
    elif isinstance(dtype, pl.Datetime) and dtype.time_zone and isinstance(point, dt.datetime):
        # Polars takes an instant as a literal in its own zone alone.
        point = point.astimezone(ZoneInfo(dtype.time_zone))
    return frame.filter((value >= pl.lit(point)).fill_null(value=True))


def cursor_of(table: SourceTable, schema: pl.Schema) -> str:
    """Give the column that `since` speaks of.

    Raises:
        DefinitionError: It is not among the columns.
    """
    if table.cursor is None or table.cursor not in schema:
        raise DefinitionError(
            f"Table {table.name!r} has no column {table.cursor!r}, which was declared as its "
            f"cursor. Allowed: {', '.join(schema)}. Next step: mend the declaration.",
            parameter="cursor",
        )
    return table.cursor


def _aware(since: Cursor, zone: ZoneInfo) -> dt.datetime:
    if not isinstance(since, dt.datetime | str):
        raise TypeError
    at = dt.datetime.fromisoformat(since.strip()) if isinstance(since, str) else since
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _instant(since: Cursor, dtype: pl.Datetime, zone: ZoneInfo) -> dt.datetime:
    aware = _aware(since, zone)
    if dtype.time_zone is not None:
        return aware.astimezone(dt.UTC)
    return _earliest_wall_clock(aware, zone)


def _earliest_wall_clock(at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Give what no clock of the zone shows less than, from an instant on.

    When clocks are put back, what happens later may be written with an earlier time.
    """
    return at.astimezone(dt.UTC).replace(tzinfo=None) + min(_offsets(at, zone, range(4)))


def _put_back(at: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    """Give by how much clocks change around an instant."""
    offsets = _offsets(at, zone, range(-3, 4))
    return max(offsets) - min(offsets)


def _offsets(at: dt.datetime, zone: ZoneInfo, hours: range) -> list[dt.timedelta]:
    utc = at.astimezone(dt.UTC)
    found = [(utc + hour * _HOUR).astimezone(zone).utcoffset() for hour in hours]
    return [offset for offset in found if offset is not None]
