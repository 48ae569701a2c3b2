"""How often an outside system may be asked, and waiting for it.

Counts are kept in a ledger: in memory, or in a journal, where they outlive the process and hold
for all processes together.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.errors import DataError, RateLimitedError, RetryableError, bad_parameter

_EXACT: Final = 128
"""Up to how many requests of a window each is remembered by its instant; above, by slices."""
_SLICES: Final = 100
_A_LITTLE: Final = 1e-6
_APART: Final = 60.0
"""By how many seconds the clocks of two machines may differ; what lies further ahead was counted
before the clock was set back."""
_LONGEST_HOLD: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` in any `seconds`.

    Attributes:
        count: How many.
        seconds: In which time, sliding.
        group: Which requests are counted; what belongs to other groups is not.
    """

    count: int
    seconds: float
    group: str = "requests"

    def __post_init__(self) -> None:
        _check_positive("count", self.count)
        _check_positive("seconds", self.seconds)

    @property
    def name(self) -> str:
        """By which its counts are kept."""
        return f"{self.group}:{self.count}/{self.seconds:g}s"

    def wait(self, counts: dict[str, Any], now: float, cost: int) -> float:
        """Give how many seconds are missing until `cost` more are allowed."""
        if cost > self.count:
            raise bad_parameter("cost", got=cost, allowed=f"at most {self.count}")
        taken = self._live(counts, now)
        over = sum(number for _, number in taken) + cost - self.count
        for instant, number in taken:
            if over <= 0:
                break
            over -= number
            if over <= 0:
                return max(0.0, float(instant) + self._kept - now) + _A_LITTLE
        return 0.0

    def take(self, counts: dict[str, Any], now: float, cost: int) -> None:
        """Count `cost` more."""
        taken = self._live(counts, now)
        slot = now if self.count <= _EXACT else now // self._slice * self._slice
        place = len(taken)
        # Another machine's clock may be ahead.
        while place and taken[place - 1][0] > slot:
            place -= 1
        if place and taken[place - 1][0] == slot:
            taken[place - 1][1] += cost
        else:
            taken.insert(place, [slot, cost])
        counts["taken"] = taken

    @property
    def _slice(self) -> float:
        return self.seconds / _SLICES

    @property
    def _kept(self) -> float:
        """For how long what was counted counts: of a slice, until its last instant has left."""
        return self.seconds if self.count <= _EXACT else self.seconds + self._slice

    def _live(self, counts: dict[str, Any], now: float) -> list[list[Any]]:
        """Give what still counts, oldest first."""
        edge = now - self._kept
        live = [one for one in counts.get("taken", ()) if one[0] > edge]
        for one in live:
            if one[0] > now + _APART:
                # The clock was set back: it was at the latest now.
                one[0] = now
        live.sort(key=lambda one: one[0])
        return live


@dataclass(frozen=True, slots=True)
class LeakyBucket:
    """A counter that grows by one with each request, drains steadily, and must not exceed `size`.

    Attributes:
        size: How many may stand in it.
        drain: How many leave it each second.
        group: Which requests are counted.
    """

    size: int
    drain: float
    group: str = "requests"

    def __post_init__(self) -> None:
        _check_positive("size", self.size)
        _check_positive("drain", self.drain)

    @property
    def name(self) -> str:
        """By which its counts are kept."""
        return f"{self.group}:{self.size}-{self.drain:g}/s"

    def wait(self, counts: dict[str, Any], now: float, cost: int) -> float:
        """Give how many seconds are missing until `cost` more are allowed."""
        if cost > self.size:
            raise bad_parameter("cost", got=cost, allowed=f"at most {self.size}")
        over: float = self._level(counts, now) + cost - self.size
        if over <= _A_LITTLE:
            return 0.0
        return float(over / self.drain + max(0.0, counts.get("at", now) - now) + _A_LITTLE)

    def take(self, counts: dict[str, Any], now: float, cost: int) -> None:
        """Count `cost` more."""
        counts["level"] = self._level(counts, now) + cost
        counts["at"] = max(now, float(counts.get("at", now)))

    def _level(self, counts: dict[str, Any], now: float) -> float:
        if counts.get("at", now) > now + _APART:
            # The clock was set back; it drains all the same.
            counts["at"] = now
        # Where another machine's clock is ahead, nothing has left since.
        passed = max(0.0, now - float(counts.get("at", now)))
        return max(0.0, float(counts.get("level", 0.0)) - passed * self.drain)


Limit = Window | LeakyBucket
"""What an outside system allows."""


class LimitLedger(Protocol):
    """Where counts are kept."""

    def changing(self, account: str) -> AbstractContextManager[dict[str, Any]]:
        """Give an account's counts under a lock; what they are at the end is kept.

        Args:
            account: Whose requests are counted.
        """
        ...


class MemoryLimitLedger:
    """Counts that one process keeps for itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, dict[str, Any]] = {}

    @contextlib.contextmanager
    def changing(self, account: str) -> Iterator[dict[str, Any]]:
        """Give an account's counts under a lock; what they are at the end is kept."""
        with self._lock:
            yield self._counts.setdefault(account, {})


class Limiter:
    """What all requests of one account wait for.

    Args:
        account: By what the outside system counts: a portal, a login. Kept in a journal: no secret.
        limits: What it allows.
        clock: The time.
        ledger: Where counts are kept; in this process's memory where None.
        patience: The longest wait in seconds; where more is needed, as for a quota of the day,
            the error says how long.

    Examples:
        >>> limiter = Limiter("acme", [Window(7, 1.0)])
        >>> limiter.acquire()
    """

    def __init__(
        self,
        account: str,
        limits: Sequence[Limit],
        *,
        clock: Clock = SYSTEM_CLOCK,
        ledger: LimitLedger | None = None,
        patience: float = 600.0,
    ) -> None:
        self.account = account
        self.limits = tuple(limits)
        self._clock = clock
        self._ledger: LimitLedger = MemoryLimitLedger() if ledger is None else ledger
        self._patience = patience

    def __repr__(self) -> str:
        return f"Limiter({self.account!r}, {[one.name for one in self.limits]})"

    def keep_in(self, ledger: LimitLedger) -> None:
        """Keep counts in another ledger from now on: a journal's, which outlives the process."""
        self._ledger = ledger

    def acquire(self, group: str = "requests", *, cost: int = 1) -> None:
        """Come back when `cost` more requests are allowed, and count them.

        Args:
            group: What they are; each limit of this group must allow them.
            cost: How many.

        Raises:
            RateLimitedError: More than the patience would have to be waited.
            RetryableError: The ledger cannot be read or written; nothing was sent.
        """
        self._go(group, cost, take=True)

    def wait(self, group: str = "requests") -> None:
        """Come back when one more request is allowed, and count nothing.

        Another may be first all the same, so `acquire` is still needed before the request.

        Args:
            group: What it is; each limit of this group must allow it.

        Raises:
            RateLimitedError: More than the patience would have to be waited.
            RetryableError: The ledger cannot be read or written; nothing was sent.
        """
        self._go(group, 1, take=False)

    def _go(self, group: str, cost: int, *, take: bool) -> None:
        limits = [one for one in self.limits if one.group == group]
        waited = 0.0
        while True:
            with self._counts() as counts:
                now = self._clock.now()
                wait = max(
                    _held(counts, group, now),
                    *(one.wait(counts.get(one.name, {}), now, cost) for one in limits),
                    0.0,
                )
                if wait <= 0.0:
                    for one in limits if take else ():
                        one.take(counts.setdefault(one.name, {}), now, cost)
                    return
            if waited + wait > self._patience:
                raise RateLimitedError(
                    f"{self.account} allows the next {group} only in {wait:,.0f} s "
                    f"({', '.join(one.name for one in limits)}). Next step: go on then; nothing "
                    "was sent.",
                    retry_after=wait,
                )
            waited += wait
            self._clock.sleep(wait)

    def hold(self, seconds: float, group: str = "requests") -> None:
        """Let no request of a group through for so long, because the outside system says so.

        Args:
            seconds: How long; a day where it is more.
            group: Which requests.

        Raises:
            DefinitionError: The seconds are no finite number.
            RetryableError: The ledger cannot be read or written.
        """
        if not math.isfinite(seconds):
            raise bad_parameter("seconds", got=seconds, allowed="a finite number")
        seconds = min(seconds, _LONGEST_HOLD)
        with self._counts() as counts:
            now = self._clock.now()
            seconds = max(seconds, _held(counts, group, now))
            counts.setdefault("held", {})[group] = [now + seconds, seconds]

    @contextlib.contextmanager
    def _counts(self) -> Iterator[dict[str, Any]]:
        """Give the account's counts under a lock."""
        try:
            with self._ledger.changing(self.account) as counts:
                yield counts
        except DataError as problem:
            # Whoever waits for a turn has not sent anything yet.
            raise RetryableError(
                f"The requests of {self.account} cannot be counted: {problem}"
            ) from problem


def _held(counts: dict[str, Any], group: str, now: float) -> float:
    """Give for how long a group is held from now on."""
    held = counts.get("held", {}).get(group)
    if held is None:
        return 0.0
    until, seconds = held
    if until - now > seconds + _APART:
        # The clock was set back.
        held[0] = until = now + seconds
    return max(0.0, float(until - now))


def _check_positive(parameter: str, value: float) -> None:
    if not value > 0:
        raise bad_parameter(parameter, got=value, allowed="a number above 0")
