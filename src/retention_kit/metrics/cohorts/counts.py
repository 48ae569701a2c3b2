"""Cohorts: customers by the period of their first sale, followed through the periods after it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.intervals import with_wilson
from retention_kit.metrics.base.local_periods import period_number
from retention_kit.metrics.base.observed import in_zone, is_sale, observed, zone_of
from retention_kit.metrics.base.periods import (
    Every,
    check_every,
    number_type,
    period_start,
)
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of
from retention_kit.metrics.base.sales_in_turn import (
    FIRST_PERIOD,
    IS_LAST_ROW,
    IS_NEW_PERIOD,
    IS_SALE,
    PERIOD,
    UNITS,
    fits_one_number,
    money,
    sales_in_turn,
)
from retention_kit.metrics.base.worth import OF
from retention_kit.metrics.cohorts.ages import age_start, through_time, trust

_ROOM = 2**32
_OWN = ("cohort", "period", "customers", "last_customers", "orders", "revenue")


@additive(keys=("cohort", "period"))
def cohort_totals(orders: Frame, *, as_of: dt.datetime, every: Every = "1mo", by: By = ()) -> Frame:
    """Count the buyers, sales and revenue of each cohort in each period since its first.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        every: The calendar period, of the cohort and of those after it, in the shop's zone.
        by: Columns of `orders` to split customers by; each stands where their first sale does.

    Returns:
        One row per group, cohort and period with a sale, in no promised order:

        - the columns of `by`, as in `orders`; null is a group of its own.
        - `cohort` (`Date`): first day of the period of the customers' first sale.
        - `period` (`Int64`): calendar periods since then, >= 0.
        - `customers` (`Int64`): customers of the cohort who bought in the period.
        - `last_customers` (`Int64`): those of them who have not bought after it.
        - `orders` (`Int64`): their sales in it.
        - `revenue` (`Decimal(38, 4)`): the sum of those, shop currency, major units.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period, or there is no
            such dimension.

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
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    groups = dimensions(by, orders, reserved=_OWN)
    if not groups and fits_one_number(orders, as_of=as_of):
        return _totals_in_turn(sales, as_of, every)
    number = number_type(every, in_zone(as_of, "UTC"))
    zone = zone_of(orders.collect_schema())
    period = period_number(pl.col("ordered_at"), every, zone=zone, until=as_of)
    bought = period.cast(number).alias("__bought")
    amounts = sales.select("customer_id", "amount", bought)
    edges = (pl.col("__bought").min().alias("__first"), pl.col("__bought").max().alias("__last"))
    if groups:
        values = {OF + name: first_sale_value(name, orders).alias(OF + name) for name in groups}
        customers = sales.with_columns(bought).group_by("customer_id").agg(*edges, *values.values())
        numbered = amounts.join(customers, on="customer_id")
    else:
        values = {}
        numbered = amounts.with_columns(edge.over("customer_id") for edge in edges)
    customer, is_last = pl.col("customer_id"), pl.col("__bought") == pl.col("__last")
    return (
        numbered.group_by(*values, "__first", "__bought")
        .agg(
            customer.n_unique().cast(pl.Int64).alias("customers"),
            customer.filter(is_last).n_unique().cast(pl.Int64).alias("last_customers"),
            pl.len().cast(pl.Int64).alias("orders"),
            pl.col("amount").sum().cast(SUM).alias("revenue"),
        )
        .with_columns(pl.col("__first", "__bought").cast(pl.Int32))
        .select(
            *(pl.col(held).alias(name) for held, name in zip(values, groups, strict=True)),
            period_start(pl.col("__first"), every).alias("cohort"),
            (pl.col("__bought") - pl.col("__first")).cast(pl.Int64).alias("period"),
            *_OWN[2:],
        )
    )


def _totals_in_turn(sales: Frame, as_of: dt.datetime, every: Every) -> Frame:
    """Give `cohort_totals` of sales that fit, without joining or counting distinct customers."""
    first, period = pl.col(FIRST_PERIOD), pl.col(PERIOD)
    # One number groups faster than two.
    cell = first.cast(pl.Int64) * _ROOM + (period - first).cast(pl.Int64)
    counts = {"customers": IS_NEW_PERIOD, "last_customers": IS_LAST_ROW, "orders": IS_SALE}
    return (
        sales_in_turn(sales, as_of=as_of, every=every)
        .group_by(cell.alias("period"))
        .agg(
            *(pl.col(flag).sum().cast(pl.Int64).alias(name) for name, flag in counts.items()),
            pl.col(UNITS).cast(pl.Int128).sum().alias("revenue"),
        )
        .select(
            period_start(pl.col("period").floordiv(_ROOM).cast(pl.Int32), every).alias("cohort"),
            pl.col("period").mod(_ROOM),
            *counts,
            money("revenue"),
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
    confidence: float | None = None,
) -> Frame:
    """Turn cohort totals into the share of each cohort that bought in each period.

    Args:
        totals: What `cohort_totals` gives, or a sum of such tables.
        as_of: The same instant.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        data_from: The first day that the data covers; a cohort whose period began before it is
            not complete. None takes the data to cover the first cohort's period whole.
        confidence: How often the intervals of the two shares should hold, above 0 and below 1;
            None gives no intervals.

    Returns:
        One row per group, cohort and period that had begun by `as_of`, empty ones included, sorted
        by group, cohort and period:

        - the columns that `totals` is split by.
        - `cohort` (`Date`), `period` (`Int64`): as in `totals`.
        - `cohort_customers` (`Int64`): customers of the cohort, the denominator.
        - `customers` (`Int64`), `orders` (`Int64`), `revenue` (`Decimal(38, 4)`): as in `totals`,
            0 where nobody bought.
        - `customers_from_period` (`Int64`): customers of the cohort who bought in it or later.
        - `retained_in_period` (`Float64`): customers / cohort customers, 0 … 1.
        - `retained_from_period` (`Float64`): customers from the period on / cohort customers,
            0 … 1; it can only fall.
        - `revenue_per_customer` (`Float64`): revenue / cohort customers, shop currency.
        - `cumulative_revenue_per_customer` (`Float64`): the same, of all periods up to this one.
        - `is_complete` (`Boolean`): neither `as_of` nor `data_from` cuts the period or the cohort
            short.
        - `is_left_censored` (`Boolean`): the period before the cohort's is not wholly in the data,
            so that customers who bought in it look new; always so of the first cohort.
        - with `confidence`, `retained_in_period_low`, `retained_in_period_high`,
            `retained_from_period_low` and `retained_from_period_high` (`Float64`): the ends of
            their Wilson intervals.

        Periods that begin at or after `as_of` have no rows, since nothing is known of them.

    Raises:
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period, or
            `confidence` is not between 0 and 1.

    Notes:
        Who bought in the period and who bought in it or later are different questions: a customer
        who comes every other month is missing from half of the first and from none of the second.
        Of late periods the second is too low, since who will come back has not yet.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = cohort_totals(orders, as_of=as_of)
        >>> table = cohort_retention(totals, as_of=as_of, time_zone="Europe/Moscow").collect()
        >>> shares = ("retained_in_period", "retained_from_period")
        >>> for row in table.select("cohort", "period", "customers", *shares).rows():
        ...     print(row)
        (datetime.date(2025, 1, 1), 0, 1, 1.0, 1.0)
        (datetime.date(2025, 1, 1), 1, 0, 0.0, 1.0)
        (datetime.date(2025, 1, 1), 2, 1, 1.0, 1.0)
        (datetime.date(2025, 3, 1), 0, 1, 1.0, 1.0)
    """
    check_every(every)
    groups: list[str] = groups_of(totals, _OWN)
    cohort: list[str] = [*groups, "cohort"]
    begun = through_time(totals, cohort, as_of=as_of, time_zone=time_zone, every=every)
    trusted = trust(
        age_start(every),
        pl.col("cohort"),
        as_of=as_of,
        time_zone=time_zone,
        every=every,
        data_from=data_from,
    )
    later = pl.col("last_customers").cum_sum(reverse=True).over(cohort, order_by="period")
    so_far = pl.col("revenue").cum_sum().over(cohort, order_by="period")
    table = (
        begun.with_columns(pl.col("customers", "last_customers", "orders", "revenue").fill_null(0))
        .with_columns(later.alias("customers_from_period"), so_far.alias("__so_far"))
        .select(
            *cohort,
            "period",
            "cohort_customers",
            "customers",
            "orders",
            "revenue",
            "customers_from_period",
            ratio("customers", "cohort_customers").alias("retained_in_period"),
            ratio("customers_from_period", "cohort_customers").alias("retained_from_period"),
            ratio("revenue", "cohort_customers").alias("revenue_per_customer"),
            ratio("__so_far", "cohort_customers").alias("cumulative_revenue_per_customer"),
            *trusted,
        )
        .sort(*cohort, "period")
    )
    if confidence is None:
        return table
    below = "cohort_customers"
    inside = with_wilson(table, "retained_in_period", "customers", below, confidence)
    return with_wilson(inside, "retained_from_period", "customers_from_period", below, confidence)
