"""A look before a segment is used: members with their facts, and values that nothing has."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Iterator

import polars as pl
from typing_extensions import Unpack

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.law import report
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names
from retention_kit.smart_segments.answers import Beside, Data, given_tables, members
from retention_kit.smart_segments.definitions.customers import Attribute
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.values import Comparison
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.facts import EndHas, rows_of
from retention_kit.smart_segments.lowered.lowering import lower_segment

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
        [(100001, 10), (100008, 9)]
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise bad_parameter("n", got=n, allowed="a whole number from 1")
    if check:
        check_segment(segment, data, others=beside.get("others", ()))
    found = members(
        segment,
        data,
        as_of,
        values=True,
        **beside,
    )
    return found.lazy().sort(_ID).head(n).collect()


@report
def check_segment(segment: Segment, data: Data, *, others: Iterable[Segment] = ()) -> None:
    """Look whether what a segment asks for occurs in the data: categories, names of events, cities.

    A text or an id that a column is to equal and never does is most often misspelt. Each column is
    read once; nothing else is computed.

    Args:
        segment: The segment.
        data: A dataset, its buckets, or tables by name.
        others: Segments that `Member` names.

    Raises:
        DefinitionError: A value does not occur; the nearest that do are named.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.smart_segments import Segment, bought
        >>> shop = make_dataset(200, seed=1)
        >>> check_segment(Segment(name="Mugs", condition=bought(category="mug")), shop)
        Traceback (most recent call last):
        ...
        retention_kit.errors.DefinitionError: Segment 'Mugs' asks for 'mug' in column 'category' of \
table 'order_items', where it never occurs. Nearest that do: 'mugs'. Next step: mend the value, or \
check=False where it is yet to come.
    """
    asked: dict[tuple[str, str], list[Comparison]] = {}
    for table, comparison in _comparisons(segment, tuple(others)):
        if comparison.operator in ("equals", "in"):
            asked.setdefault((table, comparison.column), []).append(comparison)
    parts = list(data) if isinstance(data, Buckets) else [data]
    for (table, column), comparisons in asked.items():
        frames = [given_tables(part).get(table) for part in parts]
        known = _values(column, [frame.lazy() for frame in frames if frame is not None])
        if known is None:
            continue
        for comparison in comparisons:
            _check(segment, table, comparison, known)


def _comparisons(segment: Segment, others: tuple[Segment, ...]) -> Iterator[tuple[str, Comparison]]:
    """Give every comparison of a segment with the table whose column it is."""
    for condition in segment.conditions():
        if isinstance(condition, Attribute):
            yield "customers", condition
    for fact in facts_of(lower_segment(segment, others)):
        for rows in rows_of(fact):
            yield from ((rows.table, one) for one in rows.where)
            if isinstance(fact, EndHas):
                yield from ((rows.table, one) for one in fact.has)


def _values(column: str, frames: list[pl.LazyFrame]) -> set[str | int] | None:
    """Give the values of a column of texts or ids; None where it is neither, or not there."""
    frames = [frame for frame in frames if column in frame.collect_schema()]
    if not frames:
        return None
    dtype = frames[0].collect_schema()[column]
    is_id = dtype == pl.Int64 and column.endswith("_id")
    if not is_id and dtype != pl.String:
        return None
    found = pl.concat([frame.select(pl.col(column).unique()) for frame in frames])
    values = found.select(pl.col(column).unique()).collect(engine="streaming").to_series()
    return set(values.drop_nulls().to_list())


def _check(segment: Segment, table: str, comparison: Comparison, known: set[str | int]) -> None:
    operands = comparison.values or (comparison.value,)
    alike = {_alike(one, comparison.fold) for one in known}
    missing = [one for one in operands if _alike(one, comparison.fold) not in alike]
    if not missing:
        return
    near = nearest_names(str(missing[0]), (str(one) for one in known))
    hint = f" Nearest that do: {', '.join(map(repr, near))}." if near else ""
    raise DefinitionError(
        f"Segment {segment.name!r} asks for {missing[0]!r} in column {comparison.column!r} of "
        f"table {table!r}, where it never occurs.{hint} Next step: mend the value, or check=False "
        "where it is yet to come.",
        parameter=comparison.column,
    )


def _alike(value: object, fold: bool) -> object:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value)
    return text.lower().replace("ё", "е") if fold else text
