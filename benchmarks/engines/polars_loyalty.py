"""Points that expire, first in, first out, written by hand in Polars: three scans in a row.

See `duckdb_loyalty` for the formula, which this follows, and for the shop's clock.
"""

from collections.abc import Callable

import polars as pl

from benchmarks.engines.duckdb_loyalty import _AHEAD, _DAY, _NOW
from benchmarks.job import Job
from benchmarks.loyalty_jobs import DAYS, PER


def prepare(job: Job, path: str, engine: str) -> Callable[[], pl.DataFrame]:
    return lambda: _balances(path)


def present(result: pl.DataFrame) -> pl.DataFrame:
    return result


def _balances(path: str) -> pl.DataFrame:
    at = pl.col("ordered_at").dt.epoch("us")
    ends = ((at + _AHEAD) // _DAY + (DAYS + 1)) * _DAY - _AHEAD
    earned = pl.col("amount").to_physical().cast(pl.Int64) // (PER * 10_000)
    sales = (
        pl.scan_parquet(path)
        .filter((pl.col("status") == "completed") & (at < _NOW))
        .select(
            "customer_id",
            at.alias("at"),
            ends.alias("ends"),
            pl.when(pl.col("kind") == "sale").then(earned).otherwise(0).alias("earned"),
            (pl.col("points_paid").to_physical().cast(pl.Int64) // 10_000)
            .fill_null(0)
            .alias("redeemed"),
        )
        .collect(engine="streaming")
        .lazy()
    )
    totals = sales.group_by("customer_id").agg(
        pl.col("earned", "redeemed").sum(),
        pl.col("earned").filter(pl.col("ends") < _NOW).sum().alias("aged"),
    )
    redeemers = totals.filter(pl.col("redeemed") > 0).select("customer_id")
    aged = sales.filter((pl.col("ends") < _NOW) & (pl.col("earned") > 0)).join(
        redeemers, on="customer_id", how="semi"
    )
    steps = pl.concat(
        [
            aged.select("customer_id", pl.col("ends").alias("at"), pl.col("earned").alias("step")),
            sales.filter(pl.col("redeemed") > 0).select(
                "customer_id", "at", (-pl.col("redeemed")).alias("step")
            ),
        ]
    ).sort("customer_id", "at", "step", descending=[False, False, True])
    gone = (
        steps.with_columns(pl.col("step").cum_sum().over("customer_id").alias("gap"))
        .group_by("customer_id")
        .agg(pl.col("gap").max().alias("expired"))
    )
    expired = pl.when(pl.col("redeemed") > 0).then(pl.col("expired").fill_null(0)).otherwise("aged")
    held = pl.col("earned") - pl.col("redeemed") - pl.max_horizontal(expired, 0)
    return (
        totals.join(gone, on="customer_id", how="left")
        .select("customer_id", held.alias("held"))
        .collect(engine="streaming")
    )
