"""What it costs to keep customers, by channel and period, and what their coming back brings."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.first_sales import IS_FIRST, with_first_sales
from retention_kit.metrics.base.observed import SOLD, SOLD_AT, observed, with_sales
from retention_kit.metrics.base.periods import period_index, period_start
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.worth import MARGIN, basis_of, by_basis, priced
from retention_kit.metrics.cohorts.ages import is_whole
from retention_kit.metrics.economics.spending import Months, check_months, spent, spread


@additive(keys=("period", "channel"))
def repeat_channel_totals(orders: Frame, *, as_of: dt.datetime, every: Months = "1mo") -> Frame:
    """Count the repeat orders of each period, and who placed them, by the channel they came by.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`; `channel` and `margin` may be absent.
        as_of: Observation instant, exclusive, with a time zone.
        every: The calendar period, in the shop's zone; of whole months, as costs are.

    Returns:
        One row per period and channel with a repeat order, in no promised order:

        - `period` (`Date`): first day of the period.
        - `channel` (`String`): that of the orders; null is a row of its own.
        - `returning_customers` (`Int64`): customers with a repeat order by the channel. Who came
            by two channels counts in both.
        - `orders`, `orders_with_margin` (`Int64`): sales that are not the customer's first, the
            one with the smallest (`ordered_at`, `order_id`); and those whose margin is known.
        - `revenue`, `margin` (`Decimal(38, 4)`): the sums of these, shop currency, major units.

        No repeat orders give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `every` is not made of whole months.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = repeat_channel_totals(orders, as_of=as_of).collect()
        >>> totals.select("returning_customers", "orders", "revenue").rows()
        [(1, 1, Decimal('300.0000'))]
    """
    check_months(every)
    has_channel = "channel" in orders.collect_schema()
    channel = pl.col("channel") if has_channel else pl.lit(None, dtype=pl.String)
    seen = with_first_sales(with_sales(priced(observed(orders, as_of=as_of))))
    return (
        seen.filter(pl.col(SOLD_AT).is_not_null() & ~pl.col(IS_FIRST))
        .group_by(
            period_start(period_index(pl.col("ordered_at"), every), every).alias("period"),
            channel.cast(pl.String).alias("channel"),
        )
        .agg(
            pl.col("customer_id").n_unique().cast(pl.Int64).alias("returning_customers"),
            pl.len().cast(pl.Int64).alias("orders"),
            pl.col(MARGIN).count().cast(pl.Int64).alias("orders_with_margin"),
            pl.col(SOLD).sum().cast(SUM).alias("revenue"),
            pl.col(MARGIN).sum().cast(SUM).alias("margin"),
        )
    )


@finisher(of=repeat_channel_totals)
def retention_costs(
    totals: Frame, costs: Frame, *, as_of: dt.datetime, time_zone: str, every: Months = "1mo"
) -> Frame:
    """Turn costs and repeat sales into what keeping a customer cost, and what it brought (ROI).

    Args:
        totals: What `repeat_channel_totals` gives, or a sum of such tables.
        costs: The `costs` table; those whose purpose is retention count.
        as_of: The same instant; costs of months that begin at or after it do not count.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.

    Returns:
        One row per period and channel with repeat orders or with costs, sorted by both:

        - `period` (`Date`): first day of the period.
        - `channel` (`String`): by which customers came back, or that was paid for; null is of no
            known channel, and of costs for all channels in a period without repeat orders.
        - `returning_customers` (`Int64`): customers with a repeat order by the channel.
        - `repeat_orders` (`Int64`): these orders.
        - `retention_cost` (`Float64`): what keeping customers cost, shop currency, major units.
        - `gain` (`Float64`): the margin of the repeat orders, or their revenue.
        - `basis` (`String`): which of the two, `margin` or `revenue`; margin where at least 95% of
            all repeat orders have one.
        - `cost_per_retained_customer` (`Float64`): cost / returning customers.
        - `retention_roi` (`Float64`): (gain - cost) / cost.
        - `reason` (`String`): why the cost per customer is null: `no_returning_customers` or
            `no_costs`; else null.
        - `is_complete` (`Boolean`): the period had ended by `as_of`.

    Raises:
        MissingColumnError: `costs` lacks a required column.
        DefinitionError: `as_of` has no time zone, or `every` is not made of whole months.

    Notes:
        Costs for no channel are spread over the channels of their period by returning customers.
        Channels are those of the orders that came back, since letters keep customers whom an
        advertisement won. Some repeat orders would have come without any spending: this ROI is an
        upper bound, and only an experiment tells the rest.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> cost = {"month": dt.date(2025, 3, 1), "amount": 60, "purpose": "retention"}
        >>> totals, costs = repeat_channel_totals(orders, as_of=as_of), pl.LazyFrame([cost])
        >>> zone = "Europe/Moscow"
        >>> table = retention_costs(totals, costs, as_of=as_of, time_zone=zone).collect()
        >>> march = table.filter(pl.col("period") == pl.date(2025, 3, 1))
        >>> march.select("gain", "basis", "cost_per_retained_customer", "retention_roi").rows()
        [(300.0, 'revenue', 60.0, 4.0)]
    """
    spent_on = spent(costs, purpose="retention", as_of=as_of, time_zone=time_zone, every=every)
    kept = totals.join(basis_of(totals), how="cross").select(
        "period",
        "channel",
        "returning_customers",
        pl.col("orders").alias("repeat_orders"),
        by_basis("margin", "revenue").alias("gain"),
    )
    reason = (
        pl.when(~pl.col("has_cost"))
        .then(pl.lit("no_costs"))
        .when(pl.col("returning_customers") == 0)
        .then(pl.lit("no_returning_customers"))
    )
    beyond = pl.col("gain") - pl.col("retention_cost")
    return (
        spread(kept, spent_on, weight="returning_customers")
        .join(basis_of(totals), how="cross")
        .with_columns(
            pl.col("gain").cast(pl.Float64),
            pl.col("fully_loaded_cost").cast(pl.Float64).alias("retention_cost"),
        )
        .select(
            "period",
            "channel",
            "returning_customers",
            "repeat_orders",
            "retention_cost",
            "gain",
            "basis",
            pl.when("has_cost")
            .then(ratio("retention_cost", "returning_customers"))
            .alias("cost_per_retained_customer"),
            pl.when(pl.col("retention_cost") > 0)
            .then(beyond / pl.col("retention_cost"))
            .alias("retention_roi"),
            reason.alias("reason"),
            is_whole(pl.col("period"), as_of=as_of, time_zone=time_zone, every=every).alias(
                "is_complete"
            ),
        )
        .sort("period", "channel")
    )
