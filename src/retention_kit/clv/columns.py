"""Predictions as Polars expressions, each a column beside a summary of customers.

They take the columns that `clv_summary` gives by their names, work row by row, and so on any
engine. Where a row of the summary is null, so is the prediction.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.expectations.of_history import expectations_of
from retention_kit.clv.given import Given, column_of_histories
from retention_kit.clv.interpolated import Known, interpolate, places_of
from retention_kit.clv.lengths import check_share, days_of
from retention_kit.clv.models import TransactionModel
from retention_kit.errors import bad_parameter

FAR = 36_525.0
"""Days, a hundred years: a purchase beyond is as good as none."""


def probability_alive(model: TransactionModel) -> pl.Expr:
    """Give the probability that a customer has not left for good.

    Args:
        model: A fitted model of purchases.

    Returns:
        `probability_alive` (`Float64`), 0 … 1.

    Raises:
        DefinitionError: `model` is none of the three.

    Notes:
        Under the BG/NBD a customer can leave only after a repeat purchase, so whoever bought once
        is alive with probability 1, however long ago that was. For this figure the MBG/NBD or the
        Pareto/NBD is the better model.

    References:
        Fader, Hardie and Lee (2008), Computing P(alive) using the BG/NBD model. Hoppe and Wagner
        (2007), Customer base analysis: the case for a central variant of the Betageometric/NBD
        model. Schmittlein, Morrison and Colombo (1987), Counting your customers.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> model = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
        >>> summary = pl.LazyFrame(
        ...     {"frequency": [0, 3], "t_x_days": [0.0, 200.0], "T_days": [250.0, 250.0]}
        ... )
        >>> summary.select(probability_alive(model).round(4)).collect().to_series().to_list()
        [0.3996, 0.7281]
    """
    of = expectations_of(model)
    unit = float(model.unit_days)

    def values(given: Given) -> Floats:
        return of.probability_alive(model, *given.in_units(unit))

    return column_of_histories(values, "probability_alive")


def expected_purchases(model: TransactionModel, *, horizon: str) -> pl.Expr:
    """Give the expected number of purchases in the time to come.

    Args:
        model: A fitted model of purchases.
        horizon: How long, as `"39w"`. A month is 30.4375 days, a year 365.25.

    Returns:
        `expected_purchases` (`Float64`), >= 0: the probability of being alive included.

    Raises:
        DefinitionError: `model` is none of the three, or `horizon` is no length of time.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way, equation 10. Fader and
        Hardie (2005), A note on deriving the Pareto/NBD model, equation 41.

    Examples:
        >>> from retention_kit.clv import BGNBD
        >>> model = BGNBD(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="1w")
        >>> one = pl.LazyFrame({"frequency": [2], "t_x_days": [213.0], "T_days": [272.0]})
        >>> one.select(expected_purchases(model, horizon="39w").round(3)).collect().item()
        1.226
    """
    of = expectations_of(model)
    unit = float(model.unit_days)
    t = days_of("horizon", horizon) / unit
    known: Known = {}

    def of_alive(x: Floats, age: Floats) -> Floats:
        return of.purchases_while_alive(model, np.full_like(age, t), x, age)

    def values(given: Given) -> Floats:
        x, t_x, age = given.in_units(unit)
        places = places_of(x, age, of.origin(model))
        alive = of.probability_alive(model, x, t_x, age)
        return np.asarray(alive * interpolate(places, of_alive, known))

    return column_of_histories(values, "expected_purchases")


def probability_of_purchases(
    model: TransactionModel, *, purchases: int, horizon: str, or_more: bool = False
) -> pl.Expr:
    """Give the probability of a number of purchases in the time to come.

    Args:
        model: A fitted model of purchases.
        purchases: How many, from 0 on.
        horizon: How long, as `"39w"`.
        or_more: Whether more purchases count too: with `purchases=1` it is the probability of
            coming back.

    Returns:
        `probability_of_purchases` (`Float64`), 0 … 1.

    Raises:
        DefinitionError: `model` is none of the three, `purchases` is no whole number from 0 on, or
            `horizon` is no length of time.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way, equation 8. Fader and
        Hardie (2014), Deriving the conditional PMF of the Pareto/NBD model.

    Examples:
        >>> from retention_kit.clv import BGNBD
        >>> model = BGNBD(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="1w")
        >>> one = pl.LazyFrame({"frequency": [2], "t_x_days": [213.0], "T_days": [272.0]})
        >>> back = probability_of_purchases(model, purchases=1, horizon="39w", or_more=True)
        >>> one.select(back.round(3)).collect().item()
        0.555
    """
    of = expectations_of(model)
    unit = float(model.unit_days)
    t = days_of("horizon", horizon) / unit
    if isinstance(purchases, bool) or not isinstance(purchases, int) or purchases < 0:
        raise bad_parameter("purchases", got=purchases, allowed="a whole number from 0 on")
    of_them = of.at_least_while_alive if or_more else of.exactly_while_alive

    def of_alive(x: Floats, age: Floats) -> Floats:
        return of_them(model, purchases, np.full_like(age, t), x, age / unit)

    def values(given: Given) -> Floats:
        alive = of.probability_alive(model, *given.in_units(unit))
        gone = 1 - alive if purchases == 0 else 0.0
        return np.asarray(alive * given.once(of_alive) + gone)

    return column_of_histories(values, "probability_of_purchases")


def days_to_next_purchase(model: TransactionModel, *, share: float = 0.5) -> pl.Expr:
    """Give the days within which a share of such customers buy, of those who will buy again.

    Args:
        model: A fitted model of purchases.
        share: The share, above 0 and below 1; 0.5 gives the median.

    Returns:
        `days_to_next_purchase` (`Float64`), > 0, from the end of `T_days`; null where it is more
        than a hundred years.

    Raises:
        DefinitionError: `model` is none of the three, or `share` is not between 0 and 1.

    Notes:
        Of the customers who come back at all; how many of them there are says
        `probability_of_purchases(model, purchases=1, horizon=…, or_more=True)`. Of one who is
        alive, the rate of purchases has a gamma distribution with shape r + x and rate alpha + T,
        so under BG/NBD and MBG/NBD the wait has Lomax's distribution: (alpha + T)
        ((1 − share)^(−1/(r + x)) − 1). Under the Pareto/NBD one may leave before, and the wait of
        those who do not is shorter.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> model = MBGNBD(r=0.5, alpha=6.0, a=0.9, b=1.6, time_unit="1w")
        >>> summary = pl.LazyFrame({"frequency": [3], "t_x_days": [203.0], "T_days": [210.0]})
        >>> summary.select(days_to_next_purchase(model).round(2)).collect().item()
        55.19
    """
    of = expectations_of(model)
    unit = float(model.unit_days)
    check_share("share", share)
    known: Known = {}

    def values(given: Given) -> Floats:
        x, _, age = given.in_units(unit)
        places = places_of(x, age, of.origin(model))
        days = unit * interpolate(places, lambda x, age: of.wait(model, share, x, age), known)
        return np.where(days <= FAR, days, np.nan)

    return column_of_histories(values, "days_to_next_purchase")
