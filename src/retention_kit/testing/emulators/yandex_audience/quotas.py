"""How often one may ask: by address, by login and day, and for writes of segments.

Sure: the numbers, the two groups counted apart, and that the day ends at midnight in Moscow. Not
sure: how the kinds of quota are called in an answer 429, and which requests count as creating or
changing a segment; `count_confirm` says whether a confirmation does.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable

from retention_kit.testing.emulators.yandex_audience.refusals import Refusal

BY_ADDRESS = 30
BY_LOGIN = 5_000
SEGMENT_WRITES = (("minute", 60, 10), ("hour", 3_600, 100))
SEGMENT_WRITES_A_DAY = 500
DAY = 86_400
MOSCOW = 3 * 3_600


class Quotas:
    """Counts requests, and refuses those over a quota.

    Args:
        now: Tells the Unix seconds.
        counted: Is told the quota's name and the instant of each request that counts.
    """

    def __init__(self, now: Callable[[], float], counted: Callable[[str, float], None]) -> None:
        self._now = now
        self._counted = counted
        self._by_address: defaultdict[str, deque[float]] = defaultdict(deque)
        self._by_day: Counter[tuple[str, str, int]] = Counter()
        self._writes: defaultdict[str, deque[float]] = defaultdict(deque)

    def check_address(self, address: str, group: str) -> None:
        """Count a request of an address, 30 a second in each group.

        Raises:
            Refusal: 429.
        """
        now = self._now()
        recent = self._by_address[f"{group} {address}"]
        _forget(recent, now - 1)
        if len(recent) >= BY_ADDRESS:
            raise _over("quota_requests_by_ip", f"{BY_ADDRESS} requests a second from one address")
        recent.append(now)
        self._counted(group, now)

    def check_login(self, login: str, group: str) -> None:
        """Count a request of a login, 5000 a day in each group.

        Raises:
            Refusal: 429.
        """
        day = _day(self._now())
        if self._by_day[login, group, day] >= BY_LOGIN:
            raise _over("quota_requests_by_uid", f"{BY_LOGIN} requests a day for one login")
        self._by_day[login, group, day] += 1

    def check_segment_write(self, login: str) -> None:
        """Count a creation or change of a segment: 10 a minute, 100 an hour, 500 a day.

        Raises:
            Refusal: 429.
        """
        now = self._now()
        writes = self._writes[login]
        _forget(writes, now - DAY)
        for name, seconds, most in SEGMENT_WRITES:
            if sum(at > now - seconds for at in writes) >= most:
                raise _over(f"quota_segments_by_{name}", f"{most} segment writes a {name}")
        if sum(_day(at) == _day(now) for at in writes) >= SEGMENT_WRITES_A_DAY:
            raise _over("quota_segments_by_day", f"{SEGMENT_WRITES_A_DAY} segment writes a day")
        writes.append(now)
        self._counted("segment_write", now)


def _forget(instants: deque[float], until: float) -> None:
    while instants and instants[0] <= until:
        instants.popleft()


def _day(instant: float) -> int:
    return int((instant + MOSCOW) // DAY)


def _over(error_type: str, quota: str) -> Refusal:
    return Refusal(429, error_type, f"Quota exceeded: {quota}")
