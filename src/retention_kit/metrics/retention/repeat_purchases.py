"""Who comes back at all: the repeat purchase rate, of a life, a period or a cohort."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.metrics.base.by_customer import with_first_sale
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.intervals import with_wilson
from retention_kit.metrics.base.observed import is_sale, observed
from retention_kit.metrics.base.periods import Every, check_every, period_index, period_start
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, sums_by
from retention_kit.metrics.lifecycle.gaps import Unit, check_unit, purchases_of

_COUNTS = ("customers", "repeat_customers")
_PURCHASES = "__purchases"


@additive(keys=(), when={"every": "period", "cohort": "cohort"})
def repeat_purchase_totals(
    orders: Frame,
    *,
    as_of: dt.datetime,
    unit: Unit = "order",
    every: Every | None = None,
    cohort: Every | None = None,
    by: By = (),
) -> Frame:
    """Count customers, and those of them who bought at least twice.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        every: Count in each calendar period of the shop's zone, both purchases inside it; None
            counts over the life of the data.
        cohort: Count customers apart by the calendar period of their first sale; None puts them
            together.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row, or one per group, period and cohort with a sale, in no promised order:

        - the columns of `by`: as in `orders`.
        - `period` (`Date`): first day of the period; with `every`.
        - `cohort` (`Date`): first day of the period of the first sale; with `cohort`.
        - `customers` (`Int64`): customers with a sale.
        - `repeat_customers` (`Int64`): customers with two or more purchases.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `unit` is neither of the two, `every` or `cohort`
            is not a calendar period, or `by` names what cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> repeat_purchase_totals(orders, as_of=as_of).collect().rows()
        [(2, 1)]
    """
    check_unit(unit)
    for period in (every, cohort):
        if period is not None:
            check_every(period)
    names: tuple[str, ...] = dimensions(
        by, orders, reserved=("customer_id", "period", "cohort", *_COUNTS)
    )
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    keys: dict[str, Every] = {} if every is None else {"period": every}
    earliest = pl.col("ordered_at").min().alias("cohort")
    within = [period_index(pl.col("ordered_at"), length).alias(key) for key, length in keys.items()]
    counts = sales.group_by("customer_id", *within).agg(
        purchases_of(unit).alias(_PURCHASES), earliest
    )
    if cohort is not None:
        first = period_index(pl.col("cohort").min().over("customer_id"), cohort)
        counts = counts.with_columns(first.alias("cohort"))
        keys["cohort"] = cohort
    sums = sums_by(
        with_first_sale(counts, sales, names),
        [*names, *keys],
        pl.len().cast(pl.Int64).alias("customers"),
        (pl.col(_PURCHASES) >= 2).sum().cast(pl.Int64).alias("repeat_customers"),
    )
    return sums.with_columns(
        period_start(pl.col(key), length).alias(key) for key, length in keys.items()
    )


@finisher(of=repeat_purchase_totals)
def repeat_purchase_rate(totals: Frame, *, confidence: float | None = None) -> Frame:
    """Turn the counts into the share of customers who came back.

    Args:
        totals: What `repeat_purchase_totals` gives, or a sum of such tables.
        confidence: Of Wilson's intervals, as 0.95; None gives no intervals.

    Returns:
        One row per row of `totals`, sorted by its keys where it has any:

        - the columns of `by`, `period` (`Date`), `cohort` (`Date`): as in `totals`.
        - `customers` (`Int64`): customers with a sale, the denominator.
        - `repeat_customers` (`Int64`): those with two or more purchases.
        - `repeat_purchase_rate` (`Float64`): the share of the second in the first, 0 … 1, null
            without customers.
        - with `confidence`: `repeat_purchase_rate_low`, `repeat_purchase_rate_high` (`Float64`).

    Raises:
        DefinitionError: `confidence` is not between 0 and 1.

    Notes:
        RPR = customers with at least 2 purchases / customers, over the life of the data, or of a
        period or a cohort alone. Over life it is right-censored: who came last has had the least
        time to come back, and young cohorts show it. `next_purchase_curve` is free of that.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> repeat_purchase_rate(repeat_purchase_totals(orders, as_of=as_of)).collect().rows()
        [(2, 1, 0.5)]
    """
    keys: list[str] = groups_of(totals, _COUNTS)
    rates = totals.select(
        *keys, *_COUNTS, ratio("repeat_customers", "customers").alias("repeat_purchase_rate")
    )
    if keys:
        rates = rates.sort(keys)
    if confidence is None:
        return rates
    return with_wilson(rates, "repeat_purchase_rate", "repeat_customers", "customers", confidence)
