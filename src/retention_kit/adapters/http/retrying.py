"""When a call is tried, and when it is tried again."""

from __future__ import annotations

import random
from typing import Final, Protocol

from retention_kit.delivery.clocks import Clock
from retention_kit.errors import MissingDependencyError

try:
    from tenacity import RetryCallState, Retrying, retry_if_exception_type
except ModuleNotFoundError:
    raise MissingDependencyError("tenacity", "delivery") from None

_FIRST: Final = 0.5
_LONGEST: Final = 60.0


class Waits(Protocol):
    """What requests wait for: a `Limiter`, or several in one."""

    def acquire(self, group: str = "requests", *, cost: int = 1) -> None:
        """Come back when `cost` more requests are allowed, and count them."""
        ...

    def hold(self, seconds: float, group: str = "requests") -> None:
        """Let no request of a group through for so long."""
        ...


def retrying(
    errors: tuple[type[Exception], ...], *, clock: Clock, attempts: int, patience: float
) -> Retrying:
    """Give what calls a function again while it raises certain errors.

    Pauses double from half a second on, up to a minute, each shortened at random by up to a half
    so that many who failed together do not come back together. An error that has a `retry_after`
    says itself how long. The last error is raised.

    Args:
        errors: Which.
        clock: The time.
        attempts: How often at most.
        patience: How many seconds of pauses at most, all in all.
    """

    def is_over(state: RetryCallState) -> bool:
        spent = state.idle_for + state.upcoming_sleep
        return state.attempt_number >= attempts or spent > patience

    return Retrying(
        sleep=clock.sleep,
        wait=_pause,
        stop=is_over,
        retry=retry_if_exception_type(errors),
        reraise=True,
    )


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    said = getattr(error, "retry_after", None)
    if said is not None:
        return float(said)
    longest = min(_LONGEST, _FIRST * 2.0 ** (state.attempt_number - 1))
    return longest * random.uniform(0.5, 1.0)
