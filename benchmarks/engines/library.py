"""The calls of retention_kit that are measured."""

import importlib
import pathlib
import pkgutil
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import polars as pl
import polars.selectors as cs

from benchmarks.answers import EXTRA
from benchmarks.engines import library_models
from benchmarks.engines.sunk import COMPRESSION, answer_file, is_sunk, sink
from benchmarks.job import Job
from benchmarks.jobs import AS_OF, GAP_DAYS, SINCE
from benchmarks.loyalty_jobs import LOYALTY_TASKS
from benchmarks.segment_jobs import SEGMENT_TASKS
from benchmarks.settings import SHOP_ZONE, beside, bucket_count, scratch
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
    if job.task == "product_pairs":
        _import_all(importlib.import_module("retention_kit.recommend"))
    packages = [contracts, metrics]
    if job.task == "audit":
        for name in ("numpy", "pickle", "retention_kit.audit.run"):
            importlib.import_module(name)
        packages += [importlib.import_module(f"retention_kit.{room}") for room in _AUDITED]
    for package in packages:
        _import_all(package)
    if is_sunk(job):
        return lambda: sink(_LOCAL[job.task](pl.scan_parquet(path)))
    return lambda: _TASKS[job.task](path)


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)


def present(result: Any) -> Any:
    if isinstance(result, library_models.Answer):
        return library_models.present(result)
    if isinstance(result, pl.DataFrame | pl.LazyFrame):
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
    # What the peers compute alone: nothing here is made of what customers bought again.
    won = metrics.acquisition_totals(orders, customers, as_of=AS_OF, ages=None)
    return economics_of(_collect(won.drop(cs.starts_with("repeat_"))), costs)


def economics_of(won: pl.DataFrame, costs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Make both tables of what customers brought by channel and month."""
    values = metrics.lifetime_value(metrics.channel_values(won))
    historic = values.filter(pl.col("method") == "historic")
    return {
        "acquisition": metrics.acquisition_costs(won, costs, as_of=AS_OF, time_zone=SHOP_ZONE),
        "lifetime_value": historic.rename({"value": "lifetime_value"}),
    }


def _metrics(path: str) -> dict[str, pl.DataFrame]:
    """Ask for all of them at once: what they share is read once."""
    orders = pl.scan_parquet(path)
    plans = {name: table(orders).drop(EXTRA, strict=False) for name, table in TABLES.items()}
    tables = pl.collect_all(list(plans.values()), engine="streaming")
    return dict(zip(plans, tables, strict=True))


def _product_pairs(path: str) -> pl.DataFrame:
    from retention_kit.recommend import product_pairs

    orders = pl.scan_parquet(beside(path, "orders"))
    pairs = product_pairs(pl.scan_parquet(path), orders, as_of=AS_OF)
    pairs = pairs.filter(pl.col("product_a") < pl.col("product_b"))
    return _collect(pairs.rename({"together": "customers"}))


def _reading(path: str) -> dict[str, Any]:
    """Let an export in by the door, and keep what passed."""
    export = Dataset.scan(path, time_zone=SHOP_ZONE, currency="RUB", date_format="iso8601")
    export.orders.sink_parquet(answer_file(), compression=COMPRESSION, engine="streaming")
    kept = pl.scan_parquet(answer_file())
    return {
        "health": _counts(export.health),
        "orders": kept.select("order_id", "customer_id", "ordered_at", "amount"),
    }


def _bucketing(path: str) -> dict[str, int]:
    rows = int(pathlib.Path(path).name.split("-")[1])
    buckets = _dataset(path).bucket(scratch() / "buckets", buckets=bucket_count(rows))
    return {"buckets": len(buckets)}


def _of_orders(table: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Callable[[str], pl.DataFrame]:
    """Give what runs a function of the orders alone on a file, and asks what the others give."""
    return lambda path: _collect(table(pl.scan_parquet(path)).drop(EXTRA, strict=False))


TABLES: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    "order_totals": lambda orders: metrics.order_totals(orders, as_of=AS_OF),
    "cohort_totals": lambda orders: metrics.cohort_totals(orders, as_of=AS_OF, every="1mo"),
    "retention_totals": _retention_totals,
    "lifecycle_totals": _lifecycle_totals,
    "gap_summary": _gap_summary,
}
"""Those that a shop asks for at once."""
_LOCAL: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    "customer_summary": lambda orders: metrics.customer_summary(orders, as_of=AS_OF),
}
_TASKS: dict[str, Callable[[str], Any]] = {
    "validation": _dataset,
    "reading": _reading,
    "bucketing": _bucketing,
    "metrics": _metrics,
    "product_pairs": _product_pairs,
    "economics": _economics,
    "audit": lambda path: audit.audit(_dataset(path), as_of=AS_OF),
    "lifecycle_flow": _of_orders(_lifecycle_flow),
    **{name: _of_orders(table) for name, table in TABLES.items()},
}
