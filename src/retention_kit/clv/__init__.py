"""What customers will buy: models of purchases and of leaving, fitted and applied to tables."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.clv.bundle import ValueModel as ValueModel
    from retention_kit.clv.bundle import fit_value_model as fit_value_model
    from retention_kit.clv.columns import days_to_next_purchase as days_to_next_purchase
    from retention_kit.clv.columns import expected_purchases as expected_purchases
    from retention_kit.clv.columns import probability_alive as probability_alive
    from retention_kit.clv.columns import probability_of_purchases as probability_of_purchases
    from retention_kit.clv.fits import fit_bg_nbd as fit_bg_nbd
    from retention_kit.clv.fits import fit_mbg_nbd as fit_mbg_nbd
    from retention_kit.clv.fits import fit_pareto_nbd as fit_pareto_nbd
    from retention_kit.clv.fits_of_spend import fit_gamma_gamma as fit_gamma_gamma
    from retention_kit.clv.holdout import conditional_expectations as conditional_expectations
    from retention_kit.clv.holdout import holdout_summary as holdout_summary
    from retention_kit.clv.holdout import holdout_totals as holdout_totals
    from retention_kit.clv.models import BGNBD as BGNBD
    from retention_kit.clv.models import MBGNBD as MBGNBD
    from retention_kit.clv.models import FitReport as FitReport
    from retention_kit.clv.models import GammaGamma as GammaGamma
    from retention_kit.clv.models import ParetoNBD as ParetoNBD
    from retention_kit.clv.money import expected_average_spend as expected_average_spend
    from retention_kit.clv.money import lifetime_value as lifetime_value
    from retention_kit.clv.plots import probability_alive_matrix as probability_alive_matrix
    from retention_kit.clv.plots import repeat_frequency as repeat_frequency
    from retention_kit.clv.predictions import predicted_values as predicted_values
    from retention_kit.clv.row_likelihoods import log_likelihood as log_likelihood
    from retention_kit.clv.summary import clv_patterns as clv_patterns
    from retention_kit.clv.summary import clv_summary as clv_summary
    from retention_kit.clv.tracking import cumulative_tracking as cumulative_tracking
    from retention_kit.clv.tracking import tracking_totals as tracking_totals

_HERE = "retention_kit.clv"
_MODULES: dict[str, str] = {
    "BGNBD": f"{_HERE}.models",
    "FitReport": f"{_HERE}.models",
    "GammaGamma": f"{_HERE}.models",
    "MBGNBD": f"{_HERE}.models",
    "ParetoNBD": f"{_HERE}.models",
    "ValueModel": f"{_HERE}.bundle",
    "clv_patterns": f"{_HERE}.summary",
    "clv_summary": f"{_HERE}.summary",
    "conditional_expectations": f"{_HERE}.holdout",
    "cumulative_tracking": f"{_HERE}.tracking",
    "days_to_next_purchase": f"{_HERE}.columns",
    "expected_average_spend": f"{_HERE}.money",
    "expected_purchases": f"{_HERE}.columns",
    "fit_bg_nbd": f"{_HERE}.fits",
    "fit_gamma_gamma": f"{_HERE}.fits_of_spend",
    "fit_mbg_nbd": f"{_HERE}.fits",
    "fit_pareto_nbd": f"{_HERE}.fits",
    "fit_value_model": f"{_HERE}.bundle",
    "holdout_summary": f"{_HERE}.holdout",
    "holdout_totals": f"{_HERE}.holdout",
    "lifetime_value": f"{_HERE}.money",
    "log_likelihood": f"{_HERE}.row_likelihoods",
    "predicted_values": f"{_HERE}.predictions",
    "probability_alive": f"{_HERE}.columns",
    "probability_alive_matrix": f"{_HERE}.plots",
    "probability_of_purchases": f"{_HERE}.columns",
    "repeat_frequency": f"{_HERE}.plots",
    "tracking_totals": f"{_HERE}.tracking",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
