"""What happened to accounts besides orders, as events: rows of the table `loyalty_events`."""

from __future__ import annotations

import datetime as dt
import functools
import operator

import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import MissingColumnError
from retention_kit.loyalty_rules.batch.faults import LARGEST, fault_of, same_ids
from retention_kit.loyalty_rules.batch.filters import ALL
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
from retention_kit.metrics.base.observed import instant

CUSTOMER = "customer_id"
KINDS = {
    "activity": layout.ACTIVITY,
    "redeem": layout.REDEEM,
    "reserve": layout.RESERVE,
    "capture": layout.CAPTURE,
    "release": layout.RELEASE,
    "activate": layout.ACTIVATE,
    "issue": layout.ISSUE,
    "transfer": layout.TRANSFER,
    "adjust": layout.ADJUST,
    "joined": layout.JOINED,
    "parted": layout.PARTED,
}
"""The kinds of rows in `loyalty_events` that are events."""
NO_KIND = -1
"""Of rows whose kind is none of these."""
PROMO_GONE = "__promo_refused"
_REFUSED = "promo_refused"
_ABOUT_ORDERS = ("activate", "redeem")
_NEEDED = (CUSTOMER, "occurred_at", "kind", "key")
_OWN_KEY = ("order_id", "product_id", "value", "campaign", "message_id", "properties")


def account_rows(
    loyalty_events: pl.LazyFrame,
    plan: CompiledProgram,
    as_of: dt.datetime,
    zone: str,
    orders: pl.Schema,
) -> pl.LazyFrame:
    """Give the rows of `loyalty_events`.

    Raises:
        MissingColumnError: A column without which it says nothing is absent.
        ColumnTypeError: Ids are of another type than those of the orders.
    """
    schema = loyalty_events.collect_schema()
    check_columns("loyalty_events", schema, _NEEDED)
    kind = pl.col("kind").cast(pl.String).fill_null("")
    customer = same_ids("loyalty_events", CUSTOMER, schema, orders[CUSTOMER])
    seen = loyalty_events.filter(
        (pl.col("occurred_at") < instant(as_of, zone))
        & pl.col(CUSTOMER).is_not_null()
        & (kind != _REFUSED)
    )
    number = kind.replace_strict(KINDS, default=NO_KIND, return_dtype=pl.Int8)
    is_activity = kind == "activity"
    name = _of("name", schema, pl.String())
    # What no rule looks at does not happen.
    segments = [one.segment.name for one in plan.segments]
    seen = seen.filter(
        (~is_activity | name.is_in(sorted(plan.activities)).fill_null(value=False))
        & (~kind.is_in(["joined", "parted"]) | name.is_in(segments).fill_null(value=False))
    )
    units = _of("units", schema, pl.Int64())
    worth = in_parts("value", schema) if "value" in schema else units * layout.MONEY
    order_id = same_ids("loyalty_events", "order_id", schema, orders["order_id"])
    is_delivery = kind == "activate"
    key = pl.col("key").cast(pl.String)
    wallet = _of("wallet", schema, pl.String())
    if len(plan.wallet_names) == 1:
        wallet = wallet.fill_null(plan.wallet_names[0])
    until = in_microseconds("until") if "until" in schema else pl.lit(None, dtype=pl.Int64)
    own_name = pl.when(kind.is_in(["reserve", "capture", "release"])).then(key)
    return seen.select(
        customer,
        in_microseconds("occurred_at").alias("at"),
        number.alias("kind"),
        pl.when(is_delivery).then(order_id).alias("order_id"),
        pl.when(kind.is_in(_ABOUT_ORDERS)).then(order_id).alias("ref"),
        pl.when(is_delivery).then(order_id.cast(pl.String)).otherwise(key).alias("key"),
        pl.coalesce(name, own_name).alias("name"),
        wallet.alias("wallet"),
        pl.when(is_activity).then(worth).otherwise(units).fill_null(0).alias("amount"),
        until.alias("until"),
        fault_of(
            _broken(kind, key, wallet, order_id, units, until),
            in_microseconds("occurred_at"),
        ),
        *_of_activities(plan, is_activity),
    )


def _broken(
    kind: pl.Expr,
    key: pl.Expr,
    wallet: pl.Expr,
    order_id: pl.Expr,
    units: pl.Expr,
    until: pl.Expr,
) -> list[tuple[str, pl.Expr]]:
    """Say what rows break, as events that are posted one by one are checked."""
    is_delivery = kind == "activate"
    count = units.fill_null(0)
    above = kind.is_in(["redeem", "reserve", "issue"]) & ~count.is_between(1, LARGEST - 1)
    signed = kind.is_in(["transfer", "adjust"]) & (
        (count == 0) | ~count.is_between(1 - LARGEST, LARGEST - 1)
    )
    ended = (kind == "reserve") | ((kind == "issue") & until.is_not_null())
    at = in_microseconds("occurred_at")
    return [
        ("unknown_kind", ~kind.is_in(list(KINDS))),
        ("no_key", ~is_delivery & (key.fill_null("") == "")),
        ("no_wallet", kind.is_in(["issue", "transfer", "adjust"]) & wallet.is_null()),
        ("no_order", is_delivery & order_id.is_null()),
        ("bad_units", above | signed),
        ("bad_until", ended & ~(until > at).fill_null(value=False)),
    ]


def _of_activities(plan: CompiledProgram, is_activity: pl.Expr) -> list[pl.Expr]:
    """Give the bits of what `loyalty_events` says: it has none of the columns of `events`."""
    asking = [one.bit for one in plan.rule_filters if one.on == "activity" and one.where]
    if not asking:
        return []
    none = functools.reduce(operator.and_, (~(1 << bit) for bit in asking))
    found = pl.when(is_activity).then(none).otherwise(ALL).cast(pl.Int64)
    return [found.alias("filters")]


def refused_codes(
    loyalty_events: pl.LazyFrame | None, as_of: dt.datetime, zone: str, orders: pl.Schema
) -> pl.LazyFrame | None:
    """Give the orders whose promo code had been used up."""
    if loyalty_events is None:
        return None
    check_columns("loyalty_events", loyalty_events.collect_schema(), (*_NEEDED, "order_id"))
    told = loyalty_events.filter(
        (pl.col("kind").cast(pl.String) == _REFUSED)
        & (pl.col("occurred_at") < instant(as_of, zone))
        & pl.col("order_id").is_not_null()
    )
    schema = loyalty_events.collect_schema()
    return told.select(
        same_ids("loyalty_events", CUSTOMER, schema, orders[CUSTOMER]),
        same_ids("loyalty_events", "order_id", schema, orders["order_id"]),
        pl.lit(value=True).alias(PROMO_GONE),
    ).unique()


def check_columns(table: str, schema: pl.Schema, needed: tuple[str, ...]) -> None:
    """Raise where a column is absent.

    Raises:
        MissingColumnError: One is.
    """
    for name in needed:
        if name not in schema:
            raise MissingColumnError(table, name, schema.names())


def key_of_event(schema: pl.Schema) -> pl.Expr:
    """Give what tells a row of `events` from the customer's others, which has no key of its own."""
    own = [pl.col(name).cast(pl.String).fill_null("") for name in _OWN_KEY if name in schema]
    at = in_microseconds("occurred_at").cast(pl.String)
    return pl.concat_str([pl.col("name"), at, *own], separator="|")


def in_microseconds(column: str) -> pl.Expr:
    """Give instants in microseconds since 1970 in UTC."""
    return pl.col(column).dt.epoch("us")


def in_parts(column: str, schema: pl.Schema) -> pl.Expr:
    """Give money in ten-thousandths."""
    money = pl.col(column)
    if schema[column] != MONEY:
        money = money.cast(MONEY)
    return money.to_physical().cast(pl.Int64)


def _of(column: str, schema: pl.Schema, dtype: pl.DataType) -> pl.Expr:
    """Give a column that may be absent."""
    return (pl.col(column) if column in schema else pl.lit(None)).cast(dtype)
