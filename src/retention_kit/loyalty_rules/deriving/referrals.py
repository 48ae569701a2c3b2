"""Referrals, as an activity of whoever recommended the shop and one of the friend."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from retention_kit.loyalty_rules.definitions.triggers import ReferralMade, ReferralReceived
from retention_kit.loyalty_rules.deriving.days import end_of
from retention_kit.loyalty_rules.deriving.rows import as_rows
from retention_kit.loyalty_rules.deriving.shop import Shop, Version
from retention_kit.metrics.base.first_sales import IS_FIRST, with_first_sales
from retention_kit.metrics.base.observed import is_sale, with_sales

_TELLING_DIGITS = 10
"""Of a telephone number, those that do not depend on how the country is dialled."""


def referrals(shop: Shop) -> Iterator[pl.LazyFrame]:
    """Give each referral that pays, at the instant at which it does, for both sides.

    The friend's first sale names who recommended the shop. It pays when the window for returning
    that sale has passed and it has not been wholly returned. Who refers themself is refused: the
    same customer, e-mail or telephone number; and so is who was no customer yet when the friend
    bought. The programme in force at that sale says the window and how many referrals of one
    customer count, of which the first to pay are taken; the friend's side is not limited.
    """
    if not shop.asks_for(ReferralMade, ReferralReceived):
        return
    if "referrer_id" not in shop.dataset.orders.collect_schema():
        return
    friends = _friends(shop)
    paying = [_outlived(friends, version, shop) for version in shop.versions]
    # Who pays first does not depend on the version, so the limit is counted over all of them.
    found = pl.concat(paying).sort("pays_at", "friend_id")
    place = pl.int_range(pl.len(), dtype=pl.Int64).over("referrer_id")
    made = found.filter(pl.col("most").is_null() | (place < pl.col("most")))
    yield as_rows(
        made.with_columns(pl.col("referrer_id").alias("customer_id")),
        shop.schema,
        kind="activity",
        at="pays_at",
        key=pl.concat_str(pl.lit("referral:"), pl.col("friend_id").cast(pl.String)),
        name=pl.lit("Referral Made"),
    )
    yield as_rows(
        found.with_columns(pl.col("friend_id").alias("customer_id")),
        shop.schema,
        kind="activity",
        at="pays_at",
        key=pl.concat_str(pl.lit("referred by:"), pl.col("referrer_id").cast(pl.String)),
        name=pl.lit("Referral Received"),
        order_id="order_id",
    )


def _friends(shop: Shop) -> pl.LazyFrame:
    """Give the first sales that name a customer who is not the friend and was there before."""
    orders = shop.orders()
    first = with_first_sales(with_sales(orders)).filter(
        pl.col(IS_FIRST) & pl.col("referrer_id").is_not_null()
    )
    people = _people(shop)
    friend = people.select(
        pl.col("customer_id"),
        pl.col("email").alias("own_email"),
        pl.col("phone").alias("own_phone"),
    )
    referrer = people.rename({"customer_id": "referrer_id"})
    is_same = pl.any_horizontal(
        pl.col("referrer_id") == pl.col("customer_id"),
        (pl.col("email") == pl.col("own_email")).fill_null(value=False),
        (pl.col("phone") == pl.col("own_phone")).fill_null(value=False),
    )
    was_there = pl.col("known_at").is_null() | (pl.col("known_at") <= pl.col("ordered_at"))
    return (
        first.select("customer_id", "order_id", "ordered_at", "amount", "referrer_id")
        .join(friend, on="customer_id", how="left")
        .join(referrer, on="referrer_id", how="inner")
        .filter(was_there & ~is_same)
        .rename({"customer_id": "friend_id"})
        .select("friend_id", "referrer_id", "order_id", "ordered_at", "amount")
    )


def _people(shop: Shop) -> pl.LazyFrame:
    """Give everyone who is in the tables, since when, and by what they are recognised."""
    orders = shop.orders()
    buyers = orders.filter(is_sale(orders)).select(
        "customer_id", pl.col("ordered_at").alias("known_at")
    )
    digits = pl.col("phone").str.replace_all(r"\D", "")
    known = shop.customers().select(
        "customer_id",
        pl.col("registered_at").alias("known_at"),
        _unless_empty(pl.col("email").str.strip_chars().str.to_lowercase()).alias("email"),
        _unless_empty(digits.str.tail(_TELLING_DIGITS)).alias("phone"),
    )
    return (
        pl.concat([buyers, known], how="diagonal")
        .group_by("customer_id")
        .agg(pl.col("known_at").min(), pl.col("email").max(), pl.col("phone").max())
    )


def _unless_empty(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _outlived(friends: pl.LazyFrame, version: Version, shop: Shop) -> pl.LazyFrame:
    """Give the first sales, made under a version, that outlived its window before `as_of`."""
    referral = version.program.referral
    orders = shop.orders()
    schema = orders.collect_schema()
    of = (
        pl.coalesce("original_order_id", "order_id")
        if "original_order_id" in schema
        else pl.col("order_id")
    )
    returned = orders.filter(~is_sale(orders)).select(
        pl.col("customer_id").alias("friend_id"),
        of.alias("order_id"),
        pl.col("ordered_at").alias("returned_at"),
        (-pl.col("amount")).alias("returned"),
    )
    due = (
        friends.filter(version.holds(pl.col("ordered_at")))
        .with_columns(
            end_of(pl.col("ordered_at"), referral.return_window, shop.zone).alias("pays_at")
        )
        .filter(pl.col("pays_at") < pl.lit(shop.as_of))
    )
    back = (
        due.join(returned, on=["friend_id", "order_id"], how="inner")
        .filter(pl.col("returned_at") < pl.col("pays_at"))
        .group_by("friend_id", "order_id")
        .agg(pl.col("returned").sum(), pl.col("amount").first())
        .filter((pl.col("returned") > 0) & (pl.col("returned") >= pl.col("amount")))
    )
    return due.join(back, on=["friend_id", "order_id"], how="anti").select(
        "friend_id",
        "referrer_id",
        "order_id",
        "pays_at",
        pl.lit(referral.largest_number, dtype=pl.Int64).alias("most"),
    )
