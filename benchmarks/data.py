"""The made-up shop that the benchmarks run on, written once per row count as Parquet.

Four variants of one table: `orders` is what passed the door (exact money, every customer known),
`raw` is the same before it (money as Float64, guests), `ascending` is `raw` in order of time with
running numbers for order ids, and `defects` is `raw` with one row in a thousand broken. In all but
`ascending` the rows lie in random order and ids are scattered numbers, so that neither sorted nor
dense ids flatter anyone. Beside them stand three companions of `orders`: `customers`, with the
channel that brought each, `costs`, and the lines of the orders, made in `lines`; and `points`, the
orders with what was paid in points, made in `loyalty_data`. The tables for models are made in
`model_tables`, buckets in `bucket_data`. Where the rows do not fit into memory, `large_data` makes
them.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.bucket_data import make_buckets
from benchmarks.companions import companions
from benchmarks.defects import break_rows
from benchmarks.large_data import LARGE, MAKERS
from benchmarks.lines import order_items
from benchmarks.loyalty_data import paid_in_points
from benchmarks.model_tables import model_tables
from benchmarks.settings import (
    BUCKETS,
    COMPANIONS,
    LINES,
    MODEL_TABLES,
    POINTS,
    RAW_CSV,
    VARIANTS,
    path_of,
)
from benchmarks.shop import FIRST_DAY, LAST_DAY, make_orders, money, shuffled

ROW_GROUP = 250_000
GUEST_SHARE = 0.005


def make_files(folder: Path, rows: int, wanted: Sequence[str]) -> None:
    """Write those of the wanted files that are missing for this row count."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [name for name in wanted if not name.startswith(BUCKETS)]
    if rows >= LARGE:
        _make_large(folder, rows, tables)
    else:
        _make_small(folder, rows, tables)
    for name in wanted:
        if name.startswith(BUCKETS):
            started = time.perf_counter()
            if made := make_buckets(folder, name.partition("_")[2], rows):
                _say(made, rows, started)


def _make_large(folder: Path, rows: int, wanted: Sequence[str]) -> None:
    for name, make in MAKERS.items():
        if name in _missing(folder, wanted, rows):
            started, target = time.perf_counter(), path_of(folder, name, rows)
            unfinished = target.with_suffix(".part")
            make(folder, rows, unfinished)
            unfinished.rename(target)
            _say(target, pl.scan_parquet(target).select(pl.len()).collect().item(), started)


def _make_small(folder: Path, rows: int, wanted: Sequence[str]) -> None:
    missing = _missing(folder, wanted, rows)
    if variants := [name for name in VARIANTS if name in missing]:
        _make_variants(folder, variants, rows)
    if beside := [name for name in COMPANIONS if name in missing]:
        orders = pl.scan_parquet(path_of(folder, "orders", rows))
        customer_ids = orders.select(pl.col("customer_id").unique().sort()).collect().to_series()
        frames = companions(customer_ids, FIRST_DAY, LAST_DAY, seed=rows)
        for name in beside:
            _write(frames[name], path_of(folder, name, rows), time.perf_counter())
    if LINES in missing:
        started = time.perf_counter()
        orders = pl.read_parquet(path_of(folder, "orders", rows))
        _write(order_items(orders, seed=rows), path_of(folder, LINES, rows), started)
    if POINTS in missing:
        started = time.perf_counter()
        orders = pl.scan_parquet(path_of(folder, "orders", rows))
        _write(paid_in_points(orders), path_of(folder, POINTS, rows), started)
    if RAW_CSV in missing:
        started, target = time.perf_counter(), path_of(folder, RAW_CSV, rows)
        pl.scan_parquet(path_of(folder, "raw", rows)).sink_csv(target.with_suffix(".part"))
        target.with_suffix(".part").rename(target)
        _say(target, rows, started)
    if models := [name for name in MODEL_TABLES if name in missing]:
        frames = model_tables(pl.scan_parquet(path_of(folder, "orders", rows)), rows)
        for name in models:
            _write(frames[name], path_of(folder, name, rows), time.perf_counter())


def _missing(folder: Path, names: Sequence[str], rows: int) -> list[str]:
    return [name for name in names if not path_of(folder, name, rows).exists()]


def _make_variants(folder: Path, missing: Sequence[str], rows: int) -> None:
    """Make all variants, since each draws on from the one before, and write those missing."""
    rng = np.random.default_rng(20_250_101 + rows)
    orders = make_orders(rng, rows)
    raw = _before_the_door(rng, orders)
    frames: dict[str, Callable[[], pl.DataFrame]] = {
        "orders": lambda: shuffled(rng, orders).with_columns(money()),
        "raw": lambda: shuffled(rng, raw),
        "ascending": lambda: _rising(raw),
        "defects": lambda: break_rows(rng, shuffled(rng, raw)),
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
    _say(target, frame.height, started)


def _say(target: Path, rows: int, started: float) -> None:
    print(f"  {target.name}: {rows:,} rows, {time.perf_counter() - started:.1f} s", file=sys.stderr)


def _before_the_door(rng: np.random.Generator, orders: pl.DataFrame) -> pl.DataFrame:
    guest = pl.Series("guest", rng.uniform(0, 1, orders.height) < GUEST_SHARE)
    return orders.with_columns(
        pl.when(~guest).then("customer_id").alias("customer_id"),
        (pl.col("amount") / 100).alias("amount"),
    )


def _rising(raw: pl.DataFrame) -> pl.DataFrame:
    """An export in order of time, its order ids a running number."""
    running = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("order_id")
    return raw.sort("ordered_at", "order_id").with_columns(running)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data")
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=int)
    parser.add_argument("wanted", nargs="+", help="variants, companions, tables of models, buckets")
    arguments = parser.parse_args()
    make_files(arguments.folder, arguments.rows, arguments.wanted)


if __name__ == "__main__":
    main()
