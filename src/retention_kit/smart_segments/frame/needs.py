"""Which tables segments cannot do without, said before anything runs."""

from __future__ import annotations

from collections.abc import Iterable

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.facts import (
    Fact,
    OfColumnOfCustomer,
    tables_of,
)
from retention_kit.smart_segments.lowered.lowering import lower


def check_tables(segments: Iterable[Segment], others: Iterable[Segment], given: Given) -> None:
    """Raise where a segment needs a table that is not handed in.

    Raises:
        DefinitionError: It does; the message names the segment, the condition and the table.
    """
    pool = tuple(others)
    for segment in segments:
        if segment.population == "registered":
            _check(segment, "population 'registered'", ("customers",), given)
        for condition in segment.conditions():
            if not condition.children:
                _check_condition(segment, condition, pool, given)


def _check_condition(
    segment: Segment, condition: Condition, others: tuple[Segment, ...], given: Given
) -> None:
    for fact in facts_of(lower(condition, others)):
        _check(segment, f"condition {condition.TYPE!r}", _tables(fact, given), given)


def _tables(fact: Fact, given: Given) -> tuple[str, ...]:
    if isinstance(fact, OfColumnOfCustomer) and fact.score:
        return () if "customers" in given.frames else ("scores",)
    return tables_of(fact)


def _check(segment: Segment, asks: str, tables: tuple[str, ...], given: Given) -> None:
    for table in tables:
        if table not in given.frames:
            raise DefinitionError(
                f"The segment {segment.name!r} needs the table {table!r} for its {asks}; given: "
                f"{', '.join(given.frames)}. Next step: hand in {table}=….",
                parameter=table,
            )
