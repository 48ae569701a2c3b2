"""The made-up shop that the benchmarks run on, written once per row count as Parquet.

Four variants of one table: `orders` is what passed the door (exact money, every customer known),
`raw` is the same before it (money as Float64, guests), `ascending` is `raw` in order of time with
running numbers for order ids, and `defects` is `raw` with one row in a thousand broken. In all but
`ascending` the rows lie in random order and ids are scattered numbers, so that neither sorted nor
dense ids flatter anyone. Beside them stand three companions of `orders`: `customers`, with the
channel that brought each, `costs`, and the lines of the orders, made in `lines`; and `points`, the
orders with what was paid in points, made in `loyalty_data`. The tables for
models are made in `model_tables`.
"""

import argparse
import datetime as dt
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.companions import companions
from benchmarks.defects import break_rows
from benchmarks.lines import order_items
from benchmarks.loyalty_data import paid_in_points
from benchmarks.model_tables import model_tables
from benchmarks.settings import (
    COMPANIONS,
    LINES,
    MODEL_TABLES,
    POINTS,
    SHOP_ZONE,
    VARIANTS,
    path_of,
)

FIRST_DAY = dt.date(2021, 1, 1)
LAST_DAY = dt.date(2025, 1, 15)
ROW_GROUP = 250_000
ROWS_PER_CUSTOMER = 5
RETURN_SHARE = 0.05
GUEST_SHARE = 0.005
TIE_SHARE = 0.002

_MICROSECONDS = 1_000_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SPAN = int((LAST_DAY - FIRST_DAY).total_seconds())


def make_files(folder: Path, rows: int) -> None:
    """Write the files that are missing for this row count."""
    folder.mkdir(parents=True, exist_ok=True)
    if missing := _missing(folder, VARIANTS, rows):
        _make_variants(folder, missing, rows)
    if missing := _missing(folder, COMPANIONS, rows):
        orders = pl.scan_parquet(path_of(folder, "orders", rows))
        customer_ids = orders.select(pl.col("customer_id").unique().sort()).collect().to_series()
        frames = companions(customer_ids, FIRST_DAY, LAST_DAY, seed=rows)
        for name in missing:
            _write(frames[name], path_of(folder, name, rows), time.perf_counter())
    if _missing(folder, (LINES,), rows):
        started = time.perf_counter()
        orders = pl.read_parquet(path_of(folder, "orders", rows))
        _write(order_items(orders, seed=rows), path_of(folder, LINES, rows), started)
    if _missing(folder, (POINTS,), rows):
        started = time.perf_counter()
        orders = pl.scan_parquet(path_of(folder, "orders", rows))
        _write(paid_in_points(orders), path_of(folder, POINTS, rows), started)
    if missing := _missing(folder, MODEL_TABLES, rows):
        frames = model_tables(pl.scan_parquet(path_of(folder, "orders", rows)), rows)
        for name in missing:
            _write(frames[name], path_of(folder, name, rows), time.perf_counter())


def _missing(folder: Path, names: Sequence[str], rows: int) -> list[str]:
    return [name for name in names if not path_of(folder, name, rows).exists()]


def _make_variants(folder: Path, missing: Sequence[str], rows: int) -> None:
    """Make all variants, since each draws on from the one before, and write those missing."""
    rng = np.random.default_rng(20_250_101 + rows)
    orders = _orders(rng, rows)
    raw = _before_the_door(rng, orders)
    frames = {
        "orders": lambda: _shuffled(rng, orders).with_columns(_money()),
        "raw": lambda: _shuffled(rng, raw),
        "ascending": lambda: _rising(raw),
        "defects": lambda: break_rows(rng, _shuffled(rng, raw)),
    }
    for variant in VARIANTS:
        started = time.perf_counter()
        frame = frames[variant]()
        if variant in missing:
            _write(frame, path_of(folder, variant, rows), started)


def _write(frame: pl.DataFrame, target: Path, started: float) -> None:
    unfinished = target.with_suffix(".part")
    frame.write_parquet(unfinished, row_group_size=ROW_GROUP)
    unfinished.rename(target)
    print(
        f"  {target.name}: {frame.height:,} rows, {time.perf_counter() - started:.1f} s",
        file=sys.stderr,
    )


def _orders(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Sales and returns of customers who differ in pace and leave at some point."""
    n_returns = round(rows * RETURN_SHARE)
    n_sales = rows - n_returns
    customer, seconds = _visits(rng, n_sales, max(1, rows // ROWS_PER_CUSTOMER))
    kopecks = np.maximum(100, np.round(np.exp(rng.normal(11.9, 0.8, n_sales)))).astype(np.int64)
    returned = rng.choice(n_sales, n_returns, replace=False)
    back_seconds = seconds[returned] + rng.integers(3_600, 30 * 86_400, n_returns)
    back_kopecks = np.maximum(
        1, (kopecks[returned] * rng.uniform(0.2, 1.0, n_returns)).astype(np.int64)
    )
    return pl.DataFrame(
        {
            "order_id": _scattered_ids(rng, rows),
            "customer_id": np.concatenate([customer, customer[returned]]),
            "seconds": np.minimum(np.concatenate([seconds, back_seconds]), _SPAN - 1),
            "kopecks": np.concatenate([kopecks, -back_kopecks]),
            "kind": np.repeat(["sale", "return"], [n_sales, n_returns]),
            "status": rng.choice(["completed", "cancelled", "open"], rows, p=[0.92, 0.06, 0.02]),
        }
    ).select(
        "order_id",
        "customer_id",
        _instant().alias("ordered_at"),
        pl.col("kopecks").alias("amount"),
        "kind",
        "status",
    )


def _visits(
    rng: np.random.Generator, n_sales: int, n_customers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Who bought and when, in seconds of the shop's clock since the first day."""
    pace = rng.gamma(0.7, 1.0, n_customers)
    extra = rng.multinomial(max(0, n_sales - n_customers), pace / pace.sum())
    customer = np.repeat(np.arange(n_customers), extra + 1)[:n_sales]
    start = rng.integers(0, _SPAN, n_customers)
    life = np.minimum(rng.exponential(500 * 86_400, n_customers).astype(np.int64), _SPAN - start)
    seconds = start[customer] + (rng.uniform(0, 1, customer.size) * life[customer]).astype(np.int64)
    tied = np.flatnonzero(rng.uniform(0, 1, customer.size) < TIE_SHARE)
    tied = tied[(tied > 0) & (customer[tied] == customer[tied - 1])]
    seconds[tied] = seconds[tied - 1]
    return _scattered_ids(rng, n_customers)[customer], seconds


def _scattered_ids(rng: np.random.Generator, n: int) -> np.ndarray:
    """Give distinct ids far apart in 62 bits; multiplying by an odd number keeps them distinct."""
    running = rng.permutation(n).astype(np.uint64) + np.uint64(1)
    return (running * _GOLDEN & np.uint64(2**62 - 1)).astype(np.int64)


def _before_the_door(rng: np.random.Generator, orders: pl.DataFrame) -> pl.DataFrame:
    guest = pl.Series("guest", rng.uniform(0, 1, orders.height) < GUEST_SHARE)
    return orders.with_columns(
        pl.when(~guest).then("customer_id").alias("customer_id"),
        (pl.col("amount") / 100).alias("amount"),
    )


def _instant() -> pl.Expr:
    elapsed = (pl.col("seconds") * _MICROSECONDS).cast(pl.Duration("us"))
    return (pl.lit(FIRST_DAY).cast(pl.Datetime("us")) + elapsed).dt.replace_time_zone(SHOP_ZONE)


def _money() -> pl.Expr:
    return (pl.col("amount") / 100).cast(pl.Decimal(18, 4))


def _shuffled(rng: np.random.Generator, orders: pl.DataFrame) -> pl.DataFrame:
    return orders[rng.permutation(orders.height)]


def _rising(raw: pl.DataFrame) -> pl.DataFrame:
    """An export in order of time, its order ids a running number."""
    running = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("order_id")
    return raw.sort("ordered_at", "order_id").with_columns(running)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data")
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=int, nargs="+")
    arguments = parser.parse_args()
    for rows in arguments.rows:
        make_files(arguments.folder, rows)


if __name__ == "__main__":
    main()
