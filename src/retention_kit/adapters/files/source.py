"""The source of files: what the door of `retention_kit.contracts` opens, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from retention_kit.adapters.cursors import rows_since
from retention_kit.adapters.declared import check_columns, table_to_scan
from retention_kit.adapters.files.settings import DeclaredFiles, FilesSettings
from retention_kit.contracts.files import check_separator, open_path, tables_in
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import FileFormatError
from retention_kit.plugins.types import Cursor, SourceTable


class FilesSource:
    """Tables in Parquet and CSV files, workbooks, folders of such files, and patterns of them.

    Polars scans them itself, so that columns, filters and limits reach the files. All columns of a
    CSV file are text, as at the door; what cannot be scanned as it stands, a workbook or text in
    another encoding, is converted into a temporary file once.

    Args:
        settings: Where the files are, and what is declared of their tables.
        name: The instance's name.

    Raises:
        DefinitionError: The separator is not one character.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     changed = pl.DataFrame({"id": [1, 2], "changed": ["2025-05-01", "2025-06-01"]})
        ...     changed.write_csv(Path(folder, "orders.csv"))
        ...     declared = {"orders": {"cursor": "changed"}}
        ...     source = FilesSource(FilesSettings(path=folder, declared=declared))
        ...     source.scan("orders", since="2025-05-15").collect().rows()
        [('2', '2025-06-01')]
    """

    def __init__(self, settings: FilesSettings, *, name: str = "files") -> None:
        check_separator(settings.csv_separator)
        self._settings = settings
        self._name = name

    def __repr__(self) -> str:
        return f"FilesSource({str(self._settings.path)!r}, name={self._name!r})"

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name: those that are declared, or else those that are there now."""
        declared = self._settings.declared
        if not declared:
            found = tables_in(self._settings.path, TABLES)
            names = ["orders"] if found is None else list(found)
            declared = dict.fromkeys(names, DeclaredFiles())
        return {name: one.as_table(name) for name, one in declared.items()}

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame.

        Args:
            table: One of `tables`.
            since: Only rows whose cursor is at or after this, and rows without one. Text is
                compared by what it says: as instants in ISO 8601, or as whole numbers.

        Raises:
            DefinitionError: There is no such table, or it cannot be read since a point.
            FileFormatError: A file is not there, not readable, or not what its ending says.
        """
        described = table_to_scan(self.tables, table, since, source=self._name)
        opened = open_path(self._place(table), separator=self._settings.csv_separator)
        check_columns(described, opened.schema)
        if since is None:
            return opened.frame
        zone = self._settings.naive_zone
        return rows_since(opened.frame, opened.schema, since, described, naive_zone=zone)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _place(self, table: str) -> Path:
        root = self._settings.path
        declared = self._settings.declared.get(table)
        if declared is not None and declared.path is not None:
            return root / declared.path
        found = tables_in(root, [table])
        if found is None:
            return root
        if table not in found:
            raise FileFormatError(
                str(root),
                reason=f"it holds nothing named {table!r}.",
                step="check the folder, or declare the table's path.",
            )
        return found[table]
