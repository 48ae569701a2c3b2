"""Clocks for tests: one that is moved by hand, and one that runs faster than the machine's."""

from __future__ import annotations

import threading
import time

from retention_kit.errors import bad_parameter

START = 1_790_000_000.0
"""Where a `ManualClock` stands unless told: 2026-09-21T14:13:20Z."""


class ManualClock:
    """A clock that stands still until it is moved; sleeping moves it.

    Whoever sleeps comes back at once, and for everybody it is then so much later. Safe to share
    between threads: two that sleep at the same time move it by the sum of both.

    Args:
        now: Where it stands at first, in seconds since 1970-01-01T00:00:00Z.

    Attributes:
        slept: Each sleep that was asked for, in seconds, in order.

    Examples:
        >>> clock = ManualClock(100.0)
        >>> clock.sleep(2.5)
        >>> clock.advance(10)
        >>> clock.now(), clock.slept
        (112.5, [2.5])
    """

    def __init__(self, now: float = START) -> None:
        self.slept: list[float] = []
        self._now = float(now)
        self._lock = threading.Lock()

    def now(self) -> float:
        """Give the seconds since 1970-01-01T00:00:00Z."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass, and come back at once; less than none is none."""
        with self._lock:
            self.slept.append(seconds)
            self._now += max(0.0, seconds)

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass without anybody sleeping.

        Raises:
            DefinitionError: It would go back.
        """
        if seconds < 0:
            raise bad_parameter(
                "seconds", got=seconds, allowed="0 or more; a clock never goes back"
            )
        with self._lock:
            self._now += seconds


class ScaledClock:
    """The machine's time from now on, `factor` times as fast.

    A wait of a minute takes a second at a factor of 60, so that what depends on waiting can be
    tried with real threads and a real server.

    Args:
        factor: How many of its seconds pass in one real second, above 0.
        now: Where it starts, in seconds since 1970-01-01T00:00:00Z; the present unless given.

    Raises:
        DefinitionError: The factor is not above 0.

    Examples:
        >>> clock = ScaledClock(1_000, now=0)
        >>> clock.sleep(5)
        >>> clock.now() >= 5
        True
    """

    def __init__(self, factor: float, *, now: float | None = None) -> None:
        if not factor > 0:
            raise bad_parameter("factor", got=factor, allowed="a number above 0")
        self.factor = factor
        self._began = time.monotonic()
        self._start = time.time() if now is None else float(now)

    def now(self) -> float:
        """Give the seconds since 1970-01-01T00:00:00Z, as this clock counts them."""
        return self._start + (time.monotonic() - self._began) * self.factor

    def sleep(self, seconds: float) -> None:
        """Come back when so many of this clock's seconds have passed; less than none is none."""
        # A machine may wake a little early: what is promised is that the time has passed.
        end = self.now() + seconds
        while (left := end - self.now()) > 0:
            time.sleep(left / self.factor)
