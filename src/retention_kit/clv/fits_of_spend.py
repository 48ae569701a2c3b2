"""Fitting the model of spend to a summary by maximum likelihood."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np

from retention_kit.clv.histories import check_penalty, spenders_of
from retention_kit.clv.likelihoods import gamma_gamma
from retention_kit.clv.models import GammaGamma
from retention_kit.clv.numerics import maximise
from retention_kit.clv.reporting import report_on
from retention_kit.clv.summary import clv_summary
from retention_kit.clv.verdicts import verdict_of_spend
from retention_kit.contracts.law import Frame, fit
from retention_kit.errors import DataWarning

NonPositive = Literal["drop", "raise"]
"""What becomes of repeat customers whose mean spend is not above 0."""

_NOTABLE = 0.3
"""A correlation of middling size (Cohen 1988), from which on independence is doubted."""
_BEYOND_CHANCE = 2.0
"""In standard errors, of a correlation that is none."""


@fit(of=clv_summary)
def fit_gamma_gamma(
    summary: Frame, *, non_positive: NonPositive = "drop", penalty: float = 0.0
) -> GammaGamma:
    """Fit gamma-gamma: what customers spend per purchase, each around a mean of their own.

    Args:
        summary: What `clv_summary` gives; customers who bought once say nothing here.
        non_positive: What becomes of repeat customers whose mean spend is 0 or less: they are left
            out and counted (`drop`), or an error (`raise`).
        penalty: Weight of a penalty that draws the parameters to 1; 0 is plain maximum likelihood.

    Returns:
        The model, with a report on the fit in `fitted`. Its `status` is to be looked at.

    Raises:
        DefinitionError: A column is not there; `non_positive` is neither; or `penalty` is below 0.
        DataError: The summary holds what cannot be, fewer than two repeat customers, or with
            `non_positive="raise"` some whose mean spend is 0 or less.

    Warns:
        DataWarning: Number and mean of purchases correlate by 0.3 or more either way, and by more
            than chance would have it; the model takes them to be independent.

    Notes:
        The sum over repeat customers, m being the mean of x purchases, of the logarithm of

            Γ(px+q)/(Γ(px) Γ(q)) · gamma^q m^(px−1) x^(px) / (gamma+xm)^(px+q)

        less penalty · Σ (ln parameter)², where spend is counted in the mean of m.

        The correlation is Pearson's; 0.3 is what Cohen (1988) calls a medium one, and with n
        customers |correlation| · √(n − 1) ≥ 2 is more than chance. On CDNOW it is 0.11, which
        Fader, Hardie and Lee (2005) take for none.

    References:
        Fader and Hardie (2013), The gamma-gamma model of monetary value. Fader, Hardie and Lee
        (2005), RFM and CLV: using iso-value curves for customer base analysis.

    Examples:
        >>> from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
        >>> summary = clv_summary(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        >>> model = fit_gamma_gamma(summary)
        >>> model.fitted.status, model.fitted.customers
        ('converged', 2790)
    """
    check_penalty(penalty)
    found = spenders_of(summary.lazy(), non_positive)
    spending = found.spending
    mean = float(np.average(spending.mean, weights=spending.customers))
    scaled = spending.scaled(1.0 / mean)
    starts = [np.array([p, q, (q - 1.0) / p]) for p, q in ((1.0, 3.0), (6.0, 4.0), (0.5, 2.0))]
    optimum = maximise(
        lambda parameters: gamma_gamma.log_likelihood_and_gradient(parameters, scaled),
        starts,
        penalty=penalty,
        rough=None,
    )
    units = np.array([1.0, 1.0, mean])
    at_top = np.exp(optimum.logs) * units
    parameters = dict(zip(GammaGamma.PARAMETERS, at_top.tolist(), strict=True))
    verdict = verdict_of_spend(optimum, parameters, left_out=found.non_positive)
    _warn_of(found.correlation, float(spending.customers.sum()))
    report = report_on(
        optimum,
        verdict,
        names=GammaGamma.PARAMETERS,
        units=units,
        log_likelihood=gamma_gamma.log_likelihood_and_gradient(at_top, spending)[0],
        customers=float(spending.customers.sum()),
        penalty=penalty,
        left_out=found.non_positive,
        correlation=found.correlation,
    )
    return GammaGamma(**parameters, fitted=report)


def is_notable(correlation: float | None, customers: float) -> bool:
    """Say whether number and mean of purchases correlate so much that the model is doubted."""
    if correlation is None:
        return False
    is_chance = abs(correlation) * np.sqrt(customers - 1.0) < _BEYOND_CHANCE
    return bool(abs(correlation) >= _NOTABLE and not is_chance)


def _warn_of(correlation: float | None, customers: float) -> None:
    if correlation is not None and is_notable(correlation, customers):
        warnings.warn(
            f"The number and the mean of customers' purchases correlate by {correlation:.2f}. The "
            "gamma-gamma model takes them to be independent, so that what it expects is too "
            f"{'low' if correlation > 0 else 'high'} for those who buy most. Next step: fit it to "
            "customers of one kind at a time, or look for amounts that stand out.",
            DataWarning,
            # Past the declaration of the fit, to whoever calls it.
            stacklevel=4,
        )
