"""Segments over tables: who is in which, in one plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.plugins import ConditionSpec
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.frame.assembled import everybody, possible_members
from retention_kit.smart_segments.frame.checks import check_answer
from retention_kit.smart_segments.frame.existence import by_existence
from retention_kit.smart_segments.frame.given import CUSTOMER, given_tables
from retention_kit.smart_segments.frame.narrowing import narrowed
from retention_kit.smart_segments.frame.needs import check_tables
from retention_kit.smart_segments.frame.shown import shown
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.lowering import lower_segment

Unknown = Literal["exclude", "include", "keep"]
"""What a table says of whom it is not known whether they are a member: false, true or null."""
IS_MEMBER = "is_member"
_TABLES = ("orders", "order_items", "customers", "consents", "events", "scores", "snapshots")


@customer_local(ages=True)
def segment_table(  # noqa: PLR0913 - every table that a condition can ask
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
    """Say of every customer in which of several segments they are, in one plan.

    Customer-local. What several segments ask is computed once, and each table is read in one pass,
    or in a second one over its young rows alone. Rows at or after `as_of` are ignored.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 3)`.
        order_items: The `order_items` table, where a condition asks for lines.
        customers: The `customers` table; without it everyone is who has an order.
        consents: The `consents` table, for `Consent`.
        events: The `events` table, where a condition asks for events.
        scores: A table of one row per `customer_id`, for `Score`.
        snapshots: A table of `segment`, `version`, `as_of` and `customer_id`: who was in a segment
            when it was taken, for `Member`.
        segments: The segments, each of another name; `Member` may name them.
        as_of: Observation instant, exclusive, with a time zone.
        unknown: What to say where it is unknown: `exclude` says false, `include` true, `keep` null.
        others: Further segments that `Member` may name.
        taken: By name of a segment, when it was taken, for who entered or left.
        conditions: What plugins give for their conditions.

    Returns:
        One row per customer who has an order of any status, or is in `customers` and registered,
        before `as_of`, shape `(n_customers, 1 + n_segments)`, in no promised order:

        - `customer_id`: as in `orders`.
        - by the name of each segment (`Boolean`): whether the customer is in it; null where that
            is unknown and `unknown="keep"`.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        ColumnTypeError: Instants have no time zone, or ids of customers are of different types.
        DefinitionError: A condition names a column that is not there, compares what cannot be
            compared, or needs a table that is not given; segments share a name; or `as_of` has no
            time zone.
        PluginError: A condition of a plugin is not handed in.

    Notes:
        Conditions are answered in Kleene's three-valued logic; see each one for when it is unknown.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.smart_segments.definitions.counting import EventCount
        >>> orders, as_of = example_orders()
        >>> twice = Segment(name="twice", condition=EventCount(at_least=2))
        >>> table = segment_table(orders, segments=[twice], as_of=as_of)
        >>> table.sort("customer_id").collect().rows()
        [(1, True), (2, False)]
    """
    asked: tuple[Segment, ...] = _checked(segments)
    _check_unknown(unknown)
    tables = _named(orders, order_items, customers, consents, events, scores, snapshots)
    given = given_tables(tables, as_of=as_of, taken=taken, conditions=conditions)
    pool = (*asked, *others)
    check_tables(asked, pool, given)
    checks = by_existence((lower_segment(segment, pool) for segment in asked), given)
    table, checks = everybody(given, checks)
    answers = (
        _settled(check_answer(check, table.facts, given), unknown).alias(segment.name)
        for segment, check in zip(asked, checks, strict=True)
    )
    return table.frame.select(CUSTOMER, *answers)  # type: ignore[return-value]


@customer_local(ages=True)
def segment_members(  # noqa: PLR0913 - every table that a condition can ask
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

    Customer-local. Where nobody without certain rows can be a member, only those rows are read.
    Rows at or after `as_of` are ignored.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 3)`.
        order_items: The `order_items` table, where a condition asks for lines.
        customers: The `customers` table; without it everyone is who has an order.
        consents: The `consents` table, for `Consent`.
        events: The `events` table, where a condition asks for events.
        scores: A table of one row per `customer_id`, for `Score`.
        snapshots: A table of `segment`, `version`, `as_of` and `customer_id`: who was in a segment
            when it was taken, for `Member`.
        segment: The segment.
        as_of: Observation instant, exclusive, with a time zone.
        unknown: Of whom it is unknown, `exclude` leaves them out, `include` takes them in, and
            `keep` does so with a column that tells.
        values: Whether the facts behind it stand beside, a column each.
        others: Further segments that `Member` may name.
        taken: By name of a segment, when it was taken, for who entered or left.
        conditions: What plugins give for their conditions.

    Returns:
        One row per member, in no promised order:

        - `customer_id`: as in `orders`.
        - `is_member` (`Boolean`): with `unknown="keep"`, true, or null where it is unknown.
        - with `values` a column for each fact, named as `lowered.labels` does: counts (`Int64`),
            sums, instants in the shop's zone, values of columns, and so on.

    Raises:
        MissingColumnError: A column without which a table says nothing is absent.
        ColumnTypeError: Instants have no time zone, or ids of customers are of different types.
        DefinitionError: A condition names a column that is not there, compares what cannot be
            compared, or needs a table that is not given; or `as_of` has no time zone.
        PluginError: A condition of a plugin is not handed in.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> from retention_kit.smart_segments.definitions.counting import EventCount
        >>> orders, as_of = example_orders()
        >>> twice = Segment(name="twice", condition=EventCount(at_least=2))
        >>> segment_members(orders, segment=twice, as_of=as_of, values=True).collect().rows()
        [(1, 2)]
    """
    (asked,) = _checked((segment,))
    _check_unknown(unknown)
    tables = _named(orders, order_items, customers, consents, events, scores, snapshots)
    given = given_tables(tables, as_of=as_of, taken=taken, conditions=conditions)
    pool = (*others, asked)
    check_tables((asked,), pool, given)
    check = lower_segment(asked, pool)
    if not values:
        # Who looks at the facts wants them as they were asked for.
        check = narrowed(check, given)
    table = possible_members(given, check, but=None if unknown == "exclude" else False)
    columns = [pl.col(CUSTOMER), *([pl.col(IS_MEMBER)] if unknown == "keep" else [])]
    if values:
        columns += shown(facts_of(check), table.facts, given)
    asked_of = table.frame.with_columns(check_answer(check, table.facts, given).alias(IS_MEMBER))
    members = asked_of.filter(pl.col(IS_MEMBER).fill_null(value=unknown != "exclude"))
    return members.select(columns)  # type: ignore[return-value]


def _named(*tables: Any) -> dict[str, Any]:
    """Give tables by name, in the order that both functions take them."""
    return dict(zip(_TABLES, tables, strict=True))


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
