"""The rows of each customer of whole tables, as the evaluator of one customer takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from retention_kit.smart_segments.person.rows import CustomerRows

_LISTS = {
    "orders": "orders",
    "order_items": "order_items",
    "events": "events",
    "consents": "consents",
    "snapshots": "memberships",
}
"""Tables of which a customer has many rows, and what `CustomerRows` calls them."""
_SINGLE = {"customers": "customer", "scores": "scores"}
"""Tables of which a customer has one row at most, and what `CustomerRows` calls it."""


def customer_rows_of(
    tables: Mapping[str, pl.DataFrame], time_zone: str
) -> dict[int | str, CustomerRows]:
    """Give the rows of each customer who is in any of some tables.

    Args:
        tables: Tables by name as they come through the door, `scores` and `snapshots` among them;
            others are left out, and so are rows without a customer.
        time_zone: The shop's zone.

    Returns:
        By customer, the rows, in the order of the tables. A table that is given and says nothing
        of a customer is an empty list, or None for `customers` and `scores`.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, _ = example_orders()
        >>> rows = customer_rows_of({"orders": orders.collect()}, "Europe/Moscow")
        >>> [order["amount"] for order in rows[2]["orders"]]
        [Decimal('50.0000')]
    """
    found: dict[int | str, dict[str, Any]] = {}
    given = {name: frame for name, frame in tables.items() if name in (*_LISTS, *_SINGLE)}
    for frame in given.values():
        for who in frame["customer_id"].drop_nulls().unique(maintain_order=True).to_list():
            found.setdefault(who, _without_rows(who, time_zone, given))
    for name, frame in given.items():
        for row in frame.filter(pl.col("customer_id").is_not_null()).to_dicts():
            own = found[row["customer_id"]]
            if name in _SINGLE:
                own[_SINGLE[name]] = row
            else:
                own[_LISTS[name]].append(row)
    return found  # type: ignore[return-value]


def _without_rows(
    who: int | str, time_zone: str, given: Mapping[str, pl.DataFrame]
) -> dict[str, Any]:
    rows: dict[str, Any] = {"customer_id": who, "time_zone": time_zone}
    rows.update({_SINGLE[name]: None for name in given if name in _SINGLE})
    rows.update({_LISTS[name]: [] for name in given if name in _LISTS})
    return rows
