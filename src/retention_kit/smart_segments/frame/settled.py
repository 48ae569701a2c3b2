"""Checks answered where their facts are computed, so that answers are joined instead of facts."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import polars as pl

from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.checks import check_answer
from retention_kit.smart_segments.frame.emptiness import Outcomes, outcomes
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

_BITS = 62


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
        The part with a bit for each check, or piece of one, that is about its facts alone; and the
        checks, which ask for those.
    """
    if part.frame is None:
        return part, list(checks)
    found: dict[Settled, Outcomes] = {}

    def walk(check: Check) -> Check:
        facts = set(facts_of(check))
        if facts and facts <= part.answers.keys():
            fact = Settled(check)
            found.setdefault(fact, outcomes(check, ()))
            return IsTrue(fact)
        match check:
            case Both() | Either():
                return replace(check, checks=tuple(walk(one) for one in check.checks))
            case Opposite() | UnlessTooNew():
                return replace(check, check=walk(check.check))
        return check

    asked = [walk(check) for check in checks]
    words = _Words(part)
    told = {
        fact: words.add(
            check_answer(fact.check, part.answers, given),
            outcomes(fact.check, part.answers.keys()),
            is_always_known=None not in may_be,
        )
        for fact, may_be in found.items()
    }
    answers: dict[Fact, Answer] = dict(part.answers)
    answers |= {fact: Answer(words.read(place), pl.Boolean()) for fact, place in told.items()}
    return replace(part, frame=part.frame.with_columns(words.columns()), answers=answers), asked


class _Place(NamedTuple):
    """Where an answer stands: in which number, and the bits that say yes, and that it is unknown.

    An answer that is always known has no bit for that: it is 0.
    """

    word: int
    yes: int
    unknown: int


class _Words:
    """Answers as bits of whole numbers: what is joined costs by its columns.

    Args:
        part: The table that has them.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self._bits: list[list[pl.Expr]] = []
        self._without: list[int] = []
        self._used = _BITS

    def add(self, answer: pl.Expr, without: Outcomes, *, is_always_known: bool) -> _Place:
        """Take bits for an answer.

        Args:
            answer: The answer of each customer in the table.
            without: The one that it is of customers who are not in it.
            is_always_known: Whether it is never null.
        """
        place = self._take(1 if is_always_known else 2)
        (absent,) = without
        bits, nothing = self._bits[place.word], pl.lit(0, dtype=pl.Int64)
        bits.append(pl.when(answer).then(pl.lit(place.yes, dtype=pl.Int64)).otherwise(nothing))
        if place.unknown:
            unknown = pl.lit(place.unknown, dtype=pl.Int64)
            bits.append(pl.when(answer.is_null()).then(unknown).otherwise(nothing))
        self._without[place.word] |= place.unknown if absent is None else place.yes * absent
        return place

    def columns(self) -> list[pl.Expr]:
        """Give the numbers, as columns of the table."""
        return [
            functools.reduce(operator.or_, bits).alias(self._name(word))
            for word, bits in enumerate(self._bits)
        ]

    def read(self, place: _Place) -> pl.Expr:
        """Give an answer again, of customers that the table lacks too."""
        word = pl.col(self._name(place.word)).fill_null(self._without[place.word])
        is_yes = (word & place.yes) != 0
        return pl.when((word & place.unknown) == 0).then(is_yes) if place.unknown else is_yes

    def _name(self, word: int) -> str:
        return f"{self._part.name}settled_{word}"

    def _take(self, bits: int) -> _Place:
        if self._used + bits > _BITS:
            self._bits.append([])
            self._without.append(0)
            self._used = 0
        first = 2**self._used
        self._used += bits
        return _Place(len(self._bits) - 1, first, 2 * first if bits > 1 else 0)
