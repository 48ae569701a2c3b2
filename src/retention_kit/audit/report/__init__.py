"""The audit as people read it: a page, notebook cells, a workbook, a folder of tables."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.audit.report.contents import Section as Section
    from retention_kit.audit.report.contents import report_sections as report_sections
    from retention_kit.audit.report.folder import write_folder as write_folder
    from retention_kit.audit.report.page import notebook_html as notebook_html
    from retention_kit.audit.report.page import render_html as render_html
    from retention_kit.audit.report.words import texts as texts
    from retention_kit.audit.report.workbook import write_excel as write_excel

_HERE = "retention_kit.audit.report"
_MODULES = {
    "Section": f"{_HERE}.contents",
    "notebook_html": f"{_HERE}.page",
    "render_html": f"{_HERE}.page",
    "report_sections": f"{_HERE}.contents",
    "texts": f"{_HERE}.words",
    "write_excel": f"{_HERE}.workbook",
    "write_folder": f"{_HERE}.folder",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
