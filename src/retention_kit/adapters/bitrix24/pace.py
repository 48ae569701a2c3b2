"""How many calls go in one request: fewer where they take long, since the vendor breaks off."""

from __future__ import annotations

from typing import Final

MOST_COMMANDS: Final = 50
"""How many calls one `batch` may hold."""

_SLOW_SECONDS: Final = 25.0
"""From when on a request counts as slow; the vendor breaks off after sixty seconds."""
_QUICK_SECONDS: Final = 8.0


class Pace:
    """Goes by how long requests took.

    Attributes:
        most: How many calls the next request may hold.
    """

    def __init__(self) -> None:
        self.most = MOST_COMMANDS

    def took(self, count: int, seconds: float) -> bool:
        """Hear how long a request took, whatever became of it; say whether it was too much at once.

        Args:
            count: How many calls it held.
            seconds: How long it took, tries and pauses included.
        """
        if seconds > _SLOW_SECONDS:
            self.most = max(1, count // 2)
            return count > 1
        if seconds < _QUICK_SECONDS:
            self.most = min(MOST_COMMANDS, self.most * 2)
        return False
