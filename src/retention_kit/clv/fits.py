"""Fitting the models of purchases to histories by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from retention_kit.clv.histories import check_penalty, histories_of
from retention_kit.clv.likelihoods import beta_geometric, pareto_nbd
from retention_kit.clv.likelihoods.arrays import Array, Histories, dot
from retention_kit.clv.models import (
    BGNBD,
    MBGNBD,
    ParetoNBD,
    TransactionModel,
    unit_days,
)
from retention_kit.clv.numerics import maximise
from retention_kit.clv.reporting import report_on
from retention_kit.clv.summary import clv_patterns
from retention_kit.clv.verdicts import verdict_of_purchases
from retention_kit.contracts.law import Frame, fit

_Model = TypeVar("_Model", bound=TransactionModel)
_ENOUGH = 3_000
"""More histories than these are first put together into fewer."""
_STEPS = 16


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
    report = report_on(
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
