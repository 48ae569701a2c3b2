"""What the runner and its workers share. Standard library only: the runner must stay small."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
SHOP_ZONE = "Europe/Moscow"
THREADS = 2
VARIANTS = ("orders", "raw", "ascending", "defects")
COMPANIONS = ("customers", "costs")
"""Tables beside `orders`: who the customers are, and what the shop spent to win and keep them."""
GENERATION = 3
"""Raised when the generator changes: the name of a file tells which one wrote it."""

LIBRARY = "retention_kit"
FLOOR = "group-by"
ENGINES = (LIBRARY, "duckdb", "pandas", "scan", FLOOR)
FLOORS = ("scan", FLOOR)
"""Engines that do less than the job and give no answer."""


def path_of(folder: Path, variant: str, rows: int) -> Path:
    """Where a variant of the data, or a companion of it, lies."""
    return folder / f"{variant}-{rows}-g{GENERATION}.parquet"


def beside(path: str, companion: str) -> str:
    """Where the companion lies that was made for the same row count."""
    file = Path(path)
    return str(file.with_name(f"{companion}-{file.name.partition('-')[2]}"))
