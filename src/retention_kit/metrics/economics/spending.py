"""What was spent on customers, by period and channel, and how costs for all channels are spread."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import MissingColumnError, bad_parameter
from retention_kit.metrics.base.observed import in_zone
from retention_kit.metrics.base.periods import last_day, period_index, period_start

Months = Literal["1mo", "1q", "1y"]
"""A calendar period made of whole months, as costs are."""
Purpose = Literal["acquisition", "retention"]
KEYS = ["period", "channel"]
PARTS = pl.Decimal(38, 12)
"""The type of parts of costs: they must sum to the same in any order, as floats do not."""


def check_months(every: str) -> None:
    """Raise where a period is not made of whole months.

    Raises:
        DefinitionError: It is not.
    """
    if every not in ("1mo", "1q", "1y"):
        raise bad_parameter(
            "every",
            got=every,
            allowed="'1mo', '1q', '1y'",
            step="costs are by month; look at months or longer periods.",
        )


def spent(
    costs: Frame, *, purpose: Purpose, as_of: dt.datetime, time_zone: str, every: Months
) -> Frame:
    """Sum the costs of a purpose by period and channel, those of months that had begun.

    Args:
        costs: The `costs` table; an absent or null category is other, an absent or null purpose
            acquisition.
        purpose: Of which costs.
        as_of: Observation instant, exclusive, with a time zone.
        time_zone: The shop's zone.
        every: The period.

    Returns:
        `period` (`Date`), `channel` (null is for all), `advertising` and `whole` (`Decimal(38,
        4)`), and `advertising_rows` (`Int64`), which tells a cost of 0 from no cost.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `every` is not made of whole months.
    """
    check_months(every)
    schema = costs.collect_schema()
    for name in ("month", "amount"):
        if name not in schema:
            raise MissingColumnError("costs", name, schema.names())
    given = {
        name: pl.col(name) if name in schema else pl.lit(None, dtype=pl.String)
        for name in ("channel", "category", "purpose")
    }
    meant = given["purpose"].cast(pl.String).fill_null("acquisition")
    is_advertising = (given["category"].cast(pl.String) == "advertising").fill_null(value=False)
    begun = pl.col("month") <= pl.lit(last_day(in_zone(as_of, time_zone)))
    return (
        costs.filter(begun & (meant == purpose))
        .select(
            period_start(period_index(pl.col("month"), every), every).alias("period"),
            given["channel"].cast(pl.String).alias("channel"),
            pl.col("amount").cast(SUM).alias("whole"),
            is_advertising.alias("is_advertising"),
        )
        .group_by(KEYS)
        .agg(
            pl.col("whole").filter("is_advertising").sum().cast(SUM).alias("advertising"),
            pl.col("whole").sum().cast(SUM),
            pl.col("is_advertising").sum().cast(pl.Int64).alias("advertising_rows"),
        )
    )


def spread(weights: Frame, costs: Frame, *, weight: str) -> Frame:
    """Put costs beside channels: a channel's own, and its part of what is for all channels.

    Args:
        weights: A row per `period` and `channel`, with the column `weight` (`Int64`).
        costs: What `spent` gives.
        weight: By which costs without a channel are spread over the channels of their period.

    Returns:
        The rows of `weights`, and rows for channels with costs alone (their other columns are 0),
        with `paid_cost` and `fully_loaded_cost` (`PARTS`), and `has_paid` and `has_cost`, which
        tell a cost of 0 from no cost. Where a period's weights are 0, its costs without a channel
        stay with no channel. So the costs of a period always add up to what was spent in it.
    """
    own = costs.filter(pl.col("channel").is_not_null())
    shared = costs.filter(pl.col("channel").is_null()).select(
        "period",
        pl.col("advertising").alias("__shared_advertising"),
        pl.col("whole").alias("__shared"),
        pl.col("advertising_rows").alias("__shared_rows"),
    )
    of_period = weights.group_by("period").agg(pl.col(weight).sum().alias("__weights"))
    unspread = (
        shared.join(of_period, on="period", how="left")
        .filter(pl.col("__weights").fill_null(0) == 0)
        .select("period", pl.lit(None, dtype=pl.String).alias("channel"))
    )
    rows = pl.concat([weights.select(KEYS), own.select(KEYS), unspread]).unique()
    part = pl.col(weight).cast(pl.Float64) / pl.col("__weights").cast(pl.Float64)
    # What no customer can be charged with stays on the row without a channel.
    share = (
        pl.when(pl.col("__weights") > 0)
        .then(part)
        .when(pl.col("channel").is_null())
        .then(1.0)
        .otherwise(0.0)
    )
    numbers = [name for name in weights.collect_schema().names() if name not in KEYS]
    bears = share > 0
    return (
        rows.join(weights, on=KEYS, how="left", nulls_equal=True)
        .with_columns(pl.col(numbers).fill_null(0))
        .join(own, on=KEYS, how="left", nulls_equal=True)
        .join(shared, on="period", how="left")
        .join(of_period, on="period", how="left")
        .with_columns(pl.col("__weights").fill_null(0))
        .select(
            *KEYS,
            *numbers,
            _together("advertising", "__shared_advertising", share).alias("paid_cost"),
            _together("whole", "__shared", share).alias("fully_loaded_cost"),
            (
                (pl.col("advertising_rows").fill_null(0) > 0)
                | (bears & (pl.col("__shared_rows").fill_null(0) > 0))
            ).alias("has_paid"),
            (pl.col("whole").is_not_null() | (bears & pl.col("__shared").is_not_null())).alias(
                "has_cost"
            ),
        )
    )


def _together(own: str, shared: str, share: pl.Expr) -> pl.Expr:
    mine, common = pl.col(own).cast(PARTS), pl.col(shared).cast(pl.Float64)
    return mine.fill_null(0) + (common.fill_null(0.0) * share).cast(PARTS)
