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
        wait = max((one.poll_at for one in journal.pending(channel.name)), default=0.0)
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
