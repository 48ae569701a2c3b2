"""Whom an audit would call: those whose value hangs in the balance, or who drift away."""

from __future__ import annotations

import polars as pl

from retention_kit.audit.divided import Division
from retention_kit.contracts.dataset import Dataset
from retention_kit.metrics.retention.churned import with_contacts
from retention_kit.rfm.rules import SEGMENT

CALLED_SHOWN = 100
"""How many customers the list of those most worth a call has."""
DRIFTING = ("cannot lose", "need attention", "at risk")
"""The segments to call where no model can be trusted."""
SURE = 0.8
"""From which probability of being alive on nobody needs to be called."""
_MONEY = pl.Decimal(38, 4)


def called(valued: pl.LazyFrame, dataset: Dataset) -> pl.DataFrame:
    """List whose value hangs in the balance: what they should bring × the chance that they left."""
    stake = (pl.col("predicted_value") * (1 - pl.col("probability_alive"))).alias("value_at_stake")
    listed = (
        valued.with_columns(stake)
        .filter(
            pl.col("value_at_stake") > 0,
            pl.col("net_revenue") > 0,
            pl.col("probability_alive") < SURE,
        )
        .sort("value_at_stake", "customer_id", descending=[True, False])
        .head(CALLED_SHOWN)
    )
    return _with_contacts(
        listed,
        dataset,
        "value_at_stake",
        "predicted_value",
        "probability_alive",
        "expected_purchases",
        "next_purchase_at",
    )


def drifting(people: pl.LazyFrame, division: Division, dataset: Dataset) -> pl.DataFrame:
    """List the most valuable in the segments that drift away, where no model can be trusted.

    Of segments with names of their own, those who are not in the best level of recency.
    """
    best = 1 if division.scorer.best == "low" else division.scorer.levels[0]
    drifts = pl.col("recency_score") != best
    if set(DRIFTING) & set(division.segments.names):
        drifts = pl.col(SEGMENT).is_in(DRIFTING)
    listed = (
        people.filter(drifts, pl.col("net_revenue") > 0)
        .sort("net_revenue", "customer_id", descending=[True, False])
        .head(CALLED_SHOWN)
    )
    return _with_contacts(listed, dataset)


def _with_contacts(listed: pl.LazyFrame, dataset: Dataset, *predicted: str) -> pl.DataFrame:
    kept = listed.select(
        "customer_id",
        SEGMENT,
        pl.col("net_revenue").cast(_MONEY),
        pl.col("orders").cast(pl.Int64),
        pl.col("recency_days").cast(pl.Int64).alias("days_since_last_order"),
        *predicted,
    ).collect(engine="streaming")
    ids = kept.lazy().select("customer_id")
    customers = dataset.customers.join(ids, on="customer_id", how="semi")
    joined = with_contacts(kept.lazy(), customers).collect(engine="streaming")
    first = predicted[0] if predicted else "net_revenue"
    return joined.sort(first, "customer_id", descending=[True, False])
