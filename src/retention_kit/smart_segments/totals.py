"""How many customers segments have, and how many any two of them share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl
import polars.selectors as cs
from typing_extensions import Unpack

from retention_kit.contracts.law import report
from retention_kit.smart_segments.answers import (
    Beside,
    Data,
    check_beside,
    evaluate_many,
    several_segments,
)
from retention_kit.smart_segments.definitions.segment import Segment

_ALL = "__customers"


@report
def sizes(
    segments: Iterable[Segment],
    data: Data,
    as_of: dt.datetime,
    **beside: Unpack[Beside],
) -> pl.DataFrame:
    """Count the customers of segments.

    Args:
        segments: The segments, each of a name of its own.
        data: A dataset, its buckets, or tables by name.
        as_of: Observation instant, exclusive, with a time zone.
        **beside: What else they need; see `Beside`.

    Returns:
        One row per segment, in their order:

        - `segment` (`String`): its name.
        - `customers` (`Int64`): its members.
        - `share` (`Float64`): members / customers with an order or a row in `customers`, 0 to 1;
            null when there is nobody.
        - `unknown` (`Int64`): customers of whom it is unknown; they are no members.

    Raises:
        DefinitionError: As of `evaluate_many`.
        PluginError: As of `evaluate_many`.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> from retention_kit.smart_segments import Segment, bought
        >>> shop = make_dataset(200, seed=1)
        >>> as_of = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        >>> segments = [
        ...     Segment(name="Never", condition=bought().never()),
        ...     Segment(name="Once", condition=bought().exactly(1)),
        ... ]
        >>> sizes(segments, shop, as_of).select("segment", "customers").rows()
        [('Never', 22), ('Once', 63)]
    """
    several = several_segments(segments)
    check_beside("sizes", beside)
    table = evaluate_many(
        several,
        data,
        as_of,
        unknown="keep",
        **beside,
    )
    names = [segment.name for segment in several]
    each = [(place, _exactly(name)) for place, name in enumerate(names)]
    counted = _collected(
        table.lazy().select(
            pl.len().cast(pl.Int64).alias(_ALL),
            *(by.sum().cast(pl.Int64).alias(f"in {place}") for place, by in each),
            *(by.null_count().cast(pl.Int64).alias(f"null {place}") for place, by in each),
        )
    ).row(0, named=True)
    everybody = counted[_ALL]
    return pl.DataFrame(
        {
            "segment": names,
            "customers": [counted[f"in {place}"] for place, _ in each],
            "share": [
                counted[f"in {place}"] / everybody if everybody else None for place, _ in each
            ],
            "unknown": [counted[f"null {place}"] for place, _ in each],
        },
        schema={
            "segment": pl.String,
            "customers": pl.Int64,
            "share": pl.Float64,
            "unknown": pl.Int64,
        },
    )


@report
def overlap(
    segments: Iterable[Segment],
    data: Data,
    as_of: dt.datetime,
    **beside: Unpack[Beside],
) -> pl.DataFrame:
    """Count the customers that any two segments share: a matrix, one row per pair.

    Args:
        segments: The segments, each of a name of its own.
        data: A dataset, its buckets, or tables by name.
        as_of: Observation instant, exclusive, with a time zone.
        **beside: What else they need; see `Beside`.

    Returns:
        One row per ordered pair, a segment with itself too, in the segments' order:

        - `segment`, `other` (`String`): the two names.
        - `customers` (`Int64`): who is in both.
        - `share` (`Float64`): of the members of `segment`, the part that is in `other` too, 0 to
            1; null where `segment` has none.
        - `jaccard` (`Float64`): who is in both / who is in at least one; null where nobody is.

    Raises:
        DefinitionError: As of `evaluate_many`.
        PluginError: As of `evaluate_many`.

    References:
        Jaccard (1901), Étude comparative de la distribution florale; the coefficient of
        community.
    """
    several = several_segments(segments)
    check_beside("overlap", beside)
    table = evaluate_many(
        several,
        data,
        as_of,
        **beside,
    )
    return overlap_of(table, [segment.name for segment in several])


def overlap_of(table: Any, names: list[str]) -> pl.DataFrame:
    """Count who is in both, of each two `Boolean` columns of a table; see `overlap`."""
    pairs = [(one, other) for place, one in enumerate(names) for other in names[place:]]
    both = _collected(
        table.lazy().select(
            (_exactly(one) & _exactly(other)).sum().cast(pl.Int64).alias(str(number))
            for number, (one, other) in enumerate(pairs)
        )
    )
    shared: dict[tuple[str, str], int] = {}
    for (one, other), count in zip(pairs, both.row(0) if pairs else (), strict=True):
        shared[one, other] = shared[other, one] = count
    rows = []
    for one in names:
        for other in names:
            count, size = shared[one, other], shared[one, one]
            either = size + shared[other, other] - count
            share, jaccard = (count / size if size else None), (count / either if either else None)
            rows.append((one, other, count, share, jaccard))
    return pl.DataFrame(
        rows,
        schema={
            "segment": pl.String,
            "other": pl.String,
            "customers": pl.Int64,
            "share": pl.Float64,
            "jaccard": pl.Float64,
        },
        orient="row",
    )


def _exactly(name: str) -> pl.Expr:
    """Give the column of a name, which Polars would read as a pattern where it is `^…$` or `*`."""
    return cs.by_name(name).as_expr()


def _collected(table: pl.LazyFrame) -> pl.DataFrame:
    return table.collect(engine="streaming")
