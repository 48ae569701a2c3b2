"""In how many snapshots of a segment a customer was, came in, or went out."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.comparisons import within
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.lowered.facts import Fact, Snapshots

_AT = "__at"
_PLACE = "__place"


def snapshots_parts(given: Given, facts: Iterable[Fact]) -> list[Part]:
    """Give the counts of snapshots that are asked for.

    Raises:
        DefinitionError: When the segment was taken is not said, and a condition needs it.
    """
    asked = [fact for fact in facts if isinstance(fact, Snapshots)]
    return [
        _held(given, fact, number) if fact.what == "in" else _moved(given, fact, number)
        for number, fact in enumerate(asked)
    ]


def _held(given: Given, fact: Snapshots, number: int) -> Part:
    bounds = fact.window.bounds(given.as_of, given.clock)
    found = _of_segment(given, fact.segment).filter(within(pl.col(_AT), bounds, given.now))
    return _counted(fact, found, number)


def _moved(given: Given, fact: Snapshots, number: int) -> Part:
    """Count the snapshots after another that differ from it in the customer."""
    start, end = fact.window.bounds(given.as_of, given.clock)
    instants = _taken(given, fact.segment)
    # The first snapshot has none before it.
    places = [
        place
        for place, at in enumerate(instants)
        if place and (start is None or at >= start) and at < end
    ]
    held = (
        _of_segment(given, fact.segment)
        .with_columns(
            pl.col(_AT)
            .replace_strict(
                list(instants),
                list(range(len(instants))),
                default=None,
                return_dtype=pl.Int64,
            )
            .alias(_PLACE)
            if instants
            else pl.lit(None, dtype=pl.Int64).alias(_PLACE)
        )
        .filter(pl.col(_PLACE).is_not_null())
        .select(CUSTOMER, _PLACE)
    )
    next_to_it = held.with_columns(pl.col(_PLACE) + 1)
    came, was = (held, next_to_it) if fact.what == "entered" else (next_to_it, held)
    found = came.join(was, on=[CUSTOMER, _PLACE], how="anti")
    return _counted(fact, found.filter(pl.col(_PLACE).is_in(places)), number)


def _of_segment(given: Given, segment: str) -> pl.LazyFrame:
    """Give the customers of each snapshot of a segment, each once."""
    return (
        given.frames["snapshots"]
        .filter(given.before_now("snapshots"), pl.col("segment").cast(pl.String) == segment)
        .select(CUSTOMER, given.instant("snapshots").alias(_AT))
        .unique()
    )


def _counted(fact: Snapshots, found: pl.LazyFrame, number: int) -> Part:
    name = f"__snapshots_{number}"
    frame = found.group_by(CUSTOMER).agg(pl.len().alias(name))
    answer = Answer(pl.col(name).fill_null(0).cast(pl.Int64), pl.Int64())
    return Part(frame, {fact: answer})


def _taken(given: Given, segment: str) -> tuple[int, ...]:
    """Give when a segment was taken before the instant of observation, in order."""
    if given.taken is None or segment not in given.taken:
        raise DefinitionError(
            f"Who entered or left {segment!r} is asked for, and when it was taken is not said: a "
            "snapshot that holds nobody leaves no row. Next step: taken={"
            f"{segment!r}: [instants]}}, or taken=history.taken.",
            parameter="taken",
        )
    return tuple(at for at in given.taken[segment] if at < given.now)
