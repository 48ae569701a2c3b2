"""Checks of what channels do outside: once, again, side by side, later, and what they then tell."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final, cast

from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import Channel, LooksUp
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.outcomes import DONE, Payload, Receipt, Sent
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import Check, ConformanceError, always
from retention_kit.testing.conformance.secrets import (
    check_hidden,
    contacts_of,
    identifiers_of,
    secrets_of,
)
from retention_kit.testing.conformance.sending import (
    batches_of,
    delivered,
    finished,
    happened_once,
    states_of,
)

_SOME: Final = 7
_MOST: Final = 500
_ROUNDS: Final = 3


def check_each_action_happens_once(case: ChannelCase) -> None:
    """Check that what is dispatched happens once, and dispatched again does not happen again.

    A few actions and a full batch are, of at most 500.

    Raises:
        ConformanceError: Something happens twice or not at all.
    """
    rule = "do each action once"
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        full = min(channel.capabilities.max_rows, _MOST)
        actions = [*case.actions(_SOME, "once"), *case.actions(full, "full")]
        delivered(case, channel, journal, actions)
        happened_once(case, rule, actions, "after one dispatch")
        report = delivered(case, channel, journal, actions)
        happened_once(case, rule, actions, "after the same dispatch again")
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
    happened_once(case, rule, actions, "after the same batch was submitted twice")


def check_batches_go_side_by_side(case: ChannelCase) -> None:
    """Check that as many batches as are declared may be under way at once.

    Raises:
        ConformanceError: One fails, or something happens twice or not at all.
    """
    rule = "carry several batches at once, as it declares"
    with case.opened() as channel:
        count = min(channel.capabilities.parallel, 8)
        rows = min(_SOME, channel.capabilities.max_rows)
        start = threading.Barrier(count)

        def send(number: int) -> list[Action]:
            sent: list[Action] = []
            start.wait()
            for round_ in range(_ROUNDS):
                actions = case.actions(rows, f"beside {number} {round_}")
                for batch in batches_of(channel, actions):
                    key = f"conformance-beside-{number}-{round_}-{batch.group}"
                    finished(case, channel, channel.submit(batch, idempotency_key=key))
                sent.extend(actions)
            return sent

        with ThreadPoolExecutor(count) as threads:
            tried = [threads.submit(send, number) for number in range(count)]
        failed = [type(error).__name__ for one in tried if (error := one.exception()) is not None]
    if failed:
        raise ConformanceError(
            case.spec.name, rule, f"{len(failed)} of {count} threads met {', '.join(failed)}"
        )
    every = [action for one in tried for action in one.result()]
    happened_once(case, rule, every, f"from {count} threads")


def check_polling_comes_to_an_end(case: ChannelCase) -> None:
    """Check that what comes later comes, by a token that is JSON and shows nobody.

    Raises:
        ConformanceError: It does not, or the token shows a contact, an identifier or a secret.
    """
    rule = "settle later what it left pending"
    with case.opened() as channel:
        actions = case.actions(min(_SOME, channel.capabilities.max_rows), "later")
        hidden = (
            *secrets_of(case.spec.settings, case.settings),
            *contacts_of(actions),
            *identifiers_of(actions),
            *case.secrets,
        )
        for batch in batches_of(channel, actions):
            receipt = channel.submit(batch, idempotency_key=f"conformance-later-{batch.group}")
            finding = _wrong_receipt(receipt)
            if finding is not None:
                raise ConformanceError(case.spec.name, rule, finding)
            check_hidden(case.spec.name, rule, hidden, {"the receipt's token": str(receipt.token)})
            if receipt.token is None:
                continue
            last = finished(case, channel, receipt)
            left = sum(one.state == "pending" for one in last.outcomes.values())
            if left or last.rest == "pending":
                raise ConformanceError(
                    case.spec.name, rule, "its last receipt has no token and is pending still"
                )
    happened_once(case, rule, actions, "after the last poll")


def check_a_bad_row_stands_alone(case: ChannelCase) -> None:
    """Check that one bad action does not take its batch down.

    Raises:
        ConformanceError: It does, or counts as done, or what is told of it shows a contact.
    """
    rule = "let one bad row stand alone"
    assert case.bad_action is not None
    with case.opened() as channel, Journal("sqlite://", clock=case.clock) as journal:
        good = list(case.actions(_SOME, "beside"))
        bad = case.bad_action()
        report = delivered(case, channel, journal, [*good[:3], bad, *good[3:]])
        rejected = journal.actions(channel.name, states=["rejected"])
    happened_once(case, rule, good, "beside a bad one")
    if rejected["id"].to_list() != [bad.id]:
        raise ConformanceError(
            case.spec.name, rule, f"the bad one alone should be rejected: {states_of(report)}"
        )
    said = " ".join(str(one) for one in rejected.select("code", "detail").row(0))
    check_hidden(case.spec.name, rule, contacts_of([bad]), {"why the bad one is rejected": said})


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


def _wrong_receipt(receipt: Receipt) -> str | None:
    if receipt.token is None:
        is_open = receipt.rest == "pending" or any(
            one.state == "pending" for one in receipt.outcomes.values()
        )
        return "rows are pending, and the receipt has no token to poll by" if is_open else None
    try:
        json.loads(receipt.token)
    except (TypeError, ValueError):
        return "the receipt's token is no JSON"
    return None


def _group(channel: Channel, action: Action) -> str:
    made = channel.prepare(action)
    return made.group if isinstance(made, Payload) else ""


def _not_idempotent(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        declared = channel.capabilities.idempotent
    return "it does not declare itself idempotent" if declared == "no" else None


def _one_at_a_time(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        several = channel.capabilities.parallel > 1
    return None if several else "it declares one batch at a time"


def _at_once(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        can = channel.capabilities
    if can.results != "later":
        return "it declares that nothing is known later"
    return "what it does is told by web hooks" if can.receive else None


def _no_lookup(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        return None if channel.capabilities.lookup else "it declares no lookup"


def _no_bad_action(case: ChannelCase) -> str | None:
    return None if case.bad_action is not None else "the case has no bad action"


DELIVERY_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    Check(
        "each_action_happens_once",
        "do each action once, however often it is dispatched",
        check_each_action_happens_once,
        always,
    ),
    Check(
        "a_batch_sent_again_changes_nothing",
        "be idempotent, as it declares",
        check_a_batch_sent_again_changes_nothing,
        _not_idempotent,
    ),
    Check(
        "batches_go_side_by_side",
        "carry several batches at once, as it declares",
        check_batches_go_side_by_side,
        _one_at_a_time,
    ),
    Check(
        "polling_comes_to_an_end",
        "settle later what it left pending",
        check_polling_comes_to_an_end,
        _at_once,
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
)
