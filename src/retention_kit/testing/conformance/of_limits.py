"""The check of the limits that a channel declares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.limits import LeakyBucket, Limit, Window
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import Check, ConformanceError
from retention_kit.testing.conformance.sending import delivered

_ROUNDS: Final = 60
_ROWS: Final = 50
_TIMES: Final = 3
"""How many times what a limit allows at once is asked."""
_A_LITTLE: Final = 1e-3


def check_limits_are_kept(case: ChannelCase) -> None:
    """Check that no limit that is declared is ever exceeded, as the emulator counts.

    Raises:
        ConformanceError: One is, or the outside system refused a request as one too many.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "keep the limits it declares"
    was = emulator.limits
    emulator.limits = True
    try:
        with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
            limits = channel.capabilities.limits
            emulator.requests.clear()
            rows = min(channel.capabilities.max_rows, _ROWS)
            tightest = min(limits, key=_at_once)
            enough = _TIMES * _at_once(tightest)
            for number in range(_ROUNDS):
                delivered(case, channel, journal, case.actions(rows, f"limited {number}"))
                counted = len(emulator.requests.instants(tightest.group))
                if (counted or emulator.requests.count()) >= enough:
                    break
        for one in limits:
            finding = _exceeded(one, emulator.requests.instants(one.group))
            if finding is not None:
                raise ConformanceError(case.spec.name, rule, finding)
        refused = sum(emulator.requests.refused(code) for code in case.too_many)
        if refused:
            raise ConformanceError(
                case.spec.name, rule, f"the outside system refused {refused} requests as too many"
            )
    finally:
        emulator.limits = was


def _at_once(limit: Limit) -> int:
    return limit.count if isinstance(limit, Window) else limit.size


def _exceeded(limit: Limit, instants: Sequence[float]) -> str | None:
    """Say how a limit was exceeded, where the emulator counts requests under its group."""
    if isinstance(limit, LeakyBucket):
        highest = _highest(limit, instants)
        if highest > limit.size + _A_LITTLE:
            return f"{highest:.1f} requests stood in {limit.name}"
        return None
    busiest = _busiest(limit, instants)
    return f"{busiest} requests fell into {limit.name}" if busiest > limit.count else None


def _busiest(window: Window, instants: Sequence[float]) -> int:
    first = most = 0
    for position, instant in enumerate(instants):
        while instants[first] <= instant - window.seconds + _A_LITTLE:
            first += 1
        most = max(most, position - first + 1)
    return most


def _highest(bucket: LeakyBucket, instants: Iterable[float]) -> float:
    level = highest = at = 0.0
    for instant in instants:
        level = max(0.0, level - (instant - at) * bucket.drain) + 1
        highest, at = max(highest, level), instant
    return highest


def _no_limits(case: ChannelCase) -> str | None:
    if case.emulator is None:
        return "the case has no emulator"
    with case.opened() as channel:
        return None if channel.capabilities.limits else "it declares no limits"


LIMIT_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    Check("limits_are_kept", "keep the limits it declares", check_limits_are_kept, _no_limits),
)
