"""Segments over tables: who is in which, in one plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.plugins import ConditionSpec
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.frame.assembled import everybody, possible_members
from retention_kit.smart_segments.frame.checks import check_answer
from retention_kit.smart_segments.frame.given import CUSTOMER, Given, given_tables
from retention_kit.smart_segments.frame.narrowing import narrowed
from retention_kit.smart_segments.frame.needs import check_tables
from retention_kit.smart_segments.frame.shown import shown
from retention_kit.smart_segments.lowered.checks import Check, facts_of
from retention_kit.smart_segments.lowered.lowering import lower_segment

Unknown = Literal["exclude", "include", "keep"]
"""What a table says of whom it is not known whether they are a member: false, true or null."""
IS_MEMBER = "is_member"


@customer_local
def segment_table(
    orders: Frame,
    order_items: Frame | None = None,
    customers: Frame | None = None,
    consents: Frame | None = None,
    events: Frame | None = None,
    scores: Frame | None = None,
    snapshots: Frame | None = None,
    *,
    segments: Iterable[Segment],
    as_of: dt.datetime,
    unknown: Unknown = "exclude",
    others: Iterable[Segment] = (),
    taken: Mapping[str, Iterable[dt.datetime]] | None = None,
    conditions: Iterable[ConditionSpec] = (),
) -> Frame:
    """Say of every customer in which of several segments they are.

    Args:
        orders: The `orders` table.
    """
    asked = _checked(segments)
    _check_unknown(unknown)
    given = given_tables(
        {
            "orders": orders,
            "order_items": order_items,
            "customers": customers,
            "consents": consents,
            "events": events,
            "scores": scores,
            "snapshots": snapshots,
        },
        as_of=as_of,
        taken=taken,
        conditions=conditions,
    )
    pool = (*asked, *others)
    check_tables(asked, pool, given)
    checks = {segment.name: lower_segment(segment, pool) for segment in asked}
    facts = [fact for check in checks.values() for fact in facts_of(check)]
    table = everybody(given, facts)
    return table.frame.select(
        CUSTOMER,
        *(
            _settled(check_answer(check, table.facts, given), unknown).alias(name)
            for name, check in checks.items()
        ),
    )


@customer_local
def segment_members(
    orders: Frame,
    order_items: Frame | None = None,
    customers: Frame | None = None,
    consents: Frame | None = None,
    events: Frame | None = None,
    scores: Frame | None = None,
    snapshots: Frame | None = None,
    *,
    segment: Segment,
    as_of: dt.datetime,
    unknown: Unknown = "exclude",
    values: bool = False,
    others: Iterable[Segment] = (),
    taken: Mapping[str, Iterable[dt.datetime]] | None = None,
    conditions: Iterable[ConditionSpec] = (),
) -> Frame:
    """Give the customers who are in a segment.

    Args:
        orders: The `orders` table.
    """
    (segment,) = _checked((segment,))
    _check_unknown(unknown)
    given = given_tables(
        {
            "orders": orders,
            "order_items": order_items,
            "customers": customers,
            "consents": consents,
            "events": events,
            "scores": scores,
            "snapshots": snapshots,
        },
        as_of=as_of,
        taken=taken,
        conditions=conditions,
    )
    pool = (*others, segment)
    check_tables((segment,), pool, given)
    check = lower_segment(segment, pool)
    if not values:
        check = narrowed(check, given)
    table = possible_members(given, check, but=None if unknown == "exclude" else False)
    answer = check_answer(check, table.facts, given)
    columns = [pl.col(CUSTOMER)]
    if unknown == "keep":
        columns.append(pl.col(IS_MEMBER))
    if values:
        columns += shown(facts_of(check), table.facts, given)
    return (
        table.frame.with_columns(answer.alias(IS_MEMBER))
        .filter(pl.col(IS_MEMBER).fill_null(value=unknown != "exclude"))
        .select(columns)
    )


def _settled(answer: pl.Expr, unknown: Unknown) -> pl.Expr:
    return answer if unknown == "keep" else answer.fill_null(value=unknown == "include")


def _check_unknown(unknown: str) -> None:
    if unknown not in get_args(Unknown):
        raise bad_parameter("unknown", got=unknown, allowed="'exclude', 'include' or 'keep'")


def _checked(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    found = tuple(segments) if isinstance(segments, Iterable) else (segments,)
    for place, segment in enumerate(found):
        if not isinstance(segment, Segment):
            raise bad_parameter("segments", got=type(segment).__name__, allowed="segments")
        if segment.name == CUSTOMER:
            raise bad_parameter(
                "name", got=segment.name, allowed="a name that is no column of the table"
            )
        if any(segment.name == other.name for other in found[:place]):
            raise DefinitionError(
                f"Two segments are named {segment.name!r}, and a table has one column of a name. "
                "Next step: rename one.",
                parameter="name",
            )
    return found


__all__ = ["Check", "Given", "segment_members", "segment_table"]
