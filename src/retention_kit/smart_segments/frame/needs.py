"""Which tables segments cannot do without, said before anything runs."""

from __future__ import annotations

from collections.abc import Iterable

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.plugins import PluginCondition, spec_of
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.frame.given import Given, described, unknown_column
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.facts import (
    Fact,
    OfColumnOfCustomer,
    OfPlugin,
    tables_of,
)
from retention_kit.smart_segments.lowered.lowering import lower


def check_tables(segments: Iterable[Segment], others: Iterable[Segment], given: Given) -> None:
    """Raise where a segment needs a table that is not handed in.

    Raises:
        DefinitionError: It does; the message names the segment, the condition and the table. Or a
            score is looked for among the customers, where scores are not handed in, and is not
            there.
        PluginError: A condition of a plugin is not handed in.
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
        if not all(table in given.frames for table in _tables(fact, given)):
            _check(segment, _named(condition), _tables(fact, given), given)
        if isinstance(fact, OfColumnOfCustomer) and fact.score:
            _check_score(fact, given)


def _tables(fact: Fact, given: Given) -> tuple[str, ...]:
    if isinstance(fact, OfColumnOfCustomer) and fact.score:
        return () if "customers" in given.frames else ("scores",)
    if isinstance(fact, OfPlugin):
        return spec_of(fact.condition, given.specs).tables
    return tables_of(fact)


def _check_score(fact: OfColumnOfCustomer, given: Given) -> None:
    """Raise where a score is not among the customers, which are all there is to look at."""
    if "scores" in given.frames:
        return
    names = given.schemas["customers"].names()
    if fact.column not in (*names, *described("customers")):
        raise unknown_column(fact.column, "customers", names, scores_are_given=False)


def _named(condition: Condition) -> str:
    """Name a condition by its type, and by what it says, which tells it from others of its type."""
    # The settings of a plugin are not said: there may be a secret in them.
    said = (
        f"{condition.name!r} of {condition.distribution!r}"
        if isinstance(condition, PluginCondition)
        else condition.sentence().rstrip(".")
    )
    return f"condition {condition.TYPE!r} ({said})"


def _check(segment: Segment, asks: str, tables: tuple[str, ...], given: Given) -> None:
    for table in tables:
        if table not in given.frames:
            raise DefinitionError(
                f"The segment {segment.name!r} needs the table {table!r} for its {asks}; given: "
                f"{', '.join(given.frames)}. Next step: hand in {table}=….",
                parameter=table,
            )
