"""Segments answered over a shop: who is in one, who is in which of many, and a snapshot kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict, overload

import polars as pl
from typing_extensions import Unpack

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.law import report
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names
from retention_kit.smart_segments.definitions.plugins import ConditionSpec, check_specs
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.frame.evaluate import Unknown, segment_members, segment_table
from retention_kit.smart_segments.history import (
    SegmentSnapshot,
    SnapshotHistory,
    history_parts,
    segment_version,
)

Data = Bundle | Buckets | Mapping[str, pl.LazyFrame] | Mapping[str, pl.DataFrame]
"""A dataset, its buckets, or tables by name."""
_USED = ("orders", "order_items", "customers", "consents", "events")


class Beside(TypedDict, total=False):
    """What a segment may need besides the shop's tables.

    Attributes:
        others: Further segments, which `Member` names.
        scores: A table of scores by `customer_id`, for `Score`, a row for each customer; of two
            that differ neither counts.
        history: Snapshots taken before, for `Member`.
        conditions: What plugins give for their conditions.
    """

    others: Iterable[Segment]
    scores: pl.LazyFrame | pl.DataFrame
    history: SnapshotHistory
    conditions: Iterable[ConditionSpec]


@overload
def members(
    segment: Segment,
    data: Bundle | Mapping[str, pl.LazyFrame],
    as_of: dt.datetime,
    *,
    unknown: Unknown = ...,
    values: bool = ...,
    **beside: Unpack[Beside],
) -> pl.LazyFrame: ...
@overload
def members(
    segment: Segment,
    data: Buckets | Mapping[str, pl.DataFrame],
    as_of: dt.datetime,
    *,
    unknown: Unknown = ...,
    values: bool = ...,
    **beside: Unpack[Beside],
) -> pl.DataFrame: ...
@report
def members(
    segment: Segment,
    data: Data,
    as_of: dt.datetime,
    *,
    unknown: Unknown = "exclude",
    values: bool = False,
    **beside: Unpack[Beside],
) -> Any:
    """Find the members of a segment.

    It is `segment_members` with the tables taken from where they are.

    Args:
        segment: The segment.
        data: A dataset, its buckets, or tables by name.
        as_of: Observation instant, exclusive, with a time zone.
        unknown: Of whom it is unknown, `exclude` leaves them out, `include` takes them in, and
            `keep` does so with a column that tells.
        values: Whether the facts behind it stand beside.
        **beside: What else it needs; see `Beside`.

    Returns:
        A table, lazy unless the tables are eager or in buckets, in no promised order:

        - `customer_id`: as in the tables.
        - `is_member` (`Boolean`): with `unknown="keep"`, true, or null where it is unknown.
        - with `values`, a column for each fact.

    Raises:
        DefinitionError: The segment names a column that is not there, compares what cannot be
            compared, or needs a table that is not given; or `as_of` has no time zone.
        PluginError: A condition of a plugin is not handed in.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.smart_segments import Segment, bought
        >>> shop = make_dataset(200, seed=1)
        >>> as_of = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        >>> segment = Segment(name="Regulars", condition=bought().within("1y").at_least(6))
        >>> members(segment, shop, as_of).collect().height
        19
    """
    given: object = segment
    if not isinstance(given, Segment):
        several = "; evaluate_many takes several" if isinstance(given, list | tuple) else ""
        raise bad_parameter(
            "segment",
            got=type(given).__name__,
            allowed=f"a Segment{several}",
            step="Segment(name='…', condition=…) makes one of a condition.",
        )
    arguments = {"segment": segment, "unknown": unknown, "values": values}
    return _answer(segment_members, data, as_of, arguments, beside)


@overload
def evaluate_many(
    segments: Iterable[Segment],
    data: Bundle | Mapping[str, pl.LazyFrame],
    as_of: dt.datetime,
    *,
    unknown: Unknown = ...,
    **beside: Unpack[Beside],
) -> pl.LazyFrame: ...
@overload
def evaluate_many(
    segments: Iterable[Segment],
    data: Buckets | Mapping[str, pl.DataFrame],
    as_of: dt.datetime,
    *,
    unknown: Unknown = ...,
    **beside: Unpack[Beside],
) -> pl.DataFrame: ...
@report
def evaluate_many(
    segments: Iterable[Segment],
    data: Data,
    as_of: dt.datetime,
    *,
    unknown: Unknown = "exclude",
    **beside: Unpack[Beside],
) -> Any:
    """Say of every customer in which of many segments they are, in one plan.

    It is `segment_table` with the tables taken from where they are: each table is read once, and
    what several segments ask of it is computed once.

    Args:
        segments: The segments, each of a name of its own; `Member` may name them.
        data: A dataset, its buckets, or tables by name.
        as_of: Observation instant, exclusive, with a time zone.
        unknown: What stands where it is unknown: `exclude` false, `include` true, `keep` null.
        **beside: What else they need; see `Beside`.

    Returns:
        A table, lazy unless the tables are eager or in buckets, of one row per customer with an
        order of any status, or a row in `customers`, before `as_of`, in no promised order:

        - `customer_id`: as in the tables.
        - a `Boolean` column per segment, named after it.

    Raises:
        DefinitionError: As of `members`; or two segments have one name.
        PluginError: A condition of a plugin is not handed in.
    """
    arguments = {"segments": several_segments(segments), "unknown": unknown}
    return _answer(segment_table, data, as_of, arguments, beside)


@report
def take_snapshot(
    segment: Segment, data: Data, as_of: dt.datetime, **beside: Unpack[Beside]
) -> SegmentSnapshot:
    """Find the members of a segment and keep them.

    Args:
        segment: The segment.
        data: A dataset, its buckets, or tables by name.
        as_of: Observation instant, exclusive, with a time zone.
        **beside: What else it needs; see `Beside`.

    Returns:
        The snapshot; its members are held in memory.

    Raises:
        DefinitionError: As of `members`.
        PluginError: As of `members`.
    """
    check_beside("take_snapshot", beside)
    found = members(segment, data, as_of, **beside)
    customers = found.collect(engine="streaming") if isinstance(found, pl.LazyFrame) else found
    return SegmentSnapshot(segment.name, segment_version(segment), as_of, customers)


def several_segments(segments: object) -> tuple[Segment, ...]:
    """Take the segments that were handed in.

    Raises:
        DefinitionError: They are none, or it is one alone.
    """
    one_alone = isinstance(segments, Segment)
    found = tuple(segments) if isinstance(segments, Iterable) and not one_alone else (segments,)
    wrong = [one for one in found if not isinstance(one, Segment)]
    if one_alone or wrong:
        raise bad_parameter(
            "segments",
            got="one Segment alone" if one_alone else type(wrong[0]).__name__,
            allowed="a list of Segment",
            step="put it into brackets: [segment]."
            if one_alone
            else "Segment(name='…', condition=…) makes one of a condition.",
        )
    return found


def given_tables(data: Data) -> dict[str, Any]:
    """Give the tables that segments look at and that are given.

    Raises:
        DefinitionError: There are no orders, or `data` is nothing that has tables.
    """
    if isinstance(data, Bundle):
        return {name: getattr(data, name) for name in _USED if name in data.given}
    if not isinstance(data, Mapping):
        raise bad_parameter(
            "data",
            got=type(data).__name__,
            allowed="a Dataset, its Buckets, or tables by name",
            step="Dataset.from_frames(…) makes one.",
        )
    tables = {name: table for name, table in data.items() if name in _USED and table is not None}
    for name in data:
        if name not in TABLES:
            step = "scores=… takes scores" if name == "scores" else "mend the name"
            raise unknown_name("data", name, TABLES, step=f"{step}.")
    if "orders" not in tables:
        raise DefinitionError(
            f"Segments need the table 'orders'. Given: {', '.join(tables) or 'none'}. Next step: "
            "name it in data.",
            parameter="data",
        )
    return tables


def check_beside(function: str, beside: Mapping[str, Any]) -> None:
    """Raise where something is given that nobody takes.

    Raises:
        DefinitionError: It is.
    """
    for name in beside:
        if name not in Beside.__annotations__:
            raise unknown_name(function, name, Beside.__annotations__, step="mend the name.")


def unknown_name(where: str, name: object, known: Iterable[str], *, step: str) -> DefinitionError:
    """Make the error for a name that nobody knows, with the nearest."""
    names = tuple(known)
    near = nearest_names(str(name), names)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    return DefinitionError(
        f"{where} takes nothing named {name!r}. Allowed: {', '.join(names)}.{hint} Next step: "
        f"{step}",
        parameter=str(name),
    )


def _ids(data: Data) -> pl.DataType:
    """Give the type of the shop's customer ids."""
    one = data[0] if isinstance(data, Buckets) else data
    dtype: pl.DataType = given_tables(one)["orders"].lazy().collect_schema()["customer_id"]
    return dtype


def _answer(
    function: Callable[..., Any],
    data: Data,
    as_of: dt.datetime,
    arguments: Mapping[str, Any],
    beside: Beside,
) -> Any:
    """Run a function on the tables of a shop, or on those of each bucket."""
    check_beside(function.__name__, beside)
    snapshots, taken = history_parts(beside.get("history"), _ids(data))
    rest = {
        **arguments,
        "as_of": as_of,
        "taken": taken,
        "others": several_segments(beside.get("others", ())),
        "conditions": check_specs(beside.get("conditions", ())),
    }
    tables = {"scores": beside.get("scores"), "snapshots": snapshots}
    if isinstance(data, Buckets):
        beside_lazily = _alike(tables, lazy=True)
        parts = (function(**given_tables(one), **beside_lazily, **rest) for one in data)
        return pl.concat(part.collect() for part in parts)
    given = given_tables(data)
    lazy = not isinstance(given["orders"], pl.DataFrame)
    return function(**given, **_alike(tables, lazy=lazy), **rest)


def _alike(tables: Mapping[str, Any], *, lazy: bool) -> dict[str, Any]:
    """Give the tables as the shop's are, all lazy or all eager."""
    found: dict[str, Any] = {}
    for name, table in tables.items():
        if isinstance(table, pl.DataFrame) and lazy:
            found[name] = table.lazy()
        elif isinstance(table, pl.LazyFrame) and not lazy:
            found[name] = table.collect(engine="streaming")
        else:
            found[name] = table
    return found
