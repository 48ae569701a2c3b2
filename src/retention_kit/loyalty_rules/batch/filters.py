"""Which rules' filters a row meets: a bit for each, as an expression."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.smart_segments.definitions.lengths import microseconds
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.frame.comparisons import answered
from retention_kit.smart_segments.frame.given import Column, Given

ALL = -1
"""All bits."""
_NONE_IS_ZERO = (
    ("orders", "discount"),
    ("orders", "points_paid"),
    ("order_items", "discount"),
    ("events", "value"),
)
"""What filters see as 0 where it is not told, as in events that are posted one by one."""


def asked(tables: Mapping[str, pl.LazyFrame | None], *, as_of: dt.datetime, zone: str) -> Given:
    """Take the tables that filters look at.

    Args:
        tables: Tables by name; None is not there.
        as_of: The instant of observation, in the shop's zone.
        zone: The shop's zone.
    """
    frames = {name: frame for name, frame in tables.items() if frame is not None}
    return Given(
        frames=frames,
        whole=frames,
        schemas={name: frame.collect_schema() for name, frame in frames.items()},
        as_of=as_of,
        now=microseconds(as_of),
        zone=zone,
        clock=ZoneInfo(zone),
        specs=(),
        taken=None,
    )


def holds(where: Iterable[Where], table: str, given: Given) -> pl.Expr | None:
    """Say whether all comparisons of a row hold; what is not known does not.

    Args:
        where: The comparisons.
        table: Whose row it is.
        given: The tables.

    Returns:
        A `Boolean` expression without nulls; None where nothing is asked.

    Raises:
        DefinitionError: A column is not there, or is not compared so.
    """
    found = [answered(_column(one, table, given), one, given) for one in where]
    if not found:
        return None
    both = found[0] if len(found) == 1 else pl.all_horizontal(found)
    return both.fill_null(value=False)


def _column(one: Where, table: str, given: Given) -> Column:
    if (table, one.column) in _NONE_IS_ZERO:
        return _money(table, one.column, given)
    if table not in given.schemas:
        return Column(table, one.column, None)
    return given.column(table, one.column)


def _money(table: str, name: str, given: Given) -> Column:
    """Give a column of money of which nothing told is none."""
    dtype = given.schemas[table].get(name) if table in given.schemas else None
    if dtype is None or isinstance(dtype, pl.Null):
        return Column(table, name, MONEY, pl.lit(0, dtype=MONEY))
    return Column(table, name, dtype, pl.col(name).fill_null(0))


def bits(conditions: Mapping[int, pl.Expr | None]) -> pl.Expr | None:
    """Put conditions together as the bits of one number.

    Args:
        conditions: By bit, what must hold; None holds always.

    Returns:
        An `Int64` expression; bits that are not named are set. None where all hold always.
    """
    asked_for = {bit: one for bit, one in conditions.items() if one is not None}
    if not asked_for:
        return None
    found = pl.lit(ALL, dtype=pl.Int64)
    for bit, one in asked_for.items():
        found = found & pl.when(one).then(ALL).otherwise(~(1 << bit)).cast(pl.Int64)
    return found


def both(first: pl.Expr | None, second: pl.Expr | None) -> pl.Expr | None:
    """Give what holds where both do; None holds always."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def each(
    numbers: Iterable[int], condition: Callable[[int], pl.Expr | None]
) -> dict[int, pl.Expr | None]:
    """Give conditions by bit."""
    return {number: condition(number) for number in numbers}
