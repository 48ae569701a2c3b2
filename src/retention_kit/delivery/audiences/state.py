"""What an outside system says of one of its audiences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AudienceState:
    """An audience as it is outside.

    Attributes:
        external_id: What the outside system calls it.
        status: How it is, in the outside system's word.
        ready: Whether it is what it was last made.
        failed: Whether the outside system could not make it what it should be.
        too_small: Whether it has too few people to be of use.
        size: How many rows it has, where that is said.
        matched: How many of them were found to be somebody, where that is said.
    """

    external_id: str
    status: str
    ready: bool
    failed: bool
    too_small: bool
    size: int | None = None
    matched: int | None = None


class KnowsAudiences(Protocol):
    """A channel that can say whether an audience is there, and how it is.

    A synchronisation asks such a channel before it sends a difference: an audience that somebody
    deleted outside must not be made anew of the difference alone.
    """

    def audience(self, name: str) -> AudienceState | None:
        """Say how an audience is; None where there is none."""
        ...
