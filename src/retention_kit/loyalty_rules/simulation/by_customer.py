"""Who has what of a programme: customers, and tenths of them by what they brought."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.loyalty_rules.simulation.by_tier import last_tiers
from retention_kit.loyalty_rules.simulation.flows import discounts_by, flows_by
from retention_kit.metrics.base.ratios import ratio

DECILES = 10


def by_customer(entries: pl.LazyFrame, bought: pl.DataFrame, base: str) -> pl.DataFrame:
    """Say of each customer what they brought and what they had of the programme.

    Args:
        entries: What `flows.with_months` gives, with `in_window` (`Boolean`).
        bought: `customer_id`, `orders` and `revenue` in the window, sales and returns.
        base: The tier that everybody begins in.

    Returns:
        One row per customer who is in `bought` or holds something, sorted by `customer_id`:

        - `customer_id`: as in `orders`.
        - `decile` (`Int64`): 1 for the tenth with the highest revenue, 10 for the last.
        - `orders` (`Int64`), `revenue` (`Decimal(38, 4)`).
        - `discounts`, `redeemed`, `received` (`Decimal(38, 4)`): taken off the price; paid with
            units, less what was restored; both together.
        - `held` (`Decimal(38, 4)`): what is in the wallets in the end.
        - `tier` (`String`): the last one.
    """
    inside = entries.filter("in_window")
    spent = flows_by(inside, "customer_id").select(
        "customer_id", (pl.col("redeemed") - pl.col("restored")).cast(SUM).alias("redeemed")
    )
    held = flows_by(entries, "customer_id").select("customer_id", pl.col("change").alias("held"))
    off = discounts_by(inside, "customer_id")
    money = ["discounts", "redeemed", "held"]
    # A gift may be all that somebody ever had.
    others = (
        held.filter(pl.col("held") != 0)
        .join(bought.lazy(), on="customer_id", how="anti")
        .select(
            "customer_id",
            pl.lit(0, dtype=pl.Int64).alias("orders"),
            pl.lit(0).cast(SUM).alias("revenue"),
        )
    )
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    return (
        pl.concat([bought.lazy(), others])
        .join(spent, on="customer_id", how="left")
        .join(held, on="customer_id", how="left")
        .join(off, on="customer_id", how="left")
        .join(last_tiers(entries), on="customer_id", how="left")
        .with_columns(pl.col(money).fill_null(0).cast(SUM), pl.col("tier").fill_null(base))
        .with_columns((pl.col("discounts") + pl.col("redeemed")).cast(SUM).alias("received"))
        .sort(["revenue", "customer_id"], descending=[True, False])
        .with_columns((place * DECILES // pl.len().cast(pl.Int64) + 1).alias("decile"))
        .select(
            "customer_id",
            "decile",
            "orders",
            "revenue",
            "discounts",
            "redeemed",
            "received",
            "held",
            "tier",
        )
        .sort("customer_id")
        .collect()
    )


def by_decile(customers: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Say what each tenth of the customers, by revenue, has of a programme.

    Args:
        customers: What `by_customer` gives, with the columns of `keys`.
        *keys: What else to count by.

    Returns:
        One row per decile, sorted:

        - the keys, `decile` (`Int64`): 1 for the tenth with the highest revenue.
        - `customers` (`Int64`), `customers_with_benefit` (`Int64`): those who received or hold
            something.
        - `revenue`, `received`, `held` (`Decimal(38, 4)`).
        - `revenue_share`, `received_share` (`Float64`): of the whole, null where that is 0.
        - `received_rate` (`Float64`): received / revenue, null where there is no revenue.
    """
    money = ["revenue", "received", "held"]
    has = (pl.col("received") > 0) | (pl.col("held") > 0)
    summed = customers.group_by(*keys, "decile").agg(
        pl.len().cast(pl.Int64).alias("customers"),
        has.sum().cast(pl.Int64).alias("customers_with_benefit"),
        pl.col(money).sum().cast(SUM),
    )
    whole = [
        (pl.col(name).sum().over(keys) if keys else pl.col(name).sum()).alias(f"all_{name}")
        for name in ("revenue", "received")
    ]
    return (
        summed.with_columns(whole)
        .with_columns(
            ratio("revenue", "all_revenue").alias("revenue_share"),
            ratio("received", "all_received").alias("received_share"),
            ratio("received", "revenue").alias("received_rate"),
        )
        .drop("all_revenue", "all_received")
        .sort(*keys, "decile")
    )
