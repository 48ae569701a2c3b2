"""Checks of what channels prepare, which asks nobody outside."""

from __future__ import annotations

import dataclasses
import json
from typing import Final

from retention_kit.delivery.actions import ACTIONS, Action, PluginAction
from retention_kit.delivery.channels import Channel
from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.outcomes import Payload, Rejection
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.examples import example_of
from retention_kit.testing.conformance.findings import Check, ConformanceError, always
from retention_kit.testing.conformance.secrets import check_hidden, contacts_of
from retention_kit.testing.conformance.sending import states_of

_SOME: Final = 7


def check_prepare_asks_nobody(case: ChannelCase) -> None:
    """Check that `prepare` is a plain function: no request, the same each time, JSON, the id kept.

    Raises:
        ConformanceError: It is not.
    """
    rule = "prepare without asking anybody, the same each time"
    with case.opened() as channel:
        before = _asked(case)
        for action in case.actions(_SOME, "prepared"):
            finding = _wrong_payload(channel, action)
            if finding is not None:
                raise ConformanceError(case.spec.name, rule, finding)
        after = _asked(case)
    if after != before:
        raise ConformanceError(case.spec.name, rule, f"it made {after - before} requests")


def check_each_declared_action_is_prepared(case: ChannelCase) -> None:
    """Check that `prepare` knows every kind of action that is declared.

    Raises:
        ConformanceError: Of one it raises, or says that it does not carry it.
    """
    rule = "prepare each kind of action that it declares"
    with case.opened() as channel:
        (like,) = case.actions(1, "of each kind")[:1]
        for kind in sorted(channel.capabilities.actions & set(ACTIONS)):
            try:
                made = channel.prepare(example_of(kind, like))
            except Exception as error:
                raise ConformanceError(
                    case.spec.name, rule, f"for {kind!r} it raised {type(error).__name__}"
                ) from None
            if isinstance(made, Rejection) and made.code in ("", "unsupported_action"):
                raise ConformanceError(
                    case.spec.name, rule, f"it refused {kind!r} with the code {made.code!r}"
                )


def check_nothing_that_is_kept_shows_a_contact(case: ChannelCase) -> None:
    """Check that what journals and reports keep of an action holds no contact in clear.

    Raises:
        ConformanceError: `Payload.keep`, a group or a rejection's detail does.
    """
    rule = "let nothing be kept that shows a contact"
    actions = list(case.actions(_SOME, "kept"))
    if case.bad_action is not None:
        actions.append(case.bad_action())
    shown: dict[str, str] = {}
    with case.opened() as channel:
        for action in actions:
            made = channel.prepare(action)
            if isinstance(made, Rejection):
                shown[f"a rejection of a {action.kind}"] = f"{made.code} {made.detail}"
            else:
                shown[f"what is kept of a {action.kind}"] = repr(dict(made.keep))
                shown[f"the group of a {action.kind}"] = made.group
            check_hidden(case.spec.name, rule, contacts_of([action]), shown)
            shown.clear()


def check_people_without_contacts_are_refused(case: ChannelCase) -> None:
    """Check that an action for somebody the channel cannot know is a `Rejection` with a code.

    Raises:
        ConformanceError: It is sent, or raises.
    """
    rule = "refuse in prepare whom it has no way to reach"
    with case.opened() as channel:
        for action in case.actions(2, "nobody"):
            made = channel.prepare(
                dataclasses.replace(action, email=None, phone=None, identifiers={})
            )
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
    """Check that an action which the channel does not carry is never sent, and breaks nothing.

    Raises:
        ConformanceError: It is, or `prepare` raises.
    """
    rule = "refuse actions that it does not carry"
    foreign = PluginAction(campaign="conformance", customer_id=1, name="nobodys.action")
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        try:
            channel.prepare(foreign)
        except Exception as error:
            raise ConformanceError(
                case.spec.name, rule, f"prepare raised {type(error).__name__}"
            ) from None
        before = sum(case.happened().values())
        report = dispatch([foreign], channel, journal, clock=case.clock)
        refused = report.rejected.get("unsupported_action")
        if refused != 1 or sum(case.happened().values()) != before:
            raise ConformanceError(case.spec.name, rule, f"of one such action: {states_of(report)}")


def _wrong_payload(channel: Channel, action: Action) -> str | None:
    first, second = channel.prepare(action), channel.prepare(action)
    if first != second:
        return f"two payloads of one {action.kind} differ"
    if isinstance(first, Rejection):
        return f"it refused a good {action.kind}: {first.code}"
    if first.id != action.id:
        return "the payload's id is not the action's"
    try:
        json.dumps(first.body)
    except (TypeError, ValueError):
        return f"the body of a {action.kind} is no JSON"
    if channel.capabilities.max_bytes is not None and first.size <= 0:
        return "it declares max_bytes, and its payloads have no size"
    return None


def _asked(case: ChannelCase) -> int:
    return 0 if case.emulator is None else case.emulator.requests.count()


def _anybody(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        return None if channel.capabilities.identifiers else "it needs no identifiers"


PREPARE_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    Check(
        "prepare_asks_nobody",
        "prepare without asking anybody, the same each time",
        check_prepare_asks_nobody,
        always,
    ),
    Check(
        "each_declared_action_is_prepared",
        "prepare each kind of action that it declares",
        check_each_declared_action_is_prepared,
        always,
    ),
    Check(
        "nothing_that_is_kept_shows_a_contact",
        "let nothing be kept that shows a contact",
        check_nothing_that_is_kept_shows_a_contact,
        always,
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
        always,
    ),
)
