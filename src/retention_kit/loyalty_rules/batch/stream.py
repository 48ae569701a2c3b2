"""What happened to customers, as one lazy table of events in the order in which they are taken."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.packed import customer_of, fits_packed, low_of, packed
from retention_kit.loyalty_rules.batch.account_rows import (
    CUSTOMER,
    PROMO_GONE,
    account_rows,
    check_columns,
    in_microseconds,
    in_parts,
    key_of_event,
    refused_codes,
)
from retention_kit.loyalty_rules.batch.faults import LARGEST, fault_of, same_ids
from retention_kit.loyalty_rules.batch.filters import asked
from retention_kit.loyalty_rules.batch.lines import OF_SALE, LineSums, line_sums
from retention_kit.loyalty_rules.batch.plugged import (
    columns_on_orders,
    with_units_of_events,
    with_units_of_orders,
)
from retention_kit.loyalty_rules.batch.rule_bits import (
    activity_bits,
    asks_for_promo,
    discount_bits,
    order_bits,
)
from retention_kit.loyalty_rules.definitions.triggers import DERIVED
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
from retention_kit.metrics.base.observed import in_zone, instant, is_sale, observed, zone_of
from retention_kit.smart_segments.frame.given import Given

_NEEDED = ("order_id", CUSTOMER, "ordered_at", "amount")
_NEEDED_EVENTS = (CUSTOMER, "occurred_at", "name")
_MOST = LARGEST * layout.MONEY
_KEY = "__key"
_SORTED = (CUSTOMER, "at", "kind", "order_id")


@dataclass(frozen=True, slots=True)
class Stream:
    """Events of all customers.

    Attributes:
        rows: By customer and instant, which `in_order` makes the order of taking. Columns, of which
            those that no programme of this kind needs are absent:

            - `customer_id`; `at` (`Int64`): microseconds since 1970 in UTC.
            - `kind` (`Int8`): as in `layout`.
            - `order_id`: of an order, a return and a delivery their own; else what they name.
            - `ref`: the order that the event concerns; null of a return that is of the sale with
                its own id.
            - `key`, `name` (`String`): the event's key; the activity, the reservation, the label or
                the segment.
            - `wallet` (`String`), `until` (`Int64`).
            - `amount` (`Int64`): money in ten-thousandths, or units.
            - `points`, `discount` (`Int64`): money in ten-thousandths; null where not told.
            - `filters`, `offers` (`Int64`): bits of the rules and of the discounts whose filters
                the row meets.
            - columns of `lines.LineSums`.
            - `faults.FAULT`: the rule that the row breaks.
        zone: The shop's zone.
        id_type: The type of customers' ids.
        order_type: The type of orders' ids.
        sums: What is known of lines.
    """

    rows: pl.LazyFrame
    zone: str
    id_type: pl.DataType
    order_type: pl.DataType
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
        ColumnTypeError: Instants have no time zone, or ids are of another type than in `orders`.
        DefinitionError: A rule asks for lines and there are none; or for a column that is not
            there.
        PluginError: A plug-in raised something, or gave no such table.
    """
    schema = orders.collect_schema()
    seen = observed(orders, as_of=as_of, needed=_NEEDED).filter(pl.col(CUSTOMER).is_not_null())
    seen = with_units_of_orders(seen, plan)
    carried = (*carried, *columns_on_orders(plan))
    zone = zone_of(schema)
    tables = {"orders": orders, "order_items": order_items, "events": events}
    given = asked(tables, as_of=in_zone(as_of, zone), zone=zone)
    sums = line_sums(order_items, orders, plan, given)
    refused = refused_codes(loyalty_events, as_of, zone, schema) if asks_for_promo(plan) else None
    if sums.frame is not None:
        seen = seen.with_columns(is_sale(seen).alias(OF_SALE))
        seen = seen.join(sums.frame, on=["order_id", OF_SALE], how="left")
    if refused is not None:
        keys = [CUSTOMER, "order_id"]
        seen = seen.join(refused, on=keys, how="left", maintain_order="none")
    parts = [_orders(seen, schema, plan, given, sums, carried, refused is not None)]
    if plan.needs_deliveries and "delivered_at" in schema:
        parts.append(_deliveries(seen, as_of, zone))
    happened: list[pl.LazyFrame] = []
    if events is not None and plan.activities:
        happened.append(_activities(events, schema, plan, given, as_of, zone))
    if loyalty_events is not None:
        happened.append(account_rows(loyalty_events, plan, as_of, zone, schema))
    parts += with_units_of_events(happened, (events, loyalty_events), plan, as_of, schema)
    several = len(parts) > 1
    return Stream(
        rows=_sorted(pl.concat(parts, how="diagonal")) if several else _sorted(parts[0]),
        zone=zone,
        id_type=schema[CUSTOMER],
        order_type=schema["order_id"],
        sums=sums,
    )


def _sorted(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Put events into the order in which they are taken; see `in_order`."""
    schema = rows.collect_schema()
    if not fits_packed(schema[CUSTOMER]):
        return rows.sort(sorts_of(schema.names()))
    key, others = pl.col(_KEY), [name for name in schema if name not in (CUSTOMER, "at")]
    return (
        rows.select(packed(pl.col("at"), schema[CUSTOMER]).alias(_KEY), *others)
        .sort(_KEY)
        .select(customer_of(key, schema[CUSTOMER]), low_of(key).alias("at"), *others)
    )


def in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Put rows of a stream that are of one customer and one instant into their order."""
    if not fits_packed(rows.schema[CUSTOMER]):
        return rows
    follows = (rows[CUSTOMER] == rows[CUSTOMER].shift()) & (rows["at"] == rows["at"].shift())
    follows = follows.fill_null(value=False)
    if not follows.any():
        return rows
    tied = follows | follows.shift(-1, fill_value=False)
    places = tied.arg_true()
    among = rows.filter(tied).select(pl.arg_sort_by(sorts_of(rows.columns))).to_series()
    order = pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
    return rows[order.scatter(places, places.gather(among))]


def sorts_of(names: list[str]) -> list[str | pl.Expr]:
    """Give by what rows are sorted into the order of taking."""
    sorts: list[str | pl.Expr] = [CUSTOMER, "at", "kind", "order_id"]
    if "key" in names:
        # Who joined and left segments is numbered last, and taken first.
        sorts[2] = pl.col("kind") - 20 * (pl.col("kind") >= layout.JOINED).cast(pl.Int8)
        # What is told of one event twice may differ; what is taken must not depend on chance.
        sorts += ["key", *(name for name in names if name not in (*_SORTED, "key"))]
    return sorts


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
    columns = [
        pl.col(CUSTOMER),
        in_microseconds("ordered_at").alias("at"),
        pl.when(sold).then(layout.ORDER).otherwise(layout.RETURN).cast(pl.Int8).alias("kind"),
        pl.col("order_id"),
        in_parts("amount", schema).abs().alias("amount"),
    ]
    if "kind" in schema and "original_order_id" in schema:
        original = same_ids(
            "orders", "original_order_id", schema, schema["order_id"], of="order_id"
        )
        columns.append(pl.when(~sold).then(original).alias("ref"))
    if "points_paid" in schema:
        columns.append(in_parts("points_paid", schema).abs().alias("points"))
    if "discount" in schema and any(base.before_discount for base in plan.bases):
        columns.append(in_parts("discount", schema).abs().alias("discount"))
    columns += [pl.col(name) for name in (*carried, *sums.columns)]
    amount = in_parts("amount", schema)
    beyond = ~amount.is_between(1 - _MOST, _MOST - 1)
    broken = [("bad_amount", beyond | (sold & (amount < 0)))]
    columns.append(fault_of(broken, in_microseconds("ordered_at")))
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
    events: pl.LazyFrame,
    orders: pl.Schema,
    plan: CompiledProgram,
    given: Given,
    as_of: dt.datetime,
    zone: str,
) -> pl.LazyFrame:
    """Give the rows of `events` that the programme looks at.

    What `derive_events` finds has names of its own, such as `Birthday`: it is paid for as derived,
    and rows of `events` with such a name are not looked at.
    """
    schema = events.collect_schema()
    check_columns("events", schema, _NEEDED_EVENTS)
    seen = events.filter(
        (pl.col("occurred_at") < instant(as_of, zone))
        & pl.col(CUSTOMER).is_not_null()
        & pl.col("name").cast(pl.String).is_in(sorted(set(plan.activities) - DERIVED))
    )
    at = in_microseconds("occurred_at")
    value = in_parts("value", schema) if "value" in schema else pl.lit(0, dtype=pl.Int64)
    columns = [
        same_ids("events", CUSTOMER, schema, orders[CUSTOMER]),
        at.alias("at"),
        pl.lit(layout.ACTIVITY, dtype=pl.Int8).alias("kind"),
        key_of_event(schema).alias("key"),
        pl.col("name").cast(pl.String),
        value.fill_null(0).clip(lower_bound=0).alias("amount"),
        fault_of([("bad_amount", value.fill_null(0) >= _MOST)], at),
    ]
    found = activity_bits(plan, given)
    if found is not None:
        columns.append(found.alias("filters"))
    return seen.select(columns)
