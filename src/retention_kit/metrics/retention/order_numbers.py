"""Of those who bought n times, how many bought once more."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.by_customer import with_first_sale
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.intervals import with_wilson
from retention_kit.metrics.base.observed import is_sale, observed
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of
from retention_kit.metrics.lifecycle.gaps import Unit, check_unit, purchases_of

_OWN = ("order_number", "customers")


@additive(keys=("order_number",))
def order_number_totals(
    orders: Frame, *, as_of: dt.datetime, unit: Unit = "order", by: By = ()
) -> Frame:
    """Count customers by the number of their last purchase.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.
        by: Columns of `orders`; a customer stands in the group of their first sale.

    Returns:
        One row per group and number that occurs, in no promised order:

        - the columns of `by`: as in `orders`.
        - `order_number` (`Int64`): how many purchases, >= 1.
        - `customers` (`Int64`): customers with exactly so many.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `unit` is neither of the two, or `by` names what
            cannot be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> order_number_totals(orders, as_of=as_of).sort("order_number").collect().rows()
        [(1, 1), (2, 1)]
    """
    check_unit(unit)
    names = dimensions(by, orders, reserved=("customer_id", *_OWN))
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    counts = sales.group_by("customer_id").agg(purchases_of(unit).alias("order_number"))
    return (
        with_first_sale(counts, sales, names)
        .group_by(*names, "order_number")
        .agg(pl.len().cast(pl.Int64).alias("customers"))
    )


@finisher(of=order_number_totals)
def order_conversion(totals: Frame, *, limit: int = 10, confidence: float | None = None) -> Frame:
    """Turn customers by number of purchases into the share that goes on to the next one.

    Args:
        totals: What `order_number_totals` gives, or a sum of such tables.
        limit: The last purchase to follow.
        confidence: Of Wilson's intervals, as 0.95; None gives no intervals.

    Returns:
        One row per group and number of purchases, from 1 to the most that anyone in the group made
        or to `limit`, sorted by both:

        - the columns of `by`: as in `totals`.
        - `order_number` (`Int64`): number of a purchase, >= 1.
        - `customers` (`Int64`): customers who made it, the denominator.
        - `next_customers` (`Int64`): those of them who made one more.
        - `conversion` (`Float64`): the share of the second in the first, 0 … 1.
        - with `confidence`: `conversion_low`, `conversion_high` (`Float64`).

    Raises:
        DefinitionError: `limit` is not a whole number of at least 1, or `confidence` is not between
            0 and 1.

    Notes:
        The first row is the repeat purchase rate. As that one it is right-censored: who came last
        has had the least time to come back.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> order_conversion(order_number_totals(orders, as_of=as_of)).collect().rows()
        [(1, 2, 1, 0.5), (2, 1, 0, 0.0)]
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise bad_parameter("limit", got=limit, allowed="a whole number of at least 1")
    groups: list[str] = groups_of(totals, _OWN)
    number = pl.col("order_number")
    most = number.max().clip(upper_bound=limit)
    steps = totals.group_by(groups).agg(most) if groups else totals.select(most).drop_nulls()
    # Who bought more often than the limit makes the step beyond it, which is then left out.
    folded = (
        totals.with_columns(number.clip(upper_bound=limit + 1))
        .group_by(*groups, "order_number")
        .agg(pl.col("customers").sum())
    )
    to_next = pl.int_ranges(1, number + 2, dtype=pl.Int64)
    reached = pl.col("customers").cum_sum(reverse=True)
    next_one = pl.col("customers").shift(-1)
    conversion = (
        steps.with_columns(to_next.alias("order_number"))
        .explode("order_number")
        .join(folded, on=[*groups, "order_number"], how="left", nulls_equal=True)
        .with_columns(pl.col("customers").fill_null(0))
        .sort(*groups, "order_number")
        .with_columns(_within(reached, groups).alias("customers"))
        .with_columns(_within(next_one, groups).alias("next_customers"))
        .filter(pl.col("next_customers").is_not_null())
        .select(*groups, "order_number", "customers", "next_customers")
        .with_columns(ratio("next_customers", "customers").alias("conversion"))
    )
    if confidence is None:
        return conversion
    return with_wilson(conversion, "conversion", "next_customers", "customers", confidence)


def _within(running: pl.Expr, groups: list[str]) -> pl.Expr:
    return running.over(groups, order_by="order_number") if groups else running
