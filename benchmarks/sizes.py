"""Who does which job at which size, and how often. Standard library only."""

from benchmarks.job import Job
from benchmarks.settings import (
    BUCKETS,
    COMPANIONS,
    FLOORS,
    LIBRARY,
    LINES,
    MODEL_TABLES,
    POINTS,
    RAW_CSV,
)

ROWS = (1_000_000, 10_000_000, 50_000_000, 200_000_000)
"""The sizes of a full run."""
ONCE_ROWS = 10_000_000
"""The size at which jobs are measured that do not depend on the number of orders as tables do."""
_ROUNDS = ((10_000_000, 3), (50_000_000, 2))
"""Up to how many orders a measurement is repeated how often; beyond that it is made once."""
_MOST_OF_TABLE = {
    "orders": 200_000_000,
    "raw": 50_000_000,
    "ascending": 10_000_000,
    "defects": 10_000_000,
    LINES: 50_000_000,
    POINTS: 50_000_000,
    RAW_CSV: 10_000_000,
}
"""Up to how many orders a table is made."""
_MOST_OF_JOB = {"audit": 50_000_000, "audit-whole": 50_000_000}
"""Up to how many orders a job is measured, where its table would go further."""
_MOST_OF_ENGINE = {"pandas": 10_000_000, "polars": 50_000_000}
_AT_ANY_SIZE = (LIBRARY, BUCKETS, "duckdb")


def takes_part(job: Job, engine: str, rows: int, *, floors: bool = False) -> bool:
    """Say whether an engine does a job at a size.

    Args:
        job: The job.
        engine: The engine.
        rows: How many orders.
        floors: Whether floors are measured beyond 50 million orders too.
    """
    if engine not in job.engines or rows > most_rows(job):
        return False
    if rows <= 50_000_000:
        return rows <= _MOST_OF_ENGINE.get(engine, rows)
    return engine in _AT_ANY_SIZE or (floors and engine in FLOORS)


def sizes_of(job: Job, rows: list[int]) -> list[int]:
    """Give the sizes, of those asked for, at which a job is measured.

    Models, and what has its tables in memory, are measured once: at 10 million orders or at the
    largest size below that was asked for, else at the smallest.
    """
    if job.in_memory or job.variant in MODEL_TABLES:
        return [max((one for one in rows if one <= ONCE_ROWS), default=min(rows))]
    return [one for one in rows if one <= most_rows(job)]


def most_rows(job: Job) -> int:
    """Up to how many orders a job is measured."""
    return _MOST_OF_JOB.get(job.name, _MOST_OF_TABLE.get(job.variant, ONCE_ROWS))


def rounds_at(rows: int) -> int:
    """How often a measurement is repeated where nobody says."""
    return next((rounds for most, rounds in _ROUNDS if rows <= most), 1)


def files_of(job: Job, engines: list[str], rows: int) -> list[str]:
    """Name the files and buckets that a job needs, each after what it is made from."""
    files = ["orders"]
    if job.variant == RAW_CSV:
        files.append("raw")
    files.append(job.variant)
    if rows <= most_rows(job) and job.task == "economics":
        files += COMPANIONS
    if BUCKETS in engines:
        files += [*COMPANIONS, *([LINES] if rows <= _MOST_OF_TABLE[LINES] else [])]
        files.append(f"{BUCKETS}_{POINTS if job.variant == POINTS else 'orders'}")
    return list(dict.fromkeys(files))
