"""Cohorts: customers by the period of their first sale, followed through the periods after it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.observed import in_zone, is_sale, observed
from retention_kit.metrics.periods import Every, check_every, last_day, period_index, period_start
from retention_kit.metrics.ratios import ratio


@additive(keys=("cohort", "period"))
def cohort_totals(orders: Frame, *, as_of: dt.datetime, every: Every = "1mo") -> Frame:
    """Count the buyers, sales and revenue of each cohort in each period since its first.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        every: The calendar period, of the cohort and of those after it, in the shop's zone.

    Returns:
        One row per cohort and period with a sale, in no promised order:

        - `cohort` (`Date`): first day of the period of the customers' first sale.
        - `period` (`Int64`): calendar periods since then, >= 0.
        - `customers` (`Int64`): customers of the cohort who bought in the period.
        - `orders` (`Int64`): their sales in it.
        - `revenue` (`Decimal(38, 4)`): the sum of those, shop currency, major units.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `every` is not a calendar period.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = cohort_totals(orders, as_of=as_of).sort("cohort", "period").collect()
        >>> for row in totals.select("cohort", "period", "customers", "orders").rows():
        ...     print(row)
        (datetime.date(2025, 1, 1), 0, 1, 1)
        (datetime.date(2025, 1, 1), 2, 1, 1)
        (datetime.date(2025, 3, 1), 0, 1, 1)
    """
    check_every(every)
    # Months, weeks and so on before the year 2700 are small numbers, and small ones group faster.
    is_small = every != "1d" and in_zone(as_of, "UTC").year < 2700
    bought = period_index(pl.col("ordered_at"), every).cast(pl.Int16 if is_small else pl.Int32)
    return (
        observed(orders, as_of=as_of)
        .filter(is_sale(orders))
        .select("customer_id", "amount", bought.alias("bought"))
        .with_columns(pl.col("bought").min().over("customer_id").alias("first"))
        .group_by("first", "bought")
        .agg(
            pl.col("customer_id").n_unique().cast(pl.Int64).alias("customers"),
            pl.len().cast(pl.Int64).alias("orders"),
            pl.col("amount").sum().cast(SUM).alias("revenue"),
        )
        .with_columns(pl.col("first", "bought").cast(pl.Int32))
        .select(
            period_start(pl.col("first"), every).alias("cohort"),
            (pl.col("bought") - pl.col("first")).cast(pl.Int64).alias("period"),
            "customers",
            "orders",
            "revenue",
        )
    )


@finisher(of=cohort_totals)
def cohort_retention(
    totals: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Every = "1mo",
    data_from: dt.date | None = None,
) -> Frame:
    """Turn cohort totals into the share of each cohort that bought in each period.

    Args:
        totals: What `cohort_totals` gives, or a sum of such tables.
        as_of: The same instant.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        data_from: The first day that the data covers; a cohort whose period began before it is
            not complete. None takes the data to cover the first cohort's period whole.

    Returns:
        One row per cohort and period that had begun by `as_of`, empty ones included, sorted by
        both:

        - `cohort` (`Date`), `period` (`Int64`): as in `totals`.
        - `cohort_customers` (`Int64`): customers of the cohort, the denominator.
        - `customers` (`Int64`), `orders` (`Int64`), `revenue` (`Decimal(38, 4)`): as in `totals`,
            0 where nobody bought.
        - `retained_in_period` (`Float64`): customers / cohort customers, 0 … 1.
        - `is_complete` (`Boolean`): neither `as_of` nor `data_from` cuts the period or the cohort
            short.

        Periods that begin at or after `as_of` have no rows, since nothing is known of them.

    Raises:
        DefinitionError: `as_of` has no time zone, or `every` is not a calendar period.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = cohort_totals(orders, as_of=as_of)
        >>> table = cohort_retention(totals, as_of=as_of, time_zone="Europe/Moscow").collect()
        >>> for row in table.select("cohort", "period", "customers", "retained_in_period").rows():
        ...     print(row)
        (datetime.date(2025, 1, 1), 0, 1, 1.0)
        (datetime.date(2025, 1, 1), 1, 0, 0.0)
        (datetime.date(2025, 1, 1), 2, 1, 1.0)
        (datetime.date(2025, 3, 1), 0, 1, 1.0)
    """
    check_every(every)
    local = in_zone(as_of, time_zone)
    until = pl.lit(last_day(local))
    first = period_index(pl.col("cohort"), every)
    periods = pl.int_ranges(0, period_index(until, every) - first + 1, dtype=pl.Int64)
    begun = (
        totals.filter(pl.col("period") == 0)
        .select("cohort", pl.col("customers").alias("cohort_customers"))
        .with_columns(periods.alias("period"))
        .explode("period")
    )
    following = period_start(first + pl.col("period").cast(pl.Int32) + 1, every)
    day_after = pl.lit(local.date())
    is_complete = following <= day_after
    if data_from is not None:
        is_complete &= pl.col("cohort") >= data_from
    return (
        begun.join(totals, on=["cohort", "period"], how="left")
        .with_columns(pl.col("customers", "orders", "revenue").fill_null(0))
        .with_columns(
            ratio("customers", "cohort_customers").alias("retained_in_period"),
            is_complete.alias("is_complete"),
        )
        .sort("cohort", "period")
    )
