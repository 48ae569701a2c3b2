"""Requests a second, by integration and by account, and the ban that follows too many."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

from retention_kit.testing.emulators.amocrm.refusals import GatewayRefusal

INTEGRATION_RATE, ACCOUNT_RATE = 7, 50


class Throttle:
    """Refuses with 429 what comes too fast, and everything with 403 once that went on too long.

    Sure: 7 a second for an integration, 50 for an account, and that repeating it brings the ban,
    which also covers the token endpoint and lasts until support lifts it. Not sure: how many
    refusals bring it, and whether a refused request counts for the next second; here it does not.

    Args:
        now: Tells the Unix seconds.
        counted: Is told the limit's name and the instant of each request that counts.
        offences: After how many refusals the ban comes; never where it is None.

    Attributes:
        blocked: Whether the ban holds.
        offences: Refusals so far.
    """

    def __init__(
        self,
        now: Callable[[], float],
        counted: Callable[[str, float], None],
        *,
        offences: int | None,
    ) -> None:
        self._now = now
        self._counted = counted
        self._allowed = offences
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)
        self.offences = 0
        self.blocked = False

    def check_ban(self) -> None:
        """Refuse everything while the ban holds.

        Raises:
            GatewayRefusal: 403.
        """
        if self.blocked:
            raise GatewayRefusal(403)

    def pass_through(self, group: str, rate: int) -> None:
        """Count a request of a group, or refuse it.

        Raises:
            GatewayRefusal: 429, there were `rate` requests in the last second.
        """
        now = self._now()
        recent = self._recent[group]
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= rate:
            self.offences += 1
            if self._allowed is not None and self.offences >= self._allowed:
                self.blocked = True
            raise GatewayRefusal(429)
        recent.append(now)
        self._counted(group, now)

    def lift(self) -> None:
        """Lift the ban and forget the offences, as support does."""
        self.blocked = False
        self.offences = 0
