"""Points that expire, first in, first out, written by hand in Polars: three scans in a row.

See `duckdb_loyalty` for the formula, which this follows, and for the shop's clock.
"""

import polars as pl

from benchmarks.engines.polars_orders import AHEAD, DAY, NOW
from benchmarks.loyalty_jobs import DAYS, PER


def balances(path: str) -> pl.LazyFrame:
    at = pl.col("ordered_at").dt.epoch("us")
    ends = ((at + AHEAD) // DAY + (DAYS + 1)) * DAY - AHEAD
    earned = pl.col("amount").to_physical().cast(pl.Int64) // (PER * 10_000)
    sales = (
        pl.scan_parquet(path)
        .filter((pl.col("status") == "completed") & (at < NOW))
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
        pl.col("earned").filter(pl.col("ends") < NOW).sum().alias("aged"),
    )
    redeemers = totals.filter(pl.col("redeemed") > 0).select("customer_id")
    aged = sales.filter((pl.col("ends") < NOW) & (pl.col("earned") > 0)).join(
        redeemers, on="customer_id", how="semi"
    )
    steps = pl.concat(
        [
            aged.select("customer_id", pl.col("ends").alias("at"), pl.col("earned").alias("step")),
            sales.filter(pl.col("redeemed") > 0).select(
                "customer_id", "at", (-pl.col("redeemed")).alias("step")
            ),
        ]
    ).select("step", _in_turn().alias("in_turn"))
    # What all customers together have up to a row, less what they had before this customer's first.
    is_first = pl.col("customer") != pl.col("customer").shift()
    so_far = pl.col("step").cum_sum()
    gone = (
        steps.sort("in_turn")
        .select("step", (pl.col("in_turn") // 2**64).cast(pl.Int64).alias("customer"))
        .select(
            pl.col("customer").alias("customer_id"),
            so_far.alias("so_far"),
            pl.when(is_first.fill_null(value=True))
            .then(so_far - pl.col("step"))
            .forward_fill()
            .alias("before"),
        )
        .set_sorted("customer_id")
        .group_by("customer_id")
        .agg((pl.col("so_far") - pl.col("before")).max().alias("expired"))
        .collect(engine="in-memory")
        .lazy()
    )
    expired = pl.when(pl.col("redeemed") > 0).then(pl.col("expired").fill_null(0)).otherwise("aged")
    held = pl.col("earned") - pl.col("redeemed") - pl.max_horizontal(expired, 0)
    return totals.join(gone, on="customer_id", how="left").select("customer_id", held.alias("held"))


def _in_turn() -> pl.Expr:
    """Order by customer and instant, what expires before what is paid, as one number."""
    is_payment = (pl.col("step") < 0).cast(pl.Int64)
    return pl.col("customer_id").cast(pl.Int128) * 2**64 + (pl.col("at") * 2 + is_payment)
