"""Recency, frequency and monetary value with pandas and NumPy, and their quintile scores."""

import numpy as np
import pandas as pd

from benchmarks.engines.pandas_orders import observed
from benchmarks.jobs import AS_OF
from benchmarks.model_jobs import RFM_LEVELS

_PARTS = np.arange(1, RFM_LEVELS) / RFM_LEVELS
_TINY = 0.001
_SCORES = ["recency_score", "frequency_score", "monetary_score"]


def rfm_scores(path: str) -> pd.DataFrame:
    orders = observed(path, "customer_id", "ordered_at", "amount", "kind")
    by_customer = orders.assign(sold_at=orders["ordered_at"].where(orders["is_sale"])).groupby(
        "customer_id", sort=False
    )
    rfm = by_customer.agg(
        last_at=("sold_at", "max"), frequency=("is_sale", "sum"), monetary=("amount", "sum")
    )
    rfm = rfm[rfm["frequency"] > 0].reset_index()
    last_day = rfm.pop("last_at").dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    rfm.insert(1, "recency_days", (np.datetime64(AS_OF.date()) - last_day).astype(np.int64))
    return rfm.assign(
        recency_score=RFM_LEVELS + 1 - _ascending(rfm["recency_days"]),
        frequency_score=_ascending(rfm["frequency"]),
        monetary_score=_ascending(rfm["monetary"]),
    )


def rfm_cells(path: str) -> pd.DataFrame:
    return (
        rfm_scores(path)
        .groupby(_SCORES)
        .agg(
            customers=("customer_id", "size"),
            frequency=("frequency", "sum"),
            monetary=("monetary", "sum"),
        )
        .reset_index()
    )


def _ascending(column: pd.Series) -> np.ndarray:
    """Score by type-7 quantiles, whole numbers that they are; both ends are used where they differ.

    An edge is rounded down to a whole number, but for the error of floats, which moves nobody.
    """
    values = column.to_numpy()
    edges = np.floor(np.quantile(values, _PARTS) + _TINY).astype(np.int64)
    score = 1 + np.searchsorted(edges, values, side="left")
    score[values == values.max()] = RFM_LEVELS
    score[values == values.min()] = 1
    return score
