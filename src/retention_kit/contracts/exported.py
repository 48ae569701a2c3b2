"""Files that cannot be scanned as they are become Parquet in the temporary folder, each once.

These are workbooks, text in other encodings than UTF-8, and tables among titles and totals.
"""

from __future__ import annotations

import codecs
import csv
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from retention_kit.contracts.encodings import (
    UTF_8,
    as_utf_8,
    check_encoding,
    find_encoding,
    sample_text,
)
from retention_kit.contracts.export_layout import (
    ROW,
    Layout,
    find_layout,
    header_row,
    is_headed,
    raw_columns,
)
from retention_kit.contracts.html_tables import read_html
from retention_kit.contracts.opened import naming
from retention_kit.contracts.temporary import temporary_file
from retention_kit.contracts.workbooks import WORKBOOKS, Workbook
from retention_kit.errors import FileFormatError

SEPARATORS = (",", ";", "\t", "|")
"""What may separate the columns of a text file."""

_LOCK = threading.Lock()
_DONE: dict[tuple[object, ...], Exported] = {}
_SAMPLED_LINES = 300
_HEAD = 4_096


@dataclass(frozen=True, slots=True)
class Exported:
    """A file's table, and how it was found.

    Attributes:
        frame: Its rows; text as text, the cells of a workbook by their types.
        layout: Where it stood.
        encoding: Of a text file.
        separator: Of a text file.
        sheet: Of a workbook.
        sheets: All sheets of the workbook.
    """

    frame: pl.LazyFrame
    layout: Layout
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()

    @property
    def notes(self) -> dict[str, int]:
        """What was cut, counted."""
        counts = {
            "title_rows": self.layout.header,
            "total_rows": len(self.layout.totals),
            "blank_rows": len(self.layout.blanks),
            "footer_rows": len(self.layout.footers),
            "group_rows": len(self.layout.groups),
        }
        return {name: count for name, count in counts.items() if count}


def open_export(
    file: Path,
    *,
    sheet: str | int | None = None,
    encoding: str | None = None,
    separator: str | None = None,
) -> Exported:
    """Find the table of a workbook or a text file.

    A text file in UTF-8 that is nothing but its table stays where it is; others are converted, and
    what was converted once is not converted again unless the file changed.

    Raises:
        DefinitionError: There is no such sheet, or no such encoding.
        FileFormatError: The file cannot be read.
    """
    check_encoding(encoding)
    told = file.stat()
    key = (file.resolve(), told.st_mtime_ns, told.st_size, sheet, encoding, separator)
    with _LOCK:
        done = _DONE.get(key)
        if done is None or not _is_there(done):
            with naming(str(file)):
                match content_of(file):
                    case "workbook":
                        done = _from_workbook(file, sheet)
                    case "html":
                        done = _from_html(file, encoding)
                    case "text":
                        done = _from_text(file, encoding, separator)
            _DONE[key] = done
    return done


def content_of(file: Path) -> Literal["workbook", "html", "text"]:
    """Tell what a file is. Some systems call a file .xls that holds HTML, or text."""
    if file.suffix.lower() not in WORKBOOKS:
        return "text"
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text"
    if head.startswith(b"PK") or b"\x00" in head:
        return "workbook"
    return "html" if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<") else "text"


def must_convert(file: Path, separator: str | None = None) -> bool:
    """Tell whether a file has to be converted before it can be scanned, by its beginning."""
    if file.suffix.lower() in WORKBOOKS:
        return True
    packed = file.suffix.lower() == ".gz"
    if file.suffix.lower() == ".zst":
        return False
    if find_encoding(file, packed=packed) != UTF_8:
        return True
    rows = {
        mark: _cells(sample_text(file, UTF_8, packed=packed), mark)
        for mark in ([separator] if separator else SEPARATORS)
    }
    best = rows[_best_separator(rows)]
    header = header_row(best)
    # What has no line of headings is refused when it is converted.
    return header > 0 or (bool(best) and not is_headed(best[header]))


def _from_workbook(file: Path, sheet: str | int | None) -> Exported:
    book = Workbook(str(file))
    name = book.pick(sheet)
    raw = book.raw(name)
    if raw.is_empty():
        raise FileFormatError(
            str(file), reason=f"its sheet {name!r} is empty.", step="name another sheet."
        )
    layout = _checked(file, find_layout(raw.lazy()))
    to = temporary_file(".parquet")
    book.table(name, layout, height=raw.height).write_parquet(to)
    return Exported(pl.scan_parquet(to), layout, sheet=name, sheets=book.sheets)


def _from_html(file: Path, encoding: str | None) -> Exported:
    known = encoding or find_encoding(file)
    readable = file if known == UTF_8 else as_utf_8(file, known)
    raw = read_html(readable)
    if raw.width == 1:
        raise FileFormatError(
            str(file), reason="it is HTML without a table.", step="export it again."
        )
    layout = _checked(file, find_layout(raw.lazy()))
    to = temporary_file(".parquet")
    _table(raw.lazy(), layout).collect().write_parquet(to)
    if readable != file:
        readable.unlink()
    return Exported(pl.scan_parquet(to), layout, encoding=known)


def _from_text(file: Path, encoding: str | None, separator: str | None) -> Exported:
    packed = file.suffix.lower() == ".gz"
    known = encoding or find_encoding(file, packed=packed)
    sample = sample_text(file, known, packed=packed)
    if not sample.strip():
        raise FileFormatError(str(file), reason="it is empty.", step="export it again.")
    rows = {mark: _cells(sample, mark) for mark in ([separator] if separator else SEPARATORS)}
    mark = _best_separator(rows)
    stands = known.lower().replace("_", "-") in (UTF_8, "utf8", "utf-8-sig", "ascii", "us-ascii")
    readable = file if stands else as_utf_8(file, known, packed=packed)
    raw = _raw(readable, mark, width=max(map(len, rows[mark])))
    layout = _checked(file, find_layout(raw))
    if stands and not layout.header and not layout.cut:
        frame = pl.scan_csv(readable, separator=mark, infer_schema=False)
        if frame.collect_schema().names() == list(layout.headings.values()):
            return Exported(frame, layout, encoding=known, separator=mark)
    to = temporary_file(".parquet")
    _table(raw, layout).sink_parquet(to)
    if readable != file:
        readable.unlink()
    return Exported(pl.scan_parquet(to), layout, encoding=known, separator=mark)


def _checked(file: Path, layout: Layout) -> Layout:
    """Raise where the table is no list; what stands in it stays out of the message."""
    if layout.problem == "headings":
        raise FileFormatError(
            str(file),
            reason="the file has no header line: its first row holds dates, numbers, e-mails or "
            "telephone numbers.",
            step="put a line above it that names the columns, such as order_id, customer_id, "
            "ordered_at, amount.",
        )
    if layout.problem == "grouped":
        raise FileFormatError(
            str(file),
            reason="the report is grouped: some rows name the group of those below them.",
            step="export it as a list, without grouping, so that each row names its customer.",
        )
    return layout


def _table(raw: pl.LazyFrame, layout: Layout) -> pl.LazyFrame:
    row = pl.col(ROW)
    table = layout.with_groups(raw.filter(row > layout.header))
    if layout.cut:
        table = table.filter(~row.is_in(layout.cut))
    return table.select(pl.col(column).alias(name) for column, name in layout.headings.items())


def _raw(file: Path, separator: str, *, width: int) -> pl.LazyFrame:
    return pl.scan_csv(
        file,
        separator=separator,
        has_header=False,
        schema=dict.fromkeys(raw_columns(width), pl.String()),
        # A title in the first line has fewer fields than the table.
        missing_columns="insert",
        row_index_name=ROW,
    )


def _cells(sample: str, separator: str) -> list[list[str]]:
    """Read the first lines of a text; a quoted field may hold separators and line ends."""
    lines = sample.splitlines(keepends=True)[:_SAMPLED_LINES]
    try:
        rows = [
            [" ".join(cell.split()) for cell in row]
            for row in csv.reader(lines, delimiter=separator)
        ]
    except csv.Error:
        rows = [line.strip("\r\n").split(separator) for line in lines]
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def _best_separator(rows: dict[str, list[list[str]]]) -> str:
    """Pick the mark that divides the header line into the most headings."""

    def headings(mark: str) -> int:
        cells: Sequence[Sequence[str]] = rows[mark]
        return sum(map(bool, cells[header_row(cells)])) if cells else 0

    return max(rows, key=headings)


def _is_there(done: Exported) -> bool:
    """Tell whether what was converted still is: a fork or a cleaner may have taken it away."""
    try:
        done.frame.head(0).collect()
    except (OSError, pl.exceptions.PolarsError):
        return False
    return True
