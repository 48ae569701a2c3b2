"""The calls of retention_kit that are measured."""

import importlib
import pkgutil
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl

from benchmarks.engines import library_models
from benchmarks.job import Job
from benchmarks.jobs import AS_OF, GAP_DAYS, SINCE
from benchmarks.loyalty_jobs import LOYALTY_TASKS
from benchmarks.segment_jobs import SEGMENT_TASKS
from benchmarks.settings import SHOP_ZONE, beside
from retention_kit import Dataset, audit, contracts, metrics
from retention_kit.contracts.health import DataHealth

_AUDITED = ("rfm", "kmeans", "clv")
"""Rooms that an audit uses besides, and imports late."""


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    warnings.simplefilter("ignore")  # the shared id among the defects is there on purpose
    if job.task in library_models.TASKS:
        return library_models.prepare(job, path)
    if job.task in SEGMENT_TASKS:
        return importlib.import_module("benchmarks.engines.library_segments").prepare(job, path)
    if job.task in LOYALTY_TASKS:
        return importlib.import_module("benchmarks.engines.library_loyalty").prepare(job, path)
    packages = [contracts, metrics]
    if job.task == "audit":
        for name in ("numpy", "pickle", "retention_kit.audit.run"):
            importlib.import_module(name)
        packages += [importlib.import_module(f"retention_kit.{room}") for room in _AUDITED]
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return lambda: _TASKS[job.task](path)


def present(result: Any) -> Any:
    if isinstance(result, library_models.Answer):
        return library_models.present(result)
    if isinstance(result, pl.DataFrame):
        return result
    if isinstance(result, dict):
        return {name: present(part) for name, part in result.items()}
    if isinstance(result, int | float):
        return result
    counts = _counts(result.health)
    return counts if isinstance(result, Dataset) else {**result.tables, "data_health": counts}


def _counts(health: DataHealth) -> dict[str, int]:
    orders = health.tables["orders"]
    return {
        "read": orders.read,
        "accepted": orders.accepted,
        "guests": orders.guests,
        "heavy_customers": health.heavy_customers,
        **orders.rejected,
    }


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming")


def _dataset(path: str) -> Dataset:
    return Dataset.from_frames(orders=pl.scan_parquet(path), time_zone=SHOP_ZONE, currency="RUB")


def _retention_totals(orders: pl.LazyFrame) -> pl.LazyFrame:
    return metrics.retention_totals(orders, as_of=AS_OF, every="1mo")


def _lifecycle_totals(orders: pl.LazyFrame) -> pl.LazyFrame:
    return metrics.lifecycle_totals(orders, as_of=AS_OF, gap_days=GAP_DAYS)


def _lifecycle_flow(orders: pl.LazyFrame) -> pl.LazyFrame:
    return metrics.lifecycle_flow_totals(orders, since=SINCE, as_of=AS_OF, gap_days=GAP_DAYS)


def _gap_summary(orders: pl.LazyFrame) -> pl.LazyFrame:
    return metrics.gap_summary(metrics.gap_totals(orders, as_of=AS_OF))


def _economics(path: str) -> dict[str, pl.DataFrame]:
    orders, customers = (pl.scan_parquet(file) for file in (path, beside(path, "customers")))
    costs = pl.read_parquet(beside(path, "costs"))
    won = _collect(metrics.acquisition_totals(orders, customers, as_of=AS_OF))
    with_channels = metrics.orders_with_customers(orders, customers)
    worth = _collect(metrics.value_totals(with_channels, as_of=AS_OF, by="acquisition_channel"))
    values = metrics.lifetime_value(worth).filter(pl.col("method") == "historic")
    named = {"acquisition_channel": "channel", "value": "lifetime_value"}
    return {
        "acquisition": metrics.acquisition_costs(won, costs, as_of=AS_OF, time_zone=SHOP_ZONE),
        "lifetime_value": values.rename(named),
    }


def _of_orders(table: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Callable[[str], pl.DataFrame]:
    """Give what runs a function of the orders alone on a file."""
    return lambda path: _collect(table(pl.scan_parquet(path)))


_TASKS: dict[str, Callable[[str], Any]] = {
    "validation": _dataset,
    "customer_summary": _of_orders(lambda orders: metrics.customer_summary(orders, as_of=AS_OF)),
    "order_totals": _of_orders(lambda orders: metrics.order_totals(orders, as_of=AS_OF)),
    "cohort_totals": _of_orders(
        lambda orders: metrics.cohort_totals(orders, as_of=AS_OF, every="1mo")
    ),
    "retention_totals": _of_orders(_retention_totals),
    "lifecycle_totals": _of_orders(_lifecycle_totals),
    "lifecycle_flow": _of_orders(_lifecycle_flow),
    "gap_summary": _of_orders(_gap_summary),
    "economics": _economics,
    "audit": lambda path: audit.audit(_dataset(path), as_of=AS_OF),
}
