"""The whole audit by hand: what an analyst would write to get what an audit gives.

The tables of orders are those of DuckDB SQL, and so are scores and ready segments; clusters are
scikit-learn's and the models of purchases and spend those of lifetimes. All of it goes through one
connection. It runs in the environment of the peers.

What was found by measuring: a model is fitted to counted histories, with weights, and applied to
each of them once; without a penalty MBG/NBD does not converge on this shop.
"""

import importlib
import math
from collections.abc import Callable
from typing import Any

import lifetimes
import numpy as np
import pandas as pd
import polars as pl
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from benchmarks.engines.by_hand_models import (
    FEATURES,
    HISTORIES,
    SAMPLE,
    SAMPLED_HISTORIES,
    SAMPLED_SPEND,
    TABLES_OF_MODELS,
    VALUED,
)
from benchmarks.engines.by_hand_tables import DIVIDED, TABLES_OF_DIVISION
from benchmarks.engines.duckdb_audit_tables import audit
from benchmarks.engines.duckdb_connection import Connection, about, connect, table
from benchmarks.job import Job

_CLUSTERS = 3
_WEEK = 7
_WEEKS = 52
_PENALTY = 0.00001
_GONE_BY = math.sqrt(1 / 1.1)
"""What money is worth that comes in the middle of the year, at a tenth a year."""


def prepare(job: Job, path: str, engine: str) -> Callable[[], dict[str, Any]]:
    for late in ("numpy", "pyarrow.pandas_compat", "pyarrow.vendored.version"):
        importlib.import_module(late)
    connection = connect()
    return lambda: _whole_audit(connection, path)


def present(result: dict[str, Any]) -> dict[str, Any]:
    return {
        name: table if isinstance(table, dict) else pl.from_arrow(table)
        for name, table in result.items()
    }


def _whole_audit(connection: Connection, path: str) -> dict[str, Any]:
    tables = audit(connection, path)
    for query in DIVIDED:
        connection.execute(about(path, query))
    tables |= _asked(connection, path, TABLES_OF_DIVISION)
    tables["clusters"] = _clusters(connection)
    _value(connection)
    return tables | _asked(connection, path, TABLES_OF_MODELS)


def _asked(connection: Connection, path: str, queries: dict[str, str]) -> dict[str, Any]:
    return {name: table(connection, query, path) for name, query in queries.items()}


def _clusters(connection: Connection) -> Any:
    """Cluster all customers from one start; ten cost six times as much and gain next to nothing."""
    features = connection.execute(FEATURES).df()
    features.columns = ["recency_days", "frequency", "monetary"]
    flat = np.sign(features) * np.log1p(np.abs(features))
    scaled = StandardScaler().fit_transform(flat.to_numpy())
    found = KMeans(_CLUSTERS, n_init="auto", random_state=0).fit_predict(scaled)
    groups = features.groupby(found)
    profile = groups.agg(["mean", "median"])
    profile.columns = [f"{kind}_{name}" for name, kind in profile.columns]
    return pl.from_pandas(profile.assign(customers=groups.size())).to_arrow()


def _value(connection: Connection) -> None:
    """Fit the models to some customers, and predict the year of all."""
    connection.execute(SAMPLE)
    fitted_to = connection.execute(SAMPLED_HISTORIES).df()
    purchases = lifetimes.ModifiedBetaGeoFitter(penalizer_coef=_PENALTY)
    purchases.fit(*_history(fitted_to), weights=fitted_to["customers"])
    paid = connection.execute(SAMPLED_SPEND).df()
    spend = lifetimes.GammaGammaFitter()
    spend.fit(paid["repeats"], paid["repeat_spend"])
    foretold = connection.execute(HISTORIES).df()
    history = _history(foretold)
    foretold["alive"] = purchases.conditional_probability_alive(*history)
    foretold["purchases"] = purchases.conditional_expected_number_of_purchases_up_to_time(
        _WEEKS, *history
    )
    connection.register("foretold", foretold)
    connection.execute(
        VALUED, {**{name: float(spend.params_[name]) for name in "pqv"}, "gone_by": _GONE_BY}
    )


def _history(table: pd.DataFrame) -> list[pd.Series]:
    """Give repeat purchases, and the times of the last one and of the end, in weeks."""
    return [table["repeats"], table["t_x_days"] / _WEEK, table["T_days"] / _WEEK]
