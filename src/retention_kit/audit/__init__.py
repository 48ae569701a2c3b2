"""The main job: one call from a shop's tables to what they say about its repeat sales."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.audit.model import Benchmark as Benchmark
    from retention_kit.audit.model import Findings as Findings
    from retention_kit.audit.model import KeyFigure as KeyFigure
    from retention_kit.audit.model import Note as Note
    from retention_kit.audit.model import PluggedSection as PluggedSection
    from retention_kit.audit.outputs import Audit as Audit
    from retention_kit.audit.report.contents import Section as Section
    from retention_kit.audit.run import audit as audit

_HERE = "retention_kit.audit"
_MODULES = {
    "Audit": f"{_HERE}.outputs",
    "Benchmark": f"{_HERE}.model",
    "Findings": f"{_HERE}.model",
    "KeyFigure": f"{_HERE}.model",
    "Note": f"{_HERE}.model",
    "PluggedSection": f"{_HERE}.model",
    "Section": f"{_HERE}.report.contents",
    "audit": f"{_HERE}.run",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
