"""Excel workbooks, by fastexcel: cells as text to find the table in, and then by their types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.contracts.export_layout import ROW, Layout, header_row, raw_columns
from retention_kit.contracts.headings import HEADINGS, heading_key
from retention_kit.errors import FileFormatError, bad_parameter

if TYPE_CHECKING:
    import fastexcel

WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
"""The endings of workbooks."""

_EXACT = 2.0**53
_LOOKED_AT = 200
_KNOWN = frozenset(
    heading
    for columns in HEADINGS.values()
    for headings in columns.values()
    for heading in headings
)
_DATE_CELL = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?$"


class Workbook:
    """A workbook, opened.

    Attributes:
        sheets: The names of its sheets.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._opened = _open(path)
        self.sheets = tuple(self._opened.sheet_names)

    def pick(self, sheet: str | int | None) -> str:
        """Give the name of the sheet that is meant.

        By default it is the first with two known headings, else with one, else that holds anything.

        Raises:
            DefinitionError: There is no such sheet.
            FileFormatError: No sheet holds anything.
        """
        if isinstance(sheet, int) and not isinstance(sheet, bool) and 0 <= sheet < len(self.sheets):
            return self.sheets[sheet]
        if sheet in self.sheets:
            return str(sheet)
        if sheet is not None:
            raise bad_parameter(
                "sheet", got=sheet, allowed=", ".join(repr(name) for name in self.sheets)
            )
        known: dict[str, int] = {}
        for name in self.sheets:
            cells = self._load(name, n_rows=_LOOKED_AT, dtypes="string").rows()
            if not cells:
                continue
            rows = [[" ".join((cell or "").split()) for cell in row] for row in cells]
            known[name] = sum(heading_key(cell) in _KNOWN for cell in rows[header_row(rows)])
            if known[name] > 1:
                return name
        if known:
            return max(known, key=known.__getitem__)
        raise FileFormatError(self._path, reason="it is empty.", step="export it again.")

    def raw(self, sheet: str) -> pl.DataFrame:
        """Give all cells of a sheet as text, with `ROW`; the first row is the sheet's first."""
        cells = self._load(sheet, dtypes="string")
        return cells.rename(
            dict(zip(cells.columns, raw_columns(cells.width), strict=True))
        ).with_row_index(ROW)

    def table(self, sheet: str, layout: Layout, *, height: int) -> pl.DataFrame:
        """Give the table of a sheet by the types of its cells.

        Whole numbers are integers. A column of dates and other cells is text.

        Args:
            sheet: Its name.
            layout: Where the table stands.
            height: How many rows the sheet has.
        """
        first = layout.header + 1
        cut = set(layout.cut)
        last = max((row for row in range(first, height) if row not in cut), default=layout.header)
        # A label of totals below would make text of a whole column; between the rows it does.
        cells = self._load(
            sheet, skip_rows=first, n_rows=max(last - layout.header, 1), schema_sample_rows=None
        )
        names = dict(zip(raw_columns(cells.width), cells.columns, strict=True))
        rows = pl.int_range(first, pl.len() + first)
        if layout.filled is not None:
            there = cells.rename({found: raw for raw, found in names.items()})
            filled = layout.with_groups(there.lazy().with_columns(rows.alias(ROW))).drop(ROW)
            cells = filled.collect().rename(names)
        cells = cells.filter(~rows.is_in(sorted({*cut, *range(last + 1, height)})))
        return cells.select(
            _typed(names[column], cells[names[column]]).alias(heading)
            for column, heading in layout.headings.items()
        )

    def _load(self, sheet: str, *, skip_rows: Any = 0, **options: Any) -> pl.DataFrame:
        try:
            loaded = self._opened.load_sheet(sheet, header_row=None, skip_rows=skip_rows, **options)
            frame: pl.DataFrame = loaded.to_polars()
        except Exception as error:
            # What is raised here may quote a cell, which may be a customer's.
            raise _unreadable(self._path, error) from None
        return frame


def _typed(name: str, column: pl.Series) -> pl.Expr:
    value = pl.col(name)
    if column.dtype.is_float():
        there = column.drop_nulls()
        is_whole = bool(((there == there.floor()) & (there.abs() < _EXACT)).all())
        return value.cast(pl.Int64) if is_whole else value
    if column.dtype == pl.Null:
        return value.cast(pl.String)
    if column.dtype == pl.String:
        there = column.drop_nulls()
        # So fastexcel writes the dates of a column that had other cells, which were cut.
        is_instant = there.len() > 0 and there.str.contains(_DATE_CELL).all()
        return value.str.to_datetime("%Y-%m-%d %H:%M:%S%.f") if is_instant else value
    return value.cast(pl.Datetime("us")) if isinstance(column.dtype, pl.Datetime) else value


def _open(path: str) -> fastexcel.ExcelReader:
    try:
        import fastexcel
    except ImportError:
        raise FileFormatError(
            path,
            reason="workbooks are read by fastexcel, which is not installed.",
            step="pip install 'retention-kit[files]', or save the sheet as CSV.",
        ) from None
    try:
        return fastexcel.read_excel(Path(path))
    except Exception as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> FileFormatError:
    return FileFormatError(
        path,
        reason=f"it cannot be read as a workbook ({type(error).__name__}).",
        step="open it in Excel and save it again as .xlsx; take off its password, if it has one.",
    )
