"""The tables that models are fitted and applied to, written once per row count as Parquet.

`histories` are invented customers who buy and leave as BG/NBD and gamma-gamma say, by the published
parameters of CDNOW, over three years: the orders of the made-up shop will not do, for nobody leaves
there as the model thinks, and its fit would run to a boundary. `patterns` are the same customers,
equal histories counted; `buyers` are the first of them; `features` are those of customers of the
made-up shop. All come in order of customers or patterns.
"""

import numpy as np
import polars as pl

from benchmarks.jobs import AS_OF
from benchmarks.model_jobs import BG_NBD, FEATURES, GAMMA_GAMMA

HISTORIES_SHARE = 0.17
"""Customers with a history, per order: 1.7 million beside 10 million orders."""
BUYERS_SHARE = 0.1
"""Customers whose value is predicted, and who are put into clusters: 1 million."""

_DAYS = 3 * 365
_HISTORY = ("frequency", "t_x_days", "T_days")


def model_tables(orders: pl.LazyFrame, rows: int) -> dict[str, pl.DataFrame]:
    """Make all of them for a row count."""
    histories = _histories(np.random.default_rng(20_250_201 + rows), round(rows * HISTORIES_SHARE))
    buyers = round(rows * BUYERS_SHARE)
    return {
        "histories": histories,
        "patterns": histories.group_by(_HISTORY)
        .agg(pl.len().cast(pl.Int64).alias("customers"))
        .sort(_HISTORY),
        "buyers": histories.head(buyers),
        "features": _features(orders).head(buyers),
    }


def _histories(rng: np.random.Generator, customers: int) -> pl.DataFrame:
    """Let customers buy until they leave; purchases of one day are one."""
    known_days = rng.integers(0, _DAYS, customers).astype(np.float64)
    rate = np.maximum(rng.gamma(BG_NBD["r"], 1 / BG_NBD["alpha"], customers), 1e-12)
    leaving = rng.beta(BG_NBD["a"], BG_NBD["b"], customers)
    frequency = np.zeros(customers, dtype=np.int64)
    now, last_day = np.zeros(customers), np.zeros(customers)
    alive = np.arange(customers)
    while alive.size:
        now[alive] += rng.standard_exponential(alive.size) / rate[alive]
        alive = alive[now[alive] <= known_days[alive]]
        day = np.ceil(now[alive])
        frequency[alive] += day > last_day[alive]
        last_day[alive] = day
        alive = alive[rng.uniform(size=alive.size) >= leaving[alive]]
    return pl.DataFrame(
        {
            "customer_id": np.arange(1, customers + 1),
            "frequency": frequency,
            "t_x_days": last_day,
            "T_days": known_days,
            "monetary": _spend(rng, frequency),
        }
    ).with_columns(pl.when(pl.col("frequency") > 0).then("monetary").alias("monetary"))


def _spend(rng: np.random.Generator, frequency: np.ndarray) -> np.ndarray:
    """Draw what customers spent on average, each around a mean of their own."""
    p, q, gamma = GAMMA_GAMMA["p"], GAMMA_GAMMA["q"], GAMMA_GAMMA["gamma"]
    own_rate = rng.gamma(q, 1 / gamma, frequency.size)
    purchases = np.maximum(frequency, 1)
    return np.round(rng.gamma(p * purchases) / (own_rate * purchases), 2)


def _features(orders: pl.LazyFrame) -> pl.DataFrame:
    is_sale = pl.col("kind") == "sale"
    bought_at = pl.col("ordered_at").filter(is_sale)

    def days_since(at: pl.Expr) -> pl.Expr:
        return (pl.lit(AS_OF) - at).dt.total_days().cast(pl.Float64)

    return (
        orders.filter(pl.col("status") == "completed", pl.col("ordered_at") < AS_OF)
        .group_by("customer_id")
        .agg(
            days_since(bought_at.max()).alias("recency_days"),
            is_sale.sum().cast(pl.Float64).alias("frequency"),
            pl.col("amount").sum().cast(pl.Float64).alias("monetary"),
            days_since(bought_at.min()).alias("tenure_days"),
        )
        .filter(pl.col("frequency") > 0)
        .sort("customer_id")
        .select("customer_id", *FEATURES)
        .collect(engine="streaming")
    )
