"""An explanation as a person reads it: as text, as a piece of HTML, in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from retention_kit.smart_segments.explaining.showing import html_of, text_of
from retention_kit.smart_segments.explaining.tree import Verdict


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(Verdict):
    """Why a customer is in a segment, or is not.

    Its `repr` shows nothing of the customer; `text`, `to_dict` and `to_html` show everything that
    was looked at.

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

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Give it as lines of text, indented by depth."""
        return text_of(self)

    def to_html(self) -> str:
        """Give it as a piece of HTML that stands alone, without scripts."""
        return html_of(self)

    def _repr_html_(self) -> str:
        return html_of(self)
