"""Retention as shares: of the customers at the start of a period, how many are still there."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.metrics.base.activity import window
from retention_kit.metrics.base.intervals import with_wilson
from retention_kit.metrics.base.observed import in_zone
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    last_day,
    period_index,
    period_start,
)
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.retention.balance import COUNTS
from retention_kit.metrics.retention.counts import retention_totals

_KEPT = "__kept_or_back"
_NUMBER = "__number"


@finisher(of=retention_totals)
def retention_rates(
    totals: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Every = "1mo",
    active_within: str | None = None,
    data_from: dt.date | None = None,
    confidence: float | None = None,
) -> Frame:
    """Turn the counts of customers by period into shares, and say which periods to trust.

    Args:
        totals: What `retention_totals` gives, or a sum of such tables.
        as_of: The same instant.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        active_within: The same window.
        data_from: The first day that the data covers. None takes the data to cover the first
            period in `totals` whole, and nothing before it.
        confidence: Of Wilson's intervals, as 0.95; None gives no intervals.

    Returns:
        One row per group and period, from the group's first to the one that `as_of` ends in, empty
        ones included, sorted by both; shares are `Float64`, null where the denominator is 0:

        - the columns of `by`, `period` (`Date`) and all counts: as in `totals`, 0 where nobody was
            there.
        - `previous_buyers` (`Int64`): buyers of the period before; null in the first.
        - `customer_retention_rate`: retained / start customers, 0 … 1.
        - `churn_rate`: lost / start customers, which is 1 − retention.
        - `contract_retention_rate`: (end customers − new customers) / start customers; above 1
            where many are reactivated.
        - `returning_ratio`: known buyers / buyers of the period before; may be above 1.
        - `is_complete` (`Boolean`): neither `as_of` nor `data_from` cuts the period short.
        - `is_left_censored` (`Boolean`): the window before the period's start reaches back to
            before the data, so that start customers are missing and old ones look new.
        - with `confidence`: `customer_retention_rate_low`, `customer_retention_rate_high`,
            `churn_rate_low` and `churn_rate_high`.

    Raises:
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period,
            `active_within` is not as in `retention_totals`, or `confidence` is not between 0 and 1.

    Notes:
        The textbook's (E − N) / S is made for customers under contract, who leave once and for all.
        In a shop reactivated customers are in E and not in N, and it says too much; it stands
        beside the retention rate with `reactivated`. The returning ratio, also called
        retention in places, compares two different sets of customers. That new customers are
        new to the data does not make them new to the shop: a longer absence than the data
        goes back is never seen, in any period.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics. Wilson (1927), Probable
        inference, the law of succession, and statistical inference.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = retention_totals(orders, as_of=as_of, active_within="2mo")
        >>> rates = retention_rates(
        ...     totals, as_of=as_of, time_zone="Europe/Moscow", active_within="2mo"
        ... ).collect()
        >>> rates.select("start_customers", "retained", "customer_retention_rate").rows()
        [(0, 0, None), (1, 1, 1.0), (1, 1, 1.0)]
        >>> rates.select("new_customers", "is_complete", "is_left_censored").rows()
        [(1, True, True), (0, True, True), (1, True, False)]
    """
    check_every(every)
    active = window(active_within, every)
    local = in_zone(as_of, time_zone)
    names = totals.collect_schema().names()
    by = names[: names.index("period")]
    dense = _every_period(totals, by, every, last_day(local))
    before = pl.col("buyers").shift(1)
    start = pl.col("period")
    data_start = start.min() if data_from is None else pl.lit(data_from)
    window_start = active.first_day(start)
    is_complete = period_start(pl.col(_NUMBER) + 1, every) <= pl.lit(local.date())
    if data_from is not None:
        is_complete &= start >= data_from
    rates = (
        dense.with_columns(
            (before.over(by, order_by="period") if by else before).alias("previous_buyers"),
            (pl.col("end_customers") - pl.col("new_customers")).alias(_KEPT),
        )
        .with_columns(
            ratio("retained", "start_customers").alias("customer_retention_rate"),
            ratio("lost", "start_customers").alias("churn_rate"),
            ratio(_KEPT, "start_customers").alias("contract_retention_rate"),
            ratio("known_buyers", "previous_buyers").alias("returning_ratio"),
            is_complete.alias("is_complete"),
            (window_start < data_start).alias("is_left_censored"),
        )
        .drop(_NUMBER, _KEPT)
    )
    if confidence is None:
        return rates
    size = "start_customers"
    rates = with_wilson(rates, "customer_retention_rate", "retained", size, confidence)
    return with_wilson(rates, "churn_rate", "lost", size, confidence)


def _every_period(totals: Frame, by: list[str], every: Every, until: dt.date) -> Frame:
    """Give each group a row for every period from its first, sorted; absent counts are 0."""
    numbered = totals.with_columns(period_index(pl.col("period"), every).alias(_NUMBER))
    first = pl.col(_NUMBER).min()
    firsts = numbered.group_by(by).agg(first) if by else numbered.select(first).drop_nulls()
    last = period_index(pl.lit(until), every)
    return (
        firsts.with_columns(pl.int_ranges(_NUMBER, last + 1, dtype=pl.Int32).alias(_NUMBER))
        .explode(_NUMBER)
        .join(numbered, on=[*by, _NUMBER], how="left", nulls_equal=True)
        .with_columns(
            period_start(pl.col(_NUMBER), every).alias("period"), pl.col(*COUNTS).fill_null(0)
        )
        .sort(*by, _NUMBER)
        .select(*by, "period", *COUNTS, _NUMBER)
    )
