"""What it costs to win a customer, by channel and period."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import MissingColumnError
from retention_kit.metrics.base.first_sales import IS_FIRST
from retention_kit.metrics.base.observed import SOLD
from retention_kit.metrics.base.periods import is_near_start
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.worth import (
    FIRST,
    IN,
    MARGIN,
    OF,
    SOLD_IN,
    cohort_and_age,
    not_before_first,
    worth_rows,
    worth_sums,
)
from retention_kit.metrics.cohorts.ages import is_whole
from retention_kit.metrics.economics.spending import Months, check_months, spent, spread

_CHANNEL = "__channel"
_SUMS = (
    "customers",
    "orders",
    "orders_with_margin",
    "revenue",
    "net_revenue",
    "margin",
    "repeat_orders",
    "repeat_revenue",
    "repeat_margin",
)


@additive(keys=("channel", "cohort", "period"))
def acquisition_totals(
    orders: Frame,
    customers: Frame | None = None,
    *,
    as_of: dt.datetime,
    every: Months = "1mo",
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

    Returns:
        One row per channel, cohort and period with a sale or a return, in no promised order:

        - `channel` (`String`): what won the customers; null is a row of its own.
        - `cohort` (`Date`): first day of the period of their first sale.
        - `period` (`Int64`): calendar periods since then, >= 0.
        - `customers` (`Int64`): those of them who bought in the period; in period 0, new customers.
        - `orders`, `orders_with_margin` (`Int64`): their sales, and those whose margin is known.
        - `revenue`, `net_revenue` (`Decimal(38, 4)`): sum of sales, and of sales and returns, shop
            currency, major units.
        - `margin` (`Decimal(38, 4)`): sum of the margins that are known, returns included.
        - `repeat_orders` (`Int64`), `repeat_revenue`, `repeat_margin` (`Decimal(38, 4)`): of sales
            that are not the customer's first.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `every` is not made of whole months.

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
    has_channel = "channel" in orders.collect_schema()
    channel = pl.col(f"{OF}channel") if has_channel else pl.lit(None, dtype=pl.String)
    rows = worth_rows(
        orders,
        as_of=as_of,
        every=every,
        more=["channel"] if has_channel else [],
        mark_first=True,
    )
    firsts = rows.filter(IS_FIRST).select(
        "customer_id", pl.col(SOLD_IN).alias(FIRST), channel.cast(pl.String).alias(_CHANNEL)
    )
    if customers is not None:
        firsts = _with_known_channels(firsts, customers)
    is_repeat = pl.col(SOLD_IN).is_not_null() & ~pl.col(IS_FIRST)
    repeat = {
        "repeat_orders": is_repeat.sum().cast(pl.Int64),
        "repeat_revenue": pl.when(is_repeat).then(SOLD).sum().cast(SUM),
        "repeat_margin": pl.when(is_repeat).then(MARGIN).sum().cast(SUM),
    }
    return (
        rows.join(firsts, on="customer_id")
        .with_columns(not_before_first())
        .group_by(_CHANNEL, FIRST, IN)
        .agg(*worth_sums(), **repeat)
        .select(pl.col(_CHANNEL).alias("channel"), *cohort_and_age(every), *_SUMS)
    )


def _with_known_channels(firsts: Frame, customers: Frame) -> Frame:
    schema = customers.collect_schema()
    for name in ("customer_id", "acquisition_channel"):
        if name not in schema:
            raise MissingColumnError("customers", name, schema.names())
    known = customers.group_by("customer_id").agg(
        pl.col("acquisition_channel").cast(pl.String).min().alias("__known")
    )
    won_by = pl.coalesce("__known", _CHANNEL).alias(_CHANNEL)
    return firsts.join(known, on="customer_id", how="left").with_columns(won_by).drop("__known")


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
        .agg(
            pl.col("customers").filter(pl.col("period") == 0).sum().alias("new_customers"),
            pl.col("orders").sum(),
        )
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
