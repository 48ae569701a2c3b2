"""Checks of channels whose outside system fails in every way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from retention_kit.delivery.actions import Action
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.outcomes import DONE, Receipt
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    RateLimitedError,
    RejectedError,
    RetryableError,
)
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import Check, ConformanceError
from retention_kit.testing.conformance.secrets import (
    check_hidden,
    contacts_of,
    listening,
    secrets_of,
    told,
)
from retention_kit.testing.conformance.sending import batches_of, delivered, happened_once
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
NOTHING_DONE: Final[tuple[FaultKind, ...]] = ("drop_before", "error_500")
"""Faults after which the outside system has done nothing, and gives no answer to believe."""

_ROUNDS = 6
_OPEN = frozenset({"planned", "pending", "unknown"})
_SOME = 12


def check_faults_neither_double_nor_lose(case: ChannelCase) -> None:
    """Check each kind of fault on each of the first requests, dispatching until all is done.

    On an idempotent channel everything must have happened once at the end; on another, once, or
    it is listed as unknown. Faults that outlast every try of one `submit` are checked as well:
    what did not happen is not said to be done.

    Raises:
        ConformanceError: Something happens twice, or is lost without being told.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "neither double nor lose anything when the outside system fails"
    before = emulator.faults.happened.total()
    for kind in [one for one in ALL if one not in case.untellable]:
        for after in (0, 1, 2):
            actions = case.actions(_SOME, f"{kind} {after}")
            with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
                emulator.faults.add(kind, times=2, after=after)
                try:
                    for _ in range(_ROUNDS):
                        delivered(case, channel, journal, actions)
                        if not _OPEN & journal.counts(channel.name).keys():
                            break
                finally:
                    emulator.faults.clear()
                for _ in range(2):
                    delivered(case, channel, journal, actions)
                states = journal.counts(channel.name)
                can_lose = channel.capabilities.idempotent == "no"
            unknown = states.get("unknown", 0) if can_lose else 0
            happened_once(case, rule, actions, f"after {kind!r}", may_miss=unknown)
    for kind in NOTHING_DONE:
        if kind not in case.untellable:
            for after in (0, 1, 2):
                _nothing_lost_is_done(case, rule, kind, after)
    if not _met(case, before):
        raise ConformanceError(
            case.spec.name, rule, "no request met a fault: does it write to the case's emulator?"
        )


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
    hidden = (
        *secrets_of(case.spec.settings, case.settings),
        *contacts_of(actions),
        *case.secrets,
    )
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
    shown["the log"] = str(log)
    check_hidden(case.spec.name, rule, hidden, shown)


def _nothing_lost_is_done(case: ChannelCase, rule: str, kind: FaultKind, after: int) -> None:
    """Submit while no request after the first ones comes through, however often it is tried."""
    assert case.emulator is not None
    actions = case.actions(_SOME, f"lasting {kind} {after}")
    with case.opened() as channel:
        batch = batches_of(channel, actions)[0]
        case.emulator.faults.add(kind, after=after)
        try:
            receipt = channel.submit(batch, idempotency_key=f"lasting-{kind}-{after}")
        except Exception:
            # What an error must be, another check says; it claims nothing to be done.
            return
        finally:
            case.emulator.faults.clear()
        happened = case.happened()
        lost = sum(_is_done(receipt, row.id) and happened.get(row.id, 0) == 0 for row in batch)
    if lost:
        raise ConformanceError(
            case.spec.name,
            rule,
            f"while {kind!r} lasted, submit called {lost} of {len(batch)} rows done that had not "
            "happened",
        )


def _is_done(receipt: Receipt, id_: str) -> bool:
    told = receipt.outcomes.get(id_)
    return (receipt.rest if told is None else told.state) in DONE


def _met(case: ChannelCase, before: int) -> bool:
    assert case.emulator is not None
    return case.emulator.faults.happened.total() > before


def _is_whole(case: ChannelCase, actions: Sequence[Action]) -> bool:
    happened = case.happened()
    return all(happened.get(one.id, 0) >= 1 for one in actions)


def _no_emulator(case: ChannelCase) -> str | None:
    return None if case.emulator is not None else "the case has no emulator"


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
)
