"""What the runner and its workers share. Standard library only: the runner must stay small."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
SHOP_ZONE = "Europe/Moscow"
THREADS = 2
VARIANTS = ("orders", "raw", "ascending", "defects")
GENERATION = 3
"""Raised when the generator changes: the name of a file tells which one wrote it."""

LIBRARY = "retention_kit"
FLOOR = "group-by"
ENGINES = (LIBRARY, "duckdb", "pandas", "scan", FLOOR)
FLOORS = ("scan", FLOOR)
"""Engines that do less than the job and give no answer."""


def path_of(folder: Path, variant: str, rows: int) -> Path:
    """Where a variant of the data lies."""
    return folder / f"{variant}-{rows}-g{GENERATION}.parquet"
