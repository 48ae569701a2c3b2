"""Breakage: the share of what customers hold that they will never spend.

IFRS 15, B39-B47: an obligation is measured at what is expected to be claimed, by the pattern of
rights that customers have exercised; where nothing is known of it, no breakage is assumed.
"""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.loyalty_rules.simulation.flows import flows_by


def breakage_by_month(entries: pl.LazyFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Estimate the breakage of each wallet as it was known at the end of each month.

    All lots issued in one month are a cohort, and a cohort is settled when nothing of it is left.
    The youngest lots would mislead, for those that are spent are gone sooner than those that
    expire: a cohort counts when all of it is gone, whichever way.

    Args:
        entries: What `flows.with_months` gives.
        months: A column `month`.

    Returns:
        One row per wallet and month:

        - `wallet` (`String`), `month` (`Date`).
        - `settled_units` (`Int64`): units of settled cohorts that were spent or expired.
        - `expired_settled_units` (`Int64`): those of them that expired.
        - `breakage` (`Float64`): their share; 0 where no cohort is settled.

    Notes:
        breakage = expired / (expired + redeemed - restored), over the settled cohorts' units.
    """
    of_lot = ["customer_id", "wallet", "lot"]
    born = (
        entries.filter((pl.col("kind") == "earn") & pl.col("lot").is_not_null())
        .group_by(of_lot)
        .agg(pl.col("month").min().alias("cohort"))
    )
    moved = flows_by(
        entries.join(born, on=of_lot, how="inner"), "wallet", "cohort", "month"
    ).collect()
    wanted = (
        months.select("month")
        .join(moved.select("wallet", "cohort").unique(), how="cross")
        .filter(pl.col("cohort") <= pl.col("month"))
    )
    columns = ["expired_units", "redeemed_units", "restored_units", "change_units"]
    # Few rows: months by months. What a cohort has done by the end of each month is summed.
    known = (
        wanted.join(moved.rename({"month": "moved_in"}), on=["wallet", "cohort"], how="inner")
        .filter(pl.col("moved_in") <= pl.col("month"))
        .group_by("wallet", "month", "cohort")
        .agg(pl.col(columns).sum())
        .filter(pl.col("change_units") == 0)
        .with_columns(
            (pl.col("expired_units") + pl.col("redeemed_units") - pl.col("restored_units")).alias(
                "settled_units"
            )
        )
        .group_by("wallet", "month")
        .agg(
            pl.col("settled_units").sum(),
            pl.col("expired_units").sum().alias("expired_settled_units"),
        )
    )
    wallets = moved.select("wallet").unique()
    return (
        months.select("month")
        .join(wallets, how="cross")
        .join(known, on=["wallet", "month"], how="left")
        .with_columns(pl.col("settled_units", "expired_settled_units").fill_null(0))
        .with_columns(
            pl.when(pl.col("settled_units") > 0)
            .then(pl.col("expired_settled_units") / pl.col("settled_units"))
            .otherwise(0.0)
            .alias("breakage")
        )
        .select("wallet", "month", "settled_units", "expired_settled_units", "breakage")
        .sort("wallet", "month")
    )


def liability(outstanding: pl.Expr, breakage: pl.Expr) -> pl.Expr:
    """Give what is expected to be claimed: outstanding x (1 - breakage), as `Float64`."""
    return outstanding.cast(SUM).cast(pl.Float64) * (1 - breakage)
