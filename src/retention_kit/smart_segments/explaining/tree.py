"""An explanation as a tree of data: conditions, their answers, and the facts behind them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from retention_kit.smart_segments.definitions.base import Language


@dataclass(frozen=True, slots=True, repr=False)
class ExplainedFact:
    """One fact beside what was asked of it.

    Attributes:
        fact: What it is, in words.
        value: What it was for the customer; None where there is nothing.
        shown: The value, in words.
        required: What was asked of it, in words.
        answer: Whether that holds; None where it is unknown.
    """

    fact: str
    value: Any
    shown: str
    required: str
    answer: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data that JSON takes."""
        return {
            "fact": self.fact,
            "value": plain(self.value),
            "required": self.required,
            "answer": self.answer,
        }


@dataclass(frozen=True, slots=True, repr=False)
class ExplainedCondition:
    """One condition with its answer, the facts behind it, and the conditions inside it.

    Attributes:
        type: The condition's type, such as `event_count`.
        sentence: The condition in words.
        answer: Whether it holds; None where it is unknown.
        facts: The facts behind it.
        children: The conditions inside it.
    """

    type: str
    sentence: str
    answer: bool | None
    facts: tuple[ExplainedFact, ...]
    children: tuple[ExplainedCondition, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data that JSON takes."""
        return {
            "type": self.type,
            "sentence": self.sentence,
            "answer": self.answer,
            "facts": [fact.to_dict() for fact in self.facts],
            "children": [child.to_dict() for child in self.children],
        }


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """Why a customer is in a segment, or is not, as data.

    Attributes:
        segment: The segment's name.
        sentence: The segment in words.
        customer_id: The customer.
        as_of: The instant of observation, in the shop's zone.
        answer: Whether the customer is a member; None where it is unknown.
        population: Whether the customer is of the segment's population.
        condition: The condition.
        language: The language of the words.
    """

    segment: str
    sentence: str
    customer_id: int | str
    as_of: dt.datetime
    answer: bool | None
    population: bool
    condition: ExplainedCondition
    language: Language

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.segment!r}, answer={self.answer})"

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data that JSON takes."""
        return {
            "segment": self.segment,
            "sentence": self.sentence,
            "customer_id": self.customer_id,
            "as_of": self.as_of.isoformat(),
            "answer": self.answer,
            "population": self.population,
            "condition": self.condition.to_dict(),
        }


def plain(value: Any) -> Any:
    """Give a value as JSON takes it: instants and dates as ISO 8601 text, exact numbers as text."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
