"""Checks of channels whose outside system fails in every way, and of limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from retention_kit.delivery.actions import Action
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.limits import Window
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    RateLimitedError,
    RejectedError,
    RetryableError,
)
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import Check, ConformanceError
from retention_kit.testing.conformance.secrets import check_hidden, listening, secrets_of, told
from retention_kit.testing.conformance.sending import batches_of, delivered
from retention_kit.testing.emulators.faults import FaultKind

CARRIED_OUT: Final[tuple[FaultKind, ...]] = ("drop_after", "truncate")
"""Faults after which the outside system has done what was asked."""

ALL: Final[tuple[FaultKind, ...]] = (
    "drop_before",
    "error_500",
    "error_502_html",
    "error_503_html",
    "html_200",
    *CARRIED_OUT,
)
_ROUNDS = 6
_SOME = 12


def check_faults_neither_double_nor_lose(case: ChannelCase) -> None:
    """Check each kind of fault on each of the first requests, dispatching until all is done.

    On an idempotent channel everything must have happened once at the end; on another, once, or
    it is listed as unknown.

    Raises:
        ConformanceError: Something happens twice, or is lost without being told.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "neither double nor lose anything when the outside system fails"
    for kind in ALL:
        for after in (0, 1, 2):
            actions = case.actions(_SOME, f"{kind} {after}")
            with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
                emulator.faults.add(kind, times=2, after=after)
                try:
                    for _ in range(_ROUNDS):
                        delivered(case, channel, journal, actions)
                finally:
                    emulator.faults.clear()
                for _ in range(2):
                    delivered(case, channel, journal, actions)
                states = journal.counts(channel.name)
                unknown = states.get("unknown", 0)
                can_lose = channel.capabilities.idempotent == "no"
            _expect(case, rule, actions, kind, unknown if can_lose else 0)


def check_what_left_is_never_called_undone(case: ChannelCase) -> None:
    """Check that a call that was carried out, and whose answer was lost, is not said to be undone.

    Raises:
        ConformanceError: `submit` raises what means that nothing happened.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "never call undone what may have happened"
    undone = (RetryableError, RateLimitedError, AuthenticationError, RejectedError)
    for kind in CARRIED_OUT:
        for after in range(4):
            with case.opened() as channel:
                acts = len(emulator.acts)
                actions = case.actions(2, f"left {kind} {after}")
                batch = batches_of(channel, actions)[0]
                emulator.faults.add(kind, times=1, after=after)
                try:
                    channel.submit(batch, idempotency_key=f"left-{kind}-{after}")
                except undone as error:
                    if len(emulator.acts) > acts and _is_whole(case, actions):
                        raise ConformanceError(
                            case.spec.name,
                            rule,
                            f"it raised {type(error).__name__} after {kind!r}, and all of it had "
                            "happened",
                        ) from error
                except ChannelError:
                    pass
                finally:
                    emulator.faults.clear()


def check_errors_show_no_secret(case: ChannelCase) -> None:
    """Check that neither errors nor logs show a secret or a contact when everything fails.

    Raises:
        ConformanceError: One does.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "show no secret and no contact when it fails"
    actions = case.actions(2, "shown")
    hidden = [*secrets_of(case.spec.settings, case.settings), *case.secrets]
    hidden += [one for action in actions for one in (action.email, action.phone) if one]
    shown: dict[str, str] = {}
    with listening() as log:
        for kind in ALL:
            with case.opened() as channel:
                batch = batches_of(channel, actions)[0]
                emulator.faults.add(kind)
                try:
                    channel.submit(batch, idempotency_key=f"shown-{kind}")
                except Exception as error:
                    shown[f"the error after {kind!r}"] = told(error)
                finally:
                    emulator.faults.clear()
    shown["the log"] = "\n".join(log.lines)
    check_hidden(case.spec.name, rule, hidden, shown)


def check_limits_are_kept(case: ChannelCase) -> None:
    """Check that no window that is declared ever holds more than it may.

    Raises:
        ConformanceError: One does, or the outside system refused a request as one too many.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "keep the limits it declares"
    was = emulator.limits
    emulator.limits = True
    try:
        with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
            emulator.requests.clear()
            rows = channel.capabilities.max_rows
            for number in range(30 if rows < 100 else 3):
                actions = case.actions(min(rows, 50), f"limited {number}")
                delivered(case, channel, journal, actions)
            windows = [one for one in channel.capabilities.limits if isinstance(one, Window)]
        groups = emulator.requests.groups()
        for window in windows:
            for group in groups:
                busiest = emulator.requests.busiest(group, window.seconds)
                if group == window.group and busiest > window.count:
                    raise ConformanceError(
                        case.spec.name, rule, f"{busiest} requests fell into {window.name}"
                    )
        refused = emulator.requests.refused(429)
        if refused:
            raise ConformanceError(
                case.spec.name, rule, f"the outside system refused {refused} requests as too many"
            )
    finally:
        emulator.limits = was


def _expect(
    case: ChannelCase, rule: str, actions: Sequence[Action], kind: str, unknown: int
) -> None:
    happened = case.happened()
    never = sum(happened.get(one.id, 0) == 0 for one in actions)
    often = sum(happened.get(one.id, 0) > 1 for one in actions)
    if often or never > unknown:
        raise ConformanceError(
            case.spec.name,
            rule,
            f"after {kind!r}, of {len(actions)} actions {often} happened more than once and "
            f"{never} never, of which {min(never, unknown)} are listed as unknown",
        )


def _is_whole(case: ChannelCase, actions: Sequence[Action]) -> bool:
    happened = case.happened()
    return all(happened.get(one.id, 0) >= 1 for one in actions)


def _no_emulator(case: ChannelCase) -> str | None:
    return None if case.emulator is not None else "the case has no emulator"


def _no_limits(case: ChannelCase) -> str | None:
    if case.emulator is None:
        return "the case has no emulator"
    with case.opened() as channel:
        return None if channel.capabilities.limits else "it declares no limits"


FAULT_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    Check(
        "faults_neither_double_nor_lose",
        "neither double nor lose anything when the outside system fails",
        check_faults_neither_double_nor_lose,
        _no_emulator,
    ),
    Check(
        "what_left_is_never_called_undone",
        "never call undone what may have happened",
        check_what_left_is_never_called_undone,
        _no_emulator,
    ),
    Check(
        "errors_show_no_secret",
        "show no secret and no contact when it fails",
        check_errors_show_no_secret,
        _no_emulator,
    ),
    Check("limits_are_kept", "keep the limits it declares", check_limits_are_kept, _no_limits),
)
