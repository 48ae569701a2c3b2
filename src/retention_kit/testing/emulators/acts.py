"""What an emulator records when a request really changed something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Act(NamedTuple):
    """One change of an emulator's state.

    Attributes:
        verb: What was done, as `created`.
        kind: To what kind of thing, as `leads`.
        id: To which one.
        details: What else a test may want to know.
    """

    verb: str
    kind: str
    id: int
    details: Mapping[str, Any]
