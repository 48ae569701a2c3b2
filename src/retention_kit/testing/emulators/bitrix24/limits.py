"""The two limits of the cloud: requests of one address, and execution time of one method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

from retention_kit.testing.emulators.bitrix24.refusals import Refusal

MINUTE = 60
BUCKETS = 10
"""How many minutes of execution time count."""


class LeakyBucket:
    """A counter per source address that each request raises by one and time lowers.

    A request that would raise it above the burst is refused, and does not raise it: whether refused
    requests count is not documented.

    Args:
        rate: By how much a second lowers it.
        burst: Up to what it may rise.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, address: str, now: float) -> None:
        """Count a request of an address, or refuse it."""
        level, before = self._levels.get(address, (0.0, now))
        level = max(0.0, level - max(0.0, now - before) * self.rate)
        if level + 1 > self.burst:
            self._levels[address] = (level, now)
            raise Refusal(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        self._levels[address] = (level + 1, now)


class OperatingTime:
    """The seconds that each method was executed, per application or webhook, in ten minutes.

    Args:
        limit: From how many seconds on a method is refused.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._spent: defaultdict[Hashable, dict[int, float]] = defaultdict(dict)

    def check(self, who: str, method: str, now: float) -> None:
        """Refuse a method that has used up its time."""
        if self.spent(who, method, now)[0] >= self.limit:
            raise Refusal(
                429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."
            )

    def spend(self, who: str, method: str, now: float, seconds: float) -> None:
        """Count the execution of a method."""
        minute = int(now // MINUTE)
        buckets = self._spent[who, method]
        buckets[minute] = buckets.get(minute, 0.0) + seconds

    def spent(self, who: str, method: str, now: float) -> tuple[float, int]:
        """Give the seconds that count, and the instant when the oldest of them are forgotten."""
        this = int(now // MINUTE)
        buckets = self._spent[who, method]
        for minute in [minute for minute in buckets if minute <= this - BUCKETS]:
            del buckets[minute]
        oldest = min(buckets, default=this)
        return sum(buckets.values(), 0.0), (oldest + BUCKETS) * MINUTE
