"""What the runner and its workers share. Standard library only: the runner must stay small."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
SHOP_ZONE = "Europe/Moscow"
THREADS = 2
VARIANTS = ("orders", "raw", "ascending", "defects")
COMPANIONS = ("customers", "costs")
"""Tables beside `orders`: who the customers are, and what the shop spent to win and keep them."""
LINES = "order_items"
"""The lines of `orders`, two to an order on average."""
POINTS = "points"
"""`orders` with what was paid in points."""
RAW_CSV = "raw_csv"
"""`raw` as a shop exports it."""
MODEL_TABLES = ("histories", "patterns", "buyers", "features")
"""Tables that models are fitted and applied to: one row per customer, or per kind of customer."""
GENERATION = 3
"""Raised when the generator changes: the name of a file tells which one wrote it."""

LIBRARY = "retention_kit"
BUCKETS = "buckets"
"""The library over a folder that `Dataset.bucket` wrote."""
FLOOR = "group-by"
TABLE_ENGINES = (LIBRARY, "duckdb", "pandas", "scan", FLOOR)
BY_HAND = "by-hand"
"""SQL for an audit's tables, scikit-learn and lifetimes for its clusters and models."""
LIFETIMES = "lifetimes"
LIFETIMES_WEIGHTS = "lifetimes-weights"
PYMC = "pymc-marketing"
PYMC_AGAIN = "pymc-marketing-again"
SCIKIT_LEARN = "scikit-learn"
SCIKIT_LEARN_ONCE = "scikit-learn-once"
PLAIN_PYTHON = "plain-python"
POLARS = "polars"
PEERS = (BY_HAND, LIFETIMES, LIFETIMES_WEIGHTS, PYMC, PYMC_AGAIN)
"""Engines that run in an environment of their own, made beside the data: see `peers`."""
ENGINES = (
    LIBRARY,
    BUCKETS,
    "duckdb",
    POLARS,
    "pandas",
    PLAIN_PYTHON,
    *PEERS,
    SCIKIT_LEARN,
    SCIKIT_LEARN_ONCE,
    "scan",
    FLOOR,
)
"""All engines, in the order in which they take turns and are shown."""
FLOORS = ("scan", FLOOR)
"""Engines that do less than the job and give no answer."""


SCRATCH = "BENCHMARKS_SCRATCH"
"""The variable of the environment that names a worker's folder for results."""
BUCKET_COUNTS = {200_000_000: 256}
"""Into how many buckets the orders are split, where not into 32."""


def path_of(folder: Path, variant: str, rows: int) -> Path:
    """Where a variant of the data, a companion of it or a table for models lies."""
    ending = "csv" if variant == RAW_CSV else "parquet"
    return folder / f"{variant}-{rows}-g{GENERATION}.{ending}"


def beside(path: str, companion: str) -> str:
    """Where the companion lies that was made for the same row count."""
    file = Path(path)
    rows = int(file.name.split("-")[1])
    return str(path_of(file.parent, companion, rows))


def buckets_of(path: str) -> str:
    """Where the folder of buckets lies of the table that a job reads."""
    file = Path(path)
    variant, rows, _ = file.name.split("-")
    source = POINTS if variant == POINTS else "orders"
    return str(file.with_name(f"{BUCKETS}_{source}-{rows}-g{GENERATION}"))


def bucket_count(rows: int) -> int:
    """Into how many buckets so many orders are split."""
    return BUCKET_COUNTS.get(rows, 32)


def scratch() -> Path:
    """Give the empty folder of this worker, where results may be written; the runner removes it."""
    return Path(os.environ[SCRATCH])
