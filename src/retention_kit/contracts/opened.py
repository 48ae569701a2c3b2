"""A source opened as a lazy frame, and what goes wrong with a file's content, told by its name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from retention_kit.errors import FileFormatError


@dataclass(frozen=True, slots=True)
class Opened:
    """A source as a lazy frame.

    Attributes:
        frame: Its rows.
        schema: Their schema.
        origin: The file, folder or pattern it came from, if any.
        notes: What of a file is no row of the table, counted: titles, totals, blank rows.
    """

    frame: pl.LazyFrame
    schema: pl.Schema
    origin: str | None = None
    notes: Mapping[str, int] = field(default_factory=dict)

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect a plan over this source, and name the file when its content is at fault."""
        with naming(self.origin):
            return frame.collect(engine="streaming")


@contextlib.contextmanager
def naming(origin: str | None) -> Iterator[None]:
    """Turn what Polars raises about a file's content into an error that names the file."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        if origin is None:
            raise
        if "utf" in str(error).lower():
            raise not_utf8(origin) from None
        # Polars quotes the offending cell, which may be a customer's: its text stays out.
        if isinstance(error, pl.exceptions.SchemaError | pl.exceptions.ColumnNotFoundError):
            raise unlike_files(origin) from None
        if isinstance(error, pl.exceptions.NoDataError):
            raise FileFormatError(
                origin, reason="it is empty.", step="export it again, with a header line."
            ) from None
        raise FileFormatError(
            origin,
            reason=f"its content cannot be read ({type(error).__name__}).",
            step="export it again; in CSV, look for rows with more fields than the header, or an "
            "unclosed quote.",
        ) from None


def unlike_files(name: str) -> FileFormatError:
    """Make the error for files that are read together and differ in their columns."""
    return FileFormatError(
        name,
        reason="the files read together do not have the same columns.",
        step="read them one by one, or make them alike.",
    )


def not_utf8(name: str) -> FileFormatError:
    """Make the error for text in another encoding."""
    return FileFormatError(
        name,
        reason="it is not UTF-8 text.",
        step="save it as UTF-8 (in Excel: 'CSV UTF-8').",
    )
