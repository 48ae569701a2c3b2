"""What each customer brought, and what won them and when; summed by channel and cohort."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import MissingColumnError
from retention_kit.metrics.base.dimensions import first_sale_value
from retention_kit.metrics.base.local_periods import period_number
from retention_kit.metrics.base.observed import (
    SOLD,
    SOLD_AT,
    in_zone,
    observed,
    with_sales,
    zone_of,
)
from retention_kit.metrics.base.periods import Every, number_type
from retention_kit.metrics.base.worth import FIRST, IN, not_before_first, order_sums

CHANNEL = "__channel"
COUNTS = ("orders", "orders_with_margin")
MONEY = ("revenue", "net_revenue", "margin")
SUMS = ("customers", *COUNTS, *MONEY, "repeat_orders", "repeat_revenue", "repeat_margin")
_FIRST_REVENUE, _FIRST_MARGIN = "__first_revenue", "__first_margin"
_SOLD_MARGIN = "__sold_margin"
_KNOWN = "__known"
_CHANNEL = pl.Categorical()
"""Channels on the way: there are few, and a group-by of small numbers costs less than of text."""
_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("customers", *COUNTS, "repeat_orders"), pl.Int64()),
    **dict.fromkeys((*MONEY, "repeat_revenue", "repeat_margin", _SOLD_MARGIN), SUM),
}


def brought(orders: Frame, customers: Frame | None, *, as_of: dt.datetime, every: Every) -> Frame:
    """Sum each customer's orders, and say when and by what channel they were won.

    Args:
        orders: The `orders` table.
        customers: The `customers` table, whose `acquisition_channel` counts before the channel of
            the first sale.
        as_of: Observation instant, exclusive, with a time zone.
        every: The period.

    Returns:
        One row per customer with a sale, for `so_far` and `followed`: `customer_id`; `CHANNEL`
        (`Categorical`); `FIRST`, the number of the period of the first sale; and sums, those of
        margins where `orders` has margins.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone.
    """
    schema = orders.collect_schema()
    zone = zone_of(schema)
    number = number_type(every, in_zone(as_of, "UTC"))
    won_in = period_number(pl.col(FIRST), every, zone=zone, until=as_of)
    of_first = {_FIRST_REVENUE: SOLD, _FIRST_MARGIN: "margin", CHANNEL: "channel"}
    firsts = [
        first_sale_value(name, orders, sold_at=SOLD_AT).alias(kept)
        for kept, name in of_first.items()
        if name == SOLD or name in schema
    ]
    # What is absent is not carried through the join as nulls, which costs as much as values do.
    sums = _sums(orders)
    if "margin" not in schema:
        sums = {name: value for name, value in sums.items() if "margin" not in name}
    has_channel = "channel" in schema
    seen = with_sales(observed(orders, as_of=as_of))
    if customers is not None:
        seen = _beside_known_channels(seen, customers)
        sums[_KNOWN] = pl.col(_KNOWN).min()
    each = (
        seen.group_by("customer_id")
        .agg(
            *sums.values(),
            pl.col(SOLD_AT).min().alias(FIRST),
            *firsts,
        )
        .filter(pl.col(FIRST).is_not_null())
        .with_columns(won_in.cast(number).alias(FIRST))
    )
    channel = pl.col(CHANNEL).cast(pl.String) if has_channel else pl.lit(None)
    if customers is None:
        return each.with_columns(channel.cast(_CHANNEL).alias(CHANNEL))
    won_by = pl.coalesce(_KNOWN, channel.cast(_CHANNEL)).alias(CHANNEL)
    return each.with_columns(won_by).drop(_KNOWN)


def so_far(each: Frame) -> Frame:
    """Sum what `brought` gives by channel and cohort.

    Returns:
        `CHANNEL`, `FIRST` and `SUMS`.
    """
    has_margin = "margin" in each.collect_schema()
    sums = {name: pl.col(name).sum() for name in ("orders", "revenue", "net_revenue")}
    customers, none = pl.len().cast(pl.Int64), pl.lit(0)
    sums |= {
        "customers": customers,
        "orders_with_margin": pl.col("orders_with_margin").sum() if has_margin else none,
        "margin": pl.col("margin").sum() if has_margin else none,
        "repeat_orders": pl.col("orders").sum() - customers,
        "repeat_revenue": pl.col("revenue").sum() - pl.col(_FIRST_REVENUE).sum(),
        "repeat_margin": (
            pl.col(_SOLD_MARGIN).sum() - pl.col(_FIRST_MARGIN).sum() if has_margin else none
        ),
    }
    return each.group_by(CHANNEL, FIRST).agg(
        sums[name].cast(_TYPES[name]).alias(name) for name in SUMS
    )


def followed(orders: Frame, each: Frame, *, as_of: dt.datetime, every: Every) -> Frame:
    """Sum orders by channel, cohort and the period that they fall in.

    Args:
        orders: The `orders` table.
        each: What `brought` gives of it.
        as_of: The same instant.
        every: The same period.

    Returns:
        `CHANNEL`, `FIRST`, `IN` and `SUMS`.
    """
    if isinstance(each, pl.LazyFrame):
        each = each.cache()
    cells = pl.concat([_by_age(orders, each, as_of=as_of, every=every), _less_firsts(each)])
    return cells.group_by(CHANNEL, FIRST, IN).agg(pl.col(SUMS).sum())


def _beside_known_channels(seen: Frame, customers: Frame) -> Frame:
    """Put customers under their orders, so that one group-by takes both and nothing is joined."""
    schema = customers.collect_schema()
    for name in ("customer_id", "acquisition_channel"):
        if name not in schema:
            raise MissingColumnError("customers", name, schema.names())
    known = customers.filter(pl.col("customer_id").is_not_null()).select(
        "customer_id", pl.col("acquisition_channel").cast(pl.String).cast(_CHANNEL).alias(_KNOWN)
    )
    return pl.concat([seen, known], how="diagonal")


def _by_age(orders: Frame, each: Frame, *, as_of: dt.datetime, every: Every) -> Frame:
    """Sum orders by channel, cohort and the period they fall in, first sales among the repeats."""
    number = number_type(every, in_zone(as_of, "UTC"))
    zone = zone_of(orders.collect_schema())
    period = period_number(pl.col("ordered_at"), every, zone=zone, until=as_of)
    buyer = pl.when(pl.col(SOLD).is_not_null()).then("customer_id")
    return (
        with_sales(observed(orders, as_of=as_of))
        .join(each.select("customer_id", CHANNEL, FIRST), on="customer_id")
        .with_columns(period.cast(number).alias(IN))
        .with_columns(not_before_first())
        .group_by(CHANNEL, FIRST, IN)
        .agg(
            buyer.drop_nulls().n_unique().cast(pl.Int64).alias("customers"),
            *_sums(orders).values(),
        )
        .select(
            CHANNEL,
            FIRST,
            IN,
            *SUMS[:-3],
            pl.col("orders").alias("repeat_orders"),
            pl.col("revenue").alias("repeat_revenue"),
            pl.col(_SOLD_MARGIN).alias("repeat_margin"),
        )
    )


def _less_firsts(each: Frame) -> Frame:
    """Give what first sales, which fall in their cohort's period, take off the repeats."""
    has_margin = "margin" in each.collect_schema()
    sums = {name: pl.lit(0) for name in SUMS} | {
        "repeat_orders": -pl.len().cast(pl.Int64),
        "repeat_revenue": -pl.col(_FIRST_REVENUE).sum(),
    }
    if has_margin:
        sums["repeat_margin"] = -pl.col(_FIRST_MARGIN).sum()
    return each.group_by(CHANNEL, FIRST, pl.col(FIRST).alias(IN)).agg(
        sums[name].cast(_TYPES[name]).alias(name) for name in SUMS
    )


def _sums(orders: Frame) -> dict[str, pl.Expr]:
    """Give the sums over what `with_sales` makes of orders, as aggregations by name."""
    sold_margin = pl.when(pl.col(SOLD).is_not_null()).then("margin").sum().cast(SUM)
    sums = order_sums("margin") | {_SOLD_MARGIN: sold_margin.alias(_SOLD_MARGIN)}
    if "margin" in orders.collect_schema():
        return sums
    none = {name: pl.lit(0).cast(_TYPES[name]).alias(name) for name in sums if "margin" in name}
    return sums | none
