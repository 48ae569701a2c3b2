"""Recency, frequency and monetary value in Polars by hand, and their quintile scores.

Values are whole numbers: days, counts and ten-thousandths. An edge is rounded down to one, but for
the error of floats, which moves nobody.
"""

import datetime as dt
import math

import polars as pl

from benchmarks.engines.polars_orders import (
    AHEAD,
    AT,
    DAY,
    IS_SALE,
    UNITS,
    collect,
    money,
    observed,
)
from benchmarks.jobs import AS_OF
from benchmarks.model_jobs import RFM_LEVELS

_TODAY = (AS_OF.date() - dt.date(1970, 1, 1)).days
_TINY = 0.001
_SCORES = ("recency_score", "frequency_score", "monetary_score")


def rfm_scores(path: str) -> pl.LazyFrame:
    return _scored(path).with_columns(money("monetary"))


def rfm_cells(path: str) -> pl.DataFrame:
    cells = (
        _scored(path)
        .group_by(_SCORES)
        .agg(pl.len().alias("customers"), pl.col("frequency", "monetary").sum())
    )
    return collect(cells.with_columns(money("monetary")))


def _scored(path: str) -> pl.LazyFrame:
    """Find what customers bought, then the edges, then the scores."""
    last_day = (pl.col("last").max() + AHEAD) // DAY
    bought = (
        observed(path)
        .select(
            "customer_id",
            UNITS.alias("monetary"),
            IS_SALE.cast(pl.UInt32).alias("frequency"),
            pl.when(IS_SALE).then(AT).alias("last"),
        )
        .group_by("customer_id")
        .agg(
            (_TODAY - last_day).alias("recency_days"),
            pl.col("frequency", "monetary").sum(),
        )
        .filter(pl.col("frequency") > 0)
    )
    bought = collect(bought)
    return bought.lazy().with_columns(
        (RFM_LEVELS + 1 - _ascending(bought["recency_days"])).alias("recency_score"),
        _ascending(bought["frequency"]).alias("frequency_score"),
        _ascending(bought["monetary"]).alias("monetary_score"),
    )


def _ascending(values: pl.Series) -> pl.Expr:
    """Score by type-7 quantiles; both ends are used where values differ."""
    column = pl.col(values.name)
    in_order = values.sort()
    edges = (
        math.floor(in_order.quantile(level / RFM_LEVELS, "linear") + _TINY)
        for level in range(1, RFM_LEVELS)
    )
    above = pl.sum_horizontal((column > edge).cast(pl.UInt8) for edge in edges)
    return (
        pl.when(column == in_order[0])
        .then(1)
        .when(column == in_order[-1])
        .then(RFM_LEVELS)
        .otherwise(1 + above)
        .cast(pl.Int64)
    )
