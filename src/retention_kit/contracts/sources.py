"""Whatever holds rows becomes a lazy Polars frame: frames, Arrow streams, mappings, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import polars as pl

from retention_kit.contracts.exports import Export
from retention_kit.contracts.files import open_path
from retention_kit.contracts.opened import Opened
from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.errors import ColumnTypeError, DataError


@runtime_checkable
class ArrowStream(Protocol):
    """Anything that hands out its rows as an Arrow C stream: pandas, pyarrow, DuckDB, ibis."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows."""
        ...


Source = (
    pl.LazyFrame | pl.DataFrame | Export | ArrowStream | Iterable[Mapping[str, Any]] | str | Path
)
"""What a table can be read from."""


def open_source(table: str, source: Source, *, separator: str | None = None) -> Opened:
    """Open a source without reading its rows where that can be helped.

    Args:
        table: What it shall become, for messages.
        source: A Polars frame, anything that speaks the Arrow C stream, an iterable of mappings,
            an export that was read, or the path of a Parquet or CSV file or a workbook, a folder
            of such files, or a pattern of them.
        separator: What separates the columns of a CSV file; by default the header line tells.

    Returns:
        The lazy frame. Every column of a CSV file is text: ids keep their leading zeros, and
        numbers and dates are read by the door as it is told to.

    Raises:
        FileFormatError: A file is not there, not readable, or not what its ending says.
        ColumnTypeError: A source is none of those named above.
        DataError: The values of a column have no type in common.
    """
    if isinstance(source, Export):
        return Opened(
            source.frame, source.frame.collect_schema(), origin=source.path, notes=source.notes
        )
    if isinstance(source, pl.LazyFrame):
        return Opened(source, source.collect_schema())
    if isinstance(source, pl.DataFrame):
        return Opened(source.lazy(), source.schema)
    if isinstance(source, str | Path):
        return open_path(source, separator=separator)
    if hasattr(source, "__arrow_c_stream__"):
        return _open_stream(table, source)
    return _open_rows(table, source)


class PlainStream:
    """Shows of an object its Arrow stream alone: Polars goes ways of its own with pandas."""

    def __init__(self, source: ArrowStream) -> None:
        self._source = source

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        if requested_schema is None:
            # The oldest exporters take no argument.
            return self._source.__arrow_c_stream__()
        return self._source.__arrow_c_stream__(requested_schema)


def _open_stream(table: str, source: Any) -> Opened:
    try:
        index = getattr(source, "index", None)
        named = [name for name in getattr(index, "names", ()) if name is not None]
        frame = pl.DataFrame(PlainStream(source.reset_index(named) if named else source))
    except ImportError:
        raise
    except Exception as error:
        # What is raised here is the other library's, and may quote a customer's value.
        raise _no_common_type(table, error) from None
    # pandas exports an index that has no name under a name of its own.
    frame = frame.drop(name for name in frame.columns if name.startswith("__index_level_"))
    return Opened(frame.lazy(), frame.schema)


def _open_rows(table: str, source: Any) -> Opened:
    if not isinstance(source, Iterable) or isinstance(source, bytes):
        raise _unknown_source(table, source)
    rows = source if isinstance(source, Mapping) else list(source)
    if not isinstance(rows, Mapping) and not all(isinstance(row, Mapping) for row in rows):
        raise _unknown_source(table, source)
    if not rows:
        described = DESCRIPTIONS[table]
        # Lines may have `amount` or `price`; no rows say of neither that it is missing.
        names = [*described.required, *(["amount"] if table == "lines" else [])]
        frame = pl.DataFrame(schema=dict.fromkeys(names, pl.Null()))
        return Opened(frame.lazy(), frame.schema)
    try:
        if isinstance(rows, Mapping):
            frame = pl.DataFrame(rows, strict=False)
        else:
            frame = pl.from_dicts(rows, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        raise _no_common_type(table, error) from None
    return Opened(frame.lazy(), frame.schema)


def _no_common_type(table: str, error: Exception) -> DataError:
    # pyarrow names the column in a sentence apart from the one that quotes the value.
    told = re.search(r"failed for column (\S+) with type", " ".join(map(str, error.args[1:])))
    which = f"column {told[1]!r}" if told else "a column"
    return DataError(
        f"The rows given for table {table!r} cannot be read: {which} has no one type, or no one "
        f"name ({type(error).__name__}). Allowed: one type in a column, and each name once. Next "
        "step: cast the values, or rename the columns, before."
    )


def _unknown_source(table: str, source: object) -> ColumnTypeError:
    return ColumnTypeError(
        table,
        "*",
        got=f"a {type(source).__name__}",
        allowed="a Polars, pandas or pyarrow table, a DuckDB relation, anything with "
        "__arrow_c_stream__, an iterable of mappings, or a path",
        step="pass one of these.",
    )
