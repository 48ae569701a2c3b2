"""The calls of retention_kit that score, fit and predict."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

from benchmarks.answers import sums_and_some
from benchmarks.engines.sunk import sink
from benchmarks.job import Job
from benchmarks.jobs import AS_OF
from benchmarks.model_jobs import (
    BG_NBD,
    CLUSTERS,
    GAMMA_GAMMA,
    MBG_NBD,
    MONTH_DAYS,
    MONTHLY_DISCOUNT_RATE,
    MONTHS,
    PREDICTED,
    RFM_LEVELS,
    STARTS,
)

_RFM = ("customer_id", "recency_days", "frequency", "monetary")
_SCORES = ("recency_score", "frequency_score", "monetary_score")


class Answer(NamedTuple):
    """What a call gave, and what it was about."""

    job: Job
    path: str
    result: Any


def prepare(job: Job, path: str) -> Callable[[], Answer]:
    """Import the room that does the job, and load the table where it is to be in memory."""
    room = importlib.import_module(f"retention_kit.{_ROOMS[job.task]}")
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        importlib.import_module(module.name)
    table = pl.read_parquet(path, columns=list(job.columns)) if job.in_memory else None
    task = TASKS[job.task]
    return lambda: Answer(job, path, task(pl.scan_parquet(path) if table is None else table))


def present(answer: Answer) -> Any:
    """Judge parameters and clusters as those of the other engines are."""
    if answer.job.task == "bg_nbd":
        from benchmarks.likelihood import judged

        return judged(answer.result.parameters, answer.path)
    if answer.job.task == "kmeans":
        from benchmarks.clusters import Clustered
        from benchmarks.clusters import judged as judged_clusters

        return judged_clusters(Clustered(answer.result.labels_, answer.path))
    if answer.job.task == "clv_table":
        return sums_and_some(answer.result.select("customer_id", *PREDICTED))
    return answer.result


def _scored(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Make the table once, fit the scorer to it and put the scores beside it."""
    return sink(_with_scores(orders))


def _with_scores(orders: pl.LazyFrame) -> pl.LazyFrame:
    from retention_kit.rfm import fit_rfm_scorer, rfm_table

    rfm = rfm_table(orders, as_of=AS_OF).select(_RFM).collect(engine="streaming")
    scorer = fit_rfm_scorer(rfm, levels=RFM_LEVELS, best="high")
    return scorer.score(rfm.lazy()).select(*_RFM, *_SCORES)


def _rfm_cells(orders: pl.LazyFrame) -> pl.DataFrame:
    customers = pl.len().cast(pl.Int64).alias("customers")
    sums = pl.col("frequency", "monetary").sum()
    cells = _with_scores(orders).group_by(_SCORES).agg(customers, sums)
    return cells.collect(engine="streaming")


def _bg_nbd(histories: pl.DataFrame) -> Any:
    from retention_kit.clv import fit_bg_nbd

    return fit_bg_nbd(histories)


def _clv_table(buyers: pl.DataFrame) -> pl.DataFrame:
    from retention_kit.clv import BGNBD, MBGNBD, GammaGamma, ValueModel

    model = ValueModel(
        transactions=BGNBD(**BG_NBD), alive=MBGNBD(**MBG_NBD), spend=GammaGamma(**GAMMA_GAMMA)
    )
    return model.predict(
        buyers,
        horizon=f"{MONTHS * MONTH_DAYS}d",
        discount_rate=MONTHLY_DISCOUNT_RATE,
        rate_period=f"{MONTH_DAYS}d",
    )


def _kmeans(features: pl.DataFrame) -> Any:
    from retention_kit.kmeans import CustomerKMeans

    return CustomerKMeans(n_clusters=CLUSTERS, n_init=STARTS).fit(features)


_ROOMS = {
    "rfm_cells": "rfm",
    "rfm_scores": "rfm",
    "bg_nbd": "clv",
    "clv_table": "clv",
    "kmeans": "kmeans",
}
TASKS: dict[str, Callable[[Any], Any]] = {
    "rfm_cells": _rfm_cells,
    "rfm_scores": _scored,
    "bg_nbd": _bg_nbd,
    "clv_table": _clv_table,
    "kmeans": _kmeans,
}
