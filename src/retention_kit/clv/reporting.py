"""The report on a fit: its verdict, its likelihood and the errors of its parameters."""

from __future__ import annotations

from typing import Any

from retention_kit.clv.likelihoods.arrays import Array
from retention_kit.clv.models import FitReport
from retention_kit.clv.numerics import Optimum, standard_errors
from retention_kit.clv.verdicts import Verdict


def report_on(
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
    """Put together what is said of a fit.

    Args:
        optimum: Where the search ended.
        verdict: What became of it.
        names: The parameters, in their order.
        units: By what each was scaled for the search.
        log_likelihood: On the natural scale.
        customers: How many customers it was fitted to.
        penalty: The weight of the penalty.
        more: What only some models have to say.
    """
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
