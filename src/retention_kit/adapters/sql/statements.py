"""What is asked of a database: columns, a point to begin at and a limit, each bound or quoted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
import sqlalchemy as sql

from retention_kit.adapters.cursors import cursor_of, point_for
from retention_kit.adapters.sql.settings import DeclaredRows
from retention_kit.adapters.typed_columns import MONEY_SCALE
from retention_kit.errors import DefinitionError
from retention_kit.plugins.types import Cursor, SourceTable

_DAY = dt.timedelta(days=1)


def relation_of(
    declared: DeclaredRows, *, name: str, schema: str | None, columns: Sequence[str] = ()
) -> sql.FromClause:
    """Give what rows are selected from: a table or a view by name, or a query in brackets."""
    parts: list[sql.ColumnClause[Any]] = [sql.column(column) for column in columns]
    if declared.query is None:
        return sql.table(declared.relation or name, *parts, schema=schema)
    text = sql.text(declared.query.strip().rstrip(";"))
    # Unique, so that a name of the user's is never one that SQLAlchemy gives, as for a limit.
    given: list[sql.BindParameter[Any]] = [
        sql.bindparam(one, value, unique=True) for one, value in declared.parameters.items()
    ]
    return text.bindparams(*given).columns(*parts).subquery("asked")


def sample_statement(relation: sql.FromClause, *, rows: int) -> sql.Select[Any]:
    """Ask for all columns of the first rows."""
    return sql.select(sql.literal_column("*")).select_from(relation).limit(rows)


def rows_statement(
    relation: sql.FromClause,
    *,
    columns: Sequence[str],
    since: sql.ColumnElement[bool] | None,
    rows: int | None,
) -> sql.Select[Any]:
    """Ask for columns of the rows from a point on.

    Args:
        relation: Where they stand.
        columns: Which columns, at least one.
        since: The condition that says from where on.
        rows: How many at most; None for all of them.
    """
    parts: list[sql.ColumnClause[Any]] = [sql.column(column) for column in columns]
    asked = sql.select(*parts).select_from(relation)
    if since is not None:
        asked = asked.where(since)
    return asked if rows is None else asked.limit(rows)


def is_coarse(dtype: pl.DataType, *, backend: str) -> bool:
    """Tell whether a database compares a cursor as text, so that a day's margin is needed."""
    return dtype == pl.String or (backend == "sqlite" and dtype.is_temporal())


def since_condition(
    since: Cursor,
    table: SourceTable,
    schema: pl.Schema,
    *,
    backend: str,
    naive_zone: str,
) -> sql.ColumnElement[bool]:
    """Give the condition that rows are at or after a point, or without a cursor.

    Where the database keeps instants as text, rows from two days before come too, however they are
    written; they are to be filtered once more.

    Args:
        since: The point.
        table: The table.
        schema: Its columns.
        backend: The kind of database, as SQLAlchemy names it.
        naive_zone: The time zone in which instants without one are meant.

    Raises:
        DefinitionError: The column cannot be compared with the point.
    """
    cursor = cursor_of(table, schema)
    dtype = schema[cursor]
    if dtype == pl.String and table.cursor_kind == "id":
        raise DefinitionError(
            f"Column {cursor!r} of table {table.name!r} is text, whose order is not that in which "
            "ids grow. Allowed: a whole number as the cursor of kind 'id'. Next step: cast it in a "
            "query.",
            parameter="cursor",
        )
    point: Any = point_for(since, dtype, table, naive_zone=naive_zone)
    if is_coarse(dtype, backend=backend):
        day = dt.date.fromisoformat(str(point)[:10])
        point = (day - 2 * _DAY).isoformat() if day > dt.date.min + 2 * _DAY else ""
    column: sql.ColumnClause[Any] = sql.column(cursor)
    # Of no name of its own: a query of the user's may have a parameter of any name.
    return (column >= sql.bindparam(None, point, unique=True)) | column.is_(None)


def type_of_column(kind: Any, *, backend: str) -> pl.DataType | None:
    """Give the type of a column that a database declares; None where it says nothing certain.

    Args:
        kind: The column's type, as SQLAlchemy reflects it.
        backend: The kind of database, as SQLAlchemy names it.
    """
    if isinstance(kind, sql.DateTime):
        # SQLite keeps no zone, whatever is declared.
        return pl.Datetime("us", "UTC" if kind.timezone and backend != "sqlite" else None)
    if isinstance(kind, sql.Float):
        return pl.Float64()
    if isinstance(kind, sql.Numeric):
        return pl.Decimal(38, MONEY_SCALE if kind.scale is None else min(kind.scale, 38))
    for known, dtype in _TYPES:
        if isinstance(kind, known):
            return dtype
    return None


_TYPES: tuple[tuple[Any, pl.DataType], ...] = (
    (sql.Boolean, pl.Boolean()),
    (sql.Integer, pl.Int64()),
    (sql.Date, pl.Date()),
    (sql.Time, pl.Time()),
    (sql.Interval, pl.Duration("us")),
    (sql.LargeBinary, pl.Binary()),
    (sql.String, pl.String()),
    (sql.Uuid, pl.String()),
    (sql.JSON, pl.String()),
    (sql.ARRAY, pl.String()),
)
