"""Buckets of the made-up shop, as `Dataset.bucket` writes them."""

import shutil
from pathlib import Path

import polars as pl

from benchmarks.settings import (
    COMPANIONS,
    LINES,
    SHOP_ZONE,
    beside,
    bucket_count,
    buckets_of,
    path_of,
)
from retention_kit import Dataset


def make_buckets(folder: Path, source: str, rows: int) -> Path | None:
    """Write the buckets of orders, or of orders with points, and of what stands beside them.

    Args:
        folder: Where the data are.
        source: `orders` or `points`.
        rows: How many orders.

    Returns:
        The folder of the buckets, or nothing if they were there.
    """
    orders = path_of(folder, source, rows)
    target = Path(buckets_of(str(orders)))
    if target.exists():
        return None
    tables = {"orders": pl.scan_parquet(orders)}
    if source == "orders":
        for name in (*COMPANIONS, LINES):
            if (file := Path(beside(str(orders), name))).exists():
                tables[name] = pl.scan_parquet(file)
    unfinished = target.with_name(f"{target.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    dataset = Dataset.from_frames(**tables, time_zone=SHOP_ZONE, currency="RUB")
    dataset.bucket(unfinished, buckets=bucket_count(rows))
    unfinished.rename(target)
    return target
