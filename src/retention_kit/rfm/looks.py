"""One look at the customers: what each had bought by an instant, in one pass over the orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.activity import duration
from retention_kit.metrics.base.observed import (
    SOLD,
    SOLD_AT,
    in_zone,
    instant,
    observed,
    with_sales,
    zone_of,
)
from retention_kit.metrics.base.ratios import mean_of_money
from retention_kit.metrics.lifecycle.gaps import Unit, check_unit

Monetary = Literal["net", "mean"]
"""What monetary value is: the net total, or the net total per purchase."""

DIMENSIONS = ("recency_days", "frequency", "monetary")
"""The columns that are scored."""
BEFORE = "_before"
"""What the names of columns end in that are of the earlier of two instants."""
REPEAT = "__repeat"
_IN_AT = "__in_at"
_IN_AMOUNT = "__in_amount"


@dataclass(frozen=True, slots=True)
class Look:
    """How customers are looked at.

    Attributes:
        as_of: Observation instant, exclusive, with a time zone.
        window: Over what time before it frequency and monetary value are taken; None is all time.
        unit: What a purchase is.
        monetary: What monetary value is.
    """

    as_of: dt.datetime
    window: str | None
    unit: Unit
    monetary: Monetary

    def check(self) -> None:
        """Raise where something is none of what it may be.

        Raises:
            DefinitionError: It is.
        """
        check_unit(self.unit)
        if self.monetary not in ("net", "mean"):
            raise bad_parameter("monetary", got=self.monetary, allowed="'net' or 'mean'")
        if self.window is not None:
            duration("window", self.window)


def looked_at(
    orders: Frame, look: Look, *, since: dt.datetime | None = None, more: Iterable[pl.Expr] = ()
) -> Frame:
    """Give what each customer with a sale has bought, of which callers select what they need.

    Args:
        orders: The `orders` table.
        look: How.
        since: An earlier instant to look from, in the same way, as well.
        more: Further aggregations over a customer's observed rows, as `with_sales` gives them.

    Returns:
        One row per customer with a sale: `customer_id`; `recency_days`, `frequency`, `monetary`,
        `first_order_at`, `last_order_at` and `tenure_days`, as `rfm_table` describes them, and
        with `since` the same of then under names that end in `BEFORE`, null of who had not bought
        yet; over all time `orders`, `revenue`, `net_revenue` and `REPEAT`, 1 of who bought at
        least twice and else 0; and `more`.
    """
    look.check()
    zone = zone_of(orders.collect_schema())
    looks: dict[str, Look] = {"": look}
    if since is not None:
        looks[BEFORE] = replace(look, as_of=since)
    sums = [
        *(one for end, each in looks.items() for one in _sums(each, end)),
        pl.col(SOLD_AT).count().cast(pl.Int64).alias("orders"),
        pl.col(SOLD).sum().cast(SUM).alias("revenue"),
        pl.col("amount").sum().cast(SUM).alias("net_revenue"),
        *more,
    ]
    figures = [one for end, each in looks.items() for one in _figures(each, end, zone)]
    return (
        with_sales(observed(orders, as_of=look.as_of))
        .with_columns(one for end, each in looks.items() for one in _bounded(each, end, zone))
        .group_by("customer_id")
        .agg(sums)
        .filter(pl.col("last_order_at").is_not_null())
        .with_columns(*figures, _is_repeat(look.unit).cast(pl.Int64).alias(REPEAT))
    )


def _bounded(look: Look, end: str, zone: str) -> list[pl.Expr]:
    """Give the columns that the sums of a look are of, null in rows that are outside of it."""
    at = pl.col("ordered_at")
    # Of the later look, nothing beyond its instant is observed anyway.
    before = [at < instant(look.as_of, zone)] if end else []
    within = list(before)
    if look.window is not None:
        start = duration("window", look.window).before(in_zone(look.as_of, zone))
        within.append(at >= instant(start, zone))
    return [
        _where(before, SOLD_AT).alias(SOLD_AT + end),
        _where(within, SOLD_AT).alias(_IN_AT + end),
        _where(within, "amount").alias(_IN_AMOUNT + end),
    ]


def _where(conditions: list[pl.Expr], column: str) -> pl.Expr:
    return pl.when(*conditions).then(column) if conditions else pl.col(column)


def _sums(look: Look, end: str) -> list[pl.Expr]:
    inside = pl.col(_IN_AT + end)
    days = inside.dt.date().drop_nulls().n_unique()
    purchases = inside.count() if look.unit == "order" else days
    return [
        pl.col(SOLD_AT + end).min().alias("first_order_at" + end),
        pl.col(SOLD_AT + end).max().alias("last_order_at" + end),
        purchases.cast(pl.Int64).alias("frequency" + end),
        pl.col(_IN_AMOUNT + end).sum().cast(SUM).alias("monetary" + end),
    ]


def _figures(look: Look, end: str, zone: str) -> list[pl.Expr]:
    had_bought = pl.col("last_order_at" + end).is_not_null()
    monetary, frequency = "monetary" + end, "frequency" + end
    value = pl.col(monetary) if look.monetary == "net" else mean_of_money(monetary, frequency)
    return [
        _days_since("last_order_at" + end, look, zone).alias("recency_days" + end),
        _days_since("first_order_at" + end, look, zone).alias("tenure_days" + end),
        pl.when(had_bought).then(frequency).alias(frequency),
        pl.when(had_bought).then(value).alias(monetary),
    ]


def _days_since(column: str, look: Look, zone: str) -> pl.Expr:
    """Count the dates from an instant's to that of observation, in the shop's zone."""
    today = pl.lit(in_zone(look.as_of, zone).date()).cast(pl.Int32)
    return (today - pl.col(column).dt.date().cast(pl.Int32)).cast(pl.Int64)


def _is_repeat(unit: Unit) -> pl.Expr:
    if unit == "order":
        return pl.col("orders") > 1
    return pl.col("first_order_at").dt.date() < pl.col("last_order_at").dt.date()
