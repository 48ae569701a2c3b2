"""Repeat purchases through time, those made and those a model expects."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from retention_kit.clv.bundle import ValueModel
from retention_kit.clv.expectations.of_history import purchases_of_new
from retention_kit.clv.models import TransactionModel
from retention_kit.clv.pooled import EXACT, transactions_of
from retention_kit.clv.summary import Unit
from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.metrics.base.observed import in_zone, is_sale, observed
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    last_day,
    period_index,
    period_start,
)
from retention_kit.metrics.lifecycle.gaps import check_unit


@additive(keys=("day",))
def tracking_totals(orders: Frame, *, as_of: dt.datetime, unit: Unit = "day") -> Frame:
    """Count first and repeat purchases by day.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: all orders of one shop-zone `day` together, or each `order`.

    Returns:
        One row per shop-zone day with a sale, in no promised order:

        - `day` (`Date`).
        - `new_customers` (`Int64`): customers whose first purchase it is.
        - `repeat_purchases` (`Int64`): purchases that are no first ones.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `unit` is none of the two.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> tracking_totals(orders, as_of=as_of).sort("day").collect().rows()[0]
        (datetime.date(2025, 1, 14), 1, 0)
    """
    check_unit(unit)
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    count = pl.len().cast(pl.Int64) if unit == "order" else pl.lit(1, dtype=pl.Int64)
    by_day = sales.group_by("customer_id", pl.col("ordered_at").dt.date().alias("day")).agg(
        count.alias("purchases")
    )
    is_first = (pl.col("day") == pl.col("day").min().over("customer_id")).cast(pl.Int64)
    return (
        by_day.with_columns(is_first.alias("new_customers"))
        .group_by("day")
        .agg(
            pl.col("new_customers").sum(),
            (pl.col("purchases") - pl.col("new_customers")).sum().alias("repeat_purchases"),
        )
    )


@finisher(of=tracking_totals)
def cumulative_tracking(
    totals: Frame,
    *,
    model: TransactionModel | ValueModel,
    as_of: dt.datetime,
    time_zone: str,
    every: Every = "1w",
) -> Frame:
    """Follow repeat purchases through time, those made and those the model expects.

    Args:
        totals: What `tracking_totals` gives, or a sum of such tables.
        model: The model of purchases; mostly one fitted to an earlier part of the time.
        as_of: The observation instant that `totals` were made with.
        time_zone: The shop's zone.
        every: The period: `1d`, `1w`, `1mo`, `1q` or `1y`.

    Returns:
        One row per period from the first purchase to `as_of`, sorted:

        - `period` (`Date`): its first day.
        - `is_complete` (`Boolean`): false where `as_of` cuts it short.
        - `new_customers`, `repeat_purchases` (`Int64`): in it.
        - `expected_repeat_purchases` (`Float64`): those the model expects in it.
        - `cumulative_repeat_purchases` (`Int64`), `expected_cumulative` (`Float64`): up to its end.

    Raises:
        DefinitionError: `model` is no model of purchases, `every` is no such period, or `as_of` or
            `time_zone` is none.

    Notes:
        Expected up to a day: the sum over earlier days of new customers × E[X(days between)].
        Customers who come later are in it from their first purchase on; how many come is taken
        from what happened, for the model does not foretell it. Time is counted in whole days, so
        by order a second purchase of the same day is made, but not expected.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> model = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
        >>> totals = tracking_totals(orders, as_of=as_of)
        >>> tracked = cumulative_tracking(
        ...     totals, model=model, as_of=as_of, time_zone="Europe/Moscow", every="1q"
        ... )
        >>> tracked.select("period", "repeat_purchases", "expected_cumulative").collect().rows()
        [(datetime.date(2025, 1, 1), 1, 0.537748118712)]
    """
    check_every(every)
    transactions = transactions_of(model)
    end = last_day(in_zone(as_of, time_zone))
    days = totals.select(pl.int_ranges(pl.col("day").min().cast(pl.Int64), _number(end) + 1))
    calendar = (
        days.select(pl.col("day").explode().drop_nulls().cast(pl.Int32).cast(pl.Date))
        .group_by(period_index(pl.col("day"), every).alias("period"))
        .agg(pl.col("day").max().alias("__end"))
    )
    expected = (
        calendar.join(totals.filter(pl.col("new_customers") > 0), how="cross")
        .filter(pl.col("day") <= pl.col("__end"))
        .with_columns((pl.col("__end") - pl.col("day")).dt.total_days().alias("__age"))
        .group_by("period")
        .agg((_of_new(transactions) * pl.col("new_customers")).cast(EXACT).sum().alias("__sum"))
    )
    made = totals.group_by(period_index(pl.col("day"), every).alias("period")).agg(
        pl.col("new_customers", "repeat_purchases").sum()
    )
    start = period_start(pl.col("period"), every)
    ends_at = period_start(pl.col("period") + 1, every)
    return (
        calendar.join(made, on="period", how="left")
        .join(expected, on="period", how="left")
        .sort("period")
        .select(
            start.alias("period"),
            (ends_at <= pl.lit(end + dt.timedelta(days=1))).alias("is_complete"),
            pl.col("new_customers", "repeat_purchases").fill_null(0),
            (pl.col("__sum") - pl.col("__sum").shift(1).fill_null(0))
            .cast(pl.Float64)
            .alias("expected_repeat_purchases"),
            pl.col("repeat_purchases").fill_null(0).cum_sum().alias("cumulative_repeat_purchases"),
            pl.col("__sum").cast(pl.Float64).alias("expected_cumulative"),
        )
    )


def _of_new(model: TransactionModel) -> pl.Expr:
    """Give the expected purchases of a new customer within `__age` days."""

    def values(block: pl.Series) -> pl.Series:
        ages, each = np.unique(block.to_numpy(), return_inverse=True)
        return pl.Series(purchases_of_new(model, ages / model.unit_days)[each.reshape(-1)])

    return pl.col("__age").map_batches(values, return_dtype=pl.Float64, is_elementwise=True)


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days
