"""An audit with what can be made of it: a page, a workbook, a folder of tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retention_kit.audit.model import Findings, Language
from retention_kit.audit.needs import needing

if TYPE_CHECKING:
    from retention_kit.audit.report.contents import Section


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Audit(Findings):
    """What a shop's tables say about its repeat sales, at one instant.

    It has the attributes of `Findings`: `key_figures`, `tables` by name, `health`, `notes` and
    `warnings`, and from where it was seen. A notebook shows its key figures.
    """

    def to_html(self, path: str | Path | None = None, *, language: Language = "en") -> str:
        """Make the report: one page that holds all it needs, in English and in Russian.

        Args:
            path: Where to write it; None writes nothing.
            language: In which of the two it opens.

        Returns:
            The page.

        Raises:
            DefinitionError: There is no such language.
            MissingDependencyError: The extra `report` is not installed.
        """
        with needing("report"):
            from retention_kit.audit.report.page import render_html
        page = render_html(self, language=language)
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def to_excel(self, path: str | Path, *, language: Language = "en") -> None:
        """Write a workbook with a sheet for each table, headings in the report's language.

        Text that a spreadsheet would take for a formula is written as text.

        Args:
            path: The file, ending in `.xlsx`.
            language: `en` or `ru`.

        Raises:
            DefinitionError: There is no such language.
            MissingDependencyError: The extra `report` is not installed.
        """
        with needing("report"):
            from retention_kit.audit.report.workbook import write_excel
        write_excel(self, path, language=language)

    def to_folder(self, folder: str | Path, *, language: Language = "en") -> None:
        """Write all tables as CSV and Parquet, in a star schema, and all pictures as SVG.

        Args:
            folder: The folder; it is made where it is not there.
            language: Of the pictures and of names in dimensions.

        Raises:
            DefinitionError: There is no such language.
            MissingDependencyError: The extra `report` is not installed.
        """
        with needing("report"):
            from retention_kit.audit.report.folder import write_folder
        write_folder(self, folder, language=language)

    def sections(self, *, language: Language = "en") -> Mapping[str, Section]:
        """Give the sections of the report by name, each of which shows itself in a notebook.

        Args:
            language: `en` or `ru`.

        Raises:
            DefinitionError: There is no such language.
            MissingDependencyError: The extra `report` is not installed.
        """
        with needing("report"):
            from retention_kit.audit.report.contents import report_sections
        return report_sections(self, language=language)

    def _repr_html_(self) -> str | None:
        """Show the audit in a notebook; without the extra `report` its text stands there."""
        try:
            from retention_kit.audit.report.page import notebook_html
        except ModuleNotFoundError:
            return None
        return notebook_html(self)
