"""The calls of retention_kit that are measured."""

import importlib
import pkgutil
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl

from benchmarks.jobs import AS_OF, Job
from benchmarks.settings import SHOP_ZONE
from retention_kit import Dataset, cohort_totals, contracts, customer_summary, metrics, order_totals


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    warnings.simplefilter("ignore")  # the shared id among the defects is there on purpose
    for package in (contracts, metrics):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return lambda: _TASKS[job.task](path)


def present(result: Any) -> dict[str, int] | pl.DataFrame:
    if isinstance(result, pl.DataFrame):
        return result
    health = result.health.tables["orders"]
    return {
        "read": health.read,
        "accepted": health.accepted,
        "guests": health.guests,
        "heavy_customers": result.health.heavy_customers,
        **health.rejected,
    }


def _validation(path: str) -> Dataset:
    return Dataset.from_frames(orders=pl.scan_parquet(path), time_zone=SHOP_ZONE, currency="RUB")


def _customer_summary(path: str) -> pl.DataFrame:
    return customer_summary(pl.scan_parquet(path), as_of=AS_OF).collect(engine="streaming")


def _order_totals(path: str) -> pl.DataFrame:
    return order_totals(pl.scan_parquet(path), as_of=AS_OF).collect(engine="streaming")


def _cohort_totals(path: str) -> pl.DataFrame:
    totals = cohort_totals(pl.scan_parquet(path), as_of=AS_OF, every="1mo")
    return totals.collect(engine="streaming")


_TASKS: dict[str, Callable[[str], Any]] = {
    "validation": _validation,
    "customer_summary": _customer_summary,
    "order_totals": _order_totals,
    "cohort_totals": _cohort_totals,
}
