"""Breakage: the share of what customers hold that they will never spend.

IFRS 15, B39-B47: an obligation is measured at what is expected to be claimed, by the pattern of
rights that customers have exercised; where nothing is known of it, no breakage is assumed.
"""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.loyalty_rules.simulation.flows import FLOWS, flows_by

_LOT = ["customer_id", "wallet", "lot"]
_SORT = ["wallet", "rule", "expires"]
"""What is alike: lots that one rule gave into one wallet, those that expire and those that do not.
The gifts of a birthday that lapse after a month say nothing of points that last."""
_SUMMED = ["expired_units", "redeemed_units", "restored_units", "change_units", "change"]


def breakage_by_month(entries: pl.LazyFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Estimate the breakage of what each rule gave as it was known at the end of each month.

    All lots issued in one month are a cohort, and a cohort is settled when nothing of it is left.
    The youngest lots would mislead, for those that are spent are gone sooner than those that
    expire: a cohort counts when all of it is gone, whichever way. Lots without an end do not
    lapse: of them there is no breakage.

    Args:
        entries: What `flows.with_months` gives.
        months: A column `month`.

    Returns:
        One row per wallet, rule and month, sorted:

        - `wallet` (`String`), `rule` (`String`): null of lots that no rule gave.
        - `expires` (`Boolean`): whether the lots have an end.
        - `month` (`Date`).
        - `outstanding` (`Decimal(38, 4)`): what customers hold of it at the month's end.
        - `settled_units` (`Int64`): units of settled cohorts that were spent or expired.
        - `expired_settled_units` (`Int64`): those of them that expired.
        - `breakage` (`Float64`): their share; 0 where no cohort is settled, or nothing expires.
        - `liability` (`Float64`): outstanding x (1 - breakage).

    Notes:
        breakage = expired / (expired + redeemed - restored), over the settled cohorts' units.
    """
    moving = entries.filter(pl.col("kind").is_in([kind for kind, _ in FLOWS.values()]))
    lots = moving.group_by(_LOT).agg(
        pl.col("month").min().alias("cohort"),
        pl.col("rule").filter(pl.col("kind") == "earn").min(),
        pl.col("expires_at").is_not_null().any().alias("expires"),
    )
    moved = flows_by(
        moving.drop("rule").join(lots, on=_LOT, how="inner", nulls_equal=True),
        *_SORT,
        "cohort",
        "month",
    ).collect()
    wanted = (
        months.select("month")
        .join(moved.select(*_SORT, "cohort").unique(), how="cross")
        .filter(pl.col("cohort") <= pl.col("month"))
    )
    # Few rows: months by months. What a cohort has done by the end of each month is summed.
    known = (
        wanted.join(
            moved.rename({"month": "moved_in"}),
            on=[*_SORT, "cohort"],
            how="inner",
            nulls_equal=True,
        )
        .filter(pl.col("moved_in") <= pl.col("month"))
        .group_by(*_SORT, "month", "cohort")
        .agg(pl.col(_SUMMED).sum())
    )
    is_settled = pl.col("expires") & (pl.col("change_units") == 0)
    spent = pl.col("redeemed_units") - pl.col("restored_units")
    found = known.group_by(*_SORT, "month").agg(
        pl.col("change").sum().cast(SUM).alias("outstanding"),
        (pl.col("expired_units") + spent).filter(is_settled).sum().alias("settled_units"),
        pl.col("expired_units").filter(is_settled).sum().alias("expired_settled_units"),
    )
    share = pl.col("expired_settled_units") / pl.col("settled_units")
    return (
        found.with_columns(
            pl.when(pl.col("settled_units") > 0).then(share).otherwise(0.0).alias("breakage")
        )
        .with_columns(
            (pl.col("outstanding").cast(pl.Float64) * (1 - pl.col("breakage"))).alias("liability")
        )
        .select(
            *_SORT,
            "month",
            "outstanding",
            "settled_units",
            "expired_settled_units",
            "breakage",
            "liability",
        )
        .sort(*_SORT, "month")
    )
