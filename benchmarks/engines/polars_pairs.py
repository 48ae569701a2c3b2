"""Products that the same customers bought, in Polars by hand: see `duckdb_pairs`.

A customer's products are joined with themselves, and a pair is counted as one number.
"""

import polars as pl

from benchmarks.engines.polars_orders import collect
from benchmarks.jobs import AS_OF
from benchmarks.settings import beside


def pairs(path: str) -> pl.DataFrame:
    not_sold = (
        pl.scan_parquet(beside(path, "orders"))
        .filter((pl.col("status") != "completed") & (pl.col("ordered_at") < AS_OF))
        .select("order_id")
    )
    bought = (
        pl.scan_parquet(path)
        .filter(pl.col("ordered_at") < AS_OF)
        .join(not_sold, on="order_id", how="anti")
        .group_by("customer_id", pl.col("product_id").cast(pl.UInt32).alias("product"))
        .agg(pl.col("quantity").sum())
        .filter(pl.col("quantity") > 0)
        .select("customer_id", "product")
    )
    bought = collect(bought).lazy()
    together = (
        bought.join(bought, on="customer_id", suffix="_b")
        .filter(pl.col("product") < pl.col("product_b"))
        .group_by((pl.col("product") * 65_536 + pl.col("product_b")).alias("pair"))
        .agg(pl.len().alias("customers"))
    )
    pair = pl.col("pair").cast(pl.Int64)
    return collect(
        together.select(
            (pair // 65_536).alias("product_a"), (pair % 65_536).alias("product_b"), "customers"
        )
    )
