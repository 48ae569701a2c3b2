"""How long it takes until a customer has brought back what winning them cost."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.economics.acquisition import acquisition_totals
from retention_kit.metrics.economics.spending import Months
from retention_kit.metrics.economics.won import beside, cost_per, curve, paid_back, won_for

Per = Literal["shop", "channel", "cohort"]


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
        as_of: The same instant. Costs and customers of a period that had not ended by it do not
            count.
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
        Cohorts of the whole periods from the first to the last with costs count: the costs of a
        month are those of all of it, and would make its first days' customers look dear. What age
        k adds is the value of period k / the customers of the cohorts old enough to have it; the
        curve is the sum of what the ages add. So young cohorts, which lack late periods, do not
        pull it down.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics.economics.acquisition import acquisition_totals
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
        beside(followed, cost_per(won, key).select(*key, "fully_loaded_cac"), key)
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
        as_of: The same instant. Costs and customers of a period that had not ended by it do not
            count.
        time_zone: The shop's zone, in which the periods were cut.
        every: The same period.
        per: Once for the `shop`, or per `channel` or `cohort`.

    Returns:
        One row for the shop, or one per channel or cohort with new customers or costs, sorted:

        - `channel` (`String`) or `cohort` (`Date`): whose; none of the shop's.
        - `new_customers` (`Int64`): customers won in the whole periods from the first to the last
            with costs.
        - `fully_loaded_cost` (`Float64`): what was spent on winning them, shop currency.
        - `fully_loaded_cac` (`Float64`): the second / the first.
        - `basis` (`String`): by what value is measured, `margin` or `revenue`, as in
            `payback_curve`.
        - `periods_observed` (`Int64`): how many whole periods the curve is long.
        - `value_per_customer` (`Float64`): what one had brought by the end of these.
        - `payback_months` (`Int64`): months until that reaches the cost, the one of the first
            purchase included; null where it has not.
        - `reason` (`String`): why it is null: `not_observed` (costs are known only of a period that
            had not ended), `no_new_customers`, `no_costs`, `not_reached`; else null.

    Raises:
        MissingColumnError: `costs` lacks a required column.
        DefinitionError: `as_of` has no time zone, `every` is not made of whole months, or `per`
            is none of the three.

    Notes:
        Payback = the first age k at whose end the curve of `payback_curve` is at or above CAC;
        with monthly periods that is k + 1 calendar months. The cohorts are those of that curve.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.metrics.economics.acquisition import acquisition_totals
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
        pl.when(pl.col("waits") & ~pl.col("has_cost"))
        .then(pl.lit("not_observed"))
        .when(pl.col("new_customers") == 0)
        .then(pl.lit("no_new_customers"))
        .when(~pl.col("has_cost"))
        .then(pl.lit("no_costs"))
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


def _key(per: Per) -> list[str]:
    if per not in ("shop", "channel", "cohort"):
        raise bad_parameter("per", got=per, allowed="'shop', 'channel' or 'cohort'")
    return [] if per == "shop" else [per]
