"""The tables behind the plots by which a model of purchases is judged; long, never drawn here."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from retention_kit.clv.bundle import ValueModel
from retention_kit.clv.expectations.of_history import (
    expectations_of,
    probability_of_purchases,
    purchases_of_new,
)
from retention_kit.clv.lengths import days_of
from retention_kit.clv.models import TransactionModel
from retention_kit.clv.pooled import EXACT, check_most, pooled, transactions_of
from retention_kit.clv.summary import Unit, clv_patterns
from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.observed import in_zone, is_sale, observed
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    last_day,
    period_index,
    period_start,
)
from retention_kit.metrics.lifecycle.gaps import check_unit

_ROWS = 100_000


@finisher(of=clv_patterns)
def repeat_frequency(
    patterns: Frame, *, model: TransactionModel | ValueModel, most: int = 7
) -> Frame:
    """Compare how many customers made so many repeat purchases with how many the model expects.

    Args:
        patterns: What `clv_patterns` gives, or a sum of such tables.
        model: The model of purchases.
        most: Customers with this frequency or a higher one are put together.

    Returns:
        One row per frequency from 0 to `most`, sorted:

        - `frequency` (`Int64`): repeat purchases.
        - `or_more` (`Boolean`): whether higher frequencies are in the row; true in the last one.
        - `customers` (`Int64`): customers with so many.
        - `expected_customers` (`Float64`): the sum over all customers of the probability of so
            many, each within their own age.

    Raises:
        DefinitionError: `model` is no model of purchases, or `most` is no whole number from 0 on.

    References:
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way, figure 2.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
        >>> patterns = clv_patterns(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        >>> model = MBGNBD(r=0.82, alpha=9.6, a=0.003, b=2.0, time_unit="1w")
        >>> table = repeat_frequency(patterns, model=model, most=2)
        >>> table.select("frequency", "or_more", "customers").collect().rows()
        [(0, False, 1548), (1, False, 874), (2, True, 1916)]
    """
    check_most(most)
    transactions = transactions_of(model)
    by_age = patterns.group_by("T_days").agg(pl.col("customers").sum())
    expected = by_age.select(
        (_probability(transactions, number, or_more=number == most) * pl.col("customers"))
        .cast(EXACT)
        .sum()
        .alias(str(number))
        for number in range(most + 1)
    ).unpivot(variable_name="frequency", value_name="expected_customers")
    return pooled(patterns, most, ["customers"]).join(
        expected.with_columns(
            pl.col("frequency").cast(pl.Int64), pl.col("expected_customers").cast(pl.Float64)
        ),
        on="frequency",
        how="left",
        maintain_order="left",
    )


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
        Fader, Hardie and Lee (2005), "Counting your customers" the easy way, figure 3.

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


def probability_alive_matrix(
    model: TransactionModel | ValueModel,
    *,
    age: str = "52w",
    step: str = "1w",
    most: int = 20,
) -> pl.DataFrame:
    """Give the probability of being alive by frequency and time of the last purchase.

    Args:
        model: A model of purchases, or a `ValueModel`, whose model of leaving is taken.
        age: The time since the first purchase, the same of all.
        step: How far the times of the last purchase are apart.
        most: The highest frequency.

    Returns:
        One row per frequency from 0 to `most` and time, sorted by both; frequency 0 has the time 0
        alone, the others times above 0:

        - `frequency` (`Int64`).
        - `t_x_days` (`Float64`): from the first to the last purchase.
        - `days_since_last` (`Float64`): from the last one to now.
        - `probability_alive` (`Float64`): 0 … 1.

    Raises:
        DefinitionError: `model` is none, a length of time is none, there are more than 100,000
            rows, or `most` is no whole number from 0 on.

    Examples:
        >>> from retention_kit.clv import MBGNBD
        >>> model = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
        >>> matrix = probability_alive_matrix(model, age="52w", step="26w", most=1)
        >>> matrix.with_columns(pl.col("probability_alive").round(3)).rows()
        [(0, 0.0, 364.0, 0.359), (1, 182.0, 182.0, 0.543), (1, 364.0, 0.0, 0.745)]
    """
    check_most(most)
    chosen = model.alive if isinstance(model, ValueModel) else transactions_of(model)
    whole, apart = days_of("age", age), days_of("step", step)
    count = int(whole / apart + 1e-9)
    if count * max(most, 1) > _ROWS:
        raise bad_parameter(
            "step", got=step, allowed=f"steps that give at most {_ROWS:,} rows", step="take longer"
        )
    times = np.minimum(np.arange(1, count + 1) * apart, whole)
    x = np.concatenate([[0.0], np.repeat(np.arange(1.0, most + 1), count)])
    t_x = np.concatenate([[0.0], np.tile(times, most)])
    days = float(chosen.unit_days)
    alive = expectations_of(chosen).probability_alive(
        chosen, x, t_x / days, np.full_like(x, whole / days)
    )
    return pl.DataFrame(
        {
            "frequency": x.astype(np.int64),
            "t_x_days": t_x,
            "days_since_last": whole - t_x,
            "probability_alive": alive,
        }
    )


def _probability(model: TransactionModel, number: int, *, or_more: bool) -> pl.Expr:
    """Give the probability of so many purchases of a new customer within `T_days`."""

    def values(block: pl.Series) -> pl.Series:
        age = block.to_numpy() / model.unit_days
        zero = np.zeros_like(age)
        return pl.Series(
            probability_of_purchases(model, number, age, zero, zero, zero, or_more=or_more)
        )

    return pl.col("T_days").map_batches(values, return_dtype=pl.Float64, is_elementwise=True)


def _of_new(model: TransactionModel) -> pl.Expr:
    """Give the expected purchases of a new customer within `__age` days."""

    def values(block: pl.Series) -> pl.Series:
        ages, each = np.unique(block.to_numpy(), return_inverse=True)
        return pl.Series(purchases_of_new(model, ages / model.unit_days)[each.reshape(-1)])

    return pl.col("__age").map_batches(values, return_dtype=pl.Float64, is_elementwise=True)


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days
