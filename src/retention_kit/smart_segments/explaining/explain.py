"""Explain why one customer is in a segment, or is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from retention_kit.smart_segments.definitions.base import All, Condition, Language
from retention_kit.smart_segments.definitions.counting import EventCount
from retention_kit.smart_segments.definitions.lengths import zone_named
from retention_kit.smart_segments.definitions.moments import LastEvent
from retention_kit.smart_segments.definitions.plugins import ConditionSpec, check_specs
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.windows import AllTime, Last
from retention_kit.smart_segments.explaining.asked import Asking
from retention_kit.smart_segments.explaining.explanation import Explanation
from retention_kit.smart_segments.explaining.tree import ExplainedCondition, ExplainedFact
from retention_kit.smart_segments.explaining.words import JOINED
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.facts import Fact, Found, InPopulation
from retention_kit.smart_segments.lowered.lowering import lower
from retention_kit.smart_segments.person.compiled import CompiledSegment, compile_segment
from retention_kit.smart_segments.person.typed_rows import CustomerRows
from retention_kit.smart_segments.sentences.speaking import sentence_of, sentence_of_segment


def explain(
    segment: Segment,
    customer: CustomerRows,
    as_of: dt.datetime,
    *,
    language: Language = "en",
    others: Iterable[Segment] = (),
    taken: Mapping[str, Iterable[dt.datetime]] | None = None,
    conditions: Iterable[ConditionSpec] = (),
) -> Explanation:
    """Explain why a customer is in a segment, or is not: every fact, and what was asked of it.

    Args:
        segment: The segment.
        customer: The customer's rows: of `customer_rows`, or of `rows_of_customer` where the shop
            is in tables.
        as_of: Observation instant, exclusive, with a time zone.
        language: Of the words.
        others: Segments that `Member` names.
        taken: By segment, the instants of its snapshots, for `Member`.
        conditions: What plugins give for their conditions.

    Returns:
        The tree of conditions, each true, false or unknown, with the facts behind it;
        `print(explanation)` shows it as text, a notebook as HTML.

    Raises:
        DefinitionError: The segment needs what the rows lack.
        PluginError: A condition of a plugin is not handed in.
    """
    others, specs = tuple(others), check_specs(conditions)
    compiled = compile_segment(
        segment, others=others, taken=taken, conditions=specs, unknown="keep"
    )
    compiled.check_given(customer)
    zone = zone_named(customer["time_zone"])
    values = compiled.facts(customer, as_of) | _facts_of_steps(compiled, customer, as_of)
    asking = Asking(values, as_of, zone, language)
    return Explanation(
        segment=segment.name,
        sentence=sentence_of_segment(segment, language, conditions=specs),
        customer_id=customer["customer_id"],
        as_of=as_of.astimezone(zone),
        answer=compiled.is_member(customer, as_of),
        population=bool(asking.values[InPopulation(segment.population)]),
        condition=_explained(segment.condition, compiled, asking, (*others, segment), specs),
        language=language,
    )


def _facts_of_steps(
    compiled: CompiledSegment, customer: CustomerRows, as_of: dt.datetime
) -> dict[Fact, Any]:
    """Give what is told of the steps of sequences besides whether a match was found."""
    asked: list[Condition] = []
    day = Last(length="1d")
    for fact in facts_of(compiled.check):
        if isinstance(fact, Found):
            pattern = fact.sequence
            for number, step in enumerate(pattern.steps):
                window = AllTime() if number else pattern.window
                asked.append(EventCount(rows=step.rows, window=window, at_least=0))
                asked.append(LastEvent(rows=step.rows, window=day))
                asked += [LastEvent(rows=one.rows, window=day) for one in step.without]
    if not asked:
        return {}
    steps = Segment(name="steps", condition=All(conditions=asked))
    return compile_segment(steps, unknown="keep").facts(customer, as_of)


def _explained(
    condition: Condition,
    compiled: CompiledSegment,
    asking: Asking,
    others: tuple[Segment, ...],
    specs: tuple[ConditionSpec, ...],
) -> ExplainedCondition:
    check = lower(condition, others)
    children = condition.children
    lines = () if children else asking.lines(check)
    return ExplainedCondition(
        type=condition.TYPE,
        sentence=JOINED[asking.language].get(condition.TYPE)
        or sentence_of(condition, asking.language, conditions=specs),
        answer=compiled.answer(check, asking.values, asking.as_of, str(asking.zone)),
        facts=tuple(
            ExplainedFact(
                fact=line.fact,
                value=line.value,
                shown=line.shown,
                required=line.required,
                answer=line.holds
                if line.check is None
                else compiled.answer(line.check, asking.values, asking.as_of, str(asking.zone)),
            )
            for line in lines
        ),
        children=tuple(_explained(child, compiled, asking, others, specs) for child in children),
    )
