"""Recency, frequency and monetary value: scores that are fitted once and applied for months."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.rfm.fits import fit_rfm_scorer as fit_rfm_scorer
    from retention_kit.rfm.migration import segment_migration as segment_migration
    from retention_kit.rfm.migration import segment_migration_totals as segment_migration_totals
    from retention_kit.rfm.rules import RFMRule as RFMRule
    from retention_kit.rfm.rules import RFMSegments as RFMSegments
    from retention_kit.rfm.scales import RFMScale as RFMScale
    from retention_kit.rfm.scorers import RFMScorer as RFMScorer
    from retention_kit.rfm.scores import rfm_scores as rfm_scores
    from retention_kit.rfm.scores import score_map as score_map
    from retention_kit.rfm.scores import score_totals as score_totals
    from retention_kit.rfm.table import rfm_table as rfm_table
    from retention_kit.rfm.totals import rfm_segments as rfm_segments
    from retention_kit.rfm.totals import segment_summary as segment_summary
    from retention_kit.rfm.totals import segment_totals as segment_totals

_HERE = "retention_kit.rfm"
_MODULES = {
    "RFMRule": f"{_HERE}.rules",
    "RFMScale": f"{_HERE}.scales",
    "RFMScorer": f"{_HERE}.scorers",
    "RFMSegments": f"{_HERE}.rules",
    "fit_rfm_scorer": f"{_HERE}.fits",
    "rfm_scores": f"{_HERE}.scores",
    "rfm_segments": f"{_HERE}.totals",
    "rfm_table": f"{_HERE}.table",
    "score_map": f"{_HERE}.scores",
    "score_totals": f"{_HERE}.scores",
    "segment_migration": f"{_HERE}.migration",
    "segment_migration_totals": f"{_HERE}.migration",
    "segment_summary": f"{_HERE}.totals",
    "segment_totals": f"{_HERE}.totals",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
