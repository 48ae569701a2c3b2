"""Sending to the end: dispatched, polled until all is settled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import Channel
from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.dispatching.settling import settle
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.outcomes import Payload, Receipt
from retention_kit.delivery.report import DeliveryReport
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import ConformanceError

_POLLS = 50


def delivered(
    case: ChannelCase, channel: Channel, journal: Journal, actions: Sequence[Action]
) -> DeliveryReport:
    """Dispatch actions, and poll until nothing is pending.

    Raises:
        ConformanceError: Something is pending still after many polls.
    """
    report = dispatch(actions, channel, journal, clock=case.clock)
    for _ in range(_POLLS):
        if not journal.counts(channel.name).get("pending"):
            return report
        if case.settled is not None:
            case.settled()
        receipts = journal.pending(channel.name, due=False)
        wait = max((one.poll_at for one in receipts), default=0.0)
        case.clock.sleep(max(0.0, wait - case.clock.now()))
        settle(channel, journal, clock=case.clock)
    raise ConformanceError(
        case.spec.name, "settle what it left pending", f"after {_POLLS} polls something is pending"
    )


def finished(case: ChannelCase, channel: Channel, receipt: Receipt) -> Receipt:
    """Poll a receipt until its token is gone.

    Raises:
        ConformanceError: It is there still after many polls.
    """
    for _ in range(_POLLS):
        if receipt.token is None:
            return receipt
        if case.settled is not None:
            case.settled()
        case.clock.sleep(receipt.poll_after)
        receipt = channel.poll(receipt)
    raise ConformanceError(
        case.spec.name, "come to an end of polling", f"after {_POLLS} polls it had not"
    )


def batches_of(channel: Channel, actions: Sequence[Action]) -> list[PlainBatch]:
    """Prepare actions as batches, one for each group; those that are refused are left out."""
    groups: dict[str, list[Payload]] = {}
    for action in actions:
        made = channel.prepare(action)
        if isinstance(made, Payload):
            groups.setdefault(made.group, []).append(made)
    return [PlainBatch(rows) for rows in groups.values()]


def happened_once(
    case: ChannelCase, rule: str, actions: Sequence[Action], when: str, *, may_miss: int = 0
) -> None:
    """Raise where actions did not happen, or more than once.

    Args:
        case: The channel.
        rule: What it should do.
        actions: What should have happened.
        when: After what: "after one dispatch".
        may_miss: How many may be missing, because they are listed as unknown.

    Raises:
        ConformanceError: Some did not, or more than once.
    """
    happened = case.happened()
    never = sum(happened.get(one.id, 0) == 0 for one in actions)
    often = sum(happened.get(one.id, 0) > 1 for one in actions)
    if often or never > may_miss:
        finding = (
            f"{when}, of {len(actions)} actions {never} had not happened and {often} had more "
            "than once"
        )
        if may_miss:
            finding += f", where {may_miss} are listed as unknown"
        raise ConformanceError(case.spec.name, rule, finding)


def states_of(report: DeliveryReport) -> str:
    """Give the counts of a report by state, for people to read."""
    return ", ".join(f"{number} {state}" for state, number in report.states.items()) or "no states"


class PlainBatch:
    """Rows in memory, as a batch."""

    def __init__(self, rows: Sequence[Payload]) -> None:
        self._rows = list(rows)

    @property
    def group(self) -> str:
        """The group of all its rows."""
        return self._rows[0].group

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Payload]:
        return iter(self._rows)
