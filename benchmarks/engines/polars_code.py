"""The same tables in Polars, written by hand for the streaming engine and for speed.

What was found by measuring stands in `polars_orders`, and where else it was found.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.engines import polars_lifecycle as lifecycle
from benchmarks.engines import polars_orders as orders
from benchmarks.engines import polars_retention as coming_back
from benchmarks.engines.polars_door import validation
from benchmarks.engines.polars_economics import economics
from benchmarks.engines.polars_loyalty import balances
from benchmarks.engines.polars_pairs import pairs
from benchmarks.engines.polars_reading import reading
from benchmarks.engines.polars_rfm import rfm_cells, rfm_scores
from benchmarks.engines.polars_segments import segment, table_of
from benchmarks.engines.sunk import is_sunk, sink
from benchmarks.job import Job
from benchmarks.jobs import METRICS
from benchmarks.segment_jobs import RULES


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    task = _TASKS[job.task]
    if is_sunk(job):
        return lambda: sink(task(path))
    return lambda: task(path)


def present(result: Any) -> Any:
    return result


def _metrics(path: str) -> dict[str, Any]:
    return {name: _TASKS[name](path) for name in METRICS}


_TASKS: dict[str, Callable[[str], Any]] = {
    "validation": validation,
    "reading": reading,
    "metrics": _metrics,
    "product_pairs": pairs,
    "customer_summary": orders.customer_summary,
    "order_totals": orders.order_totals,
    "cohort_totals": coming_back.cohort_totals,
    "retention_totals": coming_back.retention_totals,
    "lifecycle_totals": lifecycle.lifecycle_totals,
    "lifecycle_flow": lifecycle.lifecycle_flow,
    "gap_summary": lifecycle.gap_summary,
    "economics": economics,
    "rfm_cells": rfm_cells,
    "rfm_scores": rfm_scores,
    "segment": segment,
    "loyalty_expiry": balances,
    **{task: partial(table_of, rules=rules) for task, rules in RULES.items()},
}
