"""What time it is and how one waits: handed in wherever either matters, so that no test sleeps."""

from __future__ import annotations

import time
from typing import Protocol, runtime_checkable


@runtime_checkable
class Clock(Protocol):
    """Tells the time, and lets it pass."""

    def now(self) -> float:
        """Give the seconds since 1970-01-01T00:00:00Z."""
        ...

    def sleep(self, seconds: float) -> None:
        """Come back when so many seconds have passed."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Give the seconds since 1970-01-01T00:00:00Z."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Come back when so many seconds have passed."""
        if seconds > 0:
            time.sleep(seconds)


SYSTEM_CLOCK = SystemClock()
"""The clock of whoever gives none."""
