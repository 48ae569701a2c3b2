"""BG/NBD, P(alive) and value with lifetimes, called as its users call it, and with its weights.

It runs in the environment of the peers. The data are a pandas frame before the clock starts.
"""

from collections.abc import Callable

import lifetimes
import pandas as pd
import polars as pl

from benchmarks.answers import sums_and_some
from benchmarks.job import Job
from benchmarks.likelihood import judged
from benchmarks.model_jobs import (
    BG_NBD,
    GAMMA_GAMMA,
    MBG_NBD,
    MONTH_DAYS,
    MONTHLY_DISCOUNT_RATE,
    MONTHS,
)
from benchmarks.settings import LIFETIMES_WEIGHTS

_HISTORY = ["frequency", "recency", "T"]


def prepare(job: Job, path: str, engine: str) -> Callable[[], object]:
    read = pl.read_parquet(path, columns=list(job.columns))
    table = read.to_pandas().rename(columns={"t_x_days": "recency", "T_days": "T"})
    if job.task == "clv_table":
        return lambda: _clv_table(table)
    if engine == LIFETIMES_WEIGHTS:
        return lambda: (_fitted_with_weights(table), path)
    return lambda: (_fitted(table), path)


def present(result: object) -> pl.DataFrame | dict[str, pl.DataFrame]:
    if isinstance(result, pd.DataFrame):
        return sums_and_some(pl.from_pandas(result))
    parameters, path = result
    return judged(parameters, path)


def _fitted(table: pd.DataFrame) -> dict[str, float]:
    model = lifetimes.BetaGeoFitter()
    model.fit(table["frequency"], table["recency"], table["T"])
    return dict(model.params_)


def _fitted_with_weights(table: pd.DataFrame) -> dict[str, float]:
    """Count equal histories, unless that has been done, and fit to them."""
    if "customers" not in table:
        table = table.groupby(_HISTORY, sort=False).size().rename("customers").reset_index()
    model = lifetimes.BetaGeoFitter()
    model.fit(table["frequency"], table["recency"], table["T"], weights=table["customers"])
    return dict(model.params_)


def _clv_table(table: pd.DataFrame) -> pd.DataFrame:
    alive = lifetimes.ModifiedBetaGeoFitter()
    alive.params_ = pd.Series(MBG_NBD)
    purchases, spend = lifetimes.BetaGeoFitter(), lifetimes.GammaGammaFitter()
    purchases.params_ = pd.Series(BG_NBD)
    # What fit() would have set as well.
    purchases.predict = purchases.conditional_expected_number_of_purchases_up_to_time
    spend.params_ = pd.Series(GAMMA_GAMMA).rename({"gamma": "v"})
    history = [table[name] for name in _HISTORY]
    monetary = table["monetary"].fillna(0)
    return pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "probability_alive": alive.conditional_probability_alive(*history),
            "expected_purchases": purchases.predict(MONTHS * MONTH_DAYS, *history),
            "expected_average_spend": spend.conditional_expected_average_profit(
                table["frequency"], monetary
            ),
            "lifetime_value": spend.customer_lifetime_value(
                purchases,
                *history,
                monetary,
                time=MONTHS,
                discount_rate=MONTHLY_DISCOUNT_RATE,
                freq="D",
            ),
        }
    )
