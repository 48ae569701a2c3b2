"""How long to wait until a batch is sent again."""

from __future__ import annotations

import random
from typing import Any, Final

_FIRST: Final = 1.0
_LONGEST: Final = 60.0


def delay(waited: float, asked: float | None) -> float:
    """Give how long to wait: twice as long each time, not all at once, or as long as asked.

    Args:
        waited: How many seconds the batch has waited by now, about as long as its last wait.
        asked: How many seconds the outside system asks for.
    """
    wait = min(_LONGEST, max(_FIRST, waited)) * (0.75 + random.random() / 2)
    return max(wait, asked or 0.0)


def seconds_of(asked: Any) -> float | None:
    """Give how long to wait, as a channel says it, be it as text; None where it says nothing."""
    try:
        return None if asked is None else float(asked)
    except (TypeError, ValueError, OverflowError):
        return None
