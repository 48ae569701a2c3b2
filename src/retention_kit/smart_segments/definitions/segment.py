"""A segment: a name, a condition, and of whom it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pydantic

from retention_kit._lazy import late
from retention_kit.contracts.saved import SavedModel
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.base import (
    DEEPEST,
    Condition,
    GivesCondition,
    Language,
    taken,
)
from retention_kit.smart_segments.definitions.plugins import ConditionSpec
from retention_kit.smart_segments.definitions.union import AnyCondition

Population = Literal["everyone", "buyers", "registered"]
"""Of whom a segment is asked."""


class Segment(SavedModel):
    """A segment of customers, said once: the same over a table of millions and for one customer.

    It is frozen, compares by what it says, and is JSON in both directions, with a version; a later
    version of the library reads what an earlier one wrote.

    Attributes:
        name: The segment's name.
        condition: The condition, or what the fluent builder gives.
        population: Of whom it is asked: `everyone` in `customers` or with an order of any status
            before the instant of observation; `buyers`, those of them with a completed sale;
            `registered`, those in `customers`. Who registers at or after the instant of
            observation is not there yet. Guests are nobody. Who is not of the population is not
            a member, whatever the condition.
        description: What it is for; not looked at.

    Examples:
        >>> from retention_kit.smart_segments import Segment, bought
        >>> segment = Segment(name="Tea lovers", condition=bought(category="tea").at_least(3))
        >>> Segment.from_json(segment.to_json()) == segment
        True
        >>> print(segment.sentence())
        Customers who bought something with category “tea” at least 3 times.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str,
            condition: GivesCondition,
            population: Population = "everyone",
            description: str = "",
        ) -> None: ...

    FORMAT: ClassVar[str] = "retention_kit.segment"
    VERSION: ClassVar[int] = 1

    name: str = pydantic.Field(min_length=1, max_length=200)
    condition: AnyCondition
    population: Population = "everyone"
    description: str = ""

    _taken = pydantic.field_validator("condition", mode="before")(taken)

    @pydantic.field_validator("name")
    @classmethod
    def _is_not_blank(cls, name: str) -> str:
        if not name.strip():
            raise bad_parameter("name", got=name, allowed="a name that is not blank")
        return name

    @classmethod
    def from_json(cls, text: str | bytes) -> Segment:
        """Read a segment that `to_json` wrote, in this version of the library or an earlier one.

        Raises:
            DefinitionError: The text is no JSON object, or that of something else; a later version
                wrote it; it is nested too deep; or a field is missing, unknown, or not what it
                may be.
        """
        _check_nesting(text)
        return super().from_json(text)

    def sentence(self, language: Language = "en", *, conditions: Any = ()) -> str:
        """Say the segment in one plain sentence.

        Args:
            language: `en` or `ru`.
            conditions: What plugins give for their conditions.

        Returns:
            The sentence, with its full stop.

        Raises:
            DefinitionError: There is no such language.
            PluginError: A condition of a plugin is not handed in.
        """
        speak = late("retention_kit.smart_segments.sentences.speaking", "sentence_of_segment")
        said: str = speak(self, language, conditions=conditions)
        return said

    def conditions(self) -> Iterator[Condition]:
        """Give every condition in it, the outer ones first."""
        waiting: list[Condition] = [self.condition]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.children))

    def with_fields(self, **fields: Any) -> Segment:
        """Give the same with other values in some fields, checked again."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return Segment(**{**own, **fields})


def segment_schema() -> dict[str, Any]:
    """Give the JSON Schema of a segment as `Segment.to_json` writes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Segment",
        **Segment.json_schema(),
    }


def _check_nesting(text: str | bytes) -> None:
    """Raise before a parser meets what is nested deeper than any condition may be."""
    marks = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else str(text)
    depth, in_text, escaped = 0, False, False
    for mark in marks:
        if in_text:
            if escaped:
                escaped = False
            elif mark == "\\":
                escaped = True
            elif mark == '"':
                in_text = False
        elif mark == '"':
            in_text = True
        elif mark in "[{":
            depth += 1
            if depth > 4 * DEEPEST + 20:
                raise DefinitionError(
                    f"The JSON is nested deeper than {depth - 1} levels. Allowed: conditions "
                    f"{DEEPEST} deep. Next step: put what is joined in one list."
                )
        elif mark in "]}":
            depth -= 1


__all__ = ["ConditionSpec", "Population", "Segment", "segment_schema"]
