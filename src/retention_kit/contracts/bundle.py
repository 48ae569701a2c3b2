"""The tables of one shop, or of a part of its customers: what functions on tables are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from retention_kit.contracts.health import DataHealth
from retention_kit.contracts.tables import TABLES


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Bundle:
    """A frozen bundle of lazy tables that need no further checking.

    `Dataset` is one that came through the door, and a bucket of a dataset is one. A table that was
    not given is there, empty, with its schema; `given` tells.

    Attributes:
        orders: Sales and returns of known customers.
        order_items: The lines of those orders, with `customer_id`, `ordered_at` and `kind` of the
            order.
        customers: What is known of customers.
        consents: What they agreed to.
        events: What they did.
        costs: What was spent on them.
        reviews: What was said.
        guest_orders: Orders of no known customer, which no customer function sees.
        guest_order_items: Their lines.
        time_zone: The shop's time zone.
        currency: The shop's currency.
        given: The tables that were given.
        rejected: By table, the rejected rows as they came, with the `rule` each broke; a column
            of that name that came is `given_rule`.
        health: What was read, accepted and rejected.
    """

    orders: pl.LazyFrame
    order_items: pl.LazyFrame
    customers: pl.LazyFrame
    consents: pl.LazyFrame
    events: pl.LazyFrame
    costs: pl.LazyFrame
    reviews: pl.LazyFrame
    guest_orders: pl.LazyFrame
    guest_order_items: pl.LazyFrame
    time_zone: str
    currency: str
    given: frozenset[str]
    rejected: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    health: DataHealth = field(default_factory=lambda: DataHealth(tables={}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "rejected", MappingProxyType(dict(self.rejected)))

    def __repr__(self) -> str:
        tables = ", ".join(
            f"{name}={self.health.tables[name].accepted:,}" if name in self.health.tables else name
            for name in TABLES
            if name in self.given
        )
        zone, currency = self.time_zone, self.currency
        return f"{type(self).__name__}({tables}, time_zone={zone!r}, currency={currency!r})"

    def tables(self) -> dict[str, pl.LazyFrame]:
        """Give the seven tables by name."""
        return {name: getattr(self, name) for name in TABLES}
