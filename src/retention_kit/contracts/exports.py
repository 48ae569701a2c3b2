"""Exports as people have them: what was found in a file, and how it is proposed to the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from retention_kit.contracts.exported import open_export
from retention_kit.contracts.files import check_export
from retention_kit.contracts.matching import Cells
from retention_kit.contracts.opened import naming
from retention_kit.contracts.presets import PresetName, preset_of
from retention_kit.contracts.suggestions import MappingSuggestion, SuggestedTable, propose


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Export:
    """A file's table, with what was found around it.

    It may stand wherever a table is given to `Dataset.from_frames` or `from_lines`. What the caller
    does not state is then read as `suggest` proposes: how dates and numbers are written; and unless
    the caller names all required columns, the columns, what words mean, and who is a guest.

    Attributes:
        frame: The rows. Text is text; the cells of a workbook have their types.
        path: The file.
        preset: The system that wrote it, where stated.
        encoding: Of a text file.
        separator: Of a text file.
        sheet: The sheet that was read.
        sheets: All sheets of the workbook.
        header_row: The row of the headings, counted from 1.
        title_rows: How many rows stood above it.
        total_rows: Which rows were left out as totals, counted from 1.
        blank_rows: How many rows were left out as blank.
        empty_columns: How many columns were left out, having neither heading nor value.
        repeated_headings: Headings that stand more than once; the later ones got a number.
        footer_rows: How many rows with a single cell were left out below the table.
        group_rows: Which rows named the group of those below them, counted from 1; their name was
            filled in there, and they were left out.
    """

    frame: pl.LazyFrame
    path: str
    preset: PresetName | None = None
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    header_row: int = 1
    title_rows: int = 0
    total_rows: tuple[int, ...] = ()
    blank_rows: int = 0
    empty_columns: int = 0
    repeated_headings: tuple[str, ...] = ()
    footer_rows: int = 0
    group_rows: tuple[int, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.frame.collect_schema().names())

    @property
    def notes(self) -> dict[str, int]:
        """What was left out, counted, as `dataset.health` repeats it."""
        counts = {
            "title_rows": self.title_rows,
            "total_rows": len(self.total_rows),
            "blank_rows": self.blank_rows,
            "footer_rows": self.footer_rows,
            "group_rows": len(self.group_rows),
        }
        return {name: count for name, count in counts.items() if count}

    @property
    def options(self) -> dict[str, Any]:
        """The options that are proposed for it, as orders or as lines."""
        return self._proposal().options

    @property
    def rewritten(self) -> tuple[str, ...]:
        """The headings whose cells are made plain before they are read, as orders or as lines.

        Numbers lose a currency, brackets or a minus at the end; months in words and Excel's
        numbers of days become dates.
        """
        return self._proposal().rewritten

    def suggest(
        self,
        table: SuggestedTable = "orders",
        *,
        preset: PresetName | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> MappingSuggestion:
        """Propose how to read it as a table; see `suggest_mapping`.

        Args:
            table: The table.
            preset: The system that wrote it; by default the export's own.
            columns: Headings that are known already, by column.

        Returns:
            The proposal.
        """
        with naming(self.path):
            return propose(
                table,
                self.frame,
                preset=preset or self.preset,
                columns=columns,
                cells=Cells(of_export=True, typed=self.sheet is not None),
                separator=self.separator,
            )

    def _proposal(self) -> MappingSuggestion:
        proposal = self.suggest()
        return self.suggest("lines") if proposal.grain == "lines" else proposal

    def __repr__(self) -> str:
        shown = {
            "sheet": self.sheet,
            "encoding": self.encoding,
            "separator": self.separator,
            "header_row": self.header_row,
            "columns": len(self.headings),
            "total_rows": len(self.total_rows),
            "blank_rows": self.blank_rows,
        }
        told = ", ".join(f"{name}={value!r}" for name, value in shown.items() if value)
        return f"Export({self.path!r}, {told})"


def read_export(
    path: str | Path,
    preset: PresetName | None = None,
    *,
    sheet: str | int | None = None,
    encoding: str | None = None,
    separator: str | None = None,
) -> Export:
    """Read a file as an accounting system, a CRM or a person wrote it.

    Workbooks (`.xlsx`, `.xls`, also such as hold HTML; with the extra `files`) and text (`.csv`,
    `.tsv`, `.txt`, also `.gz`) in UTF-8, in UTF-16 with a mark, or in Windows-1251. Titles above
    the header line, totals and blank rows are left out, and the result says which. A text file in
    UTF-8 that is nothing but its table stays where it is; of others a copy is kept, as Parquet in
    a temporary folder, until the process ends.

    Args:
        path: The file.
        preset: The system that wrote it: `"1c"`, `"bitrix24"`, `"amocrm"`, or None for any.
        sheet: Of a workbook, the name or the place (from 0) of the sheet; by default the first
            that holds anything.
        encoding: Of a text file; by default its bytes tell.
        separator: Of a text file; by default the header line tells.

    Returns:
        The export, to pass to `Dataset.from_frames`; its `suggest` proposes how to read it.

    Raises:
        FileFormatError: The file is not there, or cannot be read.
        DefinitionError: There is no such preset, sheet or encoding.

    Examples:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "Продажи.csv")
        >>> _ = file.write_bytes('''Отчёт по продажам;;;
        ... Дата;Номер;Контрагент;Сумма
        ... 31.01.2025;1;Ромашка;1 234,50 руб.
        ... Итого;;;1 234,50 руб.
        ... '''.encode("cp1251"))
        >>> export = read_export(file)
        >>> export.encoding, export.title_rows, export.total_rows
        ('windows-1251', 1, (4,))
        >>> export.options["columns"]["amount"], export.options["decimal_mark"]
        ('Сумма', ',')
    """
    preset_of(preset)
    file = check_export(path, separator=separator)
    with naming(str(path)):
        found = open_export(file, sheet=sheet, encoding=encoding, separator=separator)
        return Export(
            frame=found.frame,
            path=str(path),
            preset=preset,
            encoding=found.encoding,
            separator=found.separator,
            sheet=found.sheet,
            sheets=found.sheets,
            header_row=found.layout.header + 1,
            title_rows=found.layout.header,
            total_rows=tuple(row + 1 for row in found.layout.totals),
            blank_rows=len(found.layout.blanks),
            empty_columns=found.layout.empty_columns,
            repeated_headings=found.layout.repeated,
            footer_rows=len(found.layout.footers),
            group_rows=tuple(row + 1 for row in found.layout.groups),
        )
