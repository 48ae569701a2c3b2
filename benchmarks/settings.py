"""What the runner and its workers share. Standard library only: the runner must stay small."""

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
MODEL_TABLES = ("histories", "patterns", "buyers", "features")
"""Tables that models are fitted and applied to: one row per customer, or per kind of customer."""
GENERATION = 3
"""Raised when the generator changes: the name of a file tells which one wrote it."""

LIBRARY = "retention_kit"
FLOOR = "group-by"
TABLE_ENGINES = (LIBRARY, "duckdb", "pandas", "scan", FLOOR)
LIFETIMES = "lifetimes"
LIFETIMES_WEIGHTS = "lifetimes-weights"
PYMC = "pymc-marketing"
PYMC_AGAIN = "pymc-marketing-again"
SCIKIT_LEARN = "scikit-learn"
SCIKIT_LEARN_ONCE = "scikit-learn-once"
PLAIN_PYTHON = "plain-python"
POLARS = "polars"
PEERS = (LIFETIMES, LIFETIMES_WEIGHTS, PYMC, PYMC_AGAIN)
"""Engines that run in an environment of their own, made beside the data: see `peers`."""
ENGINES = (*TABLE_ENGINES, PLAIN_PYTHON, POLARS, *PEERS, SCIKIT_LEARN, SCIKIT_LEARN_ONCE)
FLOORS = ("scan", FLOOR)
"""Engines that do less than the job and give no answer."""


def path_of(folder: Path, variant: str, rows: int) -> Path:
    """Where a variant of the data, a companion of it or a table for models lies."""
    return folder / f"{variant}-{rows}-g{GENERATION}.parquet"


def beside(path: str, companion: str) -> str:
    """Where the companion lies that was made for the same row count."""
    file = Path(path)
    return str(file.with_name(f"{companion}-{file.name.partition('-')[2]}"))
