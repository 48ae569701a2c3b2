"""Fitting the models to a summary by maximum likelihood."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np

from retention_kit.clv.histories import check_penalty, histories_of, spenders_of
from retention_kit.clv.likelihoods import beta_geometric, gamma_gamma, pareto_nbd
from retention_kit.clv.likelihoods.arrays import Array, Histories, dot
from retention_kit.clv.models import (
    BGNBD,
    MBGNBD,
    FitReport,
    GammaGamma,
    ParetoNBD,
    TransactionModel,
    unit_days,
)
from retention_kit.clv.numerics import Optimum, maximise, standard_errors
from retention_kit.clv.summary import clv_patterns, clv_summary
from retention_kit.clv.verdicts import Verdict, verdict_of_purchases, verdict_of_spend
from retention_kit.contracts.law import Frame, fit
from retention_kit.errors import DataWarning

NonPositive = Literal["drop", "raise"]
"""What becomes of repeat customers whose mean spend is not above 0."""

_Model = TypeVar("_Model", bound=TransactionModel)
_ENOUGH = 3_000
"""More histories than these are first put together into fewer."""
_STEPS = 16
_NOTABLE = 0.3
"""A correlation of middling size (Cohen 1988), from which on independence is doubted."""
_BEYOND_CHANCE = 2.0
"""In standard errors, of a correlation that is none."""


@fit(of=clv_patterns)
def fit_bg_nbd(summary: Frame, *, time_unit: str = "1d", penalty: float = 0.0) -> BGNBD:
    """Fit BG/NBD: after every repeat purchase a customer may leave for good.

    Args:
        summary: What `clv_patterns` or `clv_summary` gives.
        time_unit: The unit of time of alpha, a whole number of days or weeks.
        penalty: Weight of a penalty that draws the parameters to 1; 0 is plain maximum likelihood.

    Returns:
        The model, with a report on the fit in `fitted`. Its `status` is to be looked at.

    Raises:
        DefinitionError: A column is not there; `time_unit` is no length; or `penalty` is below 0.
        DataError: The summary holds what cannot be, or nobody who bought twice.

    Notes:
        The sum over customers of the logarithm of

            Γ(r+x)/Γ(r) · alpha^r · B(a,b+x)/B(a,b)
                · [(alpha+T)^−(r+x) + {x > 0} · a/(b+x−1) · (alpha+t_x)^−(r+x)]

        is made as large as it gets, less penalty · Σ (ln parameter)². In the penalty times are
        counted in mean T, so that it does not depend on the unit of time; at 0.5 it is a
        log-normal prior of standard deviation 1. The log-likelihood that is reported is without
        it, and of times in `time_unit`: a week for a day adds ln 7 for each repeat purchase.

        A customer who bought once cannot have left by this model.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the
        Pareto/NBD model.

    Examples:
        >>> from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
        >>> patterns = clv_patterns(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        >>> model = fit_bg_nbd(patterns, time_unit="1w")
        >>> round(model.r, 3), round(model.alpha, 2), round(model.a, 3)
        (0.827, 9.84, 0.003)
        >>> model.fitted.status, model.fitted.message[:28]
        ('degenerate', 'Nobody is predicted to churn')
    """
    return _fit_purchases(
        BGNBD,
        summary,
        partial(beta_geometric.log_likelihood_and_gradient, leaves_at_once=False),
        partial(beta_geometric.share_left, leaves_at_once=False),
        time_unit,
        penalty,
    )


@fit(of=clv_patterns)
def fit_mbg_nbd(summary: Frame, *, time_unit: str = "1d", penalty: float = 0.0) -> MBGNBD:
    """Fit MBG/NBD: after every purchase, the first included, a customer may leave for good.

    Args:
        summary: What `clv_patterns` or `clv_summary` gives.
        time_unit: The unit of time of alpha, a whole number of days or weeks.
        penalty: Weight of a penalty that draws the parameters to 1; 0 is plain maximum likelihood.

    Returns:
        The model, with a report on the fit in `fitted`. Its `status` is to be looked at.

    Raises:
        DefinitionError: A column is not there; `time_unit` is no length; or `penalty` is below 0.
        DataError: The summary holds what cannot be, or nobody who bought twice.

    Notes:
        As `fit_bg_nbd`, of the likelihood

            Γ(r+x)/Γ(r) · alpha^r · B(a,b+x+1)/B(a,b)
                · [(alpha+T)^−(r+x) + a/(b+x) · (alpha+t_x)^−(r+x)]

    References:
        Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for
        customer base analysis. Wagner and Hoppe (2008), Erratum on the MBG/NBD model.

    Examples:
        >>> from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
        >>> patterns = clv_patterns(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        >>> model = fit_mbg_nbd(patterns, time_unit="1w", penalty=0.5)
        >>> round(model.r, 2), round(model.alpha, 1), model.fitted.status
        (0.83, 9.8, 'degenerate')
    """
    return _fit_purchases(
        MBGNBD,
        summary,
        partial(beta_geometric.log_likelihood_and_gradient, leaves_at_once=True),
        partial(beta_geometric.share_left, leaves_at_once=True),
        time_unit,
        penalty,
    )


@fit(of=clv_patterns)
def fit_pareto_nbd(summary: Frame, *, time_unit: str = "1d", penalty: float = 0.0) -> ParetoNBD:
    """Fit Pareto/NBD: a customer may leave for good at any moment.

    Args:
        summary: What `clv_patterns` or `clv_summary` gives.
        time_unit: The unit of time of alpha and beta, a whole number of days or weeks.
        penalty: Weight of a penalty that draws the parameters to 1; 0 is plain maximum likelihood.

    Returns:
        The model, with a report on the fit in `fitted`. Its `status` is to be looked at.

    Raises:
        DefinitionError: A column is not there; `time_unit` is no length; or `penalty` is below 0.
        DataError: The summary holds what cannot be, or nobody who bought twice.

    Notes:
        As `fit_bg_nbd`, of the likelihood

            Γ(r+x)/Γ(r) · alpha^r beta^s · [(alpha+T)^−(r+x) (beta+T)^−s
                + s · ∫ (alpha+y)^−(r+x) (beta+y)^−(s+1) dy, from t_x to T]

        The integral is summed in logarithms instead of by the Gaussian hypergeometric function,
        which overflows for many purchases. It takes some ten times as long as the other two.

    References:
        Schmittlein, Morrison and Colombo (1987), Counting your customers: who are they and what
        will they do next? Fader and Hardie (2005), A note on deriving the Pareto/NBD model.

    Examples:
        >>> from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
        >>> patterns = clv_patterns(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        >>> model = fit_pareto_nbd(patterns, time_unit="1w", penalty=0.5)
        >>> round(model.r, 2), round(model.alpha, 1), model.fitted.status
        (0.83, 9.9, 'degenerate')
    """
    return _fit_purchases(
        ParetoNBD,
        summary,
        pareto_nbd.log_likelihood_and_gradient,
        pareto_nbd.share_left,
        time_unit,
        penalty,
    )


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
    report = _report(
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


def _fit_purchases(
    model: type[_Model],
    summary: Any,
    likelihood: Callable[[Array, Histories], tuple[float, Array]],
    share_left: Callable[[Array, Histories], float],
    time_unit: str,
    penalty: float,
) -> _Model:
    days = unit_days(time_unit)
    check_penalty(penalty)
    in_days = histories_of(summary.lazy())
    # In mean ages the parameters are near 1, whatever the unit of time and the length of the data.
    mean_age = in_days.mean_age
    scaled = in_days.scaled(1.0 / mean_age)
    rough = scaled.coarse(_STEPS) if len(scaled.customers) > _ENOUGH else None
    optimum = maximise(
        lambda parameters: likelihood(parameters, scaled),
        _starts(scaled),
        penalty=penalty,
        rough=None if rough is None else lambda parameters: likelihood(parameters, rough),
    )
    names = model.PARAMETERS
    units = np.array([mean_age / days if name in ("alpha", "beta") else 1.0 for name in names])
    at_top = np.exp(optimum.logs)
    in_units = dict(zip(names, (at_top * units).tolist(), strict=True))
    gone = share_left(at_top, scaled)
    verdict = verdict_of_purchases(optimum, in_units, gone, needs_whole=model is BGNBD)
    report = _report(
        optimum,
        verdict,
        names=names,
        units=units,
        log_likelihood=likelihood(at_top * units, in_days.scaled(1.0 / days))[0],
        customers=float(in_days.customers.sum()),
        penalty=penalty,
        share_left=gone,
    )
    return model(**in_units, time_unit=time_unit, fitted=report)


def _starts(scaled: Histories) -> list[Array]:
    """Give where to begin: few and many who leave, at the shop's own rate of purchases."""
    rate = dot(scaled.x.customers, scaled.x.values) / float(scaled.customers.sum())
    return [
        np.array([0.5, 0.5 / rate, 0.5, 1.5]),
        np.array([1.0, 0.5 / rate, 1.0, 3.0]),
        np.array([0.2, 0.2 / rate, 0.1, 5.0]),
    ]


def _report(
    optimum: Optimum,
    verdict: Verdict,
    *,
    names: tuple[str, ...],
    units: Array,
    log_likelihood: float,
    customers: float,
    penalty: float,
    **more: Any,
) -> FitReport:
    errors = standard_errors(optimum, names)
    scale = dict(zip(names, units.tolist(), strict=True))
    return FitReport(
        status=verdict.status,
        reason=verdict.reason,
        message=verdict.message,
        log_likelihood=log_likelihood,
        aic=2.0 * len(names) - 2.0 * log_likelihood,
        customers=round(customers),
        standard_errors={
            name: None if error is None else error * scale[name] for name, error in errors.items()
        },
        penalty=penalty,
        **more,
    )


def _warn_of(correlation: float | None, customers: float) -> None:
    if correlation is None:
        return
    is_chance = abs(correlation) * np.sqrt(customers - 1.0) < _BEYOND_CHANCE
    if abs(correlation) >= _NOTABLE and not is_chance:
        warnings.warn(
            f"The number and the mean of customers' purchases correlate by {correlation:.2f}. The "
            "gamma-gamma model takes them to be independent, so that what it expects is too "
            f"{'low' if correlation > 0 else 'high'} for those who buy most. Next step: fit it to "
            "customers of one kind at a time, or look for amounts that stand out.",
            DataWarning,
            # Past the declaration of the fit, to whoever calls it.
            stacklevel=4,
        )
