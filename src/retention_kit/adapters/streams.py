"""Rows that come as a stream, of Arrow batches or of mappings, in frames of one schema."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import polars as pl

from retention_kit.adapters.cursors import rows_since
from retention_kit.adapters.typed_columns import fitted_column
from retention_kit.contracts.sources import PlainStream, open_source
from retention_kit.errors import DataError, DefinitionError
from retention_kit.plugins.io_source import lazy_source
from retention_kit.plugins.types import Cursor, SourceTable


class Stream:
    """What can be read in frames, again where it can be asked again.

    The types of columns are those of an Arrow stream, or those of the first frame; a column of it
    without any value is text.

    Args:
        value: An object with `__arrow_c_stream__`, an iterable of mappings, of lists of them or of
            such objects, or a function without parameters that gives one of these anew.
        table: What is read, for messages.
        batch_rows: How many mappings make a frame.
        naive_zone: The time zone in which instants without one are meant.
    """

    def __init__(self, value: Any, *, table: str, batch_rows: int, naive_zone: str) -> None:
        self._value = value
        self._table = table
        self._batch_rows = batch_rows
        self._zone = naive_zone
        self._lock = threading.Lock()
        self._begun: Iterator[pl.DataFrame] | None = None
        self._schema: pl.Schema | None = None
        self._read = False

    @property
    def schema(self) -> pl.Schema:
        """The columns; what comes first is read for it, and kept for the first reading.

        Raises:
            DataError: A column has no one type, or nothing is there to tell the columns by.
        """
        with self._lock:
            if self._schema is None:
                frames = self._frames()
                first = next(frames, None)
                if first is None:
                    raise DataError(
                        f"No rows came for table {self._table!r}, and so its columns are unknown. "
                        "Next step: hand in a table with columns, or leave it out."
                    )
                self._schema = pl.Schema(
                    {
                        name: pl.String() if dtype == pl.Null else dtype
                        for name, dtype in first.schema.items()
                    }
                )
                self._begun = chain([first], frames)
            return self._schema

    def frames(self, rows: int | None = None) -> Iterator[pl.DataFrame]:
        """Read it, from its beginning.

        Args:
            rows: After how many rows nobody needs more.

        Raises:
            DataError: What comes later does not fit the columns.
            DefinitionError: It can be read once, and was.
        """
        schema = self.schema
        with self._lock:
            begun, self._begun = self._begun, None
        for frame in self._frames() if begun is None else begun:
            yield self._fitted(frame, schema)
            if rows is not None:
                rows -= frame.height
                if rows <= 0:
                    return

    def _frames(self) -> Iterator[pl.DataFrame]:
        value = self._value
        if callable(value) and not _is_readable(value):
            value = value()
        elif isinstance(value, Iterator) or hasattr(value, "read_next_batch"):
            if self._read:
                raise DefinitionError(
                    f"Table {self._table!r} was handed in as what can be read once, and it was "
                    "read already. Allowed: what can be read again. Next step: hand in a function "
                    "that gives it anew, or land the table by read_source.",
                    parameter="data",
                )
            self._read = True
        if hasattr(value, "__arrow_c_stream__"):
            return arrow_frames(value, table=self._table)
        if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
            raise self._no_stream(value)
        return self._of_items(iter(value))

    def _of_items(self, items: Iterator[Any]) -> Iterator[pl.DataFrame]:
        rows: list[Mapping[str, Any]] = []
        for item in items:
            if hasattr(item, "__arrow_c_stream__") or hasattr(item, "__arrow_c_array__"):
                if rows:
                    yield self._of_rows(rows)
                    rows = []
                yield from arrow_frames(item, table=self._table)
                continue
            several = item if isinstance(item, list) else [item]
            if not all(isinstance(one, Mapping) for one in several):
                raise self._no_stream(next(one for one in several if not isinstance(one, Mapping)))
            rows.extend(several)
            if len(rows) >= self._batch_rows:
                yield self._of_rows(rows)
                rows = []
        if rows:
            yield self._of_rows(rows)

    def _of_rows(self, rows: list[Mapping[str, Any]]) -> pl.DataFrame:
        return open_source(self._table, rows).frame.collect()

    def _fitted(self, frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
        more = [name for name in frame.columns if name not in schema]
        if more:
            raise DataError(
                f"Rows of table {self._table!r} that came later have columns which the first "
                f"{self._batch_rows:,} had not: {', '.join(map(repr, more))}. Next step: give "
                "every row the same columns, or land the rows in a file first."
            )
        return pl.DataFrame(
            [
                fitted_column(
                    frame.get_column(name)
                    if name in frame.columns
                    else pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height),
                    dtype,
                    naive_zone=self._zone,
                    table=self._table,
                )
                for name, dtype in schema.items()
            ]
        )

    def _no_stream(self, value: object) -> DataError:
        return DataError(
            f"Table {self._table!r} was handed in as, or holds, a {type(value).__name__}. Allowed: "
            "anything with __arrow_c_stream__, an iterable of mappings, or a function that gives "
            "one. Next step: pass one of these."
        )


def stream_table(
    stream: Stream, table: SourceTable, since: Cursor | None, *, naive_zone: str, name: str
) -> pl.LazyFrame:
    """Give a stream as a lazy table.

    Args:
        stream: What is read.
        table: The table that it is.
        since: Only rows whose cursor is at or after this, and rows without one.
        naive_zone: The time zone in which instants without one are meant.
        name: What is read, for query plans and messages.
    """

    def batches(_: list[str] | None, rows: int | None) -> Iterator[pl.DataFrame]:
        if since is None:
            yield from stream.frames(rows)
            return
        for frame in stream.frames():
            kept = rows_since(frame.lazy(), frame.schema, since, table, naive_zone=naive_zone)
            yield kept.collect()

    return lazy_source(stream.schema, batches, name=name)


def arrow_frames(value: Any, *, table: str) -> Iterator[pl.DataFrame]:
    """Read an Arrow stream batch by batch where pyarrow is installed, and at once where it is not.

    A stream without rows gives one frame of its columns. The index of a pandas table is kept where
    it has a name.
    """
    if hasattr(type(value), "index") or isinstance(value, pl.DataFrame):
        yield open_source(table, value).frame.collect()
        return
    read = _batch_reader()
    if read is None or not hasattr(value, "__arrow_c_stream__"):
        yield pl.DataFrame(value)
        return
    with read(PlainStream(value)) as reader:
        # So that the columns are known where no batch comes.
        yield pl.DataFrame(reader.schema.empty_table())
        for batch in reader:
            yield pl.DataFrame(batch)


def _batch_reader() -> Callable[[Any], Any] | None:
    try:
        from pyarrow import RecordBatchReader
    except ModuleNotFoundError:
        return None
    read: Callable[[Any], Any] = RecordBatchReader.from_stream
    return read


def _is_readable(value: object) -> bool:
    return hasattr(value, "__arrow_c_stream__") or isinstance(value, Iterable)
