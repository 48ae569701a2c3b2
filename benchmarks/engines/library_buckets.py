"""The calls of retention_kit over a folder of buckets, one bucket after another.

What gives a row per customer writes a file for each bucket; everything else is summed.
"""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import polars as pl
import polars._utils.parquet  # Polars imports it late

from benchmarks.engines.library import economics_of
from benchmarks.job import Job
from benchmarks.jobs import AS_OF, GAP_DAYS, SINCE
from benchmarks.loyalty_jobs import LOYALTY_TASKS
from benchmarks.model_jobs import RFM_LEVELS
from benchmarks.segment_jobs import RULES, SEGMENT_TASKS
from benchmarks.settings import buckets_of, scratch
from retention_kit import contracts, metrics
from retention_kit.contracts import Buckets, customer_local

_RFM = ("customer_id", "recency_days", "frequency", "monetary")
_SCORES = ("recency_score", "frequency_score", "monetary_score")


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    for package in (contracts, metrics):
        _import_all(package.__name__)
    if job.task in LOYALTY_TASKS:
        return _balances(job, path)
    if job.task in SEGMENT_TASKS:
        return _segments(job, path)
    for room in _ROOMS.get(job.task, ()):
        _import_all(f"retention_kit.{room}")
    return lambda: _TASKS[job.task](Buckets.open(buckets_of(path)))


def present(result: Any) -> Any:
    return result


def _import_all(name: str) -> None:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)


def _to_files(buckets: Buckets, function: Callable[..., Any], **arguments: Any) -> pl.LazyFrame:
    return buckets.run(function, into=scratch() / "answer", **arguments)


def _gap_summary(buckets: Buckets) -> pl.DataFrame:
    return metrics.gap_summary(buckets.run(metrics.gap_totals, as_of=AS_OF))


def _retention_totals(buckets: Buckets) -> pl.DataFrame:
    return buckets.run(metrics.retention_totals, as_of=AS_OF, every="1mo")


def _cohort_totals(buckets: Buckets) -> pl.DataFrame:
    return buckets.run(metrics.cohort_totals, as_of=AS_OF, every="1mo")


def _lifecycle_totals(buckets: Buckets) -> pl.DataFrame:
    return buckets.run(metrics.lifecycle_totals, as_of=AS_OF, gap_days=GAP_DAYS)


def _lifecycle_flow(buckets: Buckets) -> pl.DataFrame:
    return buckets.run(metrics.lifecycle_flow_totals, since=SINCE, as_of=AS_OF, gap_days=GAP_DAYS)


def _economics(buckets: Buckets) -> dict[str, pl.DataFrame]:
    won = buckets.run(metrics.acquisition_totals, as_of=AS_OF, ages=None)
    return economics_of(won, buckets[0].costs.collect())


def _metrics(buckets: Buckets) -> dict[str, pl.DataFrame]:
    return {name: _TASKS[name](buckets) for name in _AT_ONCE}


def _rfm_scores(buckets: Buckets) -> pl.LazyFrame:
    """Fit the scorer to all customers, then score what was kept of each."""
    from retention_kit.rfm import fit_rfm_scorer, rfm_table

    rfm = _to_files(buckets, rfm_table, as_of=AS_OF).select(_RFM)
    scorer = fit_rfm_scorer(rfm.collect(engine="streaming"), levels=RFM_LEVELS, best="high")
    scored = scorer.score(rfm).select(*_RFM, *_SCORES)
    scored.sink_parquet(scratch() / "scores.parquet", engine="streaming")
    return pl.scan_parquet(scratch() / "scores.parquet")


def _rfm_cells(buckets: Buckets) -> pl.DataFrame:
    from retention_kit.rfm import fit_rfm_scorer, rfm_table

    rfm = _to_files(buckets, rfm_table, as_of=AS_OF).select(_RFM)
    scorer = fit_rfm_scorer(rfm.collect(engine="streaming"), levels=RFM_LEVELS, best="high")
    customers = pl.len().cast(pl.Int64).alias("customers")
    sums = pl.col("frequency", "monetary").sum()
    cells = scorer.score(rfm).group_by(_SCORES).agg(customers, sums)
    return cells.collect(engine="streaming")


def _product_pairs(buckets: Buckets) -> pl.DataFrame:
    from retention_kit.recommend import product_pairs

    pairs = buckets.run(product_pairs, as_of=AS_OF)
    return pairs.filter(pl.col("product_a") < pl.col("product_b")).rename({"together": "customers"})


@customer_local
def held(orders: pl.LazyFrame, *, program: Any) -> pl.LazyFrame:
    """Give what each customer holds."""
    from retention_kit.loyalty_rules.batch.accruing import loyalty_balances

    return loyalty_balances(orders, program=program, as_of=AS_OF).select("customer_id", "held")


def _balances(job: Job, path: str) -> Callable[[], pl.LazyFrame]:
    from benchmarks.engines.loyalty_said import program_of
    from retention_kit.loyalty_rules.batch.compiling import compiled

    program = program_of(job.task)
    compiled("running", "run")
    held(pl.scan_parquet(path).head(10_000), program=program).collect(engine="streaming")
    return lambda: _to_files(Buckets.open(buckets_of(path)), held, program=program)


@customer_local
def asked_of(orders: pl.LazyFrame, *, segments: Any) -> pl.LazyFrame:
    """Ask segments of those who have orders, whoever else there is."""
    from retention_kit.smart_segments import segment_table

    return segment_table(orders, segments=segments, as_of=AS_OF)


@customer_local
def members_of(orders: pl.LazyFrame, order_items: pl.LazyFrame, *, segment: Any) -> pl.LazyFrame:
    """Give the members of a segment of orders and their lines."""
    from retention_kit.smart_segments import segment_members

    return segment_members(orders, order_items, segment=segment, as_of=AS_OF)


def _segments(job: Job, path: str) -> Callable[[], pl.LazyFrame]:
    from benchmarks.engines.segments_said import segment_of_month, segments_of

    _import_all("retention_kit.smart_segments")
    if job.task == "segment":
        function, asked = members_of, {"segment": segment_of_month()}
    else:
        function, asked = asked_of, {"segments": segments_of(RULES[job.task])}
    return lambda: _to_files(Buckets.open(buckets_of(path)), function, **asked)


_AT_ONCE = (
    "order_totals",
    "cohort_totals",
    "retention_totals",
    "lifecycle_totals",
    "gap_summary",
)
_ROOMS = {"rfm_cells": ("rfm",), "rfm_scores": ("rfm",), "product_pairs": ("recommend",)}
_TASKS: dict[str, Callable[[Buckets], Any]] = {
    "customer_summary": lambda buckets: _to_files(buckets, metrics.customer_summary, as_of=AS_OF),
    "order_totals": lambda buckets: buckets.run(metrics.order_totals, as_of=AS_OF),
    "cohort_totals": _cohort_totals,
    "retention_totals": _retention_totals,
    "lifecycle_totals": _lifecycle_totals,
    "lifecycle_flow": _lifecycle_flow,
    "gap_summary": _gap_summary,
    "economics": _economics,
    "metrics": _metrics,
    "rfm_cells": _rfm_cells,
    "rfm_scores": _rfm_scores,
    "product_pairs": _product_pairs,
}
