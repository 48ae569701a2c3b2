"""The time between a customer's purchases: each gap, and each customer's own rhythm."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.by_customer import following, in_turn, previous
from retention_kit.metrics.base.local_periods import local_day
from retention_kit.metrics.base.observed import is_sale, observed, zone_of
from retention_kit.metrics.base.weighted import DAY, in_days
from retention_kit.metrics.lifecycle.turns import (
    MOMENT,
    PERSON,
    WAIT,
    fits_turns,
    in_turns,
    since_before,
    waits_in_turn,
)

Unit = Literal["order", "day"]
"""What a purchase is: each order, or all orders of one shop-zone day together."""

GAP = "gap"
_ROW = "__row"
_DAY = "__day"
_SINCE = "__since"
_DAY_ROOM = 2**40
"""More than any microseconds between an instant and the start of its day in UTC, twice."""


@customer_local
def purchase_gaps(orders: Frame, *, as_of: dt.datetime, unit: Unit = "order") -> Frame:
    """Give the time between each purchase of a customer and the one before it.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.

    Returns:
        One row per purchase after a customer's first, in no promised order:

        - `customer_id`: as in `orders`.
        - `order_number` (`Int64`): which purchase of the customer it is, >= 2.
        - `purchased_at`, `previous_at`: the instants of it and of the one before; of a day, that of
            its first sale.
        - `gap` (`Duration`): the time between the two, >= 0; between days, a whole number of days.
        - `gap_days` (`Float64`): the same in days of 24 hours.

        Customers with one purchase have no row.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `unit` is neither of the two.

    Notes:
        Of two orders at one instant the later has a gap of zero. Between orders the time is what
        has passed; between days it is the difference of two dates, whatever the clock did.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> gaps = purchase_gaps(orders, as_of=as_of).collect()
        >>> gaps.select("customer_id", "order_number", "gap").rows()
        [(1, 2, datetime.timedelta(days=48, seconds=30600))]
    """
    return (
        numbered_purchases(orders, as_of=as_of, unit=unit)
        .with_columns(previous(pl.col("purchased_at")).alias("previous_at"))
        .filter(pl.col(GAP).is_not_null())
        .select(
            "customer_id",
            "order_number",
            "purchased_at",
            "previous_at",
            GAP,
            in_days(pl.col(GAP).dt.total_microseconds()).alias("gap_days"),
        )
    )


@customer_local
def customer_gaps(orders: Frame, *, as_of: dt.datetime, unit: Unit = "order") -> Frame:
    """Summarise the gaps between each customer's purchases.

    Customer-local. Orders at or after `as_of`, and those not completed, do not count; returns
    neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: What a purchase is: each `order`, or all orders of one shop-zone `day` together.

    Returns:
        One row per customer with a sale, in no promised order:

        - `customer_id`: as in `orders`.
        - `purchases` (`Int64`): how many, >= 1.
        - `median_gap_days` (`Float64`): the median of the gaps between them, in days of 24 hours;
            null with one purchase.
        - `last_gap_days` (`Float64`): the gap before the last one; null with one purchase.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, or `unit` is neither of the two.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> customer_gaps(orders, as_of=as_of).sort("customer_id").collect().rows()
        [(1, 2, 48.354166666666664, 48.354166666666664), (2, 1, None, None)]
    """
    is_last = following(pl.col("customer_id")).is_null()
    last_gap = "last_gap_days"
    return (
        purchases(orders, as_of=as_of, unit=unit)
        .with_columns(pl.when(is_last).then(GAP).alias(last_gap))
        .group_by("customer_id")
        .agg(
            pl.len().cast(pl.Int64).alias("purchases"),
            median_gap().alias("median_gap_days"),
            pl.col(last_gap).max().dt.total_microseconds(),
        )
        .with_columns(in_days(pl.col("median_gap_days")), in_days(pl.col(last_gap)))
    )


def purchases(orders: Frame, *, as_of: dt.datetime, unit: str) -> Frame:
    """Give the purchases in turn: a customer's after one another, by instant.

    Args:
        orders: The `orders` table.
        as_of: Observation instant.
        unit: What a purchase is.

    Returns:
        `customer_id`, `purchased_at` and `gap`, the time since the customer's purchase before or
        null.
    """
    check_unit(unit)
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    schema = orders.collect_schema()
    instants = schema["ordered_at"]
    if not _fits(schema):
        return _sorted_purchases(sales, unit)
    at, moment = pl.col("ordered_at").to_physical(), pl.col(MOMENT)
    if unit == "order":
        return in_turns(sales, at).select(
            "customer_id",
            moment.cast(instants).alias("purchased_at"),
            since_before(moment).cast(pl.Duration("us")).alias(GAP),
        )
    # A day in the upper digits of the moment, and in the lower ones the instant as the time since
    # that day began in UTC: below 0 or above a day as the zone's clock has it, never by two.
    zone = zone_of(schema)
    day = local_day(pl.col("ordered_at"), zone=zone, until=as_of).cast(pl.Int64)
    turned = in_turns(sales, day * _DAY_ROOM + (at - day * DAY + _DAY_ROOM // 2))
    days = moment.floordiv(_DAY_ROOM)
    since = since_before(pl.col(_DAY))
    is_first = (pl.col(_SINCE) != 0) | pl.col(_SINCE).is_null()
    instant = moment - pl.col(_DAY) * (_DAY_ROOM - DAY) - _DAY_ROOM // 2
    return (
        turned.with_columns(days.alias(_DAY))
        .with_columns(since.alias(_SINCE))
        .filter(is_first)
        .select(
            "customer_id",
            instant.cast(instants).alias("purchased_at"),
            (pl.col(_SINCE) * DAY).cast(pl.Duration("us")).alias(GAP),
        )
    )


def waits(orders: Frame, *, as_of: dt.datetime, unit: str) -> Frame:
    """Give the gaps that `purchases` has, for who need not know whose they are and when.

    Args:
        orders: The `orders` table.
        as_of: Observation instant.
        unit: What a purchase is.

    Returns:
        `PERSON`, which tells customers apart, and `gap`, never null.
    """
    check_unit(unit)
    sales = observed(orders, as_of=as_of).filter(is_sale(orders))
    schema = orders.collect_schema()
    if not _fits(schema):
        found = _sorted_purchases(sales, unit).filter(pl.col(GAP).is_not_null())
        return found.select(pl.col("customer_id").alias(PERSON), GAP)
    if unit == "order":
        found, length = waits_in_turn(sales, pl.col("ordered_at").to_physical()), pl.col(WAIT)
    else:
        day = local_day(pl.col("ordered_at"), zone=zone_of(schema), until=as_of).cast(pl.Int64)
        found, length = waits_in_turn(sales, day).filter(pl.col(WAIT) > 0), pl.col(WAIT) * DAY
    return found.select(PERSON, length.cast(pl.Duration("us")).alias(GAP)).set_sorted(PERSON)


def _fits(schema: pl.Schema) -> bool:
    """Say whether customers and instants go into one number."""
    return fits_turns(schema) and getattr(schema["ordered_at"], "time_unit", None) == "us"


def _sorted_purchases(sales: Frame, unit: str) -> Frame:
    """Give the purchases of customers whose ids are text, which no number holds."""
    at = pl.col("ordered_at").alias("purchased_at")
    if unit == "order":
        turned = in_turn(sales.select("customer_id", at), "purchased_at")
        since = pl.col("purchased_at") - previous(pl.col("purchased_at"))
        return turned.with_columns(since.cast(pl.Duration("us")).alias(GAP))
    by_day = sales.group_by("customer_id", pl.col("ordered_at").dt.date().alias(GAP)).agg(at.min())
    since = pl.col(GAP) - previous(pl.col(GAP))
    turned = in_turn(by_day, GAP).with_columns(since.cast(pl.Duration("us")))
    return turned.select("customer_id", "purchased_at", GAP)


def numbered_purchases(orders: Frame, *, as_of: dt.datetime, unit: str) -> Frame:
    """Give the purchases in turn, as `purchases` does, with `order_number`, 1 for the first."""
    row = pl.col(_ROW).cast(pl.Int64)
    first_row = pl.when(pl.col(GAP).is_null()).then(row).forward_fill()
    return (
        purchases(orders, as_of=as_of, unit=unit)
        .with_row_index(_ROW)
        .with_columns((row - first_row + 1).alias("order_number"))
        .drop(_ROW)
    )


def purchases_of(unit: str) -> pl.Expr:
    """Give the number of purchases among sales, as an aggregation."""
    count = pl.len() if unit == "order" else pl.col("ordered_at").dt.date().n_unique()
    return count.cast(pl.Int64)


def check_unit(unit: str) -> None:
    """Raise where a purchase is said to be neither an order nor a day.

    Raises:
        DefinitionError: It is.
    """
    if unit not in ("order", "day"):
        raise bad_parameter("unit", got=unit, allowed="'order' or 'day'")


def median_gap() -> pl.Expr:
    """Give the median of the gaps in microseconds, as an aggregation."""
    return pl.col(GAP).dt.total_microseconds().median()
