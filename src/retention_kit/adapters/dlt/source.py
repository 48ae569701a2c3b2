"""The source of what dlt reads."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from retention_kit.adapters.cursors import rows_since
from retention_kit.adapters.declared import check_columns, table_to_scan
from retention_kit.adapters.dlt.relations import Relation
from retention_kit.adapters.dlt.settings import DeclaredResource, DltSettings
from retention_kit.adapters.streams import Stream, stream_table
from retention_kit.errors import MissingDependencyError, bad_parameter, nearest_names
from retention_kit.plugins.io_source import lazy_source
from retention_kit.plugins.types import Cursor, SourceTable


class DltSource:
    """Tables that dlt reads from some service now, or that it loaded into a database before.

    Of a resource, rows are read as dlt yields them, and what comes first tells the columns; of a
    dataset, the columns needed, an unfiltered limit and `since`, as a bound parameter, reach the
    database. dlt's telemetry is switched off, unless the environment says otherwise.

    Args:
        settings: What is read, and what is declared of its tables.
        name: The instance's name.

    Raises:
        DefinitionError: It is nothing of dlt's.

    Examples:
        >>> import dlt
        >>> orders = dlt.resource([{"order_id": 1}, {"order_id": 2}], name="orders")
        >>> source = DltSource(DltSettings(data=orders))
        >>> source.scan("orders").collect().rows()
        [(1,), (2,)]
    """

    def __init__(self, settings: DltSettings, *, name: str = "dlt") -> None:
        self._settings = settings
        self._name = name
        self._dlt = _library()
        self._given = _given(settings, self._dlt)
        self._is_dataset = isinstance(self._given, self._dlt.Dataset)
        self._streams: dict[str, Stream] = {}

    def __repr__(self) -> str:
        # One that could not be opened may be shown in a traceback.
        given = getattr(self, "_given", None)
        return f"DltSource({type(given).__name__}, name={self._name!r})"

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name: those that are declared, or else those that are there now."""
        declared = self._settings.declared or dict.fromkeys(self._there(), DeclaredResource())
        return {name: one.as_table(name) for name, one in declared.items()}

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame; what comes first, or the database, tells its columns.

        Args:
            table: One of `tables`.
            since: Only rows whose cursor is at or after this, and rows without one.

        Raises:
            DefinitionError: There is no such table, or it has no cursor and `since` is given.
            DataError: A resource gives no rows, or a column has no one type.
        """
        described = table_to_scan(self.tables, table, since, source=self._name)
        place = self._place(table)
        zone, rows = self._settings.naive_zone, self._settings.batch_rows
        name = f"{self._name}.{table}"
        if self._is_dataset:
            relation = Relation(self._given, place, described, batch_rows=rows, naive_zone=zone)
            check_columns(described, relation.schema)
            condition = None if since is None else relation.condition(since)

            def batches(columns: list[str] | None, most: int | None) -> Iterator[pl.DataFrame]:
                return relation.frames(columns, most, condition)

            return lazy_source(relation.schema, batches, name=name)
        stream = self._streams.setdefault(
            table,
            Stream(self._resource(place), table=table, batch_rows=rows, naive_zone=zone),
        )
        check_columns(described, stream.schema)
        if since is not None:
            # Asked here, so that what cannot be compared is told before it is collected.
            empty = pl.LazyFrame(schema=stream.schema)
            rows_since(empty, stream.schema, since, described, naive_zone=zone)
        return stream_table(stream, described, since, naive_zone=zone, name=name)

    def close(self) -> None:
        """Let go of what was begun to be read."""
        self._streams.clear()

    def _there(self) -> list[str]:
        if self._is_dataset:
            return [
                name
                for name in self._given.tables
                if not name.startswith("_dlt") and "__" not in name
            ]
        return list(self._given)

    def _place(self, table: str) -> str:
        declared = self._settings.declared.get(table)
        place = (declared.resource if declared is not None else None) or table
        there = list(self._given.tables) if self._is_dataset else list(self._given)
        if place not in there:
            near = ", ".join(nearest_names(place, there))
            raise bad_parameter(
                "resource",
                got=place,
                allowed=", ".join(there) or "it has none",
                step=f"nearest: {near}." if near else "",
            )
        return place

    def _resource(self, place: str) -> Callable[[], Any]:
        # Reading takes a resource's rows out of it, and so each reading has one of its own.
        return lambda: iter(self._given[place])


def _library() -> Any:
    # dlt would tell its makers of each use; who wants that says so in the environment.
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    try:
        return importlib.import_module("dlt")
    except ModuleNotFoundError:
        raise MissingDependencyError("dlt", "dlt") from None


def _given(settings: DltSettings, dlt: Any) -> Any:
    """Give a dataset, or resources by name."""
    data: Any = settings.data
    if data is None:
        return dlt.dataset(str(settings.destination), str(settings.dataset))
    if isinstance(data, dlt.Pipeline):
        return data.dataset()
    if isinstance(data, dlt.Dataset):
        return data
    resources = getattr(data, "selected_resources", None)
    if isinstance(resources, Mapping):
        return dict(resources)
    if hasattr(data, "compute_table_schema") and hasattr(data, "name"):
        return {data.name: data}
    raise bad_parameter(
        "data",
        got=type(data).__name__,
        allowed="a dlt source, resource, pipeline or dataset",
        step="call the function that makes a source or a resource: data=shop().",
    )
