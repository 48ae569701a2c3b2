"""What an emulator was asked, how often and when."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter, defaultdict


class RequestLog:
    """Counts of what was asked and answered; safe to read while the emulator serves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._routes: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._refusals: Counter[str] = Counter()
        self._instants: defaultdict[str, list[float]] = defaultdict(list)

    def count(self, route: str | None = None) -> int:
        """Tell how many requests came in all, or on one route; those a fault met are among them."""
        with self._lock:
            return self._routes.total() if route is None else self._routes[route]

    def routes(self) -> dict[str, int]:
        """Give the requests that came, by route."""
        with self._lock:
            return dict(self._routes)

    def refused(self, code: int | str | None = None) -> int:
        """Tell how many requests were refused.

        Answers that a fault made are not among them: `Faults.happened` counts those.

        Args:
            code: An HTTP status, or the vendor's code; any status from 400 on unless given.
        """
        with self._lock:
            if isinstance(code, str):
                return self._refusals[code]
            if code is not None:
                return self._statuses[code]
            return sum(number for status, number in self._statuses.items() if status >= 400)

    def instants(self, group: str) -> list[float]:
        """Give the instants, by the emulator's clock, that a limit counted, in order.

        Args:
            group: The limit's name.
        """
        with self._lock:
            return sorted(self._instants.get(group, ()))

    def groups(self) -> list[str]:
        """Give the names of the limits that counted anything."""
        with self._lock:
            return sorted(self._instants)

    def busiest(self, group: str, seconds: float) -> int:
        """Tell how many requests fell into the busiest stretch of so many seconds.

        The stretch holds its first instant and not its last: of two requests that are exactly
        `seconds` apart, one is in it.
        """
        at = self.instants(group)
        most = 0
        first = 0
        for position, instant in enumerate(at):
            first = bisect_right(at, instant - seconds, first, position + 1)
            most = max(most, position - first + 1)
        return most

    def clear(self) -> None:
        """Forget all that was counted."""
        with self._lock:
            for counter in (self._routes, self._statuses, self._refusals, self._instants):
                counter.clear()

    def asked(self, route: str) -> None:
        """Count a request; the base does it for every one."""
        with self._lock:
            self._routes[route] += 1

    def answered(self, status: int, refusal: str | None) -> None:
        """Count an answer; the base does it for every one."""
        with self._lock:
            self._statuses[status] += 1
            if refusal is not None:
                self._refusals[refusal] += 1

    def counted(self, group: str, now: float) -> None:
        """Note that a limit counted a request; an emulator calls it where it counts."""
        with self._lock:
            self._instants[group].append(now)
