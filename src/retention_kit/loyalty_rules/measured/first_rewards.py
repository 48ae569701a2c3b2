"""How long members wait for the first reward that they can spend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.simulation.flows import FLOWS
from retention_kit.metrics.base.ratios import ratio

_DAY = 86_400_000_000
_OF_LOT = ["customer_id", "wallet", "lot"]


def least_units(program: LoyaltyProgram) -> dict[str, int]:
    """Give, by wallet that can be spent from, the fewest units that an order can be paid with."""
    return {
        wallet.name: max(
            1,
            wallet.units_of(wallet.spending.minimum),
            wallet.units_of(wallet.spending.step) if wallet.spending.step is not None else 1,
        )
        for wallet in program.all_wallets
        if wallet.spending is not None
    }


def first_rewards(
    ledger: pl.LazyFrame, least: Mapping[str, int], *, as_of: dt.datetime
) -> pl.LazyFrame:
    """Find when each member joined and when they first had enough to spend.

    Args:
        ledger: Entries, as `accrue` gives them.
        least: By wallet, how many units can be spent at the least.
        as_of: Observation instant, exclusive.

    Returns:
        One row per member:

        - `customer_id`: as in the ledger.
        - `joined_at`: the instant of their first entry.
        - `rewarded_at`: when what was active in one wallet first was enough; null where not yet.
        - `days` (`Float64`): days between the two.
    """
    entries = ledger.filter((pl.col("at") < pl.lit(as_of)) & pl.col("wallet").is_not_null())
    moving = entries.filter(pl.col("kind").is_in([kind for kind, _ in FLOWS.values()]))
    started = pl.when(pl.col("kind") == "activate").then("at").otherwise("active_at")
    # What is not active yet can neither be spent nor lowers what can be.
    active = (
        entries.filter(pl.col("kind").is_in(["earn", "activate"]) & pl.col("lot").is_not_null())
        .group_by(_OF_LOT)
        .agg(started.min().alias("lot_active_at"))
    )
    minimum = pl.col("wallet").replace_strict(dict(least), default=None, return_dtype=pl.Int64)
    enough = (
        moving.join(active, on=_OF_LOT, how="left")
        .filter(pl.col("lot_active_at").is_not_null() | (pl.col("kind") != "earn"))
        .with_columns(pl.max_horizontal("at", "lot_active_at").alias("counts_at"))
        .filter(pl.col("counts_at") < pl.lit(as_of))
        .group_by("customer_id", "wallet", "counts_at")
        .agg(pl.col("units").sum())
        .sort("customer_id", "wallet", "counts_at")
        .with_columns(pl.col("units").cum_sum().over("customer_id", "wallet").alias("active"))
        .filter(pl.col("active") >= minimum)
        .group_by("customer_id")
        .agg(pl.col("counts_at").min().alias("rewarded_at"))
    )
    days = (pl.col("rewarded_at") - pl.col("joined_at")).dt.total_microseconds() / _DAY
    return (
        entries.group_by("customer_id")
        .agg(pl.col("at").min().alias("joined_at"))
        .join(enough, on="customer_id", how="left")
        .with_columns(days.cast(pl.Float64).alias("days"))
    )


def waiting(rewards: pl.LazyFrame) -> pl.DataFrame:
    """Say how long members waited for the first reward.

    Args:
        rewards: What `first_rewards` gives.

    Returns:
        One row:

        - `members`, `rewarded` (`Int64`): all, and those who have had a reward they could spend.
        - `never_share` (`Float64`): the share of members who have not, or not yet.
        - `lower_quartile_days`, `median_days`, `upper_quartile_days` (`Float64`): of those who
            have. Who still waits is not in them, so they are on the short side.
    """
    days = pl.col("days")
    return (
        rewards.select(
            pl.len().cast(pl.Int64).alias("members"),
            days.count().cast(pl.Int64).alias("rewarded"),
            days.is_null().sum().cast(pl.Int64).alias("waiting"),
            *(
                days.quantile(share, interpolation="linear").alias(f"{name}_days")
                for name, share in (("lower_quartile", 0.25), ("median", 0.5))
            ),
            days.quantile(0.75, interpolation="linear").alias("upper_quartile_days"),
        )
        .with_columns(ratio("waiting", "members").alias("never_share"))
        .select(
            "members",
            "rewarded",
            "never_share",
            "lower_quartile_days",
            "median_days",
            "upper_quartile_days",
        )
        .collect()
    )
