"""What cohorts are worth: net revenue and margin by period, and how lifetime value grows."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.first_sales import IS_FIRST
from retention_kit.metrics.base.periods import Every, check_every
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of
from retention_kit.metrics.base.worth import (
    FIRST,
    IN,
    OF,
    SOLD_IN,
    cohort_and_age,
    not_before_first,
    worth_rows,
    worth_sums,
)
from retention_kit.metrics.cohorts.ages import age_start, through_time, trust, with_ages

_SUMS = ("customers", "orders", "orders_with_margin", "revenue", "net_revenue", "margin")
_OWN = ("cohort", "period", *_SUMS)


@additive(keys=("cohort", "period"))
def cohort_value_totals(
    orders: Frame, *, as_of: dt.datetime, every: Every = "1mo", by: By = ()
) -> Frame:
    """Sum what each cohort brought in each period since its first, returns and margin included.

    Additive. Orders at or after `as_of`, and those not completed, do not count. A return counts in
    the period it happened in; one before the customer's first sale, in the period of that sale.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`; `margin` may be absent.
        as_of: Observation instant, exclusive, with a time zone.
        every: The calendar period, of the cohort and of those after it, in the shop's zone.
        by: Columns of `orders` to split customers by; each stands where their first sale does.

    Returns:
        One row per group, cohort and period with a sale or a return, in no promised order:

        - the columns of `by`, as in `orders`; null is a group of its own.
        - `cohort` (`Date`): first day of the period of the customers' first sale.
        - `period` (`Int64`): calendar periods since then, >= 0.
        - `customers` (`Int64`): customers of the cohort who bought in the period; 0 where there
            are returns alone.
        - `orders`, `orders_with_margin` (`Int64`): their sales in it, and those whose margin is
            known.
        - `revenue` (`Decimal(38, 4)`): sum of the sales, shop currency, major units.
        - `net_revenue` (`Decimal(38, 4)`): sum of sales and returns.
        - `margin` (`Decimal(38, 4)`): sum of the margins that are known, returns included.

        Customers of returns alone are in no cohort. No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `every` is not a calendar period, or there is no
            such dimension.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = cohort_value_totals(orders, as_of=as_of).sort("cohort", "period").collect()
        >>> for row in totals.select("cohort", "period", "revenue", "net_revenue").rows():
        ...     print(*row)
        2025-01-01 0 100.0000 100.0000
        2025-01-01 2 300.0000 200.0000
        2025-03-01 0 50.0000 50.0000
    """
    groups = dimensions(by, orders, reserved=_OWN)
    held = {name: OF + name for name in groups}
    rows = worth_rows(orders, as_of=as_of, every=every, more=groups, mark_first=bool(groups))
    if groups:
        firsts = rows.filter(IS_FIRST).select(
            "customer_id", pl.col(SOLD_IN).alias(FIRST), *held.values()
        )
        numbered = rows.drop(*held.values()).join(firsts, on="customer_id")
    else:
        first = pl.col(SOLD_IN).min().over("customer_id")
        numbered = rows.with_columns(first.alias(FIRST))
    return (
        numbered.filter(pl.col(FIRST).is_not_null())
        .with_columns(not_before_first())
        .group_by(*held.values(), FIRST, IN)
        .agg(*worth_sums())
        # A return of nothing leaves nothing, and no row of zeros.
        .filter(pl.any_horizontal(pl.col(_SUMS) != 0))
        .select(
            *(pl.col(kept).alias(name) for name, kept in held.items()),
            *cohort_and_age(every),
            *_SUMS,
        )
    )


@finisher(of=cohort_value_totals)
def cohort_lifetime_value(
    totals: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Every = "1mo",
    data_from: dt.date | None = None,
) -> Frame:
    """Turn cohorts' sums into what a customer of each was worth by each period (historic LTV).

    Args:
        totals: What `cohort_value_totals` gives, or a sum of such tables.
        as_of: The same instant.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        data_from: The first day that the data covers; a cohort whose period began before it is
            not complete. None takes the data to cover the first cohort's period whole.

    Returns:
        One row per group, cohort and period that had begun by `as_of`, empty ones included, sorted
        by group, cohort and period:

        - the columns that `totals` is split by.
        - `cohort` (`Date`), `period` (`Int64`): as in `totals`.
        - `cohort_customers` (`Int64`): customers of the cohort, the denominator.
        - `customers`, `orders`, `orders_with_margin` (`Int64`), `revenue`, `net_revenue`, `margin`
            (`Decimal(38, 4)`): as in `totals`, 0 where nothing happened.
        - `cumulative_revenue_per_customer`, `cumulative_net_revenue_per_customer` (`Float64`): of
            all periods up to this one / cohort customers, shop currency.
        - `cumulative_margin_per_customer` (`Float64`): likewise; null while no margin is known.
        - `is_complete` (`Boolean`): neither `as_of` nor `data_from` cuts the period or the cohort
            short.
        - `is_left_censored` (`Boolean`): the period before the cohort's is not wholly in the data,
            so that customers who bought in it look new; always so of the first cohort.

    Raises:
        DefinitionError: `as_of` has no time zone, or `every` is not a calendar period.

    Notes:
        Historic LTV of a cohort at age k = net revenue of periods 0 … k / customers of the cohort,
        those who never came back included.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = cohort_value_totals(orders, as_of=as_of)
        >>> table = cohort_lifetime_value(totals, as_of=as_of, time_zone="Europe/Moscow").collect()
        >>> value = "cumulative_net_revenue_per_customer"
        >>> for row in table.select("cohort", "period", value).rows():
        ...     print(*row)
        2025-01-01 0 100.0
        2025-01-01 1 100.0
        2025-01-01 2 300.0
        2025-03-01 0 50.0
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
    summed = ("revenue", "net_revenue", "margin", "orders_with_margin")
    running = (
        pl.col(name).cum_sum().over(cohort, order_by="period").alias(f"__{name}") for name in summed
    )
    per_customer = {
        name: ratio(f"__{name}", "cohort_customers")
        for name in ("revenue", "net_revenue", "margin")
    }
    per_customer["margin"] = pl.when(pl.col("__orders_with_margin") > 0).then(
        per_customer["margin"]
    )
    return (
        begun.with_columns(pl.col(_SUMS).fill_null(0))
        .with_columns(running)
        .select(
            *cohort,
            "period",
            "cohort_customers",
            *_SUMS,
            *(each.alias(f"cumulative_{name}_per_customer") for name, each in per_customer.items()),
            *trusted,
        )
        .sort(*cohort, "period")
    )


@finisher(of=cohort_value_totals)
def lifetime_value_trend(
    totals: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Every = "1mo",
    data_from: dt.date | None = None,
) -> Frame:
    """Turn cohorts' sums into lifetime value period by period: is a customer worth more and more.

    Args:
        totals: What `cohort_value_totals` gives, or a sum of such tables.
        as_of: The same instant.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        data_from: The first day that the data covers; a period that began before it is not
            complete. None takes the data to cover the first period whole.

    Returns:
        One row per group and period from its first to that of `as_of`, sorted by both:

        - the columns that `totals` is split by.
        - `period` (`Date`): first day of the period.
        - `customers` (`Int64`): customers won by its end, the denominator.
        - `net_revenue` (`Decimal(38, 4)`): what they had paid by its end, net of returns.
        - `lifetime_value` (`Float64`): the second / the first, shop currency.
        - `is_complete` (`Boolean`): neither `as_of` nor `data_from` cuts the period short.
        - `is_left_censored` (`Boolean`): the period before is not wholly in the data, so that
            customers who bought in it look new in this one; always so of the first.

    Raises:
        DefinitionError: `as_of` has no time zone, or `every` is not a calendar period.

    Notes:
        Historic LTV at the end of a period = net revenue so far / customers so far. It should
        rise; a period that wins many customers lowers it for a while, since they are new.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = cohort_value_totals(orders, as_of=as_of)
        >>> trend = lifetime_value_trend(totals, as_of=as_of, time_zone="Europe/Moscow").collect()
        >>> for row in trend.select("period", "customers", "lifetime_value").rows():
        ...     print(*row)
        2025-01-01 1 100.0
        2025-02-01 1 100.0
        2025-03-01 2 175.0
    """
    check_every(every)
    groups: list[str] = groups_of(totals, _OWN)
    calendar = totals.select(
        *groups,
        age_start(every).alias("__start"),
        pl.when(pl.col("period") == 0).then("customers").alias("customers"),
        "net_revenue",
    )
    beginnings = (
        totals.select(*groups, "cohort")
        .group_by(*groups, pl.lit(0).alias("__all"))
        .agg(pl.col("cohort").min())
    )
    grid = with_ages(beginnings, as_of=as_of, time_zone=time_zone, every=every).select(
        *groups, age_start(every).alias("period")
    )
    summed = calendar.group_by(*groups, pl.col("__start").alias("period")).agg(
        pl.col("customers", "net_revenue").sum()
    )
    so_far = pl.col("customers", "net_revenue").fill_null(0).cum_sum()
    period = pl.col("period")
    trusted = trust(
        period, period, as_of=as_of, time_zone=time_zone, every=every, data_from=data_from
    )
    return (
        grid.join(summed, on=[*groups, "period"], how="left", nulls_equal=True)
        .with_columns(so_far.over([*groups, pl.lit(0)], order_by="period"))
        .select(
            *groups,
            "period",
            "customers",
            "net_revenue",
            ratio("net_revenue", "customers").alias("lifetime_value"),
            *trusted,
        )
        .sort(*groups, "period")
    )
