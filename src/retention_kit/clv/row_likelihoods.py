"""How likely a customer's history is under a model, as a column beside a summary."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from retention_kit.clv.given import given_in
from retention_kit.clv.likelihoods import beta_geometric, gamma_gamma, pareto_nbd
from retention_kit.clv.likelihoods.arrays import Array, Histories
from retention_kit.clv.likelihoods.gamma_gamma import Spending
from retention_kit.clv.models import BGNBD, MBGNBD, GammaGamma, ParetoNBD, TransactionModel
from retention_kit.clv.summary import HISTORY
from retention_kit.errors import bad_parameter

_SPENDING = ("frequency", "monetary")


def log_likelihood(model: TransactionModel | GammaGamma) -> pl.Expr:
    """Give the logarithm of how likely each customer's history, or mean spend, is under a model.

    Args:
        model: A model of purchases, or of spend.

    Returns:
        `log_likelihood` (`Float64`): of a density, so it may be above 0. Null where the summary is
        null, and under a model of spend where there is no repeat purchase or `monetary` is not
        above 0. Its sum over the customers that a model was fitted to is the log-likelihood in its
        report.

    Raises:
        DefinitionError: `model` is none of the four.

    Notes:
        Times are counted in the model's unit of time, which adds the same for each repeat purchase
        to all customers; compare models of one unit only.

    References:
        Those of `fit_bg_nbd`, `fit_mbg_nbd`, `fit_pareto_nbd` and `fit_gamma_gamma`.

    Examples:
        >>> from retention_kit.clv import BGNBD
        >>> model = BGNBD(r=0.25, alpha=4.0, a=0.8, b=2.5)
        >>> one = pl.LazyFrame({"frequency": [200], "t_x_days": [38.0], "T_days": [40.0]})
        >>> one.select(log_likelihood(model).round(4)).collect().item()
        100.7957
    """
    if isinstance(model, GammaGamma):
        column = _of_spend(model)
    elif isinstance(model, BGNBD | MBGNBD | ParetoNBD):
        column = _of_history(model)
    else:
        raise bad_parameter(
            "model",
            got=type(model).__name__,
            allowed="a BGNBD, an MBGNBD, a ParetoNBD or a GammaGamma",
        )
    return column.alias("log_likelihood")


def _of_history(model: BGNBD | MBGNBD | ParetoNBD) -> pl.Expr:
    parameters = _array(model)

    def values(block: pl.Series) -> pl.Series:
        given = given_in(block)
        histories = Histories.of(*given.in_units(model.unit_days))
        if isinstance(model, ParetoNBD):
            return given.spread(pareto_nbd.log_likelihoods(parameters, histories))
        at_once = isinstance(model, MBGNBD)
        each = beta_geometric.log_likelihoods(parameters, histories, leaves_at_once=at_once)
        return given.spread(each)

    return _mapped(HISTORY, values)


def _of_spend(model: GammaGamma) -> pl.Expr:
    parameters = _array(model)

    def values(block: pl.Series) -> pl.Series:
        columns = [block.struct.field(name).cast(pl.Float64) for name in _SPENDING]
        x, mean = (column.to_numpy() for column in columns)
        each = np.full(len(block), np.nan)
        # Written so that what is null, which is NaN here, is left out.
        rows = (x > 0) & (mean > 0) & np.isfinite(mean)
        ones = np.ones(int(rows.sum()))
        spending = Spending.of(x[rows], mean[rows], ones)
        each[rows] = gamma_gamma.log_likelihoods(parameters, spending)
        return pl.Series(each, nan_to_null=True)

    return _mapped(_SPENDING, values)


def _mapped(columns: tuple[str, ...], values: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    whole = pl.struct(columns)
    return whole.map_batches(values, return_dtype=pl.Float64, is_elementwise=True)


def _array(model: TransactionModel | GammaGamma) -> Array:
    return np.array([*model.parameters.values()])
