"""Whatever holds rows becomes a lazy Polars frame: frames, Arrow streams, mappings, files."""

from __future__ import annotations

import contextlib
import glob as globbing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import polars as pl

from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.errors import ColumnTypeError, DataError, FileFormatError, bad_parameter

_SNIFFED = 1 << 20
_SEPARATORS = (",", ";", "\t", "|")
_PARQUET = (".parquet", ".pq")
_TEXT = (".csv", ".tsv", ".txt")


@runtime_checkable
class ArrowStream(Protocol):
    """Anything that hands out its rows as an Arrow C stream: pandas, pyarrow, DuckDB, ibis."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows."""
        ...


Source = pl.LazyFrame | pl.DataFrame | ArrowStream | Iterable[Mapping[str, Any]] | str | Path
"""What a table can be read from."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source as a lazy frame.

    Attributes:
        frame: Its rows.
        schema: Their schema.
        origin: The file, folder or pattern it came from, if any.
    """

    frame: pl.LazyFrame
    schema: pl.Schema
    origin: str | None = None

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect a plan over this source, and name the file when its content is at fault."""
        with _naming(self.origin):
            return frame.collect(engine="streaming")


def open_source(table: str, source: Source, *, separator: str | None = None) -> Opened:
    """Open a source without reading its rows where that can be helped.

    Args:
        table: What it shall become, for messages.
        source: A Polars frame, anything that speaks the Arrow C stream, an iterable of mappings,
            or the path of a Parquet or CSV file, a folder of such files, or a pattern of them.
        separator: What separates the columns of a CSV file; by default the header line tells.

    Returns:
        The lazy frame. Every column of a CSV file is text: ids keep their leading zeros, and
        numbers and dates are read by the door as it is told to.

    Raises:
        FileFormatError: A file is not there, not readable, or not what its ending says.
        ColumnTypeError: A source is none of those named above.
    """
    if isinstance(source, pl.LazyFrame):
        return Opened(source, source.collect_schema())
    if isinstance(source, pl.DataFrame):
        return Opened(source.lazy(), source.schema)
    if isinstance(source, str | Path):
        return open_path(source, separator=separator)
    if hasattr(source, "__arrow_c_stream__"):
        frame = pl.DataFrame(source)
        # pandas exports an index that has no name under a name of its own.
        frame = frame.drop(name for name in frame.columns if name.startswith("__index_level_"))
        return Opened(frame.lazy(), frame.schema)
    return _open_rows(table, source)


def open_path(path: str | Path, *, separator: str | None = None) -> Opened:
    """Open a Parquet or CSV file, a folder of such files, or a pattern of them.

    Raises:
        FileFormatError: Nothing readable is there, or a file is not what its ending says.
    """
    name = str(path)
    files = _files(name)
    endings = {_ending(file) for file in files}
    if len(endings) > 1:
        raise FileFormatError(
            name,
            reason=f"it holds files of several kinds ({', '.join(sorted(endings))}).",
            step="name a pattern that picks one kind, such as 'folder/*.parquet'.",
        )
    ending = endings.pop()
    for file in files:
        _check_content(file, ending)
    with _naming(name):
        if ending in _PARQUET:
            frame = pl.scan_parquet(files)
        else:
            mark = separator or _separator(files[0])
            frame = pl.scan_csv(files, separator=mark, infer_schema=False)
        return Opened(frame, frame.collect_schema(), origin=name)


def _open_rows(table: str, source: Any) -> Opened:
    if isinstance(source, Mapping):
        frame = pl.DataFrame(source, strict=False)
    elif isinstance(source, Iterable) and not isinstance(source, bytes):
        rows = list(source)
        if not all(isinstance(row, Mapping) for row in rows):
            raise _unknown_source(table, source)
        if rows:
            try:
                frame = pl.from_dicts(rows, infer_schema_length=None)
            except (pl.exceptions.PolarsError, TypeError) as error:
                raise DataError(
                    f"The rows given for table {table!r} do not agree on their types. Allowed: "
                    "one type in a column. Next step: cast the values before."
                ) from error
        else:
            names = DESCRIPTIONS[table].required
            frame = pl.DataFrame(schema=dict.fromkeys(names, pl.Null()))
    else:
        raise _unknown_source(table, source)
    return Opened(frame.lazy(), frame.schema)


def _unknown_source(table: str, source: object) -> ColumnTypeError:
    return ColumnTypeError(
        table,
        "*",
        got=f"a {type(source).__name__}",
        allowed="a Polars, pandas or pyarrow table, a DuckDB relation, anything with "
        "__arrow_c_stream__, an iterable of mappings, or a path",
        step="pass one of these.",
    )


def _files(name: str) -> list[Path]:
    path = Path(name)
    try:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if _is_table(file))
        elif path.is_file():
            found = [path]
        else:
            found = sorted(Path(file) for file in globbing.glob(name, recursive=True))
            found = [file for file in found if file.is_file()]
    except OSError as error:
        raise FileFormatError(
            name, reason=f"{error.strerror or error}.", step="check its permissions."
        ) from error
    if not found:
        what = (
            "it is a folder without .parquet or .csv files."
            if path.is_dir()
            else "it is not there."
        )
        raise FileFormatError(name, reason=what, step="check the path.")
    return found


def _is_table(file: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in file.parts[-2:])
    return file.is_file() and not hidden and _ending(file) in (*_PARQUET, *_TEXT)


def _ending(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".zst"):
        suffixes.pop()
    ending = suffixes[-1] if suffixes else ""
    return ".csv" if ending in _TEXT else ".parquet" if ending in _PARQUET else ending


def _check_content(file: Path, ending: str) -> None:
    name = str(file)
    try:
        with file.open("rb") as stream:
            head = stream.read(_SNIFFED)
    except OSError as error:
        raise FileFormatError(
            name, reason=f"{error.strerror or error}.", step="check its permissions."
        ) from error
    is_parquet = head.startswith(b"PAR1")
    if ending in _PARQUET:
        if not is_parquet:
            raise FileFormatError(
                name,
                reason="its ending says Parquet, its content does not.",
                step="export it again, or give it the ending it should have.",
            )
        return
    if ending not in _TEXT:
        raise FileFormatError(
            name,
            reason=f"files ending in {ending!r} are not read.",
            step="export it as Parquet or CSV, or pass a frame that you read yourself.",
        )
    if is_parquet or head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or b"\x00" in head:
        raise FileFormatError(
            name,
            reason="its ending says CSV, its content is that of another kind of file.",
            step="export it as CSV, or give it the ending it should have.",
        )
    if not head:
        raise FileFormatError(name, reason="it is empty.", step="export it again.")
    if file.suffix.lower() in (".gz", ".zst"):
        return
    try:
        # A character may be cut where the sample ends.
        head.decode("utf-8") if len(head) < _SNIFFED else head[:-4].decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 8:
            raise _not_utf8(name) from error


def _separator(file: Path) -> str:
    import gzip

    opener: Any = gzip.open if file.suffix.lower() == ".gz" else open
    with opener(file, "rt", encoding="utf-8-sig", errors="replace") as stream:
        header = stream.readline()
    counts = {mark: header.count(mark) for mark in _SEPARATORS}
    return max(_SEPARATORS, key=lambda mark: counts[mark])


def _not_utf8(name: str) -> FileFormatError:
    return FileFormatError(
        name,
        reason="it is not UTF-8 text.",
        step="save it as UTF-8 (in Excel: 'CSV UTF-8').",
    )


@contextlib.contextmanager
def _naming(origin: str | None) -> Iterator[None]:
    """Turn what Polars raises about a file's content into an error that names the file."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        if origin is None:
            raise
        if "utf" in str(error).lower():
            raise _not_utf8(origin) from None
        if isinstance(error, pl.exceptions.SchemaError | pl.exceptions.ColumnNotFoundError):
            raise FileFormatError(
                origin,
                reason="its files do not have the same columns.",
                step="read them one by one, or make them alike.",
            ) from None
        # Polars quotes the offending cell, which may be a customer's: the text stays out.
        raise FileFormatError(
            origin,
            reason=f"its content cannot be read ({type(error).__name__}).",
            step="look for rows with more fields than the header, or an unclosed quote.",
        ) from None


def check_separator(separator: str | None) -> None:
    """Raise where a separator is not one byte.

    Raises:
        DefinitionError: It is longer, or empty.
    """
    if separator is not None and len(separator.encode()) != 1:
        raise bad_parameter("separator", got=separator, allowed="one character")
