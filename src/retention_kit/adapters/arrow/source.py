"""The source of whatever holds rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from retention_kit.adapters.arrow.settings import ArrowSettings
from retention_kit.adapters.cursors import rows_since
from retention_kit.adapters.declared import DeclaredTable, check_columns, table_to_scan
from retention_kit.adapters.streams import Stream, stream_table
from retention_kit.contracts.sources import open_source
from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.plugins.types import Cursor, SourceTable


class ArrowSource:
    """Tables that are in this process, or come to it as Arrow streams or mappings.

    Polars frames and lists are read as the door of `retention_kit.contracts` reads them; streams
    and iterables come frame by frame, where they have a size that memory need not hold.

    Args:
        settings: What holds the rows, and what is declared of the tables.
        name: The instance's name.

    Examples:
        >>> rows = ({"order_id": number, "amount": 10 * number} for number in (1, 2, 3))
        >>> source = ArrowSource(ArrowSettings(data={"orders": rows}))
        >>> source.scan("orders").filter(pl.col("amount") > 10).collect().rows()
        [(2, 20), (3, 30)]
    """

    def __init__(self, settings: ArrowSettings, *, name: str = "arrow") -> None:
        self._settings = settings
        self._name = name
        self._streams: dict[str, Stream] = {}

    def __repr__(self) -> str:
        return f"ArrowSource({', '.join(self._settings.data)}, name={self._name!r})"

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name: those that were handed in."""
        declared, bare = self._settings.declared, DeclaredTable()
        return {name: declared.get(name, bare).as_table(name) for name in self._settings.data}

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame; of a stream, what comes first is read for its columns.

        Args:
            table: One of `tables`.
            since: Only rows whose cursor is at or after this, and rows without one.

        Raises:
            DefinitionError: There is no such table, or it has no cursor and `since` is given; or,
                when it is collected, it can be read once and was.
            DataError: It holds no rows, or a column has no one type.
        """
        described = table_to_scan(self.tables, table, since, source=self._name)
        value, zone = self._settings.data[table], self._settings.naive_zone
        if isinstance(value, pl.LazyFrame | pl.DataFrame | Mapping) or _is_list(table, value):
            opened = open_source(table, value)
            check_columns(described, opened.schema)
            if since is None:
                return opened.frame
            return rows_since(opened.frame, opened.schema, since, described, naive_zone=zone)
        stream = self._streams.get(table)
        if stream is None:
            rows = self._settings.batch_rows
            stream = Stream(value, table=table, batch_rows=rows, naive_zone=zone)
            self._streams[table] = stream
        schema = stream.schema
        check_columns(described, schema)
        if since is not None:
            # Asked here, so that what cannot be compared is told before it is collected.
            rows_since(pl.LazyFrame(schema=schema), schema, since, described, naive_zone=zone)
        return stream_table(stream, described, since, naive_zone=zone, name=f"{self._name}.{table}")

    def close(self) -> None:
        """Let go of what was begun to be read."""
        self._streams.clear()


def _is_list(table: str, value: Any) -> bool:
    """Tell whether the door can look at all rows at once, and finds the types of all of them."""
    return isinstance(value, list | tuple) and bool(value or table in DESCRIPTIONS)
