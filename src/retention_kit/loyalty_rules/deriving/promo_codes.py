"""Promo codes that only so many orders of all customers together may use."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.limits import MINUTE, HappyHours
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.deriving.rows import as_rows
from retention_kit.loyalty_rules.deriving.shop import Shop, Version
from retention_kit.metrics.base.observed import is_sale


def promo_codes(shop: Shop) -> Iterator[pl.LazyFrame]:
    """Give the sales whose promo code had been used up: the code does nothing for them.

    The first sales with a code use it, by instant and id, on days and in hours in which a rule or
    a discount that names it holds: at other times it does nothing, and is not used up. A use beyond
    what one customer may have is none. Where several rules and discounts name one code, the
    smallest limit holds.
    """
    orders = shop.orders()
    if "promo_code" not in orders.collect_schema():
        return
    for code, (limit, per_customer) in _limits(shop).items():
        uses = (
            orders.filter(is_sale(orders) & (pl.col("promo_code") == code) & _holds(shop, code))
            .select("customer_id", "order_id", "ordered_at")
            .sort("ordered_at", "order_id")
        )
        if per_customer is not None:
            own = pl.int_range(pl.len(), dtype=pl.Int64).over("customer_id")
            uses = uses.filter(own < per_customer)
        number = pl.int_range(pl.len(), dtype=pl.Int64)
        yield as_rows(
            uses.filter(number >= limit),
            shop.schema,
            kind="promo_refused",
            at="ordered_at",
            key=pl.concat_str(pl.lit(f"promo:{code}:"), pl.col("order_id").cast(pl.String)),
            name=pl.lit(code),
            order_id="order_id",
        )


def _limits(shop: Shop) -> dict[str, tuple[int, int | None]]:
    """Give, by code, how many sales may use it, and how many of one customer."""
    found: dict[str, tuple[int, int | None]] = {}
    for _, one in _named(shop):
        promo = one.promo
        if promo is None or promo.limit is None:
            continue
        limit, own = found.get(promo.code, (promo.limit, promo.per_customer))
        owns = [one for one in (own, promo.per_customer) if one is not None]
        found[promo.code] = min(limit, promo.limit), min(owns) if owns else None
    return found


def _holds(shop: Shop, code: str) -> pl.Expr:
    """Say of orders whether anything that names a code holds at their time."""
    at = pl.col("ordered_at")
    day = at.dt.date()
    found = pl.lit(value=False)
    for version, one in _named(shop):
        if one.promo is None or one.promo.code != code:
            continue
        held = version.holds(at)
        if one.valid_from is not None:
            held = held & (day >= one.valid_from)
        if one.valid_until is not None:
            held = held & (day <= one.valid_until)
        if one.hours:
            held = held & pl.any_horizontal(_in_hours(at, hours) for hours in one.hours)
        found = found | held
    return found


def _in_hours(at: pl.Expr, hours: HappyHours) -> pl.Expr:
    minute = at.dt.hour().cast(pl.Int64) * 60 + at.dt.minute().cast(pl.Int64)
    start, end = (moment // MINUTE for moment in hours.microseconds)
    weekday = at.dt.weekday().cast(pl.Int64)
    today = weekday.is_in(list(hours.weekdays))
    if start < end:
        return today & (minute >= start) & (minute < end)
    # Over midnight: the weekday is that of the evening.
    evening = ((weekday + 5) % 7 + 1).is_in(list(hours.weekdays))
    return (today & (minute >= start)) | (evening & (minute < end))


def _named(shop: Shop) -> Iterator[tuple[Version, EarningRule | Discount]]:
    for version in shop.versions:
        rules: tuple[EarningRule | Discount, ...] = version.program.rules
        for one in rules + version.program.discounts:
            if one.promo is not None:
                yield version, one
