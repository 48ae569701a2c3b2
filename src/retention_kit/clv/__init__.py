"""What customers will buy: models of purchases and of leaving, fitted and applied to tables."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.clv.fits import fit_bg_nbd as fit_bg_nbd
    from retention_kit.clv.fits import fit_gamma_gamma as fit_gamma_gamma
    from retention_kit.clv.fits import fit_mbg_nbd as fit_mbg_nbd
    from retention_kit.clv.fits import fit_pareto_nbd as fit_pareto_nbd
    from retention_kit.clv.models import BGNBD as BGNBD
    from retention_kit.clv.models import MBGNBD as MBGNBD
    from retention_kit.clv.models import FitReport as FitReport
    from retention_kit.clv.models import GammaGamma as GammaGamma
    from retention_kit.clv.models import ParetoNBD as ParetoNBD
    from retention_kit.clv.summary import clv_patterns as clv_patterns
    from retention_kit.clv.summary import clv_summary as clv_summary

_HERE = "retention_kit.clv"
_MODULES: dict[str, str] = {
    "BGNBD": f"{_HERE}.models",
    "FitReport": f"{_HERE}.models",
    "GammaGamma": f"{_HERE}.models",
    "MBGNBD": f"{_HERE}.models",
    "ParetoNBD": f"{_HERE}.models",
    "clv_patterns": f"{_HERE}.summary",
    "clv_summary": f"{_HERE}.summary",
    "fit_bg_nbd": f"{_HERE}.fits",
    "fit_gamma_gamma": f"{_HERE}.fits",
    "fit_mbg_nbd": f"{_HERE}.fits",
    "fit_pareto_nbd": f"{_HERE}.fits",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
