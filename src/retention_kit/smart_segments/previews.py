"""A look before a segment is used: members with their facts, and values that nothing has."""

from __future__ import annotations

import datetime as dt

import polars as pl
from typing_extensions import Unpack

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.law import report
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names
from retention_kit.smart_segments.answers import (
    Beside,
    Data,
    check_beside,
    given_tables,
    members,
)
from retention_kit.smart_segments.definitions.customers import Member
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.occurring import Known, asked_by

_ID = "customer_id"


@report
def preview(
    segment: Segment,
    data: Data,
    as_of: dt.datetime,
    *,
    n: int = 10,
    check: bool = True,
    **beside: Unpack[Beside],
) -> pl.DataFrame:
    """Show some members of a segment with the facts that made them so.

    Args:
        segment: The segment.
        data: A dataset, its buckets, or tables by name.
        as_of: Observation instant, exclusive, with a time zone.
        n: How many members at most, from 1.
        check: Whether to look first if the values asked for occur at all, as `check_segment` does.
        **beside: What else it needs; see `Beside`.

    Returns:
        The members with the smallest ids: `customer_id`, and a column for each fact, named after
        what it is: `orders_count`, `order_items_last_at`, `city`.

    Raises:
        DefinitionError: As of `members`; or `check` finds a value that does not occur.
        PluginError: As of `members`.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.smart_segments import Segment, bought
        >>> shop = make_dataset(200, seed=1)
        >>> as_of = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        >>> segment = Segment(name="Regulars", condition=bought().within("1y").at_least(6))
        >>> preview(segment, shop, as_of, n=2).rows()
        [(7, 7), (30, 11)]
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise bad_parameter("n", got=n, allowed="a whole number from 1")
    check_beside("preview", beside)
    if check:
        check_segment(segment, data, **beside)
    found = members(
        segment,
        data,
        as_of,
        values=True,
        **beside,
    )
    return found.lazy().sort(_ID).head(n).collect()


@report
def check_segment(segment: Segment, data: Data, **beside: Unpack[Beside]) -> None:
    """Look whether what a segment asks for occurs in the data: categories, names of events, cities.

    A text or an id that a column is compared with and never has is most often misspelt; so is a
    channel of consent that nobody decided on, and a segment of which no snapshot was taken. Each
    column is read once; nothing else is computed. What must not follow a step is not looked at,
    nor are values that the library itself asks for.

    Args:
        segment: The segment.
        data: A dataset, its buckets, or tables by name.
        **beside: What else it needs; see `Beside`.

    Raises:
        DefinitionError: A value does not occur; the nearest that do are named.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.smart_segments import Segment, bought
        >>> shop = make_dataset(200, seed=1)
        >>> check_segment(Segment(name="Mugs", condition=bought(category="mug")), shop)
        Traceback (most recent call last):
        ...
        retention_kit.errors.DefinitionError: ... asks for 'mug' in column 'category' of table \
'order_items', where it never occurs. Nearest that do: 'mugs'. Next step: mend the value, or \
check=False where it is yet to come.
    """
    check_beside("check_segment", beside)
    parts = list(data) if isinstance(data, Buckets) else [data]
    tables: dict[str, list[pl.LazyFrame]] = {}
    for part in parts:
        for name, table in given_tables(part).items():
            tables.setdefault(name, []).append(table.lazy())
    if "scores" in beside:
        tables["scores"] = [beside["scores"].lazy()]
    known = Known(segment.name, tables)
    taken = tuple(beside["history"].taken) if "history" in beside else None
    for one in (segment, *_named_by(segment, tuple(beside.get("others", ())))):
        for condition in one.conditions():
            if isinstance(condition, Member):
                _check_taken(segment, condition, taken)
            for table, comparison in asked_by(condition):
                known.check(table, comparison)


def _named_by(segment: Segment, others: tuple[Segment, ...]) -> list[Segment]:
    """Give the segments that a segment asks for, and that those ask for."""
    by_name = {one.name: one for one in others}
    found: dict[str, Segment] = {}
    waiting = [segment]
    while waiting:
        for condition in waiting.pop().conditions():
            if isinstance(condition, Member) and condition.when == "now":
                other = by_name.get(condition.segment)
                if other is not None and other.name not in found:
                    found[other.name] = other
                    waiting.append(other)
    return list(found.values())


def _check_taken(segment: Segment, member: Member, taken: tuple[str, ...] | None) -> None:
    # Before the first night there are no snapshots at all, which is no mistake.
    if member.when == "now" or not taken or member.segment in taken:
        return
    near = nearest_names(member.segment, taken)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    raise DefinitionError(
        f"Segment {segment.name!r} asks for snapshots of {member.segment!r}, of which none was "
        f"taken.{hint} Next step: mend the name, or check=False where they are yet to come.",
        parameter="segment",
    )
