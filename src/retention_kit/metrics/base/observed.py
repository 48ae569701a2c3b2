"""Which orders a metric sees: completed ones before the instant of observation."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.errors import ColumnTypeError, MissingColumnError, bad_parameter

NEEDED = ("order_id", "customer_id", "ordered_at", "amount")
SOLD = "__sold"
SOLD_AT = "__sold_at"


def observed(orders: Frame, *, as_of: dt.datetime, needed: tuple[str, ...] = NEEDED) -> Frame:
    """Keep the completed orders before `as_of`; an absent or null status is completed.

    Args:
        orders: The `orders` table.
        as_of: Observation instant, exclusive, with a time zone.
        needed: The columns that the caller will use.

    Returns:
        The rows, with all columns of `orders`.

    Raises:
        MissingColumnError: One of `needed` is absent.
        ColumnTypeError: `ordered_at` is not an instant with a time zone.
        DefinitionError: `as_of` has no time zone.
    """
    schema = orders.collect_schema()
    for name in needed:
        if name not in schema:
            raise MissingColumnError("orders", name, schema.names())
    seen = orders.filter(pl.col("ordered_at") < instant(as_of, zone_of(schema)))
    if "status" not in schema:
        return seen
    status = pl.col("status")
    return seen.filter(status.is_null() | (status == "completed"))


def is_sale(orders: Frame) -> pl.Expr:
    """Give an expression that is true on sales; an absent or null kind is a sale."""
    if "kind" not in orders.collect_schema():
        return pl.lit(value=True)
    return pl.col("kind").is_null() | (pl.col("kind") == "sale")


def with_sales(orders: Frame) -> Frame:
    """Add what a metric needs to tell sales from returns without filtering twice.

    Returns:
        The orders with `SOLD` (the amount of a sale, else null) and `SOLD_AT` (the instant of a
        sale, else null).
    """
    sale = is_sale(orders)
    return orders.with_columns(
        pl.when(sale).then("amount").alias(SOLD),
        pl.when(sale).then("ordered_at").alias(SOLD_AT),
    )


def concat_columns(left: Frame, right: Frame) -> Frame:
    """Put two tables of one row each side by side."""
    return left.join(right, how="cross")


def zone_of(schema: pl.Schema) -> str:
    """Give the shop's zone, in which the door put all instants.

    Raises:
        MissingColumnError: `ordered_at` is absent.
        ColumnTypeError: `ordered_at` is not an instant with a time zone.
    """
    if "ordered_at" not in schema:
        raise MissingColumnError("orders", "ordered_at", schema.names())
    dtype = schema["ordered_at"]
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return dtype.time_zone
    raise ColumnTypeError(
        "orders",
        "ordered_at",
        got=str(dtype),
        allowed="an instant with a time zone",
        step="let the table in through Dataset.from_frames.",
    )


def instant(as_of: dt.datetime, zone: str, name: str = "as_of") -> pl.Expr:
    """Give an instant in the shop's zone.

    Args:
        as_of: The instant, of observation or another.
        zone: The shop's zone.
        name: The parameter to name where it is none.

    Raises:
        DefinitionError: It has no time zone.
    """
    # Polars takes an instant as a literal in its own zone alone.
    return pl.lit(in_zone(as_of, zone, name), dtype=pl.Datetime("us", zone))


def in_zone(as_of: dt.datetime, zone: str, name: str = "as_of") -> dt.datetime:
    """Give an instant as the clock of a zone shows it.

    Args:
        as_of: The instant, of observation or another.
        zone: The zone.
        name: The parameter to name where it is none.

    Raises:
        DefinitionError: It has no time zone, or there is no such zone.
    """
    if not isinstance(as_of, dt.datetime) or as_of.tzinfo is None:
        raise bad_parameter(
            name,
            got=as_of,
            allowed="a datetime with a time zone",
            step="datetime(2011, 12, 10, tzinfo=ZoneInfo('Europe/London')).",
        )
    try:
        return as_of.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        raise bad_parameter(
            "time_zone",
            got=zone,
            allowed="a name of the IANA time zone database",
            step="for example 'Europe/Moscow' or 'UTC'.",
        ) from None
