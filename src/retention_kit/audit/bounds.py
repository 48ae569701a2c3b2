"""What orders there are: from when to when, how many, and which optional columns hold anything."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.dataset import Dataset
from retention_kit.errors import DataError, bad_parameter

OPTIONAL = ("channel", "manager", "delivered_at", "margin", "promo_code")
"""The optional columns of orders that figures need."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What orders there are.

    Attributes:
        first: The first order's instant, guests' orders included.
        last: The last one's before the instant of observation.
        later: How many lie at or after that.
        orders: How many orders of known customers there are.
        given: The optional columns that hold anything.
    """

    first: dt.datetime
    last: dt.datetime
    later: int
    orders: int
    given: frozenset[str]


def bounds_of(dataset: Dataset, as_of: dt.datetime) -> Bounds:
    """Look over all orders once.

    Raises:
        DataError: No order was accepted.
        DefinitionError: All lie at or after `as_of`.
    """
    at = pl.col("ordered_at")
    spans = (
        at.min().alias("first"),
        at.filter(at < as_of).max().alias("last"),
        (at >= as_of).sum().alias("later"),
        pl.len().alias("orders"),
    )
    held = [pl.col(name).count().alias(name) for name in OPTIONAL]
    known, guests = (
        frame.collect(engine="streaming").row(0, named=True)
        for frame in (
            dataset.orders.select(*spans, *held),
            dataset.guest_orders.select(*spans),
        )
    )
    firsts = [row["first"] for row in (known, guests) if row["first"] is not None]
    lasts = [row["last"] for row in (known, guests) if row["last"] is not None]
    if not firsts:
        raise DataError(_nothing(dataset))
    if not lasts:
        raise bad_parameter(
            "as_of",
            got=as_of.isoformat(),
            allowed=f"an instant after the first order, {min(firsts).isoformat()}",
            step="orders at or after as_of do not count; name the day after the last one.",
        )
    return Bounds(
        first=min(firsts),
        last=max(lasts),
        later=known["later"] + guests["later"],
        orders=known["orders"],
        given=frozenset(name for name in OPTIONAL if known[name]),
    )


def _nothing(dataset: Dataset) -> str:
    read = dataset.health.tables.get("orders")
    rules = read.rejected.items() if read else ()
    told = ", ".join(f"{rule} {rows:,}" for rule, rows in rules)
    return (
        f"There is no order to audit: {read.read if read else 0:,} rows were read, none was "
        f"accepted{f' ({told})' if told else ''}. Next step: look at "
        "dataset.rejected['orders'], or check that the file is the right one."
    )
