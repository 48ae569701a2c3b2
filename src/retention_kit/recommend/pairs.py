"""Pairs of products: how many customers, or orders, hold both."""

from __future__ import annotations

import datetime as dt
from typing import Any

from retention_kit.contracts.law import Frame, additive
from retention_kit.recommend.bought import Basket, Level, basket_lines
from retention_kit.recommend.deferred import FIRST, SECOND, counted_pairs


@additive(keys=(FIRST, SECOND))
def product_pairs(
    order_items: Frame,
    orders: Frame,
    *,
    as_of: dt.datetime,
    basket: Basket = "customer",
    level: Level = "product_id",
) -> Frame:
    """Count the customers, or the orders, that bought both products of each pair.

    Additive. Lines of orders at or after `as_of`, or of ones not completed, do not count. A
    product is in a basket where more of it was bought there than brought back.

    Args:
        order_items: The `order_items` table with what the door adds of the order, shape
            `(n_lines, >= 5)`.
        orders: The `orders` table, shape `(n_orders, >= 1)`, for baskets of orders with
            `customer_id`: its `status` says which orders are completed, its `original_order_id`
            which sale a return is of.
        as_of: Observation instant, exclusive, with a time zone.
        basket: What counts once: `"customer"`, all that one customer ever bought, or `"order"`,
            what was bought in one order. A return belongs to the order of the same customer that
            it is of, by `original_order_id` or by its own id.
        level: `"product_id"`, or `"category"` for pairs of categories; lines without one do not
            count.

    Returns:
        In no promised order:

        - `product_a`, `product_b` (as the column `level`): the pair, the smaller value first, once.
        - `together` (`Int64`): baskets that hold both, > 0.

        A product's row with itself has all baskets that hold it, and the row whose two products are
        null all baskets that hold anything; so sums of such tables are all that `product_affinity`
        needs. Pairs that no basket holds are absent. No lines give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        ColumnTypeError: The column `level` holds neither whole numbers nor text.
        DefinitionError: `as_of` has no time zone, or `basket` or `level` is none of its values.

    Notes:
        The plan has one step in Python, which streams the plan before it when rows are asked for:
        it runs on one machine, over buckets and on Spark, and not on Polars' remote or GPU engines.
        Its memory is some 15 bytes a line, and 128 MB of counters for up to 8,000 products; with
        more products, some 50 bytes a line, and the pairs are counted range by range of products.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> shop = make_dataset(customers=50, seed=1)
        >>> as_of = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        >>> pairs = product_pairs(shop.order_items, shop.orders, as_of=as_of, level="category")
        >>> pairs.collect_schema().names()
        ['product_a', 'product_b', 'together']
    """
    lines = basket_lines(order_items, orders, as_of=as_of, basket=basket, level=level)
    # What declares the function makes eager tables lazy before, and collects after.
    counted: Any = counted_pairs(lines.lazy())
    pairs: Frame = counted
    return pairs
