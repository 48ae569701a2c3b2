"""One-time against repeat buyers: whether those who come back spend more, all in all."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.dimensions import By, dimensions, first_sale_value
from retention_kit.metrics.base.observed import SOLD, SOLD_AT, observed, with_sales
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, share_of_group, with_empty_rows

_SUMS = ("customers", "orders", "revenue", "net_revenue")
_TYPES = ("one_time", "repeat")
_GROUP = "__group_"


@additive(keys=("buyer_type",))
def buyer_totals(orders: Frame, *, as_of: dt.datetime, by: By = ()) -> Frame:
    """Count and sum what customers with one sale bought, and what those with more did.

    Additive. Orders at or after `as_of`, and those not completed, do not count.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        by: Columns of `orders` to split by. A customer, with all of their orders, stands in the
            group of their first sale; a missing value is a group of its own.

    Returns:
        One row per group and type of buyer that there is, in no promised order, the columns of
        `by` first:

        - `buyer_type` (`String`): `one_time`, one sale, or `repeat`, two or more.
        - `customers` (`Int64`): customers of this type.
        - `orders` (`Int64`): their sales.
        - `revenue` (`Decimal(38, 4)`): sum of those, shop currency, major units.
        - `net_revenue` (`Decimal(38, 4)`): sum of their sales and returns.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `by` names no column that can be split by.

    Notes:
        Customers with returns alone are neither; their returns do not count.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> totals = buyer_totals(orders, as_of=as_of).sort("buyer_type").collect()
        >>> totals.select("buyer_type", "customers", "orders", "revenue").rows()
        [('one_time', 1, 1, Decimal('50.0000')), ('repeat', 1, 2, Decimal('400.0000'))]
    """
    groups = dimensions(by, orders, reserved=(*_SUMS, "buyer_type"))
    seen = with_sales(observed(orders, as_of=as_of))
    buyers = (
        seen.group_by("customer_id")
        .agg(
            pl.col(SOLD_AT).count().alias("orders"),
            pl.col(SOLD).sum().alias("revenue"),
            pl.col("amount").sum().alias("net_revenue"),
            *(
                first_sale_value(name, seen, sold_at=SOLD_AT).alias(f"{_GROUP}{name}")
                for name in groups
            ),
        )
        .filter(pl.col("orders") > 0)
    )
    buyer_type = pl.when(pl.col("orders") > 1).then(pl.lit("repeat")).otherwise(pl.lit("one_time"))
    return (
        buyers.group_by(
            *(pl.col(f"{_GROUP}{name}").alias(name) for name in groups),
            buyer_type.alias("buyer_type"),
        )
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col("orders").sum().cast(pl.Int64),
            pl.col("revenue").sum().cast(SUM),
            pl.col("net_revenue").sum().cast(SUM),
        )
        .select(*groups, "buyer_type", *_SUMS)
    )


@finisher(of=buyer_totals)
def repeat_buyers(totals: Frame) -> Frame:
    """Turn buyer totals into shares and averages, one-time buyers against repeat ones.

    Args:
        totals: What `buyer_totals` gives, or a sum of such tables.

    Returns:
        Two rows per group, sorted, the columns of `by` first. Ratios are `Float64`, null where the
        denominator is 0:

        - `buyer_type` (`String`): `one_time` or `repeat`.
        - `customers`, `orders` (`Int64`), `revenue`, `net_revenue` (`Decimal(38, 4)`): as in
            `totals`, 0 where there is nobody.
        - `share_of_customers`: customers / customers of both types, 0 … 1.
        - `share_of_revenue`: revenue / revenue of both types, 0 … 1.
        - `average_order_value`: revenue / orders, shop currency, major units.
        - `revenue_per_customer`: revenue / customers, shop currency, major units.

    Notes:
        The share of revenue of repeat buyers counts all of their orders, the first included;
        `share_of_repeat_sales` counts repeat orders alone, and so is lower. Who came last has had
        the least time to become a repeat buyer.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> buyers = repeat_buyers(buyer_totals(orders, as_of=as_of)).collect()
        >>> buyers.select("buyer_type", "average_order_value", "revenue_per_customer").rows()
        [('one_time', 50.0, 50.0), ('repeat', 200.0, 400.0)]
    """
    groups = groups_of(totals, (*_SUMS, "buyer_type"))
    types = totals.select(pl.lit(pl.Series(_TYPES)).alias("buyer_type"))
    return (
        with_empty_rows(totals, types, groups)
        .select(
            *groups,
            "buyer_type",
            *_SUMS,
            share_of_group("customers", groups).alias("share_of_customers"),
            share_of_group("revenue", groups).alias("share_of_revenue"),
            ratio("revenue", "orders").alias("average_order_value"),
            ratio("revenue", "customers").alias("revenue_per_customer"),
        )
        .sort(*groups, "buyer_type")
    )
