"""Order values period by period: how what a sale brings moves with time."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.metrics.base.observed import in_zone
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    is_near_start,
    last_day,
    period_index,
    period_start,
)
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, need_key, with_empty_rows
from retention_kit.metrics.orders.totals import PERIOD, SUMS, order_totals


@finisher(of=order_totals)
def order_values(
    totals: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Every,
    data_from: dt.date | None = None,
) -> Frame:
    """Turn order totals by period into order values period by period, empty periods included.

    Args:
        totals: What `order_totals` gives with `every`, or a sum of such tables.
        as_of: The same instant.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        data_from: The first day that the data covers; a period that began before it is not
            complete. None takes the data to cover the first period whole.

    Returns:
        One row per group and period, from the first of all groups' periods to the one that `as_of`
        cuts, sorted by both, the groups' columns first. Ratios are `Float64`, null where the
        denominator is 0:

        - `period` (`Date`): first day of the period.
        - `customers` (`Int64`): customers with a sale in it.
        - `orders` (`Int64`), `revenue`, `net_revenue` (`Decimal(38, 4)`): sales, their sum, and the
            sum of sales and returns, shop currency, major units.
        - `average_order_value`: revenue / orders.
        - `first_orders` (`Int64`), `first_average_order_value`: customers' first sales ever, and
            their revenue / their number.
        - `repeat_orders` (`Int64`), `repeat_average_order_value`: of all other sales.
        - `repeat_revenue` (`Decimal(38, 4)`), `share_of_repeat_sales`: sum of repeat sales, and its
            share in revenue, 0 … 1.
        - `purchase_frequency`: orders / customers.
        - `is_complete` (`Boolean`): neither `as_of` nor `data_from` cuts the period short.
        - `is_left_censored` (`Boolean`): the period before is not wholly in the data, so that
            customers who bought in it look new in this one; always so of the first.

        No orders give zero rows of this schema.

    Raises:
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period, or the totals
            are not by period.

    Notes:
        Near the start of the data customers look new who are not: `first_orders` are too many
        there, and the share of repeat sales too low. `is_left_censored` marks the periods in which
        that is the most; a longer absence than the data goes back is never seen.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = order_totals(orders, as_of=as_of, every="1mo")
        >>> values = order_values(totals, as_of=as_of, time_zone="Europe/Moscow", every="1mo")
        >>> columns = ("period", "orders", "average_order_value", "share_of_repeat_sales")
        >>> for row in values.select(columns).collect().rows():
        ...     print(row)
        (datetime.date(2025, 1, 1), 1, 100.0, 0.0)
        (datetime.date(2025, 2, 1), 0, None, None)
        (datetime.date(2025, 3, 1), 2, 175.0, 0.8571428571428571)
    """
    check_every(every)
    need_key(totals, PERIOD, step=f"sum by period: order_totals(orders, …, every={every!r}).")
    local = in_zone(as_of, time_zone)
    groups = groups_of(totals, (*SUMS, PERIOD))
    last = period_index(pl.lit(last_day(local)), every)
    numbers = pl.int_ranges(period_index(pl.col(PERIOD).min(), every), last + 1, dtype=pl.Int32)
    periods = (
        totals.select(numbers.alias(PERIOD))
        .explode(PERIOD)
        .drop_nulls()
        .select(period_start(pl.col(PERIOD), every).alias(PERIOD))
    )
    following = period_start(period_index(pl.col(PERIOD), every) + 1, every)
    is_complete = following <= pl.lit(local.date())
    if data_from is not None:
        is_complete &= pl.col(PERIOD) >= data_from
    first = pl.col(PERIOD).min() if data_from is None else pl.lit(data_from)
    return (
        with_empty_rows(totals, periods, groups)
        .select(
            *groups,
            PERIOD,
            "customers",
            "orders",
            "revenue",
            "net_revenue",
            ratio("revenue", "orders").alias("average_order_value"),
            "first_orders",
            ratio("first_revenue", "first_orders").alias("first_average_order_value"),
            "repeat_orders",
            ratio("repeat_revenue", "repeat_orders").alias("repeat_average_order_value"),
            "repeat_revenue",
            ratio("repeat_revenue", "revenue").alias("share_of_repeat_sales"),
            ratio("orders", "customers").alias("purchase_frequency"),
            is_complete.alias("is_complete"),
            is_near_start(pl.col(PERIOD), every, first).alias("is_left_censored"),
        )
        .sort(*groups, PERIOD)
    )
