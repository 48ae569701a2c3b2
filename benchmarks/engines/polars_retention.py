"""Retention and cohorts in Polars by hand.

A customer's months are the bits of one number, and numbers that many customers have are counted
before the months are. For cohorts sales are sorted by customer and month, with the amount in the
same number of 128 bits, so that the first month of a customer needs no join.
"""

import polars as pl

from benchmarks.engines.polars_orders import (
    MONTHS_BEGUN,
    UNITS,
    collect,
    first_day,
    money,
    month,
    month_bit,
    sales,
)

_PLACES = 2**57
"""More ten-thousandths than an order has; six bits of 63 are left for the months."""


def retention_totals(path: str) -> pl.DataFrame:
    alike = (
        sales(path)
        .select("customer_id", month_bit().alias("bits"))
        .group_by("customer_id")
        .agg(pl.col("bits").bitwise_or())
        .group_by("bits")
        .agg(pl.len().alias("customers"))
        .select(_counts())
    )
    sums = (
        sales(path)
        .select(month().alias("month"), "amount")
        .group_by("month")
        .agg(pl.len().alias("orders"), pl.col("amount").sum().alias("revenue"))
    )
    counts, by_month = pl.collect_all([alike, sums], engine="streaming")
    return (
        counts.unpivot()
        .with_columns(pl.col("variable").str.split("_").list.to_struct(fields=["what", "month"]))
        .unnest("variable")
        .with_columns(pl.col("month").cast(pl.UInt8), pl.col("value").cast(pl.Int64))
        .pivot("what", index="month", values="value")
        .sort("month")
        .join(by_month, on="month", how="left")
        .with_columns(pl.col("buyers").shift(fill_value=0).alias("start_customers"))
        .filter(pl.col("start_customers") + pl.col("buyers") > 0)
        .select(
            first_day("month").alias("period"),
            "start_customers",
            pl.col("buyers").alias("end_customers"),
            "retained",
            pl.col("new").alias("new_customers"),
            (pl.col("buyers") - pl.col("retained") - pl.col("new")).alias("reactivated"),
            (pl.col("start_customers") - pl.col("retained")).alias("lost"),
            "buyers",
            pl.col("orders").fill_null(0),
            pl.col("revenue").fill_null(0),
        )
    )


def _counts() -> list[pl.Expr]:
    """Count by month who bought, who had bought the month before too, and who never before."""
    bits = pl.col("bits")
    kinds = {"buyers": bits, "retained": bits & (bits * 2), "new": bits & -bits}
    return [
        pl.col("customers").filter(of & (1 << place) != 0).sum().alias(f"{what}_{place}")
        for what, of in kinds.items()
        for place in range(MONTHS_BEGUN)
    ]


def cohort_totals(path: str) -> pl.DataFrame:
    packed = pl.col("customer_id").cast(pl.Int128) * 2**64 + (
        month().cast(pl.Int64) * _PLACES + UNITS
    )
    key = pl.col("key")
    customer, rest = (
        key // 2**64,
        key.cast(pl.Int64, wrap_numerical=True) & pl.lit(-1, dtype=pl.Int64),
    )
    in_turn = collect(sales(path).select(packed.alias("key")).sort("key")).lazy()
    is_first = pl.col("customer") != pl.col("customer").shift()
    is_last = pl.col("customer") != pl.col("customer").shift(-1)
    is_new = is_first | (pl.col("month") != pl.col("month").shift())
    cells = (
        in_turn.select(
            customer.cast(pl.Int64).alias("customer"),
            (rest // _PLACES).cast(pl.UInt8).alias("month"),
            (rest % _PLACES).alias("revenue"),
        )
        .select(
            "month",
            "revenue",
            pl.when(is_first.fill_null(True)).then("month").forward_fill().alias("cohort"),
            is_new.fill_null(True).cast(pl.UInt32).alias("customers"),
            is_last.fill_null(True).cast(pl.UInt32).alias("last_customers"),
        )
        .group_by("cohort", "month")
        .agg(
            pl.col("customers", "last_customers", "revenue").sum(),
            pl.len().alias("orders"),
        )
        .collect(engine="in-memory")
    )
    return cells.select(
        first_day("cohort").alias("cohort"),
        (pl.col("month").cast(pl.Int64) - pl.col("cohort")).alias("period"),
        "customers",
        "last_customers",
        "orders",
        money("revenue"),
    )
