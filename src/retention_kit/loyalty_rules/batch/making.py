"""Tables made of a history, eagerly in one pass, or lazily one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.loyalty_rules.batch.histories import TABLES, Asked, Change, tables_of
from retention_kit.loyalty_rules.batch.shaping import Shape
from retention_kit.loyalty_rules.batch.stream import Stream, stream_of
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram, compile_program
from retention_kit.metrics.base.observed import in_zone, zone_of
from retention_kit.smart_segments.definitions.lengths import microseconds

Program = LoyaltyProgram | ProgramHistory


def made_of(
    orders: pl.LazyFrame,
    order_items: pl.LazyFrame | None,
    events: pl.LazyFrame | None,
    loyalty_events: pl.LazyFrame | None,
    *,
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec] = (),
    tables: tuple[str, ...] = TABLES,
    applies: bool = False,
    change: Change | None = None,
    carried: tuple[str, ...] = (),
) -> dict[str, pl.DataFrame]:
    """Make several tables in one pass.

    Args:
        orders: The `orders` table.
        order_items: The lines of the orders.
        events: What customers did.
        loyalty_events: What happened to accounts besides.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        specs: What plug-ins give for their awards.
        tables: Which of `TABLES`.
        applies: Whether prices have no discounts yet, so that the programme's are taken off.
        change: What is done to events before the kernel takes them.
        carried: Columns of `orders` that `change` looks at.
    """
    plan, stream = _prepared(
        (orders, order_items, events, loyalty_events), program, as_of, specs, carried
    )
    rows = stream.rows.collect(engine="streaming")
    until = microseconds(in_zone(as_of, stream.zone))
    return tables_of(rows, stream, plan, Asked(tables, until, applies, change))


def _prepared(
    given: tuple[pl.LazyFrame | None, ...],
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec],
    carried: tuple[str, ...] = (),
) -> tuple[CompiledProgram, Stream]:
    orders, order_items, events, loyalty_events = given
    assert orders is not None
    zone = zone_of(orders.collect_schema())
    plan = compile_program(program, time_zone=zone, specs=specs)
    stream = stream_of(
        orders, order_items, events, loyalty_events, plan=plan, as_of=as_of, carried=carried
    )
    return plan, stream


def lazy_table(
    name: str,
    given: tuple[Frame | None, ...],
    program: Program,
    as_of: dt.datetime,
    specs: Iterable[EarningRuleSpec],
) -> Frame:
    """Make one table lazily.

    Args:
        name: Which of `TABLES`.
        given: `orders`, `order_items`, `events` and `loyalty_events`; all but the first may be
            None.
        program: The programme, or its history.
        as_of: Observation instant, exclusive, with a time zone.
        specs: What plug-ins give for their awards.
    """
    plan, stream = _prepared(given, program, as_of, specs)  # type: ignore[arg-type]
    asked = Asked((name,), microseconds(in_zone(as_of, stream.zone)))
    shape = Shape(plan, stream.zone, stream.id_type, stream.order_type)
    made: pl.LazyFrame = stream.rows.map_batches(
        lambda rows: tables_of(rows, stream, plan, asked)[name],
        predicate_pushdown=False,
        projection_pushdown=False,
        slice_pushdown=False,
        schema=getattr(shape, name),
    )
    return made  # type: ignore[return-value]
