"""How long it takes until a customer has brought back what winning them cost."""

from __future__ import annotations

import datetime as dt
from typing import Generic, Literal, NamedTuple

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.acquisition import acquisition_totals
from retention_kit.metrics.ages import MONTHS, age_start, is_whole, with_ages
from retention_kit.metrics.ratios import ratio
from retention_kit.metrics.spending import Months, spent, spread
from retention_kit.metrics.worth import basis_of, by_basis

Per = Literal["shop", "channel", "cohort"]
_NEW = ("new_customers", "fully_loaded_cost", "paid_cost")


class Won(NamedTuple, Generic[Frame]):
    """Who was won in the periods that have costs, and for how much.

    Attributes:
        costs: By `period` and `channel`: what `spread` gives, by `new_customers`.
        totals: The rows of `acquisition_totals` of those cohorts.
        basis: One row: by what value is measured.
    """

    costs: Frame
    totals: Frame
    basis: Frame


def won_for(
    totals: Frame,
    costs: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Months,
) -> Won[Frame]:
    """Keep the cohorts of the periods that costs of winning customers are known of.

    Costs of two years beside the orders of five would make customers look cheap.
    """
    spent_on = spent(costs, purpose="acquisition", as_of=as_of, time_zone=time_zone, every=every)
    known = spent_on.select(
        pl.col("period").min().alias("__first"), pl.col("period").max().alias("__last")
    )
    covered = (
        totals.join(known, how="cross")
        .filter(pl.col("__first").is_null() | pl.col("cohort").is_between("__first", "__last"))
        .drop("__first", "__last")
    )
    new = (
        covered.filter(pl.col("period") == 0)
        .group_by(pl.col("cohort").alias("period"), "channel")
        .agg(pl.col("customers").sum().alias("new_customers"))
    )
    return Won(spread(new, spent_on, weight="new_customers"), covered, basis_of(totals))


def cost_per(won: Won[Frame], key: list[str]) -> Frame:
    """Sum costs and new customers by `channel`, `cohort` or nothing, and divide them.

    Returns:
        The key, `new_customers`, `paid_cost`, `fully_loaded_cost`, `has_paid`, `has_cost`,
        `paid_cac` and `fully_loaded_cac`.
    """
    costs = won.costs.with_columns(pl.col("period").alias("cohort"))
    return (
        costs.group_by(*key, pl.lit(0).alias("__all"))
        .agg(pl.col(_NEW).sum(), pl.col("has_paid", "has_cost").any())
        .drop("__all")
        .with_columns(pl.col("paid_cost", "fully_loaded_cost").cast(pl.Float64))
        .with_columns(
            pl.when("has_paid").then(ratio("paid_cost", "new_customers")).alias("paid_cac"),
            pl.when("has_cost")
            .then(ratio("fully_loaded_cost", "new_customers"))
            .alias("fully_loaded_cac"),
        )
    )


def curve(
    won: Won[Frame], key: list[str], *, as_of: dt.datetime, time_zone: str, every: Months
) -> Frame:
    """Cumulate what a customer brings by age, over the periods that cohorts lived through whole.

    Returns:
        The key, `period` (age), `customers` (of the cohorts that are that old) and
        `value_per_customer`, cumulative.
    """
    own: list[str] = ["channel", "cohort"]
    begun = with_ages(
        won.totals.filter(pl.col("period") == 0).select(
            *own, pl.col("customers").alias("__customers")
        ),
        as_of=as_of,
        time_zone=time_zone,
        every=every,
    )
    whole = is_whole(age_start(every), as_of=as_of, time_zone=time_zone, every=every)
    value = won.totals.join(won.basis, how="cross").select(
        *own, "period", by_basis("margin", "net_revenue").alias("__value")
    )
    group = [*key, pl.lit(0)]
    return (
        begun.filter(whole)
        .join(value, on=[*own, "period"], how="left", nulls_equal=True)
        .group_by(*key, "period")
        .agg(pl.col("__customers").sum().alias("customers"), pl.col("__value").sum())
        .with_columns(ratio("__value", "customers").alias("__step"))
        .with_columns(
            pl.col("__step").cum_sum().over(group, order_by="period").alias("value_per_customer")
        )
        .select(*key, "period", "customers", "value_per_customer")
    )


@finisher(of=acquisition_totals)
def payback_curve(
    totals: Frame,
    costs: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Months = "1mo",
    per: Per = "shop",
) -> Frame:
    """Follow what a customer has brought, period after period, against what winning them cost.

    Args:
        totals: What `acquisition_totals` gives, or a sum of such tables.
        costs: The `costs` table; those whose purpose is acquisition count.
        as_of: The same instant; costs of months that begin at or after it do not count.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        per: One curve for the `shop`, one per `channel`, or one per `cohort`.

    Returns:
        One row per curve and age that a cohort has lived through whole, sorted by both:

        - `channel` (`String`) or `cohort` (`Date`): whose curve; none of the shop's.
        - `period` (`Int64`): calendar periods since the first sale, >= 0.
        - `customers` (`Int64`): of the cohorts that are that old, the denominator.
        - `value_per_customer` (`Float64`): what one had brought by the end of it, shop currency.
        - `basis` (`String`): `margin` where at least 95% of all sales have one, else `revenue`,
            net of returns.
        - `fully_loaded_cac` (`Float64`): what winning one cost; null without costs.
        - `share_of_cac` (`Float64`): the second / the first; from 1 on they have paid back.

    Raises:
        MissingColumnError: `costs` lacks a required column.
        DefinitionError: `as_of` has no time zone, `every` is not made of whole months, or there
            is no such curve.

    Notes:
        Cohorts of the periods that have costs count. What age k adds is the value of period k /
        the customers of the cohorts old enough to have it; the curve is the sum of what the ages
        add. So young cohorts, which lack late periods, do not pull it down.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics.acquisition import acquisition_totals
        >>> orders, as_of = example_orders()
        >>> totals = acquisition_totals(orders, as_of=as_of)
        >>> costs = pl.LazyFrame({"month": [dt.date(2025, 1, 1)], "amount": [200]})
        >>> table = payback_curve(totals, costs, as_of=as_of, time_zone="Europe/Moscow").collect()
        >>> for row in table.select("period", "value_per_customer", "share_of_cac").rows():
        ...     print(*row)
        0 100.0 0.5
        1 100.0 0.5
        2 300.0 1.5
    """
    key = _key(per)
    won = won_for(totals, costs, as_of=as_of, time_zone=time_zone, every=every)
    followed = curve(won, key, as_of=as_of, time_zone=time_zone, every=every)
    # Polars multiplies by the reciprocal where it knows that a column holds one value, and the last
    # digit would depend on the engine; adding a column of zeros makes it forget.
    below = pl.col("fully_loaded_cac") + pl.col("period") * 0.0
    return (
        _beside(followed, cost_per(won, key).select(*key, "fully_loaded_cac"), key)
        .join(won.basis, how="cross")
        .select(
            *key,
            "period",
            "customers",
            "value_per_customer",
            "basis",
            "fully_loaded_cac",
            pl.when(below != 0).then(pl.col("value_per_customer") / below).alias("share_of_cac"),
        )
        .sort(*key, "period")
    )


@finisher(of=acquisition_totals)
def payback_months(
    totals: Frame,
    costs: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    every: Months = "1mo",
    per: Per = "shop",
) -> Frame:
    """Say after how many months a customer has brought back what winning them cost.

    Args:
        totals: What `acquisition_totals` gives, or a sum of such tables.
        costs: The `costs` table; those whose purpose is acquisition count.
        as_of: The same instant; costs of months that begin at or after it do not count.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        per: Once for the `shop`, or per `channel` or `cohort`.

    Returns:
        One row for the shop, or one per channel or cohort with new customers or costs, sorted:

        - `channel` (`String`) or `cohort` (`Date`): whose; none of the shop's.
        - `new_customers` (`Int64`): customers won in the periods that have costs.
        - `fully_loaded_cost` (`Float64`): what was spent on winning them, shop currency.
        - `fully_loaded_cac` (`Float64`): the second / the first.
        - `basis` (`String`): by what value is measured, `margin` or `revenue`, as in
            `payback_curve`.
        - `periods_observed` (`Int64`): how many whole periods the curve is long.
        - `value_per_customer` (`Float64`): what one had brought by the end of these.
        - `payback_months` (`Int64`): months until that reaches the cost, the one of the first
            purchase included; null where it has not.
        - `reason` (`String`): why it is null: `no_new_customers`, `no_costs`, `not_observed` (no
            period has ended since), `not_reached`; else null.

    Raises:
        MissingColumnError: `costs` lacks a required column.
        DefinitionError: `as_of` has no time zone, `every` is not made of whole months, or `per`
            is none of the three.

    Notes:
        Payback = the first age k at whose end the curve of `payback_curve` is at or above CAC;
        with monthly periods that is k + 1 calendar months.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics.acquisition import acquisition_totals
        >>> orders, as_of = example_orders()
        >>> totals = acquisition_totals(orders, as_of=as_of)
        >>> costs = pl.LazyFrame({"month": [dt.date(2025, 1, 1)], "amount": [200]})
        >>> table = payback_months(totals, costs, as_of=as_of, time_zone="Europe/Moscow").collect()
        >>> table.select("fully_loaded_cac", "value_per_customer", "payback_months").rows()
        [(200.0, 300.0, 3)]
    """
    key = _key(per)
    won = won_for(totals, costs, as_of=as_of, time_zone=time_zone, every=every)
    reached = paid_back(won, key, as_of=as_of, time_zone=time_zone, every=every)
    reason = (
        pl.when(pl.col("new_customers") == 0)
        .then(pl.lit("no_new_customers"))
        .when(~pl.col("has_cost"))
        .then(pl.lit("no_costs"))
        .when(pl.col("periods_observed") == 0)
        .then(pl.lit("not_observed"))
        .when(pl.col("payback_months").is_null())
        .then(pl.lit("not_reached"))
    )
    table = reached.join(won.basis, how="cross").select(
        *key,
        "new_customers",
        "fully_loaded_cost",
        "fully_loaded_cac",
        "basis",
        "periods_observed",
        "value_per_customer",
        "payback_months",
        reason.alias("reason"),
    )
    return table.sort(*key) if key else table


def paid_back(
    won: Won[Frame], key: list[str], *, as_of: dt.datetime, time_zone: str, every: Months
) -> Frame:
    """Add to `cost_per` how long it took: `periods_observed`, `value_per_customer`, and so on."""
    per = cost_per(won, key)
    followed = curve(won, key, as_of=as_of, time_zone=time_zone, every=every)
    is_enough = pl.col("value_per_customer") >= pl.col("fully_loaded_cac")
    months = (pl.col("period").filter(is_enough).min() + 1) * MONTHS[every]
    lengths = (
        _beside(followed, per.select(*key, "fully_loaded_cac"), key)
        .group_by(*key, pl.lit(0).alias("__all"))
        .agg(
            pl.len().cast(pl.Int64).alias("periods_observed"),
            pl.col("value_per_customer").sort_by("period").last(),
            months.alias("payback_months"),
        )
        .drop("__all")
    )
    return _beside(per, lengths, key).with_columns(pl.col("periods_observed").fill_null(0))


def _beside(left: Frame, right: Frame, key: list[str]) -> Frame:
    """Join by the key, or, without one, a single row to all."""
    if key:
        return left.join(right, on=key, how="left", nulls_equal=True)
    one = pl.lit(0).alias("__one")
    joined = left.with_columns(one).join(right.with_columns(one), on="__one", how="left")
    return joined.drop("__one")


def _key(per: Per) -> list[str]:
    if per not in ("shop", "channel", "cohort"):
        raise bad_parameter("per", got=per, allowed="'shop', 'channel' or 'cohort'")
    return [] if per == "shop" else [per]
