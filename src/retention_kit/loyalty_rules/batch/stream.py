"""What happened to customers, as one lazy table of events in the order in which they are taken."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import MissingColumnError
from retention_kit.loyalty_rules.batch.filters import ALL, asked
from retention_kit.loyalty_rules.batch.lines import HAS_LINES, LineSums, line_sums
from retention_kit.loyalty_rules.batch.rule_bits import (
    activity_bits,
    asks_for_promo,
    discount_bits,
    order_bits,
)
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
from retention_kit.metrics.base.observed import in_zone, instant, is_sale, observed, zone_of
from retention_kit.smart_segments.frame.given import Given

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
REFUSED = "promo_refused"
_NEEDED = ("order_id", CUSTOMER, "ordered_at", "amount")
_NEEDED_EVENTS = (CUSTOMER, "occurred_at", "name")
_NEEDED_LOYALTY = (CUSTOMER, "occurred_at", "kind", "key")
_OWN_KEY = ("order_id", "product_id", "value", "campaign", "message_id", "properties")
_SORTED = (CUSTOMER, "at", "kind", "order_id")
PROMO_GONE = "__promo_refused"


@dataclass(frozen=True, slots=True)
class Stream:
    """Events of all customers.

    Attributes:
        rows: By customer and in the order of taking. Columns, of which those that no programme of
            this kind needs are absent:

            - `customer_id`; `at` (`Int64`): microseconds since 1970 in UTC.
            - `kind` (`Int8`): as in `layout`.
            - `order_id`: of an order, a return and a delivery their own; else what they name.
            - `ref`: the order that the event concerns.
            - `key`, `name` (`String`): the event's key; the activity, the reservation, the label or
                the segment.
            - `wallet` (`String`), `until` (`Int64`).
            - `amount` (`Int64`): money in ten-thousandths, or units.
            - `points`, `discount` (`Int64`): money in ten-thousandths; null where not told.
            - `filters`, `offers` (`Int64`): bits of the rules and of the discounts whose filters
                the row meets.
            - columns of `lines.LineSums`.
        zone: The shop's zone.
        id_type: The type of customers' ids.
        order_type: The type of orders' ids.
        repeats: Whether an event may stand in it twice.
        sums: What is known of lines.
    """

    rows: pl.LazyFrame
    zone: str
    id_type: pl.DataType
    order_type: pl.DataType
    repeats: bool
    sums: LineSums


def stream_of(
    orders: pl.LazyFrame,
    order_items: pl.LazyFrame | None,
    events: pl.LazyFrame | None,
    loyalty_events: pl.LazyFrame | None,
    *,
    plan: CompiledProgram,
    as_of: dt.datetime,
    carried: tuple[str, ...] = (),
) -> Stream:
    """Put everything that happened before an instant into one table.

    Args:
        orders: The `orders` table.
        order_items: The lines of the orders.
        events: What customers did.
        loyalty_events: What happened to their accounts, and what was derived.
        plan: The programme.
        as_of: Observation instant, exclusive.
        carried: Columns of `orders` that the rows have besides.

    Returns:
        The events; those of nobody are left out.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        ColumnTypeError: Instants have no time zone.
        DefinitionError: A rule asks for lines and there are none; or for a column that is not
            there.
    """
    schema = orders.collect_schema()
    seen = observed(orders, as_of=as_of, needed=_NEEDED).filter(pl.col(CUSTOMER).is_not_null())
    zone = zone_of(schema)
    tables = {"orders": orders, "order_items": order_items, "events": events}
    given = asked(tables, as_of=in_zone(as_of, zone), zone=zone)
    sums = line_sums(order_items, plan, given)
    refused = _refused(loyalty_events, as_of, zone, schema) if asks_for_promo(plan) else None
    if sums.frame is not None:
        seen = seen.join(sums.frame, on="order_id", how="left")
    if refused is not None:
        keys = [CUSTOMER, "order_id"]
        seen = seen.join(refused, on=keys, how="left", maintain_order="none")
    parts = [_orders(seen, schema, plan, given, sums, carried, refused is not None)]
    if plan.needs_deliveries and "delivered_at" in schema:
        parts.append(_deliveries(seen, as_of, zone))
    if events is not None and plan.activities:
        parts.append(_activities(events, plan, given, as_of, zone))
    if loyalty_events is not None:
        parts.append(_accounts(loyalty_events, plan, as_of, zone, schema))
    several = len(parts) > 1
    return Stream(
        rows=_sorted(pl.concat(parts, how="diagonal")) if several else _sorted(parts[0]),
        zone=zone,
        id_type=schema[CUSTOMER],
        order_type=schema["order_id"],
        repeats=several,
        sums=sums,
    )


def _sorted(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Put events into the order in which they are taken."""
    names = rows.collect_schema().names()
    sorts: list[str | pl.Expr] = [CUSTOMER, "at", "kind", "order_id"]
    if "key" in names:
        # Who joined and left segments is numbered last, and taken first.
        sorts[2] = pl.col("kind") - 20 * (pl.col("kind") >= layout.JOINED).cast(pl.Int8)
        # What is told of one event twice may differ; what is taken must not depend on chance.
        sorts += ["key", *(name for name in names if name not in (*_SORTED, "key"))]
    return rows.sort(sorts)


def _orders(
    seen: pl.LazyFrame,
    schema: pl.Schema,
    plan: CompiledProgram,
    given: Given,
    sums: LineSums,
    carried: tuple[str, ...],
    promo_may_be_gone: bool,
) -> pl.LazyFrame:
    """Give the sales and the returns, returns with their signs turned."""
    sold = is_sale(seen)
    has_returns = "kind" in schema
    original = pl.col("order_id")
    if "original_order_id" in schema:
        original = pl.coalesce("original_order_id", original)
    columns = [
        pl.col(CUSTOMER),
        _microseconds("ordered_at").alias("at"),
        pl.when(sold).then(layout.ORDER).otherwise(layout.RETURN).cast(pl.Int8).alias("kind"),
        pl.col("order_id"),
        _parts("amount", schema).abs().alias("amount"),
    ]
    if has_returns:
        columns.append(pl.when(~sold).then(original).alias("ref"))
    if "points_paid" in schema:
        columns.append(_parts("points_paid", schema).abs().alias("points"))
    if "discount" in schema and any(base.before_discount for base in plan.bases):
        columns.append(_parts("discount", schema).abs().alias("discount"))
    columns += [pl.col(name) for name in carried]
    for name in sums.columns:
        value = pl.col(name)
        turned = pl.when(sold).then(value).otherwise(-value).alias(name)
        columns.append(value if name == HAS_LINES else turned)
    gone = pl.col(PROMO_GONE).is_not_null() if promo_may_be_gone else None
    for name, found in (
        ("filters", order_bits(plan, given, sums, gone)),
        ("offers", discount_bits(plan, given, sums, gone)),
    ):
        if found is not None:
            columns.append(found.alias(name))
    return seen.select(columns)


def _deliveries(seen: pl.LazyFrame, as_of: dt.datetime, zone: str) -> pl.LazyFrame:
    """Give the instants at which sales reached their customers."""
    at = pl.max_horizontal("delivered_at", "ordered_at")
    reached = seen.filter(is_sale(seen) & (pl.col("delivered_at") < instant(as_of, zone)))
    return reached.select(
        CUSTOMER,
        at.dt.epoch("us").alias("at"),
        pl.lit(layout.ACTIVATE, dtype=pl.Int8).alias("kind"),
        "order_id",
        pl.col("order_id").alias("ref"),
        pl.col("order_id").cast(pl.String).alias("key"),
    )


def _activities(
    events: pl.LazyFrame, plan: CompiledProgram, given: Given, as_of: dt.datetime, zone: str
) -> pl.LazyFrame:
    """Give the rows of `events` that the programme looks at."""
    schema = events.collect_schema()
    _check("events", schema, _NEEDED_EVENTS)
    seen = events.filter(
        (pl.col("occurred_at") < instant(as_of, zone))
        & pl.col(CUSTOMER).is_not_null()
        & pl.col("name").is_in(sorted(plan.activities))
    )
    at = _microseconds("occurred_at")
    own = [pl.col(name).cast(pl.String).fill_null("") for name in _OWN_KEY if name in schema]
    value = _parts("value", schema) if "value" in schema else pl.lit(0, dtype=pl.Int64)
    columns = [
        pl.col(CUSTOMER),
        at.alias("at"),
        pl.lit(layout.ACTIVITY, dtype=pl.Int8).alias("kind"),
        pl.concat_str([pl.col("name"), at.cast(pl.String), *own], separator="|").alias("key"),
        pl.col("name"),
        value.fill_null(0).clip(lower_bound=0).alias("amount"),
    ]
    found = activity_bits(plan, given)
    if found is not None:
        columns.append(found.alias("filters"))
    return seen.select(columns)


def _accounts(
    loyalty_events: pl.LazyFrame,
    plan: CompiledProgram,
    as_of: dt.datetime,
    zone: str,
    orders: pl.Schema,
) -> pl.LazyFrame:
    """Give the rows of `loyalty_events`."""
    schema = loyalty_events.collect_schema()
    _check("loyalty_events", schema, _NEEDED_LOYALTY)
    seen = loyalty_events.filter(
        (pl.col("occurred_at") < instant(as_of, zone))
        & pl.col(CUSTOMER).is_not_null()
        & pl.col("kind").cast(pl.String).is_in(list(KINDS))
    )
    kind = pl.col("kind").cast(pl.String)
    number = kind.replace_strict(KINDS, return_dtype=pl.Int8)
    is_activity = kind == "activity"
    name = _of("name", schema, pl.String())
    # What no rule looks at does not happen.
    segments = [one.segment.name for one in plan.segments]
    seen = seen.filter(
        (~is_activity | name.is_in(sorted(plan.activities)))
        & (~kind.is_in(["joined", "parted"]) | name.is_in(segments))
    )
    units = _of("units", schema, pl.Int64())
    worth = _parts("value", schema) if "value" in schema else units * layout.MONEY
    order_id = _of("order_id", schema, orders["order_id"])
    is_delivery = kind == "activate"
    key = pl.col("key").cast(pl.String)
    own_name = pl.when(kind.is_in(["reserve", "capture", "release"])).then(key)
    return seen.select(
        pl.col(CUSTOMER).cast(orders[CUSTOMER]),
        _microseconds("occurred_at").alias("at"),
        number.alias("kind"),
        pl.when(is_delivery).then(order_id).alias("order_id"),
        order_id.alias("ref"),
        pl.when(is_delivery).then(order_id.cast(pl.String)).otherwise(key).alias("key"),
        pl.coalesce(name, own_name).alias("name"),
        _of("wallet", schema, pl.String()).alias("wallet"),
        pl.when(is_activity).then(worth).otherwise(units).fill_null(0).alias("amount"),
        _microseconds("until").alias("until")
        if "until" in schema
        else pl.lit(None, dtype=pl.Int64).alias("until"),
        *_of_activities(plan, is_activity),
    )


def _of_activities(plan: CompiledProgram, is_activity: pl.Expr) -> list[pl.Expr]:
    """Give the bits of what `loyalty_events` says: it has none of the columns of `events`."""
    asking = [one.bit for one in plan.rule_filters if one.on == "activity" and one.where]
    if not asking:
        return []
    none = functools.reduce(operator.and_, (~(1 << bit) for bit in asking))
    found = pl.when(is_activity).then(none).otherwise(ALL).cast(pl.Int64)
    return [found.alias("filters")]


def _refused(
    loyalty_events: pl.LazyFrame | None, as_of: dt.datetime, zone: str, orders: pl.Schema
) -> pl.LazyFrame | None:
    """Give the orders whose promo code had been used up."""
    if loyalty_events is None:
        return None
    _check("loyalty_events", loyalty_events.collect_schema(), (*_NEEDED_LOYALTY, "order_id"))
    told = loyalty_events.filter(
        (pl.col("kind").cast(pl.String) == REFUSED)
        & (pl.col("occurred_at") < instant(as_of, zone))
        & pl.col("order_id").is_not_null()
    )
    return told.select(
        pl.col(CUSTOMER).cast(orders[CUSTOMER]),
        pl.col("order_id").cast(orders["order_id"]),
        pl.lit(value=True).alias(PROMO_GONE),
    ).unique()


def _check(table: str, schema: pl.Schema, needed: tuple[str, ...]) -> None:
    for name in needed:
        if name not in schema:
            raise MissingColumnError(table, name, schema.names())


def _microseconds(column: str) -> pl.Expr:
    return pl.col(column).dt.epoch("us")


def _parts(column: str, schema: pl.Schema) -> pl.Expr:
    """Give money in ten-thousandths."""
    money = pl.col(column)
    if schema[column] != MONEY:
        money = money.cast(MONEY)
    return money.to_physical().cast(pl.Int64)


def _of(column: str, schema: pl.Schema, dtype: pl.DataType) -> pl.Expr:
    """Give a column that may be absent."""
    return (pl.col(column) if column in schema else pl.lit(None)).cast(dtype)
