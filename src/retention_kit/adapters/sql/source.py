"""The source of databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import polars as pl

from retention_kit.errors import (
    DataError,
    DefinitionError,
    MissingDependencyError,
    nearest_names,
)

try:
    import sqlalchemy as sql
except ModuleNotFoundError:
    raise MissingDependencyError("sqlalchemy", "delivery") from None

from retention_kit.adapters.cursors import rows_since
from retention_kit.adapters.declared import check_columns, table_to_scan
from retention_kit.adapters.sql.engines import in_our_words, open_engine
from retention_kit.adapters.sql.fetching import fetched
from retention_kit.adapters.sql.settings import SqlSettings
from retention_kit.adapters.sql.statements import (
    is_coarse,
    relation_of,
    rows_statement,
    sample_statement,
    since_condition,
    type_of_column,
)
from retention_kit.adapters.typed_columns import type_of_values
from retention_kit.plugins.io_source import lazy_source
from retention_kit.plugins.types import Cursor, SourceTable

_SAMPLED_ROWS = 1_000


class SqlSource:
    """Tables, views and queries of one database.

    Rows are fetched in batches through a cursor of the server's, where it has such. The columns
    that are needed and an unfiltered limit reach the database; `since` is bound as a parameter. The
    types of a relation's columns are those that the database declares; of a query's, those of its
    first 1,000 rows, where a column without any value is text.

    Args:
        settings: Where the database is, and what is declared of its tables.
        name: The instance's name.
        engine: An engine of SQLAlchemy in place of the settings' URL; it stays the caller's.

    Raises:
        DefinitionError: The URL is none, or the database's driver is not installed.
        MissingDependencyError: SQLAlchemy or psycopg is not installed.

    Examples:
        >>> declared = {"totals": {"query": "SELECT :base + 1 AS total", "parameters": {"base": 6}}}
        >>> settings = SqlSettings.model_validate({"url": "sqlite://", "declared": declared})
        >>> source = SqlSource(settings)
        >>> source.scan("totals").collect().rows()
        [(7,)]
        >>> source.close()
    """

    def __init__(
        self, settings: SqlSettings, *, name: str = "sql", engine: sql.Engine | None = None
    ) -> None:
        self._settings = settings
        self._name = name
        self._own = engine is None
        self._engine = open_engine(settings.url) if engine is None else engine
        self._tables = {table: one.as_table(table) for table, one in settings.declared.items()}

    def __repr__(self) -> str:
        # One that could not be opened may be shown in a traceback.
        engine = getattr(self, "_engine", None)
        return f"SqlSource({engine.dialect.name if engine else 'not open'}, name={self._name!r})"

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name: those that are declared."""
        return dict(self._tables)

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame; the database is asked for its columns and nothing else.

        Args:
            table: One of `tables`.
            since: Only rows whose cursor is at or after this, and rows without one.

        Raises:
            DefinitionError: There is no such table, here or in the database; or it has no cursor
                and `since` is given; or the database does not understand a query.
            ChannelError: The database cannot be asked, as the error's class says.
        """
        described = table_to_scan(self._tables, table, since, source=self._name)
        # Asked for here and not by Polars, from which an error would come out as another.
        with in_our_words(table):
            schema = self._schema(table)
        check_columns(described, schema)

        def batches(columns: list[str] | None, rows: int | None) -> Iterator[pl.DataFrame]:
            return self._batches(described, schema, columns, rows, since)

        return lazy_source(schema, batches, name=f"{self._name}.{table}")

    def close(self) -> None:
        """Close the connections that the source opened."""
        if self._own:
            self._engine.dispose()

    def _batches(
        self,
        table: SourceTable,
        schema: pl.Schema,
        columns: list[str] | None,
        rows: int | None,
        since: Cursor | None,
    ) -> Iterator[pl.DataFrame]:
        settings, backend = self._settings, self._engine.dialect.name
        # A row has a column, though a plan that counts rows needs none.
        asked = columns or schema.names()[: None if columns is None else 1]
        condition, again = None, False
        if since is not None:
            zone = settings.naive_zone
            condition = since_condition(since, table, schema, backend=backend, naive_zone=zone)
            again = is_coarse(schema[str(table.cursor)], backend=backend)
            if again:
                asked, rows = list(dict.fromkeys([*asked, str(table.cursor)])), None
        statement = rows_statement(
            self._relation(table.name, schema.names()), columns=asked, since=condition, rows=rows
        )
        wanted = pl.Schema({name: schema[name] for name in asked})
        reading = fetched(self._engine, statement, wanted, settings=settings, table=table.name)
        with closing(reading):
            for frame in reading:
                yield self._filtered(frame, table, since) if again else frame

    def _filtered(
        self, frame: pl.DataFrame, table: SourceTable, since: Cursor | None
    ) -> pl.DataFrame:
        if since is None:
            return frame
        zone = self._settings.naive_zone
        return rows_since(frame.lazy(), frame.schema, since, table, naive_zone=zone).collect()

    def _relation(self, table: str, columns: list[str]) -> sql.FromClause:
        declared = self._settings.declared[table]
        schema = self._settings.db_schema
        return relation_of(declared, name=table, schema=schema, columns=columns)

    def _schema(self, table: str) -> pl.Schema:
        """Ask the database which columns a table has."""
        with self._engine.connect() as connection:
            if self._settings.declared[table].query is None:
                types = self._declared_types(connection, table)
            else:
                types = {}
            if types and all(dtype is not None for dtype in types.values()):
                return pl.Schema({name: dtype for name, dtype in types.items() if dtype})
            sampled = connection.execute(
                sample_statement(self._relation(table, []), rows=_SAMPLED_ROWS)
            )
            names, found = list(sampled.keys()), sampled.fetchall()
        if len(set(names)) < len(names):
            raise DataError(
                f"The query of table {table!r} gives two columns of one name. Allowed: each name "
                "once. Next step: name them by AS."
            )
        columns = list(zip(*found, strict=True)) or [()] * len(names)
        return pl.Schema(
            {
                name: types.get(name) or type_of_values(values)
                for name, values in zip(names, columns, strict=True)
            }
        )

    def _declared_types(
        self, connection: sql.Connection, table: str
    ) -> dict[str, pl.DataType | None]:
        relation = self._settings.declared[table].relation or table
        inspector: Any = sql.inspect(connection)
        try:
            columns = inspector.get_columns(relation, schema=self._settings.db_schema)
        except sql.exc.NoSuchTableError:
            schema = self._settings.db_schema
            there = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
            near = ", ".join(map(repr, nearest_names(relation, there)))
            raise DefinitionError(
                f"The database has no table or view {relation!r}, which is to be read as "
                f"{table!r}. Next step: mend its declaration"
                f"{f'; nearest: {near}.' if near else '.'}",
                parameter="relation",
            ) from None
        backend = self._engine.dialect.name
        return {one["name"]: type_of_column(one["type"], backend=backend) for one in columns}
