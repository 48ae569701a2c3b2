"""What customers cost and bring, by channel, in Polars by hand."""

import polars as pl

from benchmarks.engines.polars_orders import (
    MONEY,
    buyers,
    collect,
    first_day,
    month_of,
)
from benchmarks.jobs import AS_OF
from benchmarks.settings import beside


def economics(path: str) -> dict[str, pl.DataFrame]:
    won = collect(_won(path)).with_columns(first_day("period").alias("period"))
    value = won.group_by("channel").agg(pl.col("customers", "net_revenue").sum())
    return {
        "acquisition": _acquisition(won, _spent(path)),
        "lifetime_value": value.select(
            "channel",
            "customers",
            (pl.col("net_revenue").cast(pl.Float64) / pl.col("customers")).alias("lifetime_value"),
        ),
    }


def _won(path: str) -> pl.LazyFrame:
    """Count by month of the first sale, and by channel, who was won and what they bought."""
    channels = pl.scan_parquet(beside(path, "customers")).select(
        "customer_id", pl.col("acquisition_channel").alias("channel")
    )
    return (
        buyers(path, pl.col("at").min().alias("first"))
        .join(channels, on="customer_id", how="left")
        .group_by(month_of(pl.col("first")).alias("period"), "channel")
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col("orders").sum().cast(pl.Int64),
            pl.col("amount").cast(MONEY).sum().alias("net_revenue"),
        )
    )


def _spent(path: str) -> pl.DataFrame:
    amount = pl.col("amount").cast(MONEY)
    of_advertising = pl.col("category") == "advertising"
    return (
        pl.scan_parquet(beside(path, "costs"))
        .filter(pl.col("purpose") == "acquisition", pl.col("month") < AS_OF.date())
        .group_by(pl.col("month").alias("period"), "channel")
        .agg(
            pl.when(of_advertising.any()).then(amount.filter(of_advertising).sum()).alias("paid"),
            amount.sum().alias("loaded"),
        )
        .with_columns(pl.col("paid", "loaded").cast(pl.Float64))
        .collect()
    )


def _acquisition(won: pl.DataFrame, spent: pl.DataFrame) -> pl.DataFrame:
    shared = spent.filter(pl.col("channel").is_null()).drop("channel")
    own = spent.filter(pl.col("channel").is_not_null())
    share = pl.col("customers") / pl.col("customers").sum().over("period")

    def cost(of: str) -> pl.Expr:
        """Add a channel's own costs and its part of those of all."""
        part = pl.when(share > 0).then(pl.col(f"{of}_shared") * share)
        known = pl.col(of).is_not_null() | part.is_not_null()
        return pl.when(known).then(pl.col(of).fill_null(0) + part.fill_null(0)).alias(of)

    cells = (
        won.drop("net_revenue")
        .join(own, on=["period", "channel"], how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("customers", "orders").fill_null(0))
        .join(shared, on="period", how="left", suffix="_shared")
        .with_columns(cost("paid"), cost("loaded"))
    )
    return cells.select(
        "period",
        "channel",
        pl.col("customers").alias("new_customers"),
        "orders",
        pl.col("paid").fill_null(0).alias("paid_cost"),
        pl.col("loaded").fill_null(0).alias("fully_loaded_cost"),
        _per("paid", "customers").alias("paid_cac"),
        _per("loaded", "customers").alias("fully_loaded_cac"),
        _per("loaded", "orders").alias("cost_per_order"),
    )


def _per(cost: str, of: str) -> pl.Expr:
    return pl.when(pl.col(of) > 0).then(pl.col(cost) / pl.col(of))
