"""Who takes part in a programme, and what becomes of what it issues."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.loyalty_rules.simulation.flows import FLOWS
from retention_kit.metrics.base.observed import in_zone, is_sale, observed, zone_of
from retention_kit.metrics.base.ratios import ratio
from retention_kit.smart_segments.definitions.lengths import read_length, zone_named


def use_of(
    ledger: pl.LazyFrame, orders: pl.LazyFrame, *, as_of: dt.datetime, active_within: str
) -> pl.DataFrame:
    """Count who takes part, who is active and who redeems, and sum what was issued.

    Args:
        ledger: Entries, as `accrue` gives them.
        orders: The `orders` table.
        as_of: Observation instant, exclusive.
        active_within: How long before it an active member earned or redeemed last.

    Returns:
        One row:

        - `customers` (`Int64`): with a sale before `as_of`.
        - `members` (`Int64`): with an entry in a wallet.
        - `active_members` (`Int64`): who earned or redeemed within the time.
        - `redeemers` (`Int64`): who ever redeemed.
        - `issued`, `redeemed`, `restored`, `expired`, `taken_back` (`Decimal(38, 4)`): in money.
        - `member_share`, `active_share`, `redeemer_share` (`Float64`): members / customers, active
            members / members, redeemers / members.
        - `redemption_rate`, `expiry_rate` (`Float64`): (redeemed - restored) / issued, and expired
            / issued.
    """
    zone = zone_of(orders.collect_schema())
    end = in_zone(as_of, zone)
    named = zone_named(zone)
    start = read_length("active_within", active_within).before(end, named).astimezone(named)
    seen = observed(orders, as_of=as_of).filter(pl.col("customer_id").is_not_null())
    customers = seen.filter(is_sale(seen)).select(
        pl.col("customer_id").n_unique().cast(pl.Int64).alias("customers")
    )
    moved = ledger.filter((pl.col("at") < pl.lit(end)) & pl.col("wallet").is_not_null())
    took_part = pl.col("kind").is_in(["earn", "redeem"]) & (pl.col("at") >= pl.lit(start))
    of_member = moved.group_by("customer_id").agg(
        took_part.any().alias("is_active"),
        (pl.col("kind") == "redeem").any().alias("redeems"),
    )
    people = of_member.select(
        pl.len().cast(pl.Int64).alias("members"),
        pl.col("is_active").sum().cast(pl.Int64).alias("active_members"),
        pl.col("redeems").sum().cast(pl.Int64).alias("redeemers"),
    )
    money = moved.select(
        pl.col("value").filter(pl.col("kind") == FLOWS[name][0]).abs().sum().cast(SUM).alias(name)
        for name in ("issued", "redeemed", "restored", "expired", "taken_back")
    )
    return (
        pl.concat([customers, people, money], how="horizontal")
        .with_columns((pl.col("redeemed") - pl.col("restored")).alias("used"))
        .with_columns(
            ratio("members", "customers").alias("member_share"),
            ratio("active_members", "members").alias("active_share"),
            ratio("redeemers", "members").alias("redeemer_share"),
            ratio("used", "issued").alias("redemption_rate"),
            ratio("expired", "issued").alias("expiry_rate"),
        )
        .drop("used")
        .collect()
    )
