"""Birthdays and registrations, as activities of the customers whose they are."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from retention_kit.loyalty_rules.definitions.triggers import Birthday, Registration
from retention_kit.loyalty_rules.deriving.days import midnight
from retention_kit.loyalty_rules.deriving.rows import as_rows
from retention_kit.loyalty_rules.deriving.shop import Shop
from retention_kit.metrics.base.observed import is_sale

_LEAP_DAY = 229


def birthdays(shop: Shop) -> Iterator[pl.LazyFrame]:
    """Give each customer's birthdays since the shop has known them, at the day's midnight.

    The shop has known a customer since they registered or first bought, whichever came first; of
    whom it knows neither, it keeps no birthday. 29 February is kept on the 28th in other years.
    """
    if not shop.asks_for(Birthday):
        return
    orders = shop.orders()
    bought = (
        orders.filter(is_sale(orders))
        .group_by("customer_id")
        .agg(pl.col("ordered_at").min().alias("first_order_at"))
    )
    years = pl.int_ranges(
        pl.max_horizontal(
            pl.col("known_at").dt.year().cast(pl.Int64),
            pl.col("birthday").dt.year().cast(pl.Int64) + 1,
        ),
        pl.lit(shop.as_of.year + 1, dtype=pl.Int64),
    )
    found = (
        shop.customers()
        .filter(pl.col("birthday").is_not_null())
        .unique("customer_id", keep="any")
        .join(bought, on="customer_id", how="left")
        .with_columns(pl.min_horizontal("registered_at", "first_order_at").alias("known_at"))
        .filter(pl.col("known_at") < pl.lit(shop.as_of))
        .with_columns(years.alias("year"))
        .explode("year", empty_as_null=True)
        .filter(pl.col("year").is_not_null())
        .with_columns(midnight(_kept_on(pl.col("birthday"), pl.col("year")), shop.zone).alias("at"))
        .filter((pl.col("at") >= pl.col("known_at")) & (pl.col("at") < pl.lit(shop.as_of)))
    )
    key = pl.concat_str(pl.lit("birthday:"), pl.col("year").cast(pl.String))
    yield as_rows(found, shop.schema, kind="activity", at="at", key=key, name=pl.lit("Birthday"))


def registrations(shop: Shop) -> Iterator[pl.LazyFrame]:
    """Give each customer's registration."""
    if not shop.asks_for(Registration):
        return
    found = (
        shop.customers()
        .filter(pl.col("registered_at") < pl.lit(shop.as_of))
        .group_by("customer_id")
        .agg(pl.col("registered_at").min())
    )
    yield as_rows(
        found,
        shop.schema,
        kind="activity",
        at="registered_at",
        key=pl.lit("registered"),
        name=pl.lit("Registered"),
    )


def _kept_on(birthday: pl.Expr, year: pl.Expr) -> pl.Expr:
    """Give the day of a year on which a birthday is kept."""
    number = birthday.dt.month().cast(pl.Int32) * 100 + birthday.dt.day().cast(pl.Int32)
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    day = pl.when((number == _LEAP_DAY) & ~is_leap).then(28).otherwise(birthday.dt.day())
    return pl.date(year, birthday.dt.month(), day)
