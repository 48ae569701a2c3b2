"""What a call reads and gives, found on the driver from the schemas alone.

The function is called on tables without rows whose reading is watched: Polars asks them for the
columns that the plan needs, and no others have to travel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from retention_kit.errors import DefinitionError

_OPAQUE = "PYTHON"
"""What a plan shows where Python is called on whole tables: it may read any column."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One table that a call gives, and what it reads for it.

    Attributes:
        field: Which of a NamedTuple of tables; None where there is one.
        result: The schema of the table.
        columns: By table, the columns that are read, in the table's order.
    """

    field: str | None
    result: pl.Schema
    columns: Mapping[str, tuple[str, ...]]


def asked_of(
    function: Callable[..., Any],
    tables: Mapping[str, pl.Schema],
    arguments: Mapping[str, Any],
) -> tuple[list[Asked], type[Any] | None]:
    """Find what a call reads and gives.

    Args:
        function: A function on lazy tables.
        tables: The schemas of the tables it gets.
        arguments: Its other arguments.

    Returns:
        One entry per table that it gives, and the class of the NamedTuple where it gives one.

    Raises:
        DefinitionError: It gives something else.
    """
    read: dict[str, set[str]] = {name: set() for name in tables}
    watched = {name: _watched(schema, read[name]) for name, schema in tables.items()}
    answer = function(**watched, **arguments)
    fields = getattr(answer, "_asdict", None)
    by_name: dict[str | None, Any] = {None: answer} if fields is None else dict(fields())
    found = []
    for field, frame in by_name.items():
        if not isinstance(frame, pl.LazyFrame):
            raise DefinitionError(
                f"{function.__name__} gives a {type(frame).__name__} of lazy tables. Allowed: a "
                "lazy table, or a NamedTuple of them. Next step: declare what it is."
            )
        found.append(Asked(field, frame.collect_schema(), _columns(frame, tables, read)))
    return found, None if fields is None else type(answer)


def _columns(
    frame: pl.LazyFrame, tables: Mapping[str, pl.Schema], read: Mapping[str, set[str]]
) -> dict[str, tuple[str, ...]]:
    if _is_opaque(frame):
        return {name: tuple(schema) for name, schema in tables.items()}
    for columns in read.values():
        columns.clear()
    # An engine that stopped early on an empty side would read fewer columns.
    frame.collect(engine="in-memory")
    return {
        name: tuple(column for column in schema if column in read[name])
        for name, schema in tables.items()
    }


def _is_opaque(frame: pl.LazyFrame) -> bool:
    shown = frame.explain()
    scans = shown.count(f"{_OPAQUE} SCAN")
    return shown.count(_OPAQUE) > scans


def _watched(schema: pl.Schema, read: set[str]) -> pl.LazyFrame:
    """Make a lazy table without rows that notes which columns it is asked for."""
    empty = pl.DataFrame(schema=schema)

    def scan(
        columns: list[str] | None,
        predicate: pl.Expr | None,  # noqa: ARG001
        rows: int | None,  # noqa: ARG001
        batch: int | None,  # noqa: ARG001
    ) -> Iterator[pl.DataFrame]:
        asked = list(schema) if columns is None else columns
        read.update(asked)
        yield empty.select(asked)

    return register_io_source(scan, schema=schema)
