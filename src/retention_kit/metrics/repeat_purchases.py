"""Who comes back at all: the repeat purchase rate."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.errors import bad_parameter
from retention_kit.metrics.observed import is_sale, observed
from retention_kit.metrics.ratios import ratio


@additive(keys=())
def repeat_purchase_totals(
    orders: Frame, *, as_of: dt.datetime, unit: Literal["order", "day"] = "order"
) -> Frame:
    """Count customers, and those of them who bought at least twice.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.

    Returns:
        One row:

        - `customers` (`Int64`): customers with a sale.
        - `repeat_customers` (`Int64`): customers with two or more purchases.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `unit` is neither of the two.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> repeat_purchase_totals(orders, as_of=as_of).collect().rows()
        [(2, 1)]
    """
    if unit not in ("order", "day"):
        raise bad_parameter("unit", got=unit, allowed="'order' or 'day'")
    day = pl.col("ordered_at").dt.date()
    purchases = pl.len() if unit == "order" else day.n_unique()
    return (
        observed(orders, as_of=as_of)
        .filter(is_sale(orders))
        .group_by("customer_id")
        .agg(purchases.alias("purchases"))
        .select(
            pl.len().cast(pl.Int64).alias("customers"),
            (pl.col("purchases") >= 2).sum().cast(pl.Int64).alias("repeat_customers"),
        )
    )


@finisher(of=repeat_purchase_totals)
def repeat_purchase_rate(totals: Frame) -> Frame:
    """Turn the counts into the share of customers who came back.

    Args:
        totals: What `repeat_purchase_totals` gives, or a sum of such tables.

    Returns:
        One row per row of `totals`:

        - `customers` (`Int64`): customers with a sale, the denominator.
        - `repeat_customers` (`Int64`): those with two or more purchases.
        - `repeat_purchase_rate` (`Float64`): the share of the second in the first, 0 … 1, null
            without customers.

    Notes:
        RPR = customers with at least 2 purchases / customers, over the life of the data. It is
        right-censored: who came last has had the least time to come back.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> repeat_purchase_rate(repeat_purchase_totals(orders, as_of=as_of)).collect().rows()
        [(2, 1, 0.5)]
    """
    return totals.select(
        "customers",
        "repeat_customers",
        ratio("repeat_customers", "customers").alias("repeat_purchase_rate"),
    )
