"""Checks of who may: credentials that are refused, and web hooks that nobody signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import Channel, Receives
from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.errors import AuthenticationError
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import Check, ConformanceError
from retention_kit.testing.conformance.secrets import (
    check_hidden,
    contacts_of,
    listening,
    secrets_of,
    told,
)
from retention_kit.testing.conformance.sending import batches_of, delivered

_SOME: Final = 3


def check_refused_credentials_stop_the_run(case: ChannelCase) -> None:
    """Check that wrong credentials stop a run, lose nothing, and show no secret.

    Raises:
        ConformanceError: They do not.
    """
    rule = "stop when credentials are refused, and show no secret"
    assert case.wrong_settings is not None
    actions = case.actions(2, "refused")
    hidden = (
        *secrets_of(case.spec.settings, case.wrong_settings),
        *contacts_of(actions),
        *case.secrets,
    )
    with (
        listening() as log,
        case.opened(case.wrong_settings) as channel,
        Journal("sqlite://", clock=case.clock) as journal,
    ):
        report = dispatch(actions, channel, journal, clock=case.clock)
        if report.stopped is None or journal.counts(channel.name) != {"planned": len(actions)}:
            raise ConformanceError(
                case.spec.name, rule, f"the run ended with {journal.counts(channel.name)}"
            )
        error = _error_of(
            lambda: channel.submit(batches_of(channel, actions)[0], idempotency_key="refused")
        )
    if not isinstance(error, AuthenticationError):
        what = "nothing" if error is None else type(error).__name__
        raise ConformanceError(case.spec.name, rule, f"submit raised {what}")
    shown = {
        "the error": told(error),
        "the report": f"{report} {report.stopped}",
        "the log": str(log),
    }
    check_hidden(case.spec.name, rule, hidden, shown)


def check_web_hooks_are_read(case: ChannelCase) -> None:
    """Check that a genuine web hook is read, and tells of what was sent.

    Raises:
        ConformanceError: It is not, or tells of something else.
    """
    rule = "read a genuine web hook"
    assert case.incoming is not None
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        actions = _sent(case, channel, journal)
        outcomes = cast("Receives", channel).receive(*case.incoming(actions))
        recorded = journal.record(channel.name, outcomes)
    strange = {one.id for one in outcomes} - {one.id for one in actions}
    if not outcomes or strange:
        raise ConformanceError(
            case.spec.name,
            rule,
            f"it told of {len(outcomes)} rows, of which {len(strange)} were never sent",
        )
    if not recorded.recorded + recorded.unchanged:
        raise ConformanceError(case.spec.name, rule, "a journal could keep nothing of it")


def check_unsigned_web_hooks_are_refused(case: ChannelCase) -> None:
    """Check that a web hook without its signature, or with another, is refused.

    Raises:
        ConformanceError: It is believed.
    """
    rule = "refuse a web hook that is not signed by whom it says"
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        receives = cast("Receives", channel)
        _expect_refused(case, rule, receives, "without headers", {}, b"[]")
        if case.incoming is not None:
            headers, body = case.incoming(_sent(case, channel, journal))
            forged = {name: _other(value) for name, value in headers.items()}
            _expect_refused(case, rule, receives, "without headers", {}, body)
            _expect_refused(case, rule, receives, "with forged headers", forged, body)


def check_changed_web_hooks_are_refused(case: ChannelCase) -> None:
    """Check that a web hook whose body was changed on its way is refused.

    Where the outside system does not sign bodies this cannot be: say so as an expected failure.

    Raises:
        ConformanceError: It is believed.
    """
    assert case.incoming is not None
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        headers, body = case.incoming(_sent(case, channel, journal))
        _expect_refused(
            case,
            "refuse a web hook whose body was changed",
            cast("Receives", channel),
            "with a changed body",
            headers,
            body + b" ",
        )


def _sent(case: ChannelCase, channel: Channel, journal: Journal) -> Sequence[Action]:
    actions = case.actions(_SOME, "told of")
    delivered(case, channel, journal, actions)
    return actions


def _expect_refused(
    case: ChannelCase,
    rule: str,
    receives: Receives,
    what: str,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    error = _error_of(lambda: receives.receive(headers, body))
    if not isinstance(error, AuthenticationError):
        became = "was believed" if error is None else f"raised {type(error).__name__}"
        raise ConformanceError(case.spec.name, rule, f"one {what} {became}")


def _error_of(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except Exception as error:
        return error
    return None


def _other(value: str) -> str:
    """Give a text of the same length that is another one."""
    return "".join("0" if one != "0" else "1" for one in value)


def _no_wrong_settings(case: ChannelCase) -> str | None:
    return None if case.wrong_settings is not None else "the case has no wrong settings"


def _no_receive(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        return None if channel.capabilities.receive else "it declares no receive"


def _nothing_incoming(case: ChannelCase) -> str | None:
    missing = None if case.incoming is not None else "the case makes no web hook"
    return _no_receive(case) or missing


CREDENTIAL_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    Check(
        "refused_credentials_stop_the_run",
        "stop when credentials are refused, and show no secret",
        check_refused_credentials_stop_the_run,
        _no_wrong_settings,
    ),
    Check(
        "web_hooks_are_read",
        "read a genuine web hook",
        check_web_hooks_are_read,
        _nothing_incoming,
    ),
    Check(
        "unsigned_web_hooks_are_refused",
        "refuse a web hook that is not signed by whom it says",
        check_unsigned_web_hooks_are_refused,
        _no_receive,
    ),
    Check(
        "changed_web_hooks_are_refused",
        "refuse a web hook whose body was changed",
        check_changed_web_hooks_are_refused,
        _nothing_incoming,
    ),
)
