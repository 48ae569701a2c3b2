"""Products and categories: what each brings, and what the orders that hold it are worth."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import MissingColumnError
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.observed import is_sale, observed
from retention_kit.metrics.base.ratios import ratio
from retention_kit.metrics.base.reduced import groups_of, share_of_group, sums_by

_SUMS = (
    "orders",
    "customers",
    "quantity",
    "revenue",
    "basket_revenue",
    "returned_quantity",
    "returned_revenue",
)
_NEEDED = ("order_id", "quantity", "amount")
_IS_SALE = "__is_sale"
_BASKET = "__basket"
_BUYER = "__buyer"
_GROUP = "__group_"


@additive(keys=())
def product_totals(order_items: Frame, orders: Frame, *, as_of: dt.datetime, by: By) -> Frame:
    """Count and sum what was sold, and brought back, of each product, category or the like.

    Additive. Lines of orders at or after `as_of`, or of ones not completed, do not count.

    Args:
        order_items: The `order_items` table with what the door adds of the order, shape
            `(n_lines, >= 4)`.
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        by: Columns of `order_items` to sum by, for example `"product_id"` or `"category"`; a
            missing value is a group of its own. `()` takes all lines together.

    Returns:
        One row per group with a line, in no promised order, the columns of `by` first:

        - `orders` (`Int64`): sales that contain it.
        - `customers` (`Int64`): customers of those.
        - `quantity` (`Decimal(38, 4)`): how many were sold.
        - `revenue` (`Decimal(38, 4)`): sum of its lines in sales, shop currency, major units.
        - `basket_revenue` (`Decimal(38, 4)`): sum of the whole amounts of the sales that contain
            it.
        - `returned_quantity`, `returned_revenue` (`Decimal(38, 4)`): how many were brought back,
            and for how much, both above 0.

        No lines give zero rows of this schema; with `by=()`, a row of zeros.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `by` names no column that can be split by.

    Notes:
        Revenue and quantities of groups add up to the whole; orders, customers and baskets do not,
        since one order holds several products.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> shop = make_dataset(customers=50, seed=1)
        >>> as_of = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        >>> totals = product_totals(shop.order_items, shop.orders, as_of=as_of, by="category")
        >>> totals.collect_schema().names()[:4]
        ['category', 'orders', 'customers', 'quantity']
    """
    schema = order_items.collect_schema()
    for name in _NEEDED:
        if name not in schema:
            raise MissingColumnError("order_items", name, schema.names())
    groups = dimensions(by, order_items, reserved=_SUMS)
    # A sale and its return may share an id: they are told apart by their kind.
    whole = observed(orders, as_of=as_of).select(
        "order_id",
        is_sale(orders).alias(_IS_SALE),
        pl.col("customer_id").alias(_BUYER),
        pl.col("amount").alias(_BASKET),
    )
    renamed = {name: f"{_GROUP}{name}" for name in groups}
    lines = order_items.select(
        "order_id",
        is_sale(order_items).alias(_IS_SALE),
        "quantity",
        "amount",
        *(pl.col(name).alias(other) for name, other in renamed.items()),
    )
    sold = pl.col(_IS_SALE)
    contained = (
        lines.join(whole, on=["order_id", _IS_SALE])
        .group_by(*renamed.values(), "order_id", _IS_SALE)
        .agg(
            pl.col("quantity").sum().cast(SUM),
            pl.col("amount").sum().cast(SUM),
            pl.col(_BUYER, _BASKET).first(),
        )
    )
    sums = sums_by(
        contained,
        list(renamed.values()),
        sold.sum().cast(pl.Int64).alias("orders"),
        pl.col(_BUYER).filter(sold).n_unique().cast(pl.Int64).alias("customers"),
        pl.col("quantity").filter(sold).sum().cast(SUM).alias("quantity"),
        pl.col("amount").filter(sold).sum().cast(SUM).alias("revenue"),
        pl.col(_BASKET).filter(sold).sum().cast(SUM).alias("basket_revenue"),
        (-pl.col("quantity").filter(~sold).sum()).cast(SUM).alias("returned_quantity"),
        (-pl.col("amount").filter(~sold).sum()).cast(SUM).alias("returned_revenue"),
    )
    return sums.select(*(pl.col(other).alias(name) for name, other in renamed.items()), *_SUMS)


@finisher(of=product_totals)
def product_values(totals: Frame) -> Frame:
    """Turn product totals into shares and averages.

    Args:
        totals: What `product_totals` gives, or a sum of such tables.

    Returns:
        One row per row of `totals`, the columns of `by` first. Ratios are `Float64`, null where the
        denominator is 0:

        - `orders`, `customers` (`Int64`), `quantity`, `revenue` (`Decimal(38, 4)`): as in `totals`.
        - `share_of_revenue`: revenue / revenue of all rows, 0 … 1.
        - `average_order_value`: revenue / orders, what it brings in an order that contains it.
        - `basket_value`: whole amounts of those orders / orders, what comes with it included.
        - `returned_quantity`, `returned_revenue` (`Decimal(38, 4)`): as in `totals`.

    Notes:
        An order that contains a product brings the product's revenue, and the basket brings more:
        the two are different figures, and the first is the product's average order value.

    Examples:
        >>> totals = pl.DataFrame(
        ...     {
        ...         "category": ["beds", "covers"],
        ...         "orders": [2, 4],
        ...         "customers": [2, 3],
        ...         "quantity": [2, 5],
        ...         "revenue": [900, 100],
        ...         "basket_revenue": [960, 400],
        ...         "returned_quantity": [0, 1],
        ...         "returned_revenue": [0, 20],
        ...     }
        ... )
        >>> values = product_values(totals)
        >>> values.select("category", "share_of_revenue", "average_order_value").rows()
        [('beds', 0.9, 450.0), ('covers', 0.1, 25.0)]
        >>> values["basket_value"].to_list()
        [480.0, 100.0]
    """
    return totals.select(
        *groups_of(totals, _SUMS),
        "orders",
        "customers",
        "quantity",
        "revenue",
        share_of_group("revenue", ()).alias("share_of_revenue"),
        ratio("revenue", "orders").alias("average_order_value"),
        ratio("basket_revenue", "orders").alias("basket_value"),
        "returned_quantity",
        "returned_revenue",
    )
