"""Rows fetched batch by batch, through SQLAlchemy or through a driver of Arrow's."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from contextlib import closing
from typing import Any

import polars as pl
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from retention_kit.adapters.sql.engines import driver_missing, in_our_words
from retention_kit.adapters.sql.settings import SqlSettings
from retention_kit.adapters.typed_columns import fitted_column, typed_column
from retention_kit.errors import ChannelError, bad_parameter

_POSTGRESQL: Any = postgresql.dialect
_SQLITE: Any = sqlite.dialect


def fetched(
    engine: sql.Engine,
    statement: sql.Select[Any],
    schema: pl.Schema,
    *,
    settings: SqlSettings,
    table: str,
) -> Generator[pl.DataFrame, None, None]:
    """Give what a statement selects, in batches.

    Args:
        engine: The database.
        statement: What is selected.
        schema: The columns in order, and what each must become.
        settings: By whom rows are fetched, and how many at a time.
        table: What is read, for messages.
    """
    if settings.driver == "adbc":
        return _by_adbc(engine, statement, schema, settings=settings, table=table)
    return _by_sqlalchemy(engine, statement, schema, settings=settings, table=table)


def _by_sqlalchemy(
    engine: sql.Engine,
    statement: sql.Select[Any],
    schema: pl.Schema,
    *,
    settings: SqlSettings,
    table: str,
) -> Generator[pl.DataFrame, None, None]:
    with in_our_words(table), engine.connect() as connection:
        # The rows stay with the server until they are fetched.
        streaming = connection.execution_options(stream_results=True)
        with closing(streaming.execute(statement)) as result:
            while rows := result.fetchmany(settings.batch_rows):
                values = zip(*rows, strict=True)
                yield pl.DataFrame(
                    [
                        typed_column(name, one, dtype, naive_zone=settings.naive_zone, table=table)
                        for (name, dtype), one in zip(schema.items(), values, strict=True)
                    ]
                )


def _by_adbc(
    engine: sql.Engine,
    statement: sql.Select[Any],
    schema: pl.Schema,
    *,
    settings: SqlSettings,
    table: str,
) -> Generator[pl.DataFrame, None, None]:
    dialect, address = _address(engine)
    driver = _driver(engine.dialect.name)
    with in_our_words(table):
        compiled = statement.compile(dialect=dialect)
        values = [compiled.params[name] for name in compiled.positiontup or ()]
    try:
        with driver.connect(address) as connection, connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**_options(engine.dialect.name, settings.batch_rows))
            cursor.execute(str(compiled), values or None)
            with closing(cursor.fetch_record_batch()) as reader:
                for batch in reader:
                    yield _typed(pl.DataFrame(batch), schema, settings=settings, table=table)
    except driver.Error as problem:
        raise ChannelError(
            f"The database failed where table {table!r} is read by ADBC "
            f"({type(problem).__name__}). Next step: driver='sqlalchemy' tells more."
        ) from None


def _typed(
    frame: pl.DataFrame, schema: pl.Schema, *, settings: SqlSettings, table: str
) -> pl.DataFrame:
    return pl.DataFrame(
        [
            fitted_column(
                frame.to_series(place).alias(name),
                dtype,
                naive_zone=settings.naive_zone,
                table=table,
            )
            for place, (name, dtype) in enumerate(schema.items())
        ]
    )


def _address(engine: sql.Engine) -> tuple[sql.Dialect, str]:
    if engine.dialect.name == "postgresql":
        plain = engine.url.set(drivername="postgresql")
        return (
            _POSTGRESQL(paramstyle="numeric_dollar"),
            plain.render_as_string(hide_password=False),
        )
    if engine.dialect.name == "sqlite":
        return _SQLITE(paramstyle="qmark"), engine.url.database or ":memory:"
    raise bad_parameter(
        "driver",
        got="adbc",
        allowed="'sqlalchemy'; 'adbc' for PostgreSQL and SQLite",
        step="leave it out.",
    )


def _options(backend: str, rows: int) -> dict[str, str]:
    return {"adbc.sqlite.query.batch_rows": str(rows)} if backend == "sqlite" else {}


def _driver(backend: str) -> Any:
    name = f"adbc_driver_{backend}"
    try:
        importlib.import_module("pyarrow")
        return importlib.import_module(f"{name}.dbapi")
    except ModuleNotFoundError as error:
        raise driver_missing(str(error.name or name)) from None
