"""Checks answered where their facts are computed, so that answers are joined instead of facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.checks import check_answer
from retention_kit.smart_segments.frame.emptiness import outcomes
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.lowered.checks import (
    Both,
    Check,
    Either,
    IsTrue,
    Opposite,
    UnlessTooNew,
    facts_of,
)
from retention_kit.smart_segments.lowered.facts import Fact


@dataclass(frozen=True, slots=True)
class Settled(Fact):
    """The answer of a check.

    Attributes:
        check: The check.
    """

    check: Check


def settle(part: Part, checks: Iterable[Check], given: Given) -> tuple[Part, list[Check]]:
    """Answer in a part what it knows all facts of.

    Args:
        part: A table of facts over rows.
        checks: The checks.
        given: The tables, the instant of observation and the shop's zone.

    Returns:
        The part with a column for each check, or piece of one, that is about its facts alone; and
        the checks, which ask for those.
    """
    if part.frame is None:
        return part, list(checks)
    found: dict[Settled, str] = {}
    marked = f"{part.name}is_there"

    def walk(check: Check) -> Check:
        facts = set(facts_of(check))
        if facts and facts <= part.answers.keys():
            fact = Settled(check)
            found.setdefault(fact, f"{part.name}settled_{len(found)}")
            return IsTrue(fact)
        match check:
            case Both() | Either():
                return replace(check, checks=tuple(walk(one) for one in check.checks))
            case Opposite() | UnlessTooNew():
                return replace(check, check=walk(check.check))
        return check

    asked = [walk(check) for check in checks]
    frame = part.frame.with_columns(
        pl.lit(value=True).alias(marked),
        *(
            check_answer(fact.check, part.answers, given).alias(name)
            for fact, name in found.items()
        ),
    )
    answers: dict[Fact, Answer] = dict(part.answers)
    for fact, name in found.items():
        answers[fact] = Answer(_or_without_rows(fact, name, marked, part), pl.Boolean())
    return replace(part, frame=frame, answers=answers), asked


def _or_without_rows(fact: Settled, name: str, marked: str, part: Part) -> pl.Expr:
    """Give an answer, of customers that the part lacks too."""
    (without,) = outcomes(fact.check, part.answers.keys())
    answer = pl.col(name)
    if without is None:
        return answer
    if None not in outcomes(fact.check, ()):
        return answer.fill_null(value=without)
    return pl.when(pl.col(marked).is_null()).then(pl.lit(without)).otherwise(answer)
