"""Lifetime value, four ways: what a customer has brought, and what one may be worth."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from functools import partial

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.activity import Window, duration
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.local_periods import local_day
from retention_kit.metrics.base.observed import (
    SOLD_AT,
    in_zone,
    observed,
    with_sales,
    zone_of,
)
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, sums_by
from retention_kit.metrics.base.worth import MARGIN_KNOWN, OF, order_sums, priced

_COUNTS = ("customers", "complete_customers", "orders", "orders_with_margin")
_MONEY = ("revenue", "net_revenue", "margin")
_OWN = (*_COUNTS, *_MONEY)
_ENDS = "__ends"


@additive(keys=(), ages=True)
def value_totals(
    orders: Frame, *, as_of: dt.datetime, horizon: str | None = None, by: By = ()
) -> Frame:
    """Sum what customers brought, over their lives so far or the first part of them.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`; `margin` may be absent.
        as_of: Observation instant, exclusive, with a time zone.
        horizon: How much of each life counts: so many days, weeks, months, quarters or years from
            the shop-zone date of the first sale, as in `"90d"` or `"12mo"`. Customers who have not
            had so long yet do not count. None takes all orders of all customers.
        by: Columns of `orders` to split customers by; each stands where their first sale does.

    Returns:
        One row per group, or one row:

        - the columns of `by`, as in `orders`; null is a group of its own.
        - `customers` (`Int64`): customers with a sale.
        - `complete_customers` (`Int64`): those whose horizon had ended by `as_of`; without a
            horizon all of them. What follows is of these.
        - `orders`, `orders_with_margin` (`Int64`): their sales within the horizon, and those whose
            margin is known.
        - `revenue`, `net_revenue` (`Decimal(38, 4)`): sum of sales, and of sales and returns, shop
            currency, major units.
        - `margin` (`Decimal(38, 4)`): sum of the margins that are known, returns included.

        Customers of returns alone are none.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `horizon` is no such length, or there is no such
            dimension.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = value_totals(orders, as_of=as_of, horizon="1mo").collect()
        >>> totals.select("customers", "complete_customers", "orders", "net_revenue").rows()
        [(2, 1, 1, Decimal('100.0000'))]
    """
    groups = dimensions(by, orders, reserved=_OWN)
    held = {name: OF + name for name in groups}
    seen = with_sales(priced(observed(orders, as_of=as_of)))
    if horizon is None:
        summed = _of_lives(seen, held)
    else:
        length = duration("horizon", horizon)
        summed = _of_first_parts(seen, held, length, as_of)
    return summed.select(*(pl.col(kept).alias(name) for name, kept in held.items()), *_OWN)


def _of_lives(seen: Frame, held: Mapping[str, str]) -> Frame:
    """Sum all orders of customers with a sale."""
    customers = (
        seen.group_by("customer_id")
        .agg(*order_sums().values(), *_values_of_first(seen, held))
        .filter(pl.col("orders") > 0)
    )
    count = pl.len().cast(pl.Int64)
    counts = (count.alias("customers"), count.alias("complete_customers"))
    return sums_by(customers, list(held.values()), *counts, *_totals())


def _of_first_parts(
    seen: Frame, held: Mapping[str, str], length: Window, as_of: dt.datetime
) -> Frame:
    """Sum the orders within the horizon of customers whose horizon had ended."""
    text = f"{length.count}{length.unit}"
    zone = zone_of(seen.collect_schema())
    day = partial(local_day, zone=zone, until=as_of)
    ends = day(pl.col(SOLD_AT)).dt.offset_by(text)
    buyers = (
        seen.group_by("customer_id")
        .agg(pl.col(SOLD_AT).min(), *_values_of_first(seen, held))
        .filter(pl.col(SOLD_AT).is_not_null())
        .select("customer_id", *held.values(), ends.alias(_ENDS))
    )
    if isinstance(buyers, pl.LazyFrame):
        buyers = buyers.cache()
    is_complete = pl.col(_ENDS) <= in_zone(as_of, zone).date()
    within = (
        seen.join(buyers.filter(is_complete), on="customer_id")
        .filter(day(pl.col("ordered_at")) < pl.col(_ENDS))
        .group_by(*held.values(), pl.lit(0).alias(_ENDS))
        .agg(*order_sums().values())
    )
    zero = pl.lit(0, dtype=pl.Int64)
    counted = buyers.group_by(*held.values(), pl.lit(0).alias(_ENDS)).agg(
        pl.len().cast(pl.Int64).alias("customers"),
        is_complete.sum().cast(pl.Int64).alias("complete_customers"),
        *(zero.alias(name) for name in _COUNTS[2:]),
        *(zero.cast(SUM).alias(name) for name in _MONEY),
    )
    columns = [*held.values(), *_OWN]
    none = (zero.alias(name) for name in _COUNTS[:2])
    parts = pl.concat([counted.select(columns), within.with_columns(none).select(columns)])
    return sums_by(parts, list(held.values()), pl.col(_COUNTS[:2]).sum(), *_totals())


def _values_of_first(seen: Frame, held: Mapping[str, str]) -> list[pl.Expr]:
    return [
        first_sale_value(name, seen, sold_at=SOLD_AT).alias(kept) for name, kept in held.items()
    ]


def _totals() -> list[pl.Expr]:
    """Give the sums over sums."""
    return [
        *(pl.col(name).sum() for name in _COUNTS[2:]),
        *(pl.col(name).sum().cast(SUM) for name in _MONEY),
    ]


@finisher(of=value_totals)
def lifetime_value(
    totals: Frame,
    *,
    horizon: str | None = None,
    orders_per_period: float | None = None,
    churn_per_period: float | None = None,
    acquisition_cost: float | None = None,
    retention_cost: float = 0.0,
) -> Frame:
    """Turn sums into lifetime value (LTV), four ways, each under its name.

    Args:
        totals: What `value_totals` gives, or a sum of such tables.
        horizon: The horizon of the totals.
        orders_per_period: Purchase frequency: sales / buyers of a period; of a few periods, their
            sales / their buyers, each buyer counted in every period.
        churn_per_period: The share of customers lost per period, of the same length.
        acquisition_cost: What winning a customer cost (CAC); None is not known.
        retention_cost: What keeping one cost so far, or over the horizon.

    Returns:
        Four rows per row of `totals`:

        - the columns that `totals` is split by.
        - `method` (`String`): see the notes.
        - `customers` (`Int64`): the denominator, complete customers.
        - `value` (`Float64`): lifetime value, shop currency, major units.
        - `horizon` (`String`): the horizon; null is the whole life so far, and of
            `aov_frequency_lifespan` the whole life expected.
        - `basis` (`String`): what is counted, `revenue` or `margin`.
        - `reason` (`String`): why the value is null: `no_customers`, `no_frequency`, `no_churn`
            (not given, or 0), `no_margin` (fewer than 95% of the sales have one), `no_costs`; else
            null.

    Raises:
        DefinitionError: A number is below 0, no number, or churn is above 1; or `horizon` is no
            length.

    Notes:
        - `historic`: net revenue / customers, what they have paid so far.
        - `aov_orders`: revenue / orders × orders / customers; returns are not taken off.
        - `aov_frequency_lifespan`: revenue / orders × orders per period × 1 / churn. It takes all
            customers to leave at one rate in every period; they differ, and 1 / churn of a whole
            base then understates how long customers stay (Fader and Hardie).
        - `profit`: margin / customers − acquisition cost − retention cost: what remains after the
            cost of winning a customer. `lifetime_value` of `channel_economics` is before that cost,
            since there it is divided by it.

        The first two do not foretell: with customers still buying they are what was, not what
        will be.

    References:
        Farris, Bendle, Pfeifer and Reibstein (2010), Marketing Metrics.
        Fader and Hardie (2010), Customer-base valuation in a contractual setting: the perils of
        ignoring heterogeneity.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = value_totals(orders, as_of=as_of)
        >>> values = lifetime_value(totals, orders_per_period=0.5, churn_per_period=0.25).collect()
        >>> for row in values.select("method", "value", "reason").rows():
        ...     print(*row)
        historic 175.0 None
        aov_orders 225.0 None
        aov_frequency_lifespan 300.0 None
        profit None no_margin
    """
    if horizon is not None:
        duration("horizon", horizon)
    frequency = _number("orders_per_period", orders_per_period)
    churn = _number("churn_per_period", churn_per_period, highest=1.0)
    cost = _number("acquisition_cost", acquisition_cost)
    kept = _number("retention_cost", retention_cost) or 0.0
    average = ratio("revenue", "orders")
    with_margin, orders = pl.col("orders_with_margin"), pl.col("orders")
    has_margin = (orders > 0) & (with_margin >= orders.cast(pl.Float64) * MARGIN_KNOWN)
    nobody = pl.when(pl.col("complete_customers") == 0).then(pl.lit("no_customers"))
    lifespan_reason = "no_frequency" if frequency is None else None if churn else "no_churn"
    no_costs = pl.lit("no_costs" if cost is None else None, dtype=pl.String)
    ways = {
        "historic": (ratio("net_revenue", "complete_customers"), nobody),
        "aov_orders": (average * ratio("orders", "complete_customers"), nobody),
        "aov_frequency_lifespan": (
            average * (frequency or 0.0) / (churn or 1.0),
            nobody.otherwise(pl.lit(lifespan_reason, dtype=pl.String)),
        ),
        "profit": (
            ratio("margin", "complete_customers") - ((cost or 0.0) + kept),
            nobody.when(~has_margin).then(pl.lit("no_margin")).otherwise(no_costs),
        ),
    }
    groups: list[str] = groups_of(totals, _OWN)
    rows = [
        totals.select(
            *groups,
            pl.lit(method).alias("method"),
            pl.col("complete_customers").alias("customers"),
            pl.when(reason.is_null()).then(value).alias("value"),
            pl.lit(None if method == "aov_frequency_lifespan" else horizon, dtype=pl.String).alias(
                "horizon"
            ),
            pl.lit("margin" if method == "profit" else "revenue").alias("basis"),
            reason.alias("reason"),
            pl.lit(place).alias("__place"),
        )
        for place, (method, (value, reason)) in enumerate(ways.items())
    ]
    return pl.concat(rows).sort(*groups, "__place").drop("__place")


def _number(name: str, value: float | None, *, highest: float = math.inf) -> float | None:
    if value is None:
        return None
    number = math.nan if isinstance(value, bool | str) else float(value)
    if not 0 <= number <= highest or math.isinf(number):
        allowed = "of at least 0" if highest == math.inf else f"from 0 to {highest:g}"
        raise bad_parameter(name, got=value, allowed=f"a number {allowed}, or None")
    return number
