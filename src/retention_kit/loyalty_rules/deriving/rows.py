"""The table `loyalty_events`: what happened to a customer's account besides orders."""

from __future__ import annotations

from typing import Literal

import polars as pl

EventKind = Literal[
    "activity",
    "redeem",
    "reserve",
    "capture",
    "release",
    "activate",
    "issue",
    "transfer",
    "adjust",
    "joined",
    "parted",
    "promo_refused",
]
"""What a row of `loyalty_events` says."""


def loyalty_events_schema(orders: pl.Schema) -> pl.Schema:
    """Give the schema of `loyalty_events`, with ids and instants as in a table of orders.

    Args:
        orders: The schema of `orders`.

    Returns:
        Names and types of the columns:

        - `customer_id`: as in `orders`.
        - `occurred_at`, `recorded_at`: when it happened, and when the shop learned of it.
        - `kind` (`String`): one of `EventKind`.
        - `key` (`String`): the event's own key; the same twice is one event.
        - `name` (`String`): the activity, the segment, the reservation, the label or the code.
        - `wallet` (`String`): the wallet; null where the kind has none.
        - `units` (`Int64`): smallest units of the wallet, below 0 where they leave it.
        - `order_id`: as in `orders`; the order that it concerns.
        - `until`: when a reservation or an issued lot ends; null by the programme.
        - `reason` (`String`): why, as whoever wrote it says.

    Examples:
        >>> from retention_kit.contracts.schemas import table_schema
        >>> loyalty_events_schema(table_schema("orders"))["units"]
        Int64
    """
    instant = orders["ordered_at"]
    return pl.Schema(
        {
            "customer_id": orders["customer_id"],
            "occurred_at": instant,
            "recorded_at": instant,
            "kind": pl.String(),
            "key": pl.String(),
            "name": pl.String(),
            "wallet": pl.String(),
            "units": pl.Int64(),
            "order_id": orders["order_id"],
            "until": instant,
            "reason": pl.String(),
        }
    )


def as_rows(
    frame: pl.LazyFrame,
    schema: pl.Schema,
    *,
    kind: EventKind,
    at: str | pl.Expr,
    key: pl.Expr,
    **columns: str | pl.Expr,
) -> pl.LazyFrame:
    """Make rows of `loyalty_events` of a frame that has `customer_id`.

    Args:
        frame: One row per event.
        schema: The schema of `loyalty_events`.
        kind: What they are.
        at: When each happened.
        key: Each one's own key.
        **columns: Further columns; those that are not named are null.
    """
    moment = pl.col(at) if isinstance(at, str) else at
    given: dict[str, str | pl.Expr] = {
        "customer_id": "customer_id",
        "occurred_at": moment,
        "recorded_at": moment,
        "kind": pl.lit(kind),
        "key": key,
        **columns,
    }
    return frame.select(
        _expression(given.get(name)).cast(dtype).alias(name) for name, dtype in schema.items()
    )


def _expression(value: str | pl.Expr | None) -> pl.Expr:
    if value is None:
        return pl.lit(None)
    return pl.col(value) if isinstance(value, str) else value
