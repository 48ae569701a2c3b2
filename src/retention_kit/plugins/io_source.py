"""Lazy tables whose rows an adapter reads in batches: the one place of Polars' IO plugins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.io.plugins import register_io_source

from retention_kit.contracts.source_rows import rows_asked
from retention_kit.errors import PluginError, RetentionKitError

if TYPE_CHECKING:
    from retention_kit.plugins.types import Batches

Schema = pl.Schema | Mapping[str, "pl.DataType | type[pl.DataType]"]
"""The columns of a table and their types."""


def lazy_source(
    schema: Schema | Callable[[], Schema], batches: Batches, *, name: str
) -> pl.LazyFrame:
    """Make a lazy table whose rows are read in batches when it is collected.

    Polars reads it once for each branch of a plan; land it where a plan has several.

    Args:
        schema: The columns and their types, or what gives them when somebody first asks: once.
        batches: Takes the columns that are needed (None for all) and how many rows are needed at
            most (None for all of them), and gives frames, read as they are taken. A frame may have
            more columns and rows than needed, its columns in any order. When nobody needs more of
            them, an iterator that is a generator is closed.
        name: What is read, for query plans and messages: `bitrix24.orders`.

    Returns:
        The lazy table. What `batches` raises comes out where it is collected: an error of this
        library as it is, and any other as the cause of a `PluginError`, as does a batch that is
        not of this schema. What gives the schema is told by Polars, as a `ComputeError`.

    Examples:
        >>> import polars as pl
        >>> def batches(columns, rows):
        ...     yield pl.DataFrame({"id": [1, 2], "amount": [10, 20]})
        >>> table = lazy_source({"id": pl.Int64, "amount": pl.Int64}, batches, name="acme.orders")
        >>> table.filter(pl.col("id") > 1).collect().rows()
        [(2, 20)]
    """
    known = _Known(schema, name)

    def read(
        columns: list[str] | None,
        predicate: pl.Expr | None,
        rows: int | None,
        _: int | None,
    ) -> Iterator[pl.DataFrame]:
        whole = known.schema()
        wanted = list(whole) if columns is None else columns
        # A number of rows that come after a filter says nothing of how many must be read.
        asked = rows if predicate is None else None
        with _Reading(batches, columns, asked, name) as reading:
            fit = (_fitting(frame, wanted, whole, name) for frame in reading)
            yield from rows_asked(fit, predicate, rows)

    return register_io_source(read, schema=known.schema, explain_name=name)


def schema_of(table: pl.LazyFrame) -> pl.Schema:
    """Give the schema of a lazy table; where it cannot be had, the error of whoever was asked.

    Polars itself shows that error only as the text of a `ComputeError`.

    Args:
        table: The table.
    """
    _LAST.problem = None
    try:
        return table.collect_schema()
    except pl.exceptions.ComputeError:
        if _LAST.problem is not None:
            raise _LAST.problem from _LAST.problem.__cause__
        raise


class _Last(threading.local):
    """What was last raised for a schema, in this thread."""

    problem: Exception | None = None


_LAST = _Last()


class _Known:
    """A schema that is asked for once, by whichever thread comes first."""

    def __init__(self, schema: Schema | Callable[[], Schema], name: str) -> None:
        self._ask = schema
        self._name = name
        self._lock = threading.Lock()
        self._schema: pl.Schema | None = None if callable(schema) else pl.Schema(schema)

    def schema(self) -> pl.Schema:
        if self._schema is None:
            with self._lock:
                if self._schema is None and callable(self._ask):
                    try:
                        self._schema = pl.Schema(self._ask())
                    except RetentionKitError as problem:
                        _LAST.problem = problem
                        raise
                    except Exception as problem:
                        _LAST.problem = _told(problem, self._name, "schema")
                        raise _LAST.problem from problem
        assert self._schema is not None
        return self._schema


class _Reading:
    """An adapter's batches, whose errors name it and whose iterator is closed."""

    def __init__(
        self, batches: Batches, columns: list[str] | None, rows: int | None, name: str
    ) -> None:
        self._ask = batches, columns, rows
        self._name = name
        self._taken: Any = None

    def __enter__(self) -> _Reading:
        return self

    def __exit__(self, *_: object) -> None:
        close = getattr(self._taken, "close", None)
        if callable(close):
            close()

    def __iter__(self) -> Iterator[pl.DataFrame]:
        batches, columns, rows = self._ask
        try:
            self._taken = iter(batches(columns, rows))
            yield from self._taken
        except RetentionKitError:
            raise
        except Exception as problem:
            raise _told(problem, self._name, "rows") from problem


def _told(problem: Exception, name: str, part: str) -> PluginError:
    """Make the error that says whose another error is."""
    return PluginError(
        f"The source {name!r} raised a {type(problem).__name__} where its {part} were read. Next "
        "step: look at the cause of this error, whose text may hold customers' data, and mend the "
        "plugin."
    )


def _fitting(frame: pl.DataFrame, wanted: list[str], schema: pl.Schema, name: str) -> pl.DataFrame:
    """Give the columns wanted, in their order; their types must be those that were promised."""
    if not isinstance(frame, pl.DataFrame):
        raise PluginError(
            f"The source {name!r} gave a {type(frame).__name__} for a batch of rows. Allowed: a "
            "Polars DataFrame. Next step: mend the plugin."
        )
    for column in wanted:
        got = frame.schema.get(column)
        if got != schema[column]:
            raise PluginError(
                f"The source {name!r} gave a batch whose column {column!r} "
                f"{'is missing' if got is None else f'is {got}'}. Allowed: {schema[column]}, as "
                "its schema says. Next step: mend the plugin; pl.DataFrame(rows, schema=…) makes "
                "batches of one schema."
            )
    return frame.select(wanted)
