"""Predicted money as Polars expressions, each a column beside a summary of customers."""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.clv.expectations.gamma_gamma import average_spend
from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.expectations.of_history import (
    expectations_of,
    present_purchases_while_alive,
)
from retention_kit.clv.given import Given, column_of, column_of_histories
from retention_kit.clv.interpolated import Known, interpolate, places_of
from retention_kit.clv.lengths import days_of, discount_per_day, number
from retention_kit.clv.models import GammaGamma, TransactionModel
from retention_kit.errors import bad_parameter


def expected_average_spend(model: GammaGamma) -> pl.Expr:
    """Give the expected mean amount of a customer's purchases to come.

    Args:
        model: A fitted model of spend.

    Returns:
        `expected_average_spend` (`Float64`), shop currency, major units: the customer's own mean
        drawn towards that of all, the more so the fewer their purchases; of one-time buyers the
        mean of all. Null where `monetary` is not above 0, since the model knows such amounts only,
        and where by the model the mean is infinite.

    Raises:
        DefinitionError: `model` is no `GammaGamma`.

    References:
        Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves.

    Examples:
        >>> from retention_kit.clv import GammaGamma
        >>> model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        >>> summary = pl.LazyFrame({"frequency": [0, 2], "monetary": [None, 50.0]})
        >>> summary.select(expected_average_spend(model).round(2)).collect().to_series().to_list()
        [35.22, 47.34]
    """
    if not isinstance(model, GammaGamma):
        raise bad_parameter("model", got=type(model).__name__, allowed="a GammaGamma")

    def values(block: pl.Series) -> pl.Series:
        x, mean = (block.struct.field(name).cast(pl.Float64) for name in block.struct.fields)
        # Without purchases the mean does not matter; where it is not known, NaN says so.
        spent = average_spend(
            model, x.fill_null(np.nan).to_numpy(), mean.fill_null(np.nan).to_numpy()
        )
        return pl.Series(spent, nan_to_null=True)

    return column_of(values, ("frequency", "monetary"), "expected_average_spend")


def lifetime_value(
    model: TransactionModel,
    spend: GammaGamma,
    *,
    horizon: str,
    discount_rate: float = 0.1,
    rate_period: str = "1y",
    margin: float = 1.0,
) -> pl.Expr:
    """Give what the purchases to come are worth today.

    Args:
        model: A fitted model of purchases.
        spend: A fitted model of spend.
        horizon: How long, as `"52w"`.
        discount_rate: By how much less a purchase is worth that comes one `rate_period` later.
        rate_period: The period that the rate is of, as `"1y"` or `"1mo"`.
        margin: The share of spend that counts; 1 gives revenue.

    Returns:
        `lifetime_value` (`Float64`), shop currency, major units. Null where the expected average
        spend is.

    Raises:
        DefinitionError: A model is none of those, `horizon` or `rate_period` is no length of time,
            or `discount_rate` or `margin` is negative.

    Notes:
        margin × E(spend) × ∫ e^(−δu) dE(u) over the horizon, where E(u) is the expected number of
        purchases within u and δ = log(1 + rate) / period. A sum over weeks or months comes to the
        same as its steps get shorter; here there are none to choose. Spend and purchases are held
        to be independent of one another.

    References:
        Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves for customer base
        analysis.

    Examples:
        >>> from retention_kit.clv import BGNBD, GammaGamma
        >>> model = BGNBD(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="1w")
        >>> spend = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        >>> one = pl.LazyFrame(
        ...     {"frequency": [2], "t_x_days": [213.0], "T_days": [272.0], "monetary": [50.0]}
        ... )
        >>> one.select(lifetime_value(model, spend, horizon="39w").round(2)).collect().item()
        56.14
    """
    of = expectations_of(model)
    unit = float(model.unit_days)
    t = days_of("horizon", horizon) / unit
    discount = discount_per_day(discount_rate, rate_period) * unit
    number("margin", margin)
    known: Known = {}

    def of_alive(x: Floats, age: Floats) -> Floats:
        return present_purchases_while_alive(model, t, x, age, discount)

    def values(given: Given) -> Floats:
        x, t_x, age = given.in_units(unit)
        places = places_of(x, age, of.origin(model))
        alive = of.probability_alive(model, x, t_x, age)
        return np.asarray(alive * interpolate(places, of_alive, known))

    worth = column_of_histories(values, "lifetime_value")
    return (worth * expected_average_spend(spend) * margin).alias("lifetime_value")
