"""Who moved from tier to tier, and how many customers stood in each at the end of each month."""

from __future__ import annotations

import polars as pl

NO_TIER = "no tier"
"""What stands for customers who have not reached any."""


def tier_flow(entries: pl.LazyFrame, base: str, months: pl.DataFrame) -> pl.DataFrame:
    """Count the changes of tier in each month.

    Args:
        entries: What `flows.with_months` gives, from the first entry on.
        base: The tier that everybody begins in, or `NO_TIER`.
        months: A column `month`.

    Returns:
        One row per month and change, sorted:

        - `month` (`Date`).
        - `from_tier`, `to_tier` (`String`).
        - `customers` (`Int64`): who made that change, each once.
        - `changes` (`Int64`): how often it was made.
    """
    return (
        _changes(entries, base)
        .group_by("month", "from_tier", "to_tier")
        .agg(
            pl.col("customer_id").n_unique().cast(pl.Int64).alias("customers"),
            pl.len().cast(pl.Int64).alias("changes"),
        )
        .collect()
        .join(months.select("month"), on="month", how="semi")
        .sort("month", "from_tier", "to_tier")
    )


def customers_by_tier(
    entries: pl.LazyFrame, joined: pl.LazyFrame, base: str, tiers: list[str], months: pl.DataFrame
) -> pl.DataFrame:
    """Count the customers in each tier at the end of each month.

    Args:
        entries: What `flows.with_months` gives, from the first entry on.
        joined: `customer_id` and `month`, that of the first sale.
        base: The tier that everybody begins in, or `NO_TIER`.
        tiers: The tiers' names, the lowest first.
        months: What `Window.months` gives.

    Returns:
        One row per month and tier, the lowest first:

        - `month` (`Date`).
        - `tier` (`String`), `place` (`Int64`): its name, and 0 for the lowest.
        - `customers` (`Int64`): customers who have bought by then and stand in it.
    """
    names = [base, *(name for name in tiers if name != base)]
    changes = _changes(entries, base)
    steps = pl.concat(
        [
            joined.select("month", pl.lit(base).alias("tier"), pl.lit(1).alias("step")),
            changes.select("month", pl.col("to_tier").alias("tier"), pl.lit(1).alias("step")),
            changes.select("month", pl.col("from_tier").alias("tier"), pl.lit(-1).alias("step")),
        ]
    )
    moved = steps.group_by("month", "tier").agg(pl.col("step").sum().cast(pl.Int64)).collect()
    places = pl.DataFrame(
        {"tier": names, "place": range(len(names))},
        schema={"tier": pl.String, "place": pl.Int64},
    )
    # Few rows: tiers by months by months.
    grid = months.select("month").join(places, how="cross")
    standing = (
        grid.join(moved.rename({"month": "moved_in"}), on="tier", how="inner")
        .filter(pl.col("moved_in") <= pl.col("month"))
        .group_by("month", "tier")
        .agg(pl.col("step").sum().alias("customers"))
    )
    return (
        grid.join(standing, on=["month", "tier"], how="left")
        .with_columns(pl.col("customers").fill_null(0))
        .sort("month", "place")
        .select("month", "tier", "place", "customers")
    )


def last_tiers(entries: pl.LazyFrame) -> pl.LazyFrame:
    """Give each customer's last tier: `customer_id`, `tier`; who never changed is not there."""
    return (
        entries.filter(pl.col("kind").is_in(["tier_up", "tier_down"]))
        .group_by("customer_id")
        .agg(pl.col("tier").sort_by("number").last())
        .with_columns(pl.col("tier").fill_null(NO_TIER))
    )


def _changes(entries: pl.LazyFrame, base: str) -> pl.LazyFrame:
    """Give each change of tier with the tier before it."""
    return (
        entries.filter(pl.col("kind").is_in(["tier_up", "tier_down"]))
        .select("customer_id", "number", "month", pl.col("tier").fill_null(NO_TIER))
        .sort("customer_id", "number")
        .select(
            "customer_id",
            "month",
            pl.col("tier").shift(1).over("customer_id").fill_null(base).alias("from_tier"),
            pl.col("tier").alias("to_tier"),
        )
        .filter(pl.col("from_tier") != pl.col("to_tier"))
    )
