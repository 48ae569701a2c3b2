"""Who was won, for how much, and what they brought by age: what payback and channels share."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Generic, NamedTuple

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import need_key
from retention_kit.metrics.base.worth import basis_of, by_basis
from retention_kit.metrics.cohorts.ages import MONTHS, age_start, is_whole, with_ages
from retention_kit.metrics.economics.spending import Months, spent, spread

_NEW = ("new_customers", "fully_loaded_cost", "paid_cost")
_HAS = ("has_paid", "has_cost")


class Won(NamedTuple, Generic[Frame]):
    """Who was won in the whole periods that have costs, and for how much.

    Attributes:
        costs: By `period` and `channel`: what `spread` gives, by `new_customers`, null in periods
            that had not ended; and `waits`, whether costs are known of such a one.
        totals: The rows of `acquisition_totals` of the cohorts of whole periods.
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
    """Keep the cohorts of the whole periods that costs of winning customers are known of.

    Costs of two years beside the orders of five would make customers look cheap, and the costs of a
    whole month beside the customers of its first days dear.

    Raises:
        DefinitionError: The totals do not follow cohorts through periods.
    """
    need_key(totals, "period", step="acquisition_totals(…, ages='period').")
    spent_on = spent(costs, purpose="acquisition", as_of=as_of, time_zone=time_zone, every=every)
    known = spent_on.select(
        pl.col("period").min().alias("__first"), pl.col("period").max().alias("__last")
    )
    no_costs = pl.col("__first").is_null()
    whole = partial(is_whole, as_of=as_of, time_zone=time_zone, every=every)
    covered = (
        totals.join(known, how="cross")
        .filter(no_costs | pl.col("cohort").is_between("__first", "__last"))
        .with_columns((no_costs | whole(pl.col("cohort"))).alias("__counts"))
    )
    new = (
        covered.filter(pl.col("period") == 0)
        .group_by(pl.col("cohort").alias("period"), "channel")
        .agg(pl.col("customers").sum().alias("new_customers"))
    )
    counts = no_costs | whole(pl.col("period"))
    costs_of_whole = (
        spread(new, spent_on, weight="new_customers")
        .join(known, how="cross")
        .with_columns(
            (pl.col("has_cost") & ~counts).alias("waits"),
            *(pl.when(counts).then(name).alias(name) for name in (*_NEW, *_HAS)),
        )
        .drop("__first", "__last")
    )
    lived = covered.filter("__counts").drop("__first", "__last", "__counts")
    return Won(costs_of_whole, lived, basis_of(totals))


def cost_per(won: Won[Frame], key: list[str]) -> Frame:
    """Sum costs and new customers by `channel`, `cohort` or nothing, and divide them.

    Returns:
        The key, `new_customers`, `paid_cost`, `fully_loaded_cost`, `has_paid`, `has_cost`,
        `waits`, `paid_cac` and `fully_loaded_cac`.
    """
    costs = won.costs.with_columns(pl.col("period").alias("cohort"))
    return (
        costs.group_by(*key, pl.lit(0).alias("__all"))
        .agg(pl.col(_NEW).sum(), pl.col(*_HAS, "waits").any())
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


def paid_back(
    won: Won[Frame], key: list[str], *, as_of: dt.datetime, time_zone: str, every: Months
) -> Frame:
    """Add to `cost_per` how long it took: `periods_observed`, `value_per_customer`, and so on."""
    per = cost_per(won, key)
    followed = curve(won, key, as_of=as_of, time_zone=time_zone, every=every)
    is_enough = pl.col("value_per_customer") >= pl.col("fully_loaded_cac")
    months = (pl.col("period").filter(is_enough).min() + 1) * MONTHS[every]
    lengths = (
        beside(followed, per.select(*key, "fully_loaded_cac"), key)
        .group_by(*key, pl.lit(0).alias("__all"))
        .agg(
            pl.len().cast(pl.Int64).alias("periods_observed"),
            pl.col("value_per_customer").sort_by("period").last(),
            months.alias("payback_months"),
        )
        .drop("__all")
    )
    return beside(per, lengths, key).with_columns(pl.col("periods_observed").fill_null(0))


def beside(left: Frame, right: Frame, key: list[str]) -> Frame:
    """Join by the key, or, without one, a single row to all."""
    if key:
        return left.join(right, on=key, how="left", nulls_equal=True)
    one = pl.lit(0).alias("__one")
    joined = left.with_columns(one).join(right.with_columns(one), on="__one", how="left")
    return joined.drop("__one")
