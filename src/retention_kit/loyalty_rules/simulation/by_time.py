"""A programme month by month: what it issued, what was spent of it, and what is still owed."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.loyalty_rules.simulation.breakage import breakage_by_month
from retention_kit.loyalty_rules.simulation.flows import FLOWS, discounts_by, flows_by
from retention_kit.metrics.base.ratios import ratio

# What is worth something else is as many units as before.
_UNITS = [f"{name}_units" for name in FLOWS if name != "revalued"]
_MONEY = list(FLOWS)


def by_wallet(entries: pl.LazyFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Say of each wallet and month what went in and out, and what was left at its end.

    Args:
        entries: What `flows.with_months` gives, from the first entry on.
        months: What `Window.months` gives.

    Returns:
        One row per wallet and month, sorted:

        - `wallet` (`String`), `month` (`Date`), `is_complete` (`Boolean`).
        - `issued_units`, `redeemed_units`, `restored_units`, `expired_units`, `taken_back_units`
            (`Int64`): smallest units of the wallet, >= 0.
        - `adjusted_units`, `transferred_units` (`Int64`): below 0 where they lowered balances.
        - `outstanding_units` (`Int64`): what customers hold at the month's end, pending included.
        - the same in money (`Decimal(38, 4)`): `issued`, `redeemed`, … and `outstanding`; and
            `revalued`: by how much what was held became worth more when a version of the programme
            changed the worth of a unit.
        - `settled_units`, `expired_settled_units` (`Int64`): of all rules; see
            `breakage_by_month`.
        - `breakage` (`Float64`): 1 - liability / outstanding; null where nothing is outstanding.
        - `liability` (`Float64`): what is expected to be claimed, rule by rule.
    """
    moved = flows_by(entries.filter(pl.col("wallet").is_not_null()), "wallet", "month").collect()
    wallets = moved.select("wallet").unique()
    first = months["month"].min()
    before = (
        moved.filter(pl.col("month") < first)
        .group_by("wallet")
        .agg(
            pl.col("change_units").sum().alias("opening_units"),
            pl.col("change").sum().alias("opening"),
        )
    )
    grid = months.join(wallets, how="cross").join(moved, on=["wallet", "month"], how="left")
    found = (
        grid.join(before, on="wallet", how="left")
        .with_columns(
            pl.col(*_UNITS, "change_units", "opening_units").fill_null(0),
            pl.col(*_MONEY, "change", "opening").fill_null(0).cast(SUM),
        )
        .sort("wallet", "month")
        .with_columns(
            (pl.col("opening_units") + pl.col("change_units").cum_sum().over("wallet")).alias(
                "outstanding_units"
            ),
            (pl.col("opening") + pl.col("change").cum_sum().over("wallet"))
            .cast(SUM)
            .alias("outstanding"),
        )
        .join(
            breakage_by_month(entries, months)
            .group_by("wallet", "month")
            .agg(pl.col("settled_units", "expired_settled_units", "liability").sum()),
            on=["wallet", "month"],
            how="left",
        )
        .with_columns(
            pl.col("settled_units", "expired_settled_units").fill_null(0),
            pl.col("liability").fill_null(0.0),
        )
        .with_columns(known_breakage().alias("breakage"))
    )
    return found.select(
        "wallet",
        "month",
        "is_complete",
        *_UNITS,
        "outstanding_units",
        *_MONEY,
        "outstanding",
        "settled_units",
        "expired_settled_units",
        "breakage",
        "liability",
    ).sort("wallet", "month")


def by_month(
    wallets: pl.DataFrame, entries: pl.LazyFrame, sold: pl.DataFrame, months: pl.DataFrame
) -> pl.DataFrame:
    """Say of each month, over all wallets and in money, what the programme gave and cost.

    Args:
        wallets: What `by_wallet` gives.
        entries: What `flows.with_months` gives.
        sold: `month`, `orders` and `revenue`.
        months: What `Window.months` gives.

    Returns:
        One row per month, sorted:

        - `month` (`Date`), `is_complete` (`Boolean`).
        - `orders` (`Int64`), `revenue` (`Decimal(38, 4)`): completed sales; sales and returns.
        - `issued`, `redeemed`, `restored`, `expired`, `taken_back`, `adjusted`, `transferred`,
            `revalued`, `outstanding` (`Decimal(38, 4)`): in money.
        - `discounts` (`Decimal(38, 4)`): what discounts took off the price.
        - `breakage` (`Float64`): 1 - liability / outstanding; null where nothing is outstanding.
        - `liability` (`Float64`): what is expected to be claimed of what is outstanding.
        - `cost` (`Decimal(38, 4)`): discounts + redeemed - restored.
        - `cost_share` (`Float64`): cost / revenue; null without revenue.
    """
    summed = wallets.group_by("month").agg(pl.col(*_MONEY, "outstanding", "liability").sum())
    taken_off = discounts_by(entries, "month").collect()
    return (
        months.join(sold, on="month", how="left")
        .join(summed, on="month", how="left")
        .join(taken_off, on="month", how="left")
        .with_columns(
            pl.col("orders").fill_null(0),
            pl.col("revenue", *_MONEY, "outstanding", "discounts").fill_null(0).cast(SUM),
            pl.col("liability").fill_null(0.0),
        )
        .with_columns(cost().alias("cost"))
        .with_columns(
            known_breakage().alias("breakage"),
            ratio("cost", "revenue").alias("cost_share"),
        )
        .select(
            "month",
            "is_complete",
            "orders",
            "revenue",
            *_MONEY,
            "outstanding",
            "discounts",
            "breakage",
            "liability",
            "cost",
            "cost_share",
        )
        .sort("month")
    )


def opening_liability(entries: pl.LazyFrame, months: pl.DataFrame) -> float:
    """Give what was expected to be claimed when the window began.

    Args:
        entries: What `flows.with_months` gives, from the first entry on.
        months: What `Window.months` gives.
    """
    before = months.select("month", "is_complete").sort("month").head(1)
    before = before.with_columns(pl.col("month").dt.offset_by("-1mo"))
    known = entries.filter(pl.col("month") <= pl.lit(before["month"].item()))
    return float(by_wallet(known, before)["liability"].sum())


def cost() -> pl.Expr:
    """Give what was given away: discounts, and what was paid with units for good."""
    return (pl.col("discounts") + pl.col("redeemed") - pl.col("restored")).cast(SUM)


def known_breakage() -> pl.Expr:
    """Give the breakage over all wallets, null where nothing is outstanding."""
    held = pl.col("outstanding").cast(pl.Float64)
    return pl.when(held != 0).then(1 - pl.col("liability") / held)
