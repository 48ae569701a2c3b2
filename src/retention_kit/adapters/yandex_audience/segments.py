"""What Yandex Audience says of a segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from retention_kit.adapters.http.answers import Answer

READY: Final = frozenset({"processed", "few_data"})
"""The statuses in which a segment is what it was last made; `few_data`: too few to advertise to."""

FAILED: Final = "processing_failed"
UNCONFIRMED: Final = "uploaded"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment.

    Attributes:
        id: Its number.
        name: Its name; empty where a file was uploaded and not confirmed yet.
        status: `uploaded`, `is_processed`, `is_updated`, `processed`, `few_data` or
            `processing_failed`; the service may have others.
        type: What it was made of, in the service's words.
        items: Rows that it was given, where the service says.
        unique: Different and well-formed ones of them.
        matched: How many it found people for.
    """

    id: int
    name: str
    status: str
    type: str
    items: int | None
    unique: int | None
    matched: int | None

    @property
    def ready(self) -> bool:
        """Whether it is what it was last made."""
        return self.status in READY


def segment_of(said: Mapping[str, Any]) -> Segment:
    """Read a segment.

    Raises:
        KeyError: It has no number.
        TypeError: It is no object.
        ValueError: The number is none.
    """
    return Segment(
        id=int(said["id"]),
        name=str(said.get("name") or ""),
        status=str(said.get("status") or ""),
        type=str(said.get("type") or ""),
        items=_number(said.get("item_quantity")),
        unique=_number(said.get("valid_unique_quantity")),
        matched=_number(said.get("matched_quantity")),
    )


def segment_in(answer: Answer) -> Segment:
    """Read the segment that an answer speaks of.

    Raises:
        RetryableError: There is none in the answer to a read.
        UnknownOutcomeError: There is none in the answer to a write.
    """
    try:
        return segment_of(answer.json()["segment"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise answer.unreadable("no segment that can be read") from None


def segments_in(answer: Answer) -> list[Segment]:
    """Read the segments that an answer lists.

    Raises:
        RetryableError: It is no list.
    """
    try:
        return [segment_of(one) for one in answer.json()["segments"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise answer.unreadable("no list of segments") from None


def _number(said: Any) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) else None
