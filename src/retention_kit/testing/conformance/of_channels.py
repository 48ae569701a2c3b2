"""Checks of channels: what is prepared, sent, sent again, refused, told."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, cast

from retention_kit.delivery.actions import Action, PluginAction
from retention_kit.delivery.channels import Channel, LooksUp
from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.outcomes import DONE, Payload, Rejection, Sent
from retention_kit.delivery.report import DeliveryReport
from retention_kit.errors import AuthenticationError
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import (
    Check,
    ConformanceError,
    ConformanceReport,
    run_checks,
)
from retention_kit.testing.conformance.of_faults import FAULT_CHECKS
from retention_kit.testing.conformance.of_specs import CAPABILITY_CHECKS, SPEC_CHECKS
from retention_kit.testing.conformance.secrets import check_hidden, listening, secrets_of
from retention_kit.testing.conformance.secrets import told as told_by
from retention_kit.testing.conformance.sending import batches_of, delivered, finished

_SOME = 7
_MANY = 300


def check_channel(
    case: ChannelCase, *, expected_failures: Mapping[str, str] | None = None
) -> ConformanceReport:
    """Run all checks of a channel that fit what it declares and what the case gives.

    Args:
        case: The channel, and what is outside of it.
        expected_failures: Checks that are known to fail, and why; one that passes is a failure.

    Returns:
        What became of each check; `raise_for_failures()` makes a test of it.
    """

    @contextmanager
    def opened() -> Iterator[ChannelCase]:
        if case.emulator is not None:
            case.emulator.faults.clear()
        yield case

    return run_checks(case.spec.name, CHANNEL_CHECKS, opened, expected_failures=expected_failures)


def check_prepare_asks_nobody(case: ChannelCase) -> None:
    """Check that `prepare` is a plain function: no request, the same each time, JSON, the id kept.

    Raises:
        ConformanceError: It is not.
    """
    rule = "prepare without asking anybody, the same each time"
    subject = case.spec.name
    with case.opened() as channel:
        before = 0 if case.emulator is None else case.emulator.requests.count()
        for action in case.actions(_SOME, "prepared"):
            first, second = channel.prepare(action), channel.prepare(action)
            if first != second:
                raise ConformanceError(subject, rule, f"two payloads of one {action.kind} differ")
            if isinstance(first, Rejection):
                raise ConformanceError(
                    subject, rule, f"it refused a good {action.kind}: {first.code}"
                )
            if first.id != action.id:
                raise ConformanceError(subject, rule, "the payload's id is not the action's")
            try:
                json.dumps(first.body)
            except (TypeError, ValueError):
                raise ConformanceError(
                    subject, rule, f"the body of a {action.kind} is no JSON"
                ) from None
            if channel.capabilities.max_bytes is not None and first.size <= 0:
                raise ConformanceError(
                    subject, rule, "it declares max_bytes, and its payloads have no size"
                )
        after = 0 if case.emulator is None else case.emulator.requests.count()
        if after != before:
            raise ConformanceError(subject, rule, f"it made {after - before} requests")


def check_people_without_contacts_are_refused(case: ChannelCase) -> None:
    """Check that an action for somebody the channel cannot know is a `Rejection` with a code.

    Raises:
        ConformanceError: It is sent, or raises.
    """
    rule = "refuse in prepare whom it has no way to reach"
    with case.opened() as channel:
        for action in case.actions(2, "nobody"):
            nobody = _without_contacts(action)
            made = channel.prepare(nobody)
            if isinstance(made, Payload):
                raise ConformanceError(
                    case.spec.name,
                    rule,
                    f"a {action.kind} was prepared that has none of "
                    f"{', '.join(sorted(channel.capabilities.identifiers))}",
                )
            if not made.code:
                raise ConformanceError(case.spec.name, rule, "the rejection has no code")


def check_foreign_actions_are_refused(case: ChannelCase) -> None:
    """Check that an action which the channel does not carry is never sent.

    Raises:
        ConformanceError: It is.
    """
    rule = "refuse actions that it does not carry"
    foreign = PluginAction(campaign="conformance", customer_id=1, name="nobodys.action")
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        before = sum(case.happened().values())
        report = dispatch([foreign], channel, journal, clock=case.clock)
        if (
            report.rejected.get("unsupported_action") != 1
            or sum(case.happened().values()) != before
        ):
            raise ConformanceError(case.spec.name, rule, f"of one such action: {_states(report)}")


def check_each_action_happens_once(case: ChannelCase) -> None:
    """Check that what is dispatched happens once, and dispatched again does not happen again.

    Raises:
        ConformanceError: Something happens twice or not at all.
    """
    rule = "do each action once"
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        actions = [
            *case.actions(_SOME, "once"),
            *case.actions(channel.capabilities.max_rows, "full"),
        ]
        actions = actions[:500]
        delivered(case, channel, journal, actions)
        _expect_once(case, rule, actions, "after one dispatch")
        report = delivered(case, channel, journal, actions)
        _expect_once(case, rule, actions, "after the same dispatch again")
        if report.already_done != len(actions):
            raise ConformanceError(
                case.spec.name,
                rule,
                f"of {len(actions)} actions dispatched again, {report.already_done} were known",
            )


def check_a_batch_sent_again_changes_nothing(case: ChannelCase) -> None:
    """Check, where a channel declares itself idempotent, that a batch can be submitted twice.

    Raises:
        ConformanceError: Something happens twice.
    """
    rule = "be idempotent, as it declares"
    with case.opened() as channel:
        actions = case.actions(min(_SOME, channel.capabilities.max_rows), "twice")
        for _ in range(2):
            for batch in batches_of(channel, actions):
                key = f"conformance-twice-{batch.group}"
                finished(case, channel, channel.submit(batch, idempotency_key=key))
        _expect_once(case, rule, actions, "after the same batch was submitted twice")


def check_a_bad_row_stands_alone(case: ChannelCase) -> None:
    """Check that one bad action does not take its batch down.

    Raises:
        ConformanceError: It does, or counts as done.
    """
    rule = "let one bad row stand alone"
    assert case.bad_action is not None
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        good = list(case.actions(_SOME, "beside"))
        bad = case.bad_action()
        report = delivered(case, channel, journal, [*good[:3], bad, *good[3:]])
        _expect_once(case, rule, good, "beside a bad one")
        if sum(report.rejected.values()) != 1:
            raise ConformanceError(
                case.spec.name, rule, f"the bad one is not rejected: {_states(report)}"
            )


def check_lookup_tells_what_happened(case: ChannelCase) -> None:
    """Check that `lookup` finds what happened, and says of the rest that it did not.

    Of some kinds of actions it may say nothing, not of all.

    Raises:
        ConformanceError: It does not.
    """
    rule = "tell by lookup what happened"
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        sent = list(case.actions(_SOME, "looked up"))
        never = list(case.actions(3, "never sent"))
        delivered(case, channel, journal, sent)
        rows = [Sent(one.id, one.kind, _group(channel, one)) for one in [*sent, *never]]
        found = cast("LooksUp", channel).lookup(rows)
        told = [one for one in sent if one.id in found]
        lost = [one for one in told if found[one.id].state not in DONE]
        ghosts = [one for one in never if one.id in found and found[one.id].state != "planned"]
        if not told:
            raise ConformanceError(case.spec.name, rule, "it told of no row that it was asked for")
        if lost or ghosts:
            raise ConformanceError(
                case.spec.name,
                rule,
                f"{len(lost)} of {len(sent)} that happened were not found, and {len(ghosts)} that "
                "did not were",
            )


def check_refused_credentials_stop_the_run(case: ChannelCase) -> None:
    """Check that wrong credentials stop a run, lose nothing, and show no secret.

    Raises:
        ConformanceError: They do not.
    """
    rule = "stop when credentials are refused, and show no secret"
    assert case.wrong_settings is not None
    hidden = (
        *secrets_of(case.spec.settings, case.wrong_settings),
        *(one.email for one in case.actions(2, "refused") if one.email),
        *(one.phone for one in case.actions(2, "refused") if one.phone),
        *case.secrets,
    )
    with (
        listening() as log,
        case.opened(case.wrong_settings) as channel,
        Journal("sqlite://", clock=case.clock) as journal,
    ):
        actions = case.actions(2, "refused")
        report = dispatch(actions, channel, journal, clock=case.clock)
        if report.stopped is None or journal.counts(channel.name) != {"planned": len(actions)}:
            raise ConformanceError(
                case.spec.name, rule, f"the run ended with {journal.counts(channel.name)}"
            )
        try:
            channel.submit(batches_of(channel, actions)[0], idempotency_key="refused")
        except AuthenticationError as error:
            shown = told_by(error)
        except Exception as error:
            raise ConformanceError(
                case.spec.name, rule, f"submit raised {type(error).__name__}"
            ) from error
        else:
            raise ConformanceError(case.spec.name, rule, "submit raised nothing")
    check_hidden(
        case.spec.name,
        rule,
        hidden,
        {"the error": shown, "the report": str(report), "the log": "\n".join(log.lines)},
    )


def _expect_once(case: ChannelCase, rule: str, actions: Sequence[Action], when: str) -> None:
    happened = case.happened()
    never = sum(happened.get(one.id, 0) == 0 for one in actions)
    often = sum(happened.get(one.id, 0) > 1 for one in actions)
    if never or often:
        raise ConformanceError(
            case.spec.name,
            rule,
            f"{when}, of {len(actions)} actions {never} had not happened, {often} more than once",
        )


def _group(channel: Channel, action: Action) -> str:
    made = channel.prepare(action)
    return made.group if isinstance(made, Payload) else ""


def _without_contacts(action: Action) -> Action:
    return dataclasses.replace(action, email=None, phone=None, identifiers={})


def _states(report: DeliveryReport) -> str:
    return ", ".join(f"{number} {state}" for state, number in report.states.items())


def _nothing(case: ChannelCase) -> str | None:
    del case
    return None


def _not_idempotent(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        declared = channel.capabilities.idempotent
    return "it does not declare itself idempotent" if declared == "no" else None


def _no_lookup(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        return None if channel.capabilities.lookup else "it declares no lookup"


def _anybody(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        if not channel.capabilities.identifiers:
            return "it needs no identifiers"
    return None


def _no_bad_action(case: ChannelCase) -> str | None:
    return None if case.bad_action is not None else "the case has no bad action"


def _no_wrong_settings(case: ChannelCase) -> str | None:
    return None if case.wrong_settings is not None else "the case has no wrong settings"


CHANNEL_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    *SPEC_CHECKS,
    *CAPABILITY_CHECKS,
    Check(
        "prepare_asks_nobody",
        "prepare without asking anybody, the same each time",
        check_prepare_asks_nobody,
        _nothing,
    ),
    Check(
        "people_without_contacts_are_refused",
        "refuse in prepare whom it has no way to reach",
        check_people_without_contacts_are_refused,
        _anybody,
    ),
    Check(
        "foreign_actions_are_refused",
        "refuse actions that it does not carry",
        check_foreign_actions_are_refused,
        _nothing,
    ),
    Check(
        "each_action_happens_once",
        "do each action once, however often it is dispatched",
        check_each_action_happens_once,
        _nothing,
    ),
    Check(
        "a_batch_sent_again_changes_nothing",
        "be idempotent, as it declares",
        check_a_batch_sent_again_changes_nothing,
        _not_idempotent,
    ),
    Check(
        "a_bad_row_stands_alone",
        "let one bad row stand alone",
        check_a_bad_row_stands_alone,
        _no_bad_action,
    ),
    Check(
        "lookup_tells_what_happened",
        "tell by lookup what happened",
        check_lookup_tells_what_happened,
        _no_lookup,
    ),
    Check(
        "refused_credentials_stop_the_run",
        "stop when credentials are refused, and show no secret",
        check_refused_credentials_stop_the_run,
        _no_wrong_settings,
    ),
    *FAULT_CHECKS,
)
