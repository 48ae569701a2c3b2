"""What plug-ins give for the rows of tables, lazily, by the row's key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import PluginError
from retention_kit.loyalty_rules.batch.account_rows import CUSTOMER, key_of_event
from retention_kit.loyalty_rules.batch.columns import Numbers
from retention_kit.loyalty_rules.batch.lines import plugin_column
from retention_kit.loyalty_rules.definitions.plugins import MOST_UNITS, EarningRuleSpec, fence
from retention_kit.loyalty_rules.lowered.parts import Base
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
from retention_kit.metrics.base.observed import instant, is_sale, zone_of

OF_ORDERS = ("order_id",)
OF_EVENTS = (CUSTOMER, "key")
_BELOW, _UNKNOWN, _TWICE, _TOO_MANY = -2, -3, -4, -5
_SAID = {
    _BELOW: "units below 0",
    _UNKNOWN: "no units",
    _TWICE: "units more than once",
    _TOO_MANY: "too many units",
}
_MONEY_OF_ORDERS = ("discount", "points_paid")
_TEXT_OF_ORDERS = ("promo_code", "channel")


def columns_on_orders(plan: CompiledProgram) -> tuple[str, ...]:
    """Name the columns of what plug-ins give for sales."""
    return tuple(plugin_column(place) for place in _asked(plan, "order"))


def with_units_of_orders(seen: pl.LazyFrame, plan: CompiledProgram) -> pl.LazyFrame:
    """Put what plug-ins give on sales.

    Args:
        seen: The completed orders of known customers before the instant of observation.
        plan: The programme.

    Returns:
        The same rows with `columns_on_orders`, null where a plug-in gives nothing.

    Raises:
        PluginError: One raised something, or gave no such table.
    """
    asked = _asked(plan, "order")
    if not asked:
        return seen
    shown = sales_shown(seen, plan.currency)
    for place, base in asked.items():
        units = units_given(*spec_of_base(base, plan), shown, OF_ORDERS)
        named = units.rename({"units": plugin_column(place)})
        seen = seen.join(named, on=list(OF_ORDERS), how="left", maintain_order="none")
    return seen


def with_units_of_events(
    parts: list[pl.LazyFrame],
    tables: tuple[pl.LazyFrame | None, pl.LazyFrame | None],
    plan: CompiledProgram,
    as_of: dt.datetime,
    orders: pl.Schema,
) -> list[pl.LazyFrame]:
    """Put what plug-ins give on what customers did.

    Args:
        parts: Rows of `stream.Stream` with keys.
        tables: The tables `events` and `loyalty_events`, of which they are made.
        plan: The programme.
        as_of: Observation instant, exclusive.
        orders: The columns of `orders`.

    Returns:
        The same rows with a column for each plug-in, null where it gives nothing.

    Raises:
        PluginError: One raised something, or gave no such table.
    """
    asked = _asked(plan, "activity")
    if not asked:
        return parts
    seen = [
        # Where nothing has a name, nothing is an activity.
        None
        if table is None or "name" not in table.collect_schema()
        else _seen(table, plan, as_of, orders)
        for table in tables
    ]
    events, accounts = seen
    shown = [] if events is None else [events_shown(events)]
    shown += [] if accounts is None else [account_rows_shown(accounts)]
    if not shown:
        return parts
    rows = told_once(pl.concat(shown, how="diagonal"))
    for place, base in asked.items():
        looking = plan.rules_of_base(place)
        names = {str(one.activity) for one in plan.rule_filters if looking >> one.bit & 1}
        own = rows.filter(pl.col("name").is_in(sorted(names)))
        units = units_given(*spec_of_base(base, plan), own, OF_EVENTS)
        named = units.rename({"units": plugin_column(place)})
        parts = [
            one.join(named, on=list(OF_EVENTS), how="left", maintain_order="none") for one in parts
        ]
    return parts


def sales_shown(orders: pl.LazyFrame, currency: str) -> pl.LazyFrame:
    """Give sales as plug-ins see them, in both evaluators alike; see `EarningRuleSpec`.

    Args:
        orders: The `orders` table, or some of it.
        currency: The programme's currency.
    """
    schema = orders.collect_schema()
    known = schema.names()
    shown = [
        pl.col("amount").cast(MONEY),
        pl.lit("sale").alias("kind"),
        pl.lit("completed").alias("status"),
        pl.lit(currency).alias("currency"),
        *(_told(name, schema, MONEY).fill_null(0) for name in _MONEY_OF_ORDERS),
        *(_told(name, schema, pl.String()) for name in _TEXT_OF_ORDERS),
    ]
    later = [name for name in ("delivered_at", "original_order_id") if name in known]
    return orders.filter(is_sale(orders)).with_columns(shown).drop(later)


def events_shown(events: pl.LazyFrame) -> pl.LazyFrame:
    """Give rows of `events` as plug-ins see them, in both evaluators alike; see `EarningRuleSpec`.

    Args:
        events: The `events` table, or some of it.
    """
    schema = events.collect_schema()
    return events.with_columns(
        key_of_event(schema).alias("key"),
        pl.col("name").cast(pl.String),
        _recorded(schema),
        _told("value", schema, MONEY).fill_null(0),
    )


def account_rows_shown(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Give the activities of `loyalty_events` so; they have no other columns than these."""
    schema = rows.collect_schema()
    value = "value" if "value" in schema else "units"
    own = rows.filter(pl.col("kind").cast(pl.String) == "activity")
    return own.select(
        CUSTOMER,
        pl.col("key").cast(pl.String),
        pl.col("name").cast(pl.String),
        "occurred_at",
        _recorded(schema),
        _told(value, schema, MONEY).fill_null(0).alias("value"),
    )


def units_given(
    spec: EarningRuleSpec, settings: Any, rows: pl.LazyFrame, keys: tuple[str, ...]
) -> pl.LazyFrame:
    """Ask a plug-in about a table.

    Args:
        spec: What the plug-in says of the award.
        settings: The award's settings, read.
        rows: The table, as it is shown.
        keys: The columns of its key.

    Returns:
        One row per key that the plug-in gives: the key, and `units` (`Int64`), which below 0 says
        what is wrong with them; see `checked_units`.

    Raises:
        PluginError: It raised something, or gave no such table.
    """
    with fence(spec, "frame"):
        made = spec.frame(settings, rows)
    if not isinstance(made, pl.LazyFrame):
        raise _wrong(spec, f"gave a {type(made).__name__}", "a lazy table")
    with fence(spec, "frame"):
        schema, shown = made.collect_schema(), rows.collect_schema()
    for name in keys:
        if schema.get(name) != shown[name]:
            got = "no column" if name not in schema else f"{schema[name]} in the column"
            raise _wrong(spec, f"gave {got} {name!r}", f"{shown[name]}, as it was given")
    kind = schema.get("units")
    if kind is None or not kind.is_integer():
        got = "no column 'units'" if kind is None else f"{kind} in the column 'units'"
        raise _wrong(spec, f"gave {got}", "whole numbers, such as Int64")
    units = pl.col("units").first()
    said = (
        pl.when(pl.len() > 1)
        .then(_TWICE)
        .when(units.is_null())
        .then(_UNKNOWN)
        .when(units < 0)
        .then(_BELOW)
        .when(units >= MOST_UNITS)
        .then(_TOO_MANY)
        .otherwise(units.cast(pl.Int64, strict=False))
    )
    told = pl.all_horizontal(pl.col(name).is_not_null() for name in keys)
    return made.filter(told).group_by(keys).agg(said.cast(pl.Int64).alias("units"))


def checked_units(units: Numbers, asked: npt.NDArray[np.bool_], spec: EarningRuleSpec) -> Numbers:
    """Give units where they are asked for, and 0 elsewhere.

    Args:
        units: As `units_given` has them; 0 where the plug-in gives nothing.
        asked: Where a rule looks at the row.
        spec: What the plug-in says of the award.

    Raises:
        PluginError: They are no whole numbers from 0 on, one for each row.
    """
    found = np.where(asked, units, 0)
    if len(found) and found.min() < 0:
        raise _wrong(
            spec,
            f"gave {_SAID[int(found.min())]} for a row",
            "a whole number, 0 or more, below 10**12, once for each row",
        )
    return found


def _asked(plan: CompiledProgram, on: str) -> dict[int, Base]:
    return {
        place: base
        for place, base in enumerate(plan.bases)
        if base.kind == "plugin" and base.on == on
    }


def _seen(
    table: pl.LazyFrame, plan: CompiledProgram, as_of: dt.datetime, orders: pl.Schema
) -> pl.LazyFrame:
    """Keep the activities of known customers before an instant, in the shop's zone."""
    zone, at = zone_of(orders), pl.col("occurred_at")
    return table.filter(
        (at < instant(as_of, zone))
        & pl.col(CUSTOMER).is_not_null()
        & pl.col("name").cast(pl.String).is_in(sorted(plan.activities))
    ).with_columns(
        pl.col(CUSTOMER).cast(orders[CUSTOMER]),
        at.dt.cast_time_unit("us").dt.convert_time_zone(zone),
    )


def spec_of_base(base: Base, plan: CompiledProgram) -> tuple[EarningRuleSpec, Any]:
    """Give what a plug-in says of a base, and the award's settings."""
    assert base.plugin is not None
    return plan.specs[base.plugin]


def told_once(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Leave out what is told of an event again; which of two, must not depend on chance."""
    sortable = list(_flat(rows.collect_schema()))
    ordered = rows.sort(sortable, nulls_last=True)
    return ordered.unique(list(OF_EVENTS), keep="first", maintain_order=True)


def _flat(schema: pl.Schema) -> Iterator[str]:
    for name, kind in schema.items():
        if not kind.is_nested() and kind != pl.Object:
            yield name


def _told(name: str, schema: pl.Schema, dtype: pl.DataType) -> pl.Expr:
    """Give a column that may be absent."""
    return (pl.col(name) if name in schema else pl.lit(None)).cast(dtype).alias(name)


def _recorded(schema: pl.Schema) -> pl.Expr:
    """Give when the shop learned of an event: at once, where nothing is told."""
    at = pl.col("occurred_at")
    return pl.coalesce(_told("recorded_at", schema, schema["occurred_at"]), at).alias("recorded_at")


def _wrong(spec: EarningRuleSpec, what: str, allowed: str) -> PluginError:
    return PluginError(
        f"The 'frame' of the award {spec.name!r} of {spec.distribution!r} {what}. Allowed: "
        f"{allowed}. Next step: mend the plug-in."
    )
