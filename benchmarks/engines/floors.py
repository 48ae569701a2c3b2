"""What no engine can skip: reading the columns, and one group-by by customer."""

from collections.abc import Callable

import polars as pl

from benchmarks.job import Job


def prepare(job: Job, path: str, engine: str) -> Callable[[], pl.DataFrame]:
    plan = _scan(job, path) if engine == "scan" else _group_by(path)
    return lambda: plan.collect(engine="streaming")


def present(result: pl.DataFrame) -> pl.DataFrame:
    return result


def _scan(job: Job, path: str) -> pl.LazyFrame:
    """Sum every column that the job needs: text by its length, instants as whole numbers."""
    table = pl.scan_parquet(path).select(job.columns)
    summed = [
        pl.col(name).str.len_bytes() if dtype == pl.String else pl.col(name).to_physical()
        for name, dtype in table.collect_schema().items()
    ]
    return table.select(column.sum() for column in summed)


def _group_by(path: str) -> pl.LazyFrame:
    return pl.scan_parquet(path).group_by("customer_id").agg(pl.col("amount").sum())
