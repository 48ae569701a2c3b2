"""What is known of customers, put beside their orders, so that figures can be split by it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.errors import (
    DefinitionError,
    MissingColumnError,
    bad_parameter,
    nearest_names,
)


@customer_local
def orders_with_customers(
    orders: Frame,
    customers: Frame,
    *,
    columns: str | Sequence[str] = ("acquisition_channel",),
) -> Frame:
    """Put columns of `customers` beside the orders of those customers.

    Customer-local. What comes out is the table `orders` with more columns, by which every figure
    of orders can then be split (`by=`).

    Args:
        orders: The `orders` table, shape `(n_orders, >= 1)`.
        customers: The `customers` table. The door lets each customer in once; in a table that did
            not pass it, the smallest of a customer's values counts.
        columns: Which of its columns, one or several.

    Returns:
        All rows and columns of `orders`, and `columns` after them, of the type that they have in
        `customers`; null where the customer is not in it.

    Raises:
        MissingColumnError: A table has no `customer_id`.
        DefinitionError: `customers` has no such column, or `orders` has it already.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> customers = pl.LazyFrame({"customer_id": [1], "city": ["Tver"]})
        >>> with_cities = orders_with_customers(orders, customers, columns=["city"])
        >>> with_cities.select("order_id", "city").sort("order_id").collect().rows()
        [(1, 'Tver'), (2, 'Tver'), (3, None), (4, 'Tver')]
    """
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    _check(names, orders.collect_schema(), customers.collect_schema())
    if not names:
        return orders
    # The door lets each customer in once; of any other table an order must not be doubled either.
    once = customers.group_by("customer_id").agg(pl.col(*names).min())
    return orders.join(once, on="customer_id", how="left")


def _check(names: tuple[str, ...], orders: pl.Schema, customers: pl.Schema) -> None:
    for table, schema in (("orders", orders), ("customers", customers)):
        if "customer_id" not in schema:
            raise MissingColumnError(table, "customer_id", schema.names())
    known = [name for name in customers.names() if name != "customer_id"]
    for name in names:
        if name not in known:
            nearest = nearest_names(str(name), known)
            hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
            raise DefinitionError(
                f"Table 'customers' has no column {name!r} to put beside orders. Allowed: "
                f"{', '.join(known)}.{hint} Next step: name one of these.",
                parameter="columns",
            )
        if name in orders:
            raise bad_parameter(
                "columns",
                got=name,
                allowed="columns that orders has not",
                step=f"split by {name!r} of orders as it is, or rename one of the two.",
            )
    if len(set(names)) < len(names):
        raise bad_parameter("columns", got=names, allowed="each column once")
