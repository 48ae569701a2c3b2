"""What it costs to win a customer, by channel and period."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.periods import is_near_start, period_start
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.worth import FIRST, cohort_and_age
from retention_kit.metrics.cohorts.ages import is_whole
from retention_kit.metrics.economics.brought import (
    CHANNEL,
    COUNTS,
    MONEY,
    SUMS,
    brought,
    followed,
    so_far,
)
from retention_kit.metrics.economics.spending import Months, check_months, spent, spread


@additive(keys=("channel", "cohort"), when={"ages": "period"})
def acquisition_totals(
    orders: Frame,
    customers: Frame | None = None,
    *,
    as_of: dt.datetime,
    every: Months = "1mo",
    ages: Literal["period"] | None = "period",
) -> Frame:
    """Sum what customers brought by the channel that won them, their cohort and period.

    Additive. Orders at or after `as_of`, and those not completed, do not count. A return counts in
    the period it happened in; one before the customer's first sale, in the period of that sale.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`; `channel` and `margin` may be absent.
        customers: The `customers` table, whose `acquisition_channel` says what won a customer;
            where it does not, the channel of their first order does.
        as_of: Observation instant, exclusive, with a time zone.
        every: The calendar period, of the cohort and of those after it, in the shop's zone; of
            whole months, as costs are.
        ages: Whether each cohort is followed from `period` to `period`; None sums all that it has
            brought so far, in half the time, for `acquisition_costs` and `channel_values`.

    Returns:
        One row per channel, cohort and period with a sale or a return, in no promised order:

        - `channel` (`String`): what won the customers; null is a row of its own.
        - `cohort` (`Date`): first day of the period of their first sale.
        - `period` (`Int64`): calendar periods since then, >= 0; none without `ages`.
        - `customers` (`Int64`): those of them who bought in the period; in period 0, and without
            `ages`, new customers.
        - `orders`, `orders_with_margin` (`Int64`): their sales, and those whose margin is known.
        - `revenue`, `net_revenue` (`Decimal(38, 4)`): sum of sales, and of sales and returns, shop
            currency, major units.
        - `margin` (`Decimal(38, 4)`): sum of the margins that are known, returns included.
        - `repeat_orders` (`Int64`), `repeat_revenue`, `repeat_margin` (`Decimal(38, 4)`): of sales
            that are not the customer's first.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `every` is not made of whole months, or `ages`
            is neither of the two.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> customers = pl.LazyFrame({"customer_id": [1], "acquisition_channel": ["fair"]})
        >>> totals = acquisition_totals(orders, customers, as_of=as_of).collect()
        >>> shown = totals.sort("cohort", "period").select("channel", "period", "net_revenue")
        >>> for row in shown.rows():
        ...     print(*row)
        fair 0 100.0000
        fair 2 200.0000
        None 0 50.0000
    """
    check_months(every)
    if ages not in ("period", None):
        raise bad_parameter("ages", got=ages, allowed="'period' or None")
    each = brought(orders, customers, as_of=as_of, every=every)
    channel = pl.col(CHANNEL).cast(pl.String).alias("channel")
    if ages is None:
        start = period_start(pl.col(FIRST).cast(pl.Int32), every).alias("cohort")
        return so_far(each).select(channel, start, *SUMS)
    sums = followed(orders, each, as_of=as_of, every=every)
    # A return of nothing leaves nothing, and no row of zeros.
    sums = sums.filter(pl.any_horizontal(pl.col(SUMS) != 0))
    return sums.select(channel, *cohort_and_age(every), *SUMS)


@finisher(of=acquisition_totals)
def acquisition_costs(
    totals: Frame,
    costs: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Months = "1mo",
    data_from: dt.date | None = None,
) -> Frame:
    """Turn costs and new customers into what winning a customer cost, by channel and period (CAC).

    Args:
        totals: What `acquisition_totals` gives, or a sum of such tables.
        costs: The `costs` table; those whose purpose is acquisition count.
        as_of: The same instant; costs of months that begin at or after it do not count.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        data_from: The first day that the orders cover; a period that began before it is not
            complete. None takes them to cover the first period with a new customer whole.

    Returns:
        One row per period and channel with new customers or with costs, sorted by both:

        - `period` (`Date`): first day of the period.
        - `channel` (`String`): as in `totals` and `costs`; null is of customers whose channel
            nobody knows, and of costs for all channels in a period that won nobody.
        - `new_customers` (`Int64`): customers whose first sale fell in the period.
        - `orders` (`Int64`): what those customers have ordered up to `as_of`.
        - `paid_cost` (`Float64`): advertising, shop currency, major units.
        - `fully_loaded_cost` (`Float64`): all costs of winning customers.
        - `paid_cac`, `fully_loaded_cac` (`Float64`): cost / new customers; null where there is no
            such cost on record, or nobody was won.
        - `cost_per_order` (`Float64`): fully loaded cost / orders; it falls with every further
            purchase.
        - `reason` (`String`): why a figure is null: `no_new_customers`, `no_costs`, or
            `no_advertising` where the paid one alone is; else null.
        - `is_complete` (`Boolean`): neither `as_of` nor `data_from` cuts the period short. Costs of
            a month that is cut are those of the whole month, as they stand in the table.
        - `is_left_censored` (`Boolean`): the period before is not wholly in the orders, so that
            customers who bought in it look new in this one, and cheap.

    Raises:
        MissingColumnError: `costs` lacks a required column.
        DefinitionError: `as_of` has no time zone, or `every` is not made of whole months.

    Notes:
        CAC = costs of the period / customers won in it. Costs for no channel are spread over the
        channels of their period by new customers; over its rows a period's costs add up to what
        was spent in it (to the precision of a float). Customers may have been won by what was
        spent earlier: the shorter the period, the more that matters.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> costs = pl.LazyFrame({"month": [dt.date(2025, 3, 1)], "amount": [40]})
        >>> totals = acquisition_totals(orders, as_of=as_of)
        >>> zone = "Europe/Moscow"
        >>> table = acquisition_costs(totals, costs, as_of=as_of, time_zone=zone).collect()
        >>> for row in table.select("period", "new_customers", "fully_loaded_cac", "reason").rows():
        ...     print(*row)
        2025-01-01 1 None no_costs
        2025-03-01 1 40.0 no_advertising
    """
    spent_on = spent(costs, purpose="acquisition", as_of=as_of, time_zone=time_zone, every=every)
    won = (
        totals.group_by("channel", pl.col("cohort").alias("period"))
        .agg(_new_customers(totals).alias("new_customers"), pl.col("orders").sum())
        .select("period", "channel", "new_customers", "orders")
    )
    nobody, period = pl.col("new_customers") == 0, pl.col("period")
    complete = is_whole(period, as_of=as_of, time_zone=time_zone, every=every)
    if data_from is not None:
        complete &= period >= data_from
    first = period.filter(~nobody).min() if data_from is None else pl.lit(data_from)
    reason = (
        pl.when(nobody)
        .then(pl.lit("no_new_customers"))
        .when(~pl.col("has_cost"))
        .then(pl.lit("no_costs"))
        .when(~pl.col("has_paid"))
        .then(pl.lit("no_advertising"))
    )
    return (
        spread(won, spent_on, weight="new_customers")
        .select(
            "period",
            "channel",
            "new_customers",
            "orders",
            pl.col("paid_cost", "fully_loaded_cost").cast(pl.Float64),
            pl.when("has_paid").then(ratio("paid_cost", "new_customers")).alias("paid_cac"),
            pl.when("has_cost")
            .then(ratio("fully_loaded_cost", "new_customers"))
            .alias("fully_loaded_cac"),
            pl.when("has_cost").then(ratio("fully_loaded_cost", "orders")).alias("cost_per_order"),
            reason.alias("reason"),
            complete.alias("is_complete"),
            is_near_start(period, every, first).alias("is_left_censored"),
        )
        .sort("period", "channel")
    )


@finisher(of=acquisition_totals)
def channel_values(totals: Frame) -> Frame:
    """Turn what customers brought by the channel that won them into the sums of their lives so far.

    What `value_totals` gives of orders that have such a column, without another pass over them.

    Args:
        totals: What `acquisition_totals` gives, or a sum of such tables.

    Returns:
        One row per channel, sorted, for `lifetime_value`:

        - `channel` (`String`): as in `totals`; null is of customers whose channel nobody knows.
        - `customers`, `complete_customers` (`Int64`): customers with a sale.
        - `orders`, `orders_with_margin` (`Int64`): their sales, and those whose margin is known.
        - `revenue`, `net_revenue` (`Decimal(38, 4)`): sum of sales, and of sales and returns, shop
            currency, major units.
        - `margin` (`Decimal(38, 4)`): sum of the margins that are known, returns included.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics import lifetime_value
        >>> orders, as_of = example_orders()
        >>> totals = acquisition_totals(orders, as_of=as_of, ages=None)
        >>> values = lifetime_value(channel_values(totals)).collect()
        >>> values.select("channel", "method", "customers", "value").row(0)
        (None, 'historic', 2, 175.0)
    """
    return (
        totals.group_by("channel")
        .agg(_new_customers(totals).alias("customers"), pl.col(*COUNTS, *MONEY).sum())
        .select(
            "channel",
            "customers",
            pl.col("customers").alias("complete_customers"),
            *COUNTS,
            *MONEY,
        )
        .sort("channel")
    )


def _new_customers(totals: Frame) -> pl.Expr:
    """Count customers once each, as an aggregation."""
    if "period" not in totals.collect_schema():
        return pl.col("customers").sum()
    return pl.col("customers").filter(pl.col("period") == 0).sum()
