"""What became of earlier batches: receipts that are due are polled, rows in doubt looked up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from retention_kit._logging import get_logger
from retention_kit.delivery.channels import Channel, LooksUp
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.dispatching.checking import checked_receipt, fault_of, faulty
from retention_kit.delivery.dispatching.problems import no_receipt
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.journal.problems import LostRowsError
from retention_kit.delivery.journal.records import PendingReceipt
from retention_kit.delivery.journal.runs import Run
from retention_kit.delivery.outcomes import Outcome, Receipt, Sent
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    DefinitionError,
    PluginError,
    RejectedError,
    RetentionKitError,
)

QUIET: Final = 60.0
"""Seconds after which a call that got no answer is no longer under way, so that "it is not there"
means that it never will be."""


class _NoAnswer:
    """What stands for no answer: None is one, and a wrong one."""


_NO_ANSWER: Final = _NoAnswer()
_T = TypeVar("_T")
_log = get_logger(__name__)


def catch_up(
    run: Run,
    journal: Journal,
    channel: Channel,
    clock: Clock,
    *,
    lookup: bool,
    only_quiet: bool = False,
) -> Tally:
    """Ask what became of what was sent before; send nothing.

    Args:
        run: The run.
        journal: Its journal.
        channel: The channel.
        clock: The time.
        lookup: Whether rows in doubt are looked up, where the channel can.
        only_quiet: Leave those alone of which an outside system may still be about to say that
            they are there: each look-up is a request that rows to be sent wait for.

    Returns:
        Counts of the rows that were asked about.

    Raises:
        RetentionKitError: The channel's credentials or settings are wrong, or it is broken.
    """
    tally = Tally()
    for waiting in run.pending():
        _poll(run, channel, waiting, tally)
    if lookup and channel.capabilities.lookup and isinstance(channel, LooksUp):
        for rows in run.unknown():
            _look_up(run, journal, channel, clock, rows, tally, only_quiet=only_quiet)
    return tally


def _poll(run: Run, channel: Channel, waiting: PendingReceipt, tally: Tally) -> None:
    """Ask by one receipt.

    Raises:
        RetentionKitError: Asking again will not help.
    """
    ask = functools.partial(channel.poll, Receipt(token=waiting.token))
    problem: PluginError | None = None
    try:
        receipt: Any = _asked(channel, ask)
    except RejectedError:
        # The outside system does not know it any more, and never will.
        _log.warning("%s knows nothing of a receipt any more", channel.name)
        receipt = Receipt(rest="unknown")
    if receipt is _NO_ANSWER:
        return
    if not isinstance(receipt, Receipt):
        raise no_receipt(channel.name, receipt)
    receipt, problem = checked_receipt(channel.name, receipt)
    try:
        tally.states.update(run.settle(waiting.batch, receipt))
        tally.batches += 1
    except LostRowsError:
        # Others are asked about all the same.
        _log.warning("%s was asked about a batch that was taken back", channel.name)
    if problem is not None:
        raise problem


def _look_up(
    run: Run,
    journal: Journal,
    channel: Channel,
    clock: Clock,
    rows: list[Sent],
    tally: Tally,
    *,
    only_quiet: bool,
) -> None:
    """Look rows up.

    Raises:
        RetentionKitError: Asking again will not help.
    """
    ask: Callable[[Sequence[Sent]], Mapping[str, Outcome]] = channel.lookup  # type: ignore[attr-defined]
    # A row may get there while others are asked about: only what was quiet before is gone.
    quiet_since = clock.now() - QUIET
    before = run.known([row.id for row in rows])
    if only_quiet:
        rows = [
            row for row in rows if row.id in before and before[row.id].updated_at <= quiet_since
        ]
    if not rows:
        return
    try:
        found: Any = _asked(channel, functools.partial(ask, rows))
    except RejectedError as error:
        _log.warning("%s cannot look rows up: %s", channel.name, type(error).__name__)
        found = _NO_ANSWER
    answers, problem = _believed(channel.name, rows, {} if found is _NO_ANSWER else found)
    absent = [id_ for id_, one in answers.items() if one.state == "planned"]
    known = run.known(absent)
    gone = [
        id_
        for id_ in absent
        if id_ in known
        and id_ in before
        and known[id_].updated_at == before[id_].updated_at <= quiet_since
    ]
    there: list[Outcome] = [one for one in answers.values() if one.state != "planned"]
    if there:
        journal.record(channel.name, there)
    if gone:
        journal.resolve(channel.name, gone, "planned")
    tally.states.update(one.state for one in there)
    tally.states["planned"] += len(gone)
    tally.states["unknown"] += len(rows) - len(there) - len(gone)
    if problem is not None:
        raise problem


def _believed(
    channel: str, rows: Sequence[Sent], found: Any
) -> tuple[dict[str, Outcome], PluginError | None]:
    """Give the answers that say something of the rows, and what is wrong with others."""
    if not isinstance(found, Mapping):
        return {}, faulty(channel, f"{type(found).__name__} for a look-up, which is no mapping")
    answers: dict[str, Outcome] = {}
    problem = None
    for row in rows:
        if row.id not in found:
            continue
        one = found[row.id]
        if fault := fault_of(row.id, one):
            problem = problem or faulty(channel, fault)
        elif one.state != "unknown":
            answers[row.id] = one
    return answers, problem


def _asked(channel: Channel, ask: Callable[[], _T]) -> _T | _NoAnswer:
    """Ask a channel something; `_NO_ANSWER` where it cannot be said now.

    Raises:
        RetentionKitError: Asking again will not help.
    """
    try:
        return ask()
    except (AuthenticationError, DefinitionError, RejectedError):
        raise
    except ChannelError as error:
        _log.warning("%s cannot say what became of rows: %s", channel.name, type(error).__name__)
        return _NO_ANSWER
    except RetentionKitError:
        raise
    except Exception as error:
        raise PluginError(
            f"Channel {channel.name!r} raised {type(error).__name__} when it was asked what became "
            "of rows. Next step: mend the channel; nothing was sent."
        ) from error
