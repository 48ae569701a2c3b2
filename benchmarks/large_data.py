"""The made-up shop at sizes that do not fit into memory.

Orders are made a part of the customers at a time and then mixed, so that the file is in no order:
each stretch of two million rows holds rows of all customers' parts, shuffled. What stands beside
the orders is made from their file, in streams or a part at a time too.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.companions import companions
from benchmarks.lines import order_items
from benchmarks.loyalty_data import paid_in_points
from benchmarks.settings import LINES, POINTS, path_of
from benchmarks.shop import FIRST_DAY, LAST_DAY, make_orders, money, shuffled

LARGE = 20_000_000
"""From so many rows on, data are made here."""
PART = 5_000_000
STRETCH = 2_000_000
ROW_GROUP = 250_000
GUEST_SHARE = 0.005


def large_orders(folder: Path, rows: int, target: Path) -> None:
    """Write `orders`: parts of the customers one after another, then mixed."""
    rng = np.random.default_rng(20_250_101 + rows)
    parts = (
        shuffled(rng, make_orders(rng, min(PART, rows - before), rows_before=before)).with_columns(
            money()
        )
        for before in range(0, rows, PART)
    )
    _mixed(parts, rows, rng, target)


def large_raw(folder: Path, rows: int, target: Path) -> None:
    """Write `raw`: the same rows in the same order with plain floats, some of them of guests."""
    at_random = pl.col("order_id").hash(seed=rows) % 1_000 < round(GUEST_SHARE * 1_000)
    orders = pl.scan_parquet(path_of(folder, "orders", rows)).with_columns(
        pl.when(~at_random).then("customer_id").alias("customer_id"),
        pl.col("amount").cast(pl.Float64),
    )
    orders.sink_parquet(target, row_group_size=ROW_GROUP)


def large_customers(folder: Path, rows: int, target: Path) -> None:
    """Write `customers` a part at a time; a part's customers stand together."""
    orders = pl.scan_parquet(path_of(folder, "orders", rows))
    ids = orders.select(pl.col("customer_id").unique()).collect(engine="streaming").to_series()
    ids = ids.sort().shuffle(seed=rows)
    parts = (
        companions(ids[start : start + PART // 5], FIRST_DAY, LAST_DAY, seed=rows + start)[
            "customers"
        ]
        for start in range(0, len(ids), PART // 5)
    )
    _one_after_another(parts, target)


def large_costs(folder: Path, rows: int, target: Path) -> None:
    """Write `costs`: those of a shop of a million customers, once for each million."""
    counted = pl.scan_parquet(path_of(folder, "customers", rows)).select(pl.len()).collect().item()
    ids = pl.Series("customer_id", np.arange(PART // 5))
    costs = companions(ids, FIRST_DAY, LAST_DAY, seed=rows)["costs"]
    times = max(1, round(counted / (PART // 5)))
    costs.with_columns((pl.col("amount") * times).cast(costs.schema["amount"])).write_parquet(
        target
    )


def large_lines(folder: Path, rows: int, target: Path) -> None:
    """Write `order_items` for a stretch of the orders at a time."""
    orders = pl.scan_parquet(path_of(folder, "orders", rows))
    parts = (
        order_items(orders.slice(start, PART).collect(), seed=rows + start)
        for start in range(0, rows, PART)
    )
    _one_after_another(parts, target)


def large_points(folder: Path, rows: int, target: Path) -> None:
    """Write `points` for a part of the customers at a time, and mix them."""
    rng = np.random.default_rng(20_250_401 + rows)
    count = -(-rows // PART)
    orders = pl.scan_parquet(path_of(folder, "orders", rows))
    own = pl.col("customer_id").hash(seed=rows) % count
    parts = (shuffled(rng, paid_in_points(orders.filter(own == part))) for part in range(count))
    _mixed(parts, rows, rng, target)


MAKERS: dict[str, Callable[[Path, int, Path], None]] = {
    "orders": large_orders,
    "raw": large_raw,
    "customers": large_customers,
    "costs": large_costs,
    LINES: large_lines,
    POINTS: large_points,
}
"""What is made at these sizes, each after what it is made from."""


def _one_after_another(parts: Iterator[pl.DataFrame], target: Path) -> None:
    work = _work(target)
    for place, part in enumerate(parts):
        part.write_parquet(work / f"{place:05d}.parquet", compression="lz4")
    _together(work, target)


def _mixed(
    parts: Iterator[pl.DataFrame], rows: int, rng: np.random.Generator, target: Path
) -> None:
    """Cut every part into slices, and put the slices of one place together, shuffled."""
    count = -(-rows // STRETCH)
    sliced = _work(target.with_suffix(".slices"))
    cuts = []
    for place, part in enumerate(parts):
        slices = -(-part.height // count)
        file = sliced / f"{place:05d}.parquet"
        part.write_parquet(file, row_group_size=slices, compression="lz4")
        cuts.append((pl.scan_parquet(file), slices))
    work = _work(target)
    for place in range(count):
        together = pl.concat([part.slice(place * size, size).collect() for part, size in cuts])
        shuffled(rng, together).write_parquet(work / f"{place:05d}.parquet", compression="lz4")
    shutil.rmtree(sliced)
    _together(work, target)


def _together(work: Path, target: Path) -> None:
    pl.scan_parquet(sorted(work.glob("*.parquet"))).sink_parquet(target, row_group_size=ROW_GROUP)
    shutil.rmtree(work)


def _work(target: Path) -> Path:
    """Give an empty folder beside the file that is being made."""
    folder = target.with_name(f"{target.name}.work")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
