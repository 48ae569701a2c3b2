"""Whole histories, some customers at a time, so that memory stays bounded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import polars as pl

from retention_kit.loyalty_rules.batch.account_rows import CUSTOMER
from retention_kit.loyalty_rules.batch.columns import Numbers, rules_between
from retention_kit.loyalty_rules.batch.faults import set_aside
from retention_kit.loyalty_rules.batch.ordering import after_their_orders
from retention_kit.loyalty_rules.batch.reckoning import Reckoned, Wanted, packed_rules, reckon
from retention_kit.loyalty_rules.batch.repeats import sold_once
from retention_kit.loyalty_rules.batch.shaping import Shape
from retention_kit.loyalty_rules.batch.stream import Stream, in_order
from retention_kit.loyalty_rules.batch.taking import Chunk, chunk_of, starts_of
from retention_kit.loyalty_rules.kernel.layout import ORDER
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

MANY = 250_000
"""About how many events are taken at a time where no entries are written: few enough for the room
that they take to be used again and again."""
MANY_WITH_ENTRIES = 50_000
"""And where they are."""
Change = Callable[[Chunk], Chunk]
TABLES = ("ledger", "balances", "lots", "tiers", "refused")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be made of a history.

    Attributes:
        tables: Which of `TABLES`.
        as_of: The instant of observation in microseconds.
        applies: Whether prices have no discounts yet.
        change: What is done to events before the kernel takes them.
    """

    tables: tuple[str, ...]
    as_of: int
    applies: bool = False
    change: Change | None = None


def tables_of(
    rows: pl.DataFrame, stream: Stream, plan: CompiledProgram, asked: Asked
) -> dict[str, pl.DataFrame]:
    """Make tables of the events of all customers.

    Args:
        rows: The rows of the stream, collected.
        stream: The stream.
        plan: The programme.
        asked: What is to be made.

    Returns:
        The tables by name, customers in order.
    """
    shape = Shape(plan, stream.zone, stream.id_type, stream.order_type)
    empty = {name: pl.DataFrame(schema=getattr(shape, name)) for name in asked.tables}
    rows, broken = set_aside(rows)
    if "refused" in empty:
        empty["refused"] = shape.broken_of(broken)
    if rows.is_empty():
        return empty
    first = int(rows["at"].min() or 0)  # type: ignore[arg-type]
    rules = rules_between(plan, first, asked.as_of)
    packed = packed_rules(rules, rows.height)
    wanted = Wanted("ledger" in asked.tables, "lots" in asked.tables, asked.applies)
    many = MANY_WITH_ENTRIES if wanted.entries else MANY

    def made(part: pl.DataFrame) -> dict[str, pl.DataFrame]:
        own = after_their_orders(sold_once(in_order(part)))
        chunk = chunk_of(own, plan, rules, stream.zone)
        if asked.change is not None:
            chunk = asked.change(chunk)
        found = reckon(
            chunk.events,
            chunk.starts,
            plan=plan,
            rules=rules,
            packed=packed,
            as_of=asked.as_of,
            wanted=wanted,
        )
        return {name: _table(name, shape, chunk, found, asked.as_of) for name in asked.tables}

    workers = min(2, os.cpu_count() or 1) if packed is not None else 1
    parts = _parts(rows, many)
    if workers == 1:
        answers = [made(part) for part in parts]
    else:
        with ThreadPoolExecutor(workers) as pool:
            answers = list(pool.map(made, parts))
    made_of_all = {name: pl.concat([one[name] for one in answers]) for name in asked.tables}
    if not broken.is_empty() and "refused" in asked.tables:
        refused = pl.concat([made_of_all["refused"], empty["refused"]])
        made_of_all["refused"] = refused.sort(CUSTOMER, "at", maintain_order=True)
    return made_of_all


def _parts(rows: pl.DataFrame, many: int) -> Iterator[pl.DataFrame]:
    """Cut rows where a customer ends, about so many at a time."""
    starts = starts_of(rows[CUSTOMER])
    begin = 0
    for place in _cuts(starts, many):
        yield rows.slice(begin, place - begin)
        begin = place


def _cuts(starts: Numbers, many: int) -> Iterator[int]:
    last = int(starts[-1])
    begin = 0
    while begin < last:
        place = int(starts.searchsorted(begin + many, side="left"))
        begin = int(starts[min(place, len(starts) - 1)])
        yield begin


def _table(name: str, shape: Shape, chunk: Chunk, found: Reckoned, as_of: int) -> pl.DataFrame:
    match name:
        case "ledger":
            return shape.ledger_of(chunk, found)
        case "balances":
            return shape.balances_of(chunk, found, as_of)
        case "lots":
            return shape.lots_of(chunk, found)
        case "tiers":
            return shape.tiers_of(chunk, found)
    return shape.refused_of(chunk, found)


def spending_where(column: str) -> Change:
    """Let orders be paid with as many units as may be where a column says so, and else with none.

    Args:
        column: A `Boolean` column of the rows; null is no.
    """

    def change(chunk: Chunk) -> Chunk:
        spends = chunk.rows[column].fill_null(value=False).to_numpy()
        is_order = chunk.events.kind == ORDER
        spend = chunk.events.spend.copy()
        spend[is_order] = 0
        spend[spends] = -1
        return replace(chunk, events=chunk.events._replace(spend=spend))

    return change
