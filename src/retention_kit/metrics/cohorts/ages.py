"""Cohorts through time: each period that had begun, whether anything happened in it or not."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.metrics.base.observed import in_zone
from retention_kit.metrics.base.periods import (
    Every,
    is_near_start,
    last_day,
    period_index,
    period_start,
)

MONTHS = {"1mo": 1, "1q": 3, "1y": 12}
"""Months in the periods that are made of months."""


def with_ages(cohorts: Frame, *, as_of: dt.datetime, time_zone: str, every: Every) -> Frame:
    """Give each cohort a row per period that had begun by `as_of`.

    Args:
        cohorts: A table with `cohort`, the first day of a period.
        as_of: Observation instant, exclusive, with a time zone.
        time_zone: The shop's zone.
        every: The period.

    Returns:
        Its rows, each as many times as there were periods, numbered by `period` (`Int64`) from 0.
    """
    until = pl.lit(last_day(in_zone(as_of, time_zone)))
    ages = period_index(until, every) - period_index(pl.col("cohort"), every) + 1
    numbered = pl.int_ranges(0, ages, dtype=pl.Int64).alias("period")
    return cohorts.with_columns(numbered).explode("period").filter(pl.col("period").is_not_null())


def through_time(
    totals: Frame, cohort: list[str], *, as_of: dt.datetime, time_zone: str, every: Every
) -> Frame:
    """Give cohort totals a row for every period that had begun, null where nothing happened.

    Args:
        totals: Sums by the columns of `cohort` and `period`, with `customers`.
        cohort: The columns that name a cohort, `cohort` the last of them.
        as_of: Observation instant, exclusive, with a time zone.
        time_zone: The shop's zone.
        every: The period.

    Returns:
        The columns of `totals` and `cohort_customers`, the customers of period 0.
    """
    sizes = totals.filter(pl.col("period") == 0).select(
        *cohort, pl.col("customers").alias("cohort_customers")
    )
    begun = with_ages(sizes, as_of=as_of, time_zone=time_zone, every=every)
    return begun.join(totals, on=[*cohort, "period"], how="left", nulls_equal=True)


def trust(
    begins: pl.Expr,
    won_in: pl.Expr,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Every,
    data_from: dt.date | None,
) -> tuple[pl.Expr, pl.Expr]:
    """Say how far rows about periods can be trusted.

    Args:
        begins: The first day of the period that a row is about.
        won_in: The first day of the period in which its customers were won.
        as_of: Observation instant, exclusive, with a time zone.
        time_zone: The shop's zone.
        every: The period.
        data_from: The first day that the data cover; None takes the first of `won_in`.

    Returns:
        `is_complete`, neither end of the data cuts it short; and `is_left_censored`, its new
        customers may be old ones.
    """
    complete = is_whole(begins, as_of=as_of, time_zone=time_zone, every=every)
    if data_from is not None:
        complete &= won_in >= data_from
    first = won_in.min() if data_from is None else pl.lit(data_from)
    near_start = is_near_start(won_in, every, first)
    return complete.alias("is_complete"), near_start.alias("is_left_censored")


def age_start(every: Every) -> pl.Expr:
    """Give the first day of the calendar period in which a cohort has its age `period`."""
    first = period_index(pl.col("cohort"), every)
    return period_start(first + pl.col("period").cast(pl.Int32), every)


def is_whole(
    start: pl.Expr,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Every,
) -> pl.Expr:
    """Say of periods that begin on `start` whether they had ended by `as_of`."""
    following = period_start(period_index(start, every) + 1, every)
    return following <= pl.lit(in_zone(as_of, time_zone).date())
