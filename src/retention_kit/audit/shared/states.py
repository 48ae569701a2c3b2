"""The lifecycle of an audit's customers, from what their states hang on."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.lifecycle.rhythm import check_gap
from retention_kit.metrics.lifecycle.states import microseconds_of, state_of


def lifecycles(
    standings: pl.LazyFrame, *, as_of: dt.datetime, since: dt.datetime, gap_days: float
) -> dict[str, pl.DataFrame]:
    """Give `lifecycle_totals` and `lifecycle_flow_totals`, as `lifecycle` and `lifecycle_flow`.

    Args:
        standings: What `standings` gives of all parts.
        as_of: Observation instant.
        since: The instant that the states are compared with.
        gap_days: The usual gap.
    """
    check_gap(gap_days)
    states = standings.select(
        _at(since, gap_days, "_then").alias("state_before"),
        _at(as_of, gap_days).alias("state"),
        "net_revenue",
    )
    # Of both, one group-by serves.
    flow = (
        states.group_by("state_before", "state")
        .agg(pl.len().cast(pl.Int64).alias("customers"), pl.col("net_revenue").sum().cast(SUM))
        .collect(engine="streaming")
    )
    return {
        "lifecycle": flow.group_by("state").agg(pl.col("customers", "net_revenue").sum()),
        "lifecycle_flow": flow.drop("net_revenue"),
    }


def _at(at: dt.datetime, gap_days: float, then: str = "") -> pl.Expr:
    orders, last, gap = (pl.col(f"{name}{then}") for name in ("orders", "at", "gap"))
    return state_of(orders.fill_null(0), microseconds_of(at) - last, gap, gap_days)
