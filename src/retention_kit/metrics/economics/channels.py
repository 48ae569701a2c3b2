"""What each channel costs and brings, side by side: CAC, lifetime value, payback and returns."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.worth import basis_of, by_basis
from retention_kit.metrics.cohorts.ages import age_start, is_whole
from retention_kit.metrics.economics.acquisition import acquisition_totals
from retention_kit.metrics.economics.spending import Months, spent, spread
from retention_kit.metrics.economics.won import Won, paid_back, won_for

_SUMMED = ("orders", "orders_with_margin", "net_revenue", "margin")


@finisher(of=acquisition_totals)
def channel_economics(
    totals: Frame, costs: Frame, *, as_of: dt.datetime, time_zone: str, every: Months = "1mo"
) -> Frame:
    """Put what a channel's customers cost beside what they bring (CAC, LTV, LTV : CAC, ROI).

    Args:
        totals: What `acquisition_totals` gives, or a sum of such tables.
        costs: The `costs` table.
        as_of: The same instant. Costs of a period that had not ended by it do not count, nor do
            the customers won in it.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.

    Returns:
        One row per channel with new customers or with costs, sorted by channel:

        - `channel` (`String`): as in `totals` and `costs`; null is no known channel.
        - `new_customers` (`Int64`): customers won in the whole periods from the first to the last
            with costs of winning customers; without any such costs, all.
        - `paid_cost`, `fully_loaded_cost` (`Float64`): advertising, and all costs of winning
            customers, shop currency, major units.
        - `paid_cac`, `fully_loaded_cac` (`Float64`): those / new customers.
        - `lifetime_value` (`Float64`): what one of the new customers has brought so far, before
            the cost of winning them: margin less the cost of keeping them; or net revenue.
        - `lifetime_value_basis` (`String`): which of the two, `margin` or `revenue`; margin where
            at least 95% of all sales have one.
        - `ltv_to_cac` (`Float64`): lifetime value / fully loaded CAC.
        - `verdict` (`String`): of that ratio with one decimal, halves up: `good` from 3,
            `needs_work` from 1, else `loses_money`.
        - `payback_months` (`Int64`): months until margin, or net revenue, per customer reaches the
            fully loaded CAC, as `payback_months` counts them; null where it has not.
        - `acquisition_roi` (`Float64`): (margin or net revenue of the new customers so far − fully
            loaded cost) / fully loaded cost.
        - `retention_cost` (`Float64`): costs of keeping customers, the channel's part.
        - `retention_roi` (`Float64`): (margin or revenue of repeat orders in the whole periods with
            such costs − cost) / cost.
        - `reason` (`String`): why CAC is null: `not_observed` (costs are known only of a period
            that had not ended), `no_new_customers` or `no_costs`, or `no_advertising` where the
            paid one alone is; else null.

    Raises:
        MissingColumnError: `costs` lacks a required column.
        DefinitionError: `as_of` has no time zone, or `every` is not made of whole months.

    Notes:
        Profit LTV less the cost of winning a customer, divided by that same cost, would take it
        twice, and break-even would be 0 and not 1; so what is compared is profit before the cost of
        winning, and `acquisition_roi` is what remains after it. `profit` of `lifetime_value` is
        after that cost: of the same customers it is smaller by CAC.

        The costs of a month are those of all of it; beside the customers of its first days they
        would say that winning one is dear. So a period counts once it has ended.

        Costs of winning customers for no channel are spread over the channels of their period by
        new customers. Costs of keeping customers are spread by returning ones, whatever channel
        they were spent in: letters keep customers whom an advertisement won. What keeping one
        costs is the channel's part / its customers so far.

        Lifetime value so far is of customers who are still buying; young channels look worse.

    References:
        Skok (2010), SaaS Metrics 2.0, which made 3 : 1 the common rule.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics.economics.acquisition import acquisition_totals
        >>> orders, as_of = example_orders()
        >>> costs = pl.LazyFrame({"month": [dt.date(2025, 1, 1)], "amount": [200]})
        >>> totals = acquisition_totals(orders, as_of=as_of)
        >>> table = channel_economics(totals, costs, as_of=as_of, time_zone="Europe/Moscow")
        >>> shown = table.select("new_customers", "lifetime_value", "ltv_to_cac", "verdict")
        >>> shown.collect().rows()
        [(1, 300.0, 1.5, 'needs_work')]
    """
    won = won_for(totals, costs, as_of=as_of, time_zone=time_zone, every=every)
    # Value is measured alike for all that is compared, whichever cohorts have costs.
    won = Won(won.costs, won.totals, basis_of(totals))
    channel: list[str] = ["channel"]
    brought = won.totals.group_by("channel").agg(pl.col(_SUMMED).sum())
    table = (
        paid_back(won, channel, as_of=as_of, time_zone=time_zone, every=every)
        .join(brought, on="channel", how="left", nulls_equal=True)
        .join(
            _kept(totals, costs, as_of=as_of, time_zone=time_zone, every=every),
            on="channel",
            how="full",
            nulls_equal=True,
            coalesce=True,
        )
        .join(won.basis, how="cross")
        .with_columns(
            pl.col("new_customers", "retention_customers").fill_null(0),
            pl.col("paid_cost", "fully_loaded_cost", "retention_cost").fill_null(0.0),
            pl.col("has_paid", "has_cost", "waits").fill_null(value=False),
            by_basis("margin", "net_revenue").cast(pl.Float64).fill_null(0.0).alias("__brought"),
        )
        .filter(
            (pl.col("new_customers") > 0)
            | pl.col("has_cost")
            | pl.col("waits")
            | (pl.col("retention_cost") > 0)
        )
        .with_columns(_lifetime_value().alias("lifetime_value"))
        .with_columns(_over("lifetime_value", "fully_loaded_cac").alias("ltv_to_cac"))
    )
    return table.select(
        "channel",
        "new_customers",
        "paid_cost",
        "fully_loaded_cost",
        "paid_cac",
        "fully_loaded_cac",
        "lifetime_value",
        pl.col("basis").alias("lifetime_value_basis"),
        "ltv_to_cac",
        _verdict().alias("verdict"),
        "payback_months",
        _beyond("__brought", "fully_loaded_cost").alias("acquisition_roi"),
        "retention_cost",
        _beyond("__gain", "retention_cost").alias("retention_roi"),
        _reason().alias("reason"),
    ).sort("channel")


def _kept(
    totals: Frame, costs: Frame, *, as_of: dt.datetime, time_zone: str, every: Months
) -> Frame:
    """Sum by channel what keeping customers cost, what it brought, and how many they are."""
    spent_on = spent(
        costs, purpose="retention", as_of=as_of, time_zone=time_zone, every=every
    ).filter(is_whole(pl.col("period"), as_of=as_of, time_zone=time_zone, every=every))
    for_all = spent_on.group_by("period", pl.lit(None, dtype=pl.String).alias("channel")).agg(
        pl.col("advertising", "whole", "advertising_rows").sum()
    )
    known = spent_on.select(
        pl.col("period").min().alias("__first"), pl.col("period").max().alias("__last")
    )
    placed = (
        totals.join(basis_of(totals), how="cross")
        .join(known, how="cross")
        .select(
            age_start(every).alias("__start"),
            "cohort",
            "channel",
            "customers",
            "period",
            "__first",
            "__last",
            by_basis("repeat_margin", "repeat_revenue").alias("__gain"),
        )
    )
    covered = pl.col("__start").is_between("__first", "__last")
    so_far = placed.filter((pl.col("period") == 0) & (pl.col("cohort") <= pl.col("__last")))
    returning = (
        placed.filter(covered)
        .group_by("__start", "channel")
        .agg(pl.col("customers").filter(pl.col("period") > 0).sum(), pl.col("__gain").sum())
        .rename({"__start": "period"})
    )
    each = (
        spread(returning.drop("__gain"), for_all, weight="customers")
        .group_by("channel")
        .agg(pl.col("fully_loaded_cost").sum().cast(pl.Float64).alias("retention_cost"))
    )
    gains = returning.group_by("channel").agg(pl.col("__gain").sum())
    customers = so_far.group_by("channel").agg(
        pl.col("customers").sum().alias("retention_customers")
    )
    return each.join(gains, on="channel", how="left", nulls_equal=True).join(
        customers, on="channel", how="left", nulls_equal=True
    )


def _lifetime_value() -> pl.Expr:
    """Divide what the new customers brought, and take off margin what keeping one costs."""
    keeping = ratio("retention_cost", "retention_customers").fill_null(0.0)
    return ratio("__brought", "new_customers") - pl.when(pl.col("basis") == "margin").then(
        keeping
    ).otherwise(0.0)


def _verdict() -> pl.Expr:
    # Rounding twice keeps 2.95, which a float holds a little too low, from being 2.9.
    rounded = ((pl.col("ltv_to_cac") * 10).round(9) + 0.5).floor() / 10
    return (
        pl.when(rounded >= 3)
        .then(pl.lit("good"))
        .when(rounded >= 1)
        .then(pl.lit("needs_work"))
        .when(rounded < 1)
        .then(pl.lit("loses_money"))
    )


def _reason() -> pl.Expr:
    return (
        pl.when(pl.col("waits") & ~pl.col("has_cost"))
        .then(pl.lit("not_observed"))
        .when(pl.col("new_customers") == 0)
        .then(pl.lit("no_new_customers"))
        .when(~pl.col("has_cost"))
        .then(pl.lit("no_costs"))
        .when(~pl.col("has_paid"))
        .then(pl.lit("no_advertising"))
    )


def _over(numerator: str, denominator: str) -> pl.Expr:
    return pl.when(pl.col(denominator) > 0).then(pl.col(numerator) / pl.col(denominator))


def _beyond(gain: str, cost: str) -> pl.Expr:
    """Give a return on investment, null where nothing was spent."""
    brought = pl.col(gain).cast(pl.Float64).fill_null(0.0)
    return pl.when(pl.col(cost) > 0).then((brought - pl.col(cost)) / pl.col(cost))
