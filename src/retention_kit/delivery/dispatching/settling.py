"""`settle`: asks what became of what was sent, and sends nothing."""

from __future__ import annotations

from retention_kit.delivery.channels import Channel
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.delivery.dispatching.catching_up import catch_up
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.journal.problems import JournalError
from retention_kit.delivery.report import DeliveryReport
from retention_kit.errors import RetentionKitError


def settle(channel: Channel, journal: Journal, *, clock: Clock = SYSTEM_CLOCK) -> DeliveryReport:
    """Ask a channel what became of rows that are `pending` or `unknown`; send nothing.

    Receipts whose time has come are polled once. Where the channel can look rows up, those in
    doubt are settled: what is there was accepted, and what is not there a minute after it was
    sent did not happen and is `planned` again, for the next `dispatch` with the same actions. A
    receipt of which the outside system knows nothing any more leaves its rows `unknown`.

    Args:
        channel: Where they were sent.
        journal: Where they are kept.
        clock: The time.

    Returns:
        Counts of the rows that were asked about, by what they are now, and of all that are still
        `pending`, asked about or not.

    Raises:
        JournalError: The journal cannot be opened for a run.
    """
    began = clock.now()
    if channel.limiter is not None:
        channel.limiter.keep_in(journal.limit_ledger)
    tally: Tally | None = None
    try:
        with journal.run(channel.name, idempotent=channel.capabilities.idempotent) as run:
            tally = Tally()
            try:
                tally.add(catch_up(run, journal, channel, clock, lookup=True))
                if channel.capabilities.results == "later" or run.pending(due=False):
                    tally.states["pending"] = journal.counts(channel.name).get("pending", 0)
            except RetentionKitError as error:
                tally.stop = error
    except JournalError as error:
        if tally is None:
            raise
        # What the run left is taken back by the next one.
        tally.stop = tally.stop or error
    return tally.report(channel.name, unread=0, seconds=clock.now() - began)
