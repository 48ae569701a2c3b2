"""Answers with a row per customer are written to a file, by every engine, inside the clock.

Nobody holds such a table at a scale: it goes to a file, and from there to where it is used. All
engines write one Parquet file with the same compression, which each of them writes by itself.
"""

from pathlib import Path

import polars as pl
import polars._utils.parquet  # Polars imports it late

from benchmarks.job import Job
from benchmarks.settings import scratch

COMPRESSION = "snappy"


def is_sunk(job: Job) -> bool:
    """Whether the answer goes to a file."""
    return job.keys == ("customer_id",) and not job.in_memory


def answer_file() -> Path:
    """Where it goes."""
    return scratch() / "answer.parquet"


def sink(plan: pl.LazyFrame) -> pl.LazyFrame:
    """Write a plan's result, and give it as a table on disk."""
    plan.sink_parquet(answer_file(), compression=COMPRESSION, engine="streaming")
    return pl.scan_parquet(answer_file())
