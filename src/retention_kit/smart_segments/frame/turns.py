"""Rows of all customers in turn, as one column of numbers: sorted much faster than joined.

A number holds the customer above and the instant below, doubled, so that the lowest bit is free to
say whether it is a match so far or a row that may go on with one. Of one instant rows come first:
a match goes on with what is later than it.
"""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.packed import (
    customer_of,
    is_customers_first,
    low_of,
    packed,
)
from retention_kit.smart_segments.definitions.lengths import Length
from retention_kit.smart_segments.frame.instants import is_passed, moved

_KEY = "__key"
_LOW = "__low"
_FIRST = "__first"
_REACH = "__reach"


def following(
    matches: pl.LazyFrame,
    rows: pl.LazyFrame,
    length: Length,
    *,
    at: str,
    zone: str,
    id_type: pl.DataType,
) -> pl.LazyFrame:
    """Keep the rows that come later than one of their customer's matches, and not too late.

    Args:
        matches: `customer_id` and `at`, in microseconds since 1970 in UTC.
        rows: Likewise.
        length: How long after a match, exclusive.
        at: The name of the instants.
        zone: The shop's zone.
        id_type: The type of customers' ids, which `fits`.

    Returns:
        Rows of `customer_id` and `at`.
    """
    both = pl.concat(
        [_keys(matches, at, id_type, is_match=True), _keys(rows, at, id_type, is_match=False)]
    )
    is_match = pl.col(_LOW) % 2 == 1
    instant = pl.col(_LOW).floordiv(2)
    deadline = moved(pl.when(is_match).then(instant), length, zone)
    # Those of another customer are smaller than any number of this one.
    start = pl.col(_KEY) - pl.col(_LOW)
    reach = pl.when(is_match).then(start + deadline.cast(pl.Int128) * 2)
    return (
        _sorted(both)
        .with_columns(reach.fill_null(pl.col(_KEY)).cum_max().alias(_REACH))
        .filter(~is_match & (pl.col(_REACH) > pl.col(_KEY)))
        .select(customer_of(pl.col(_KEY), id_type), instant.alias(at))
    )


def following_first(
    rows: pl.LazyFrame, length: Length | None, *, at: str, zone: str, id_type: pl.DataType
) -> pl.LazyFrame:
    """Keep the rows that come later than their customer's first one, and not too late.

    Args:
        rows: `customer_id` and `at`, in microseconds since 1970 in UTC.
        length: How long after it, exclusive; None is any time.
        at: The name of the instants.
        zone: The shop's zone.
        id_type: The type of customers' ids, which `fits`.

    Returns:
        Rows of `customer_id` and `at`.
    """
    instant, first = pl.col(_LOW).floordiv(2), pl.col(_FIRST)
    is_first = is_customers_first(pl.col(_KEY))
    later = (
        _sorted(_keys(rows, at, id_type, is_match=False))
        .with_columns(pl.when(is_first).then(instant).forward_fill().alias(_FIRST))
        .filter(instant > first)
    )
    if length is not None:
        later = later.filter(~is_passed(first, length, instant, zone))
    return later.select(customer_of(pl.col(_KEY), id_type), instant.alias(at))


def _keys(rows: pl.LazyFrame, at: str, id_type: pl.DataType, *, is_match: bool) -> pl.LazyFrame:
    low = pl.col(at) * 2 + int(is_match)
    return rows.select(packed(low, id_type).alias(_KEY))


def _sorted(keys: pl.LazyFrame) -> pl.LazyFrame:
    return keys.sort(_KEY).with_columns(low_of(pl.col(_KEY)).alias(_LOW))
