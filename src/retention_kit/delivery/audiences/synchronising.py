"""Makes an audience outside what it should be, by the difference to what was accepted before."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from retention_kit.contracts.law import report
from retention_kit.delivery.audiences.acting import Acting
from retention_kit.delivery.audiences.at_work import Dispatching, Work
from retention_kit.delivery.audiences.difference import Difference, Mode, difference
from retention_kit.delivery.audiences.guarding import (
    check_kinds,
    check_removal,
    check_request,
    check_whole,
)
from retention_kit.delivery.audiences.members import MemberList
from retention_kit.delivery.audiences.report import SyncReport
from retention_kit.delivery.audiences.wanted import WantedList
from retention_kit.delivery.channels import Channel, Observer
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.progress import OnProgress

ADVERTISING: Final = "advertising"
"""The purpose of a consent to be shared with advertising platforms."""


@report
def sync(  # noqa: PLR0913 - each is a decision of its own
    members: pl.LazyFrame | pl.DataFrame,
    channel: Channel,
    audience: str,
    journal: Journal,
    *,
    consents: pl.LazyFrame | pl.DataFrame | None,
    as_of: dt.datetime | None = None,
    mode: Mode = "mirror",
    largest_removal: float = 0.5,
    allow_small: bool = False,
    purpose: str = ADVERTISING,
    consent_channel: str | None = None,
    recreate: bool = False,
    retry_rejected: bool = False,
    campaign: str | None = None,
    dry_run: bool = False,
    patience: float = 600.0,
    on_progress: OnProgress | None = None,
    observers: Sequence[Observer] = (),
    clock: Clock = SYSTEM_CLOCK,
) -> SyncReport:
    """Make an audience outside what it should be, by the difference to what was accepted before.

    Killed at any instruction, the same call again brings it to its end. A row counts as done only
    when the outside system has accepted it; what was only tried is tried again, or taken out
    again. Who is taken out and comes back later is put in again. Where contacts have changed, the
    old ones are taken out before the new ones are put in.

    Where results come later, changes follow each other: as long as an earlier one is being worked
    on, nothing is sent, and `waiting` says so.

    Args:
        members: Who should be in the audience: `customer_id`, and at least one identifier that the
            channel takes: `email`, `phone`, or a column named as the identifier. Others are left
            alone.
        channel: Where the audience is.
        audience: Its name or id there.
        journal: Where is kept what was accepted. With another journal, nobody is known.
        consents: The table; who has not consented to be shared with this channel is left out and
            taken out; a `DataWarning` where no decision is about this channel and purpose. None
            where consent is not asked, because there is other ground for it.
        as_of: The instant at which consents are looked at, exclusive, with a time zone.
        mode: `mirror`: exactly those who are wanted. `add_only`: nobody leaves but who withdrew
            their consent. `replace`: exactly those who are wanted, sent whole, where the channel
            cannot take single ones out.
        largest_removal: The largest share of the audience that may be taken out at once; those
            who withdrew their consent are not counted.
        allow_small: Whether an audience is made of fewer customers than are of use outside.
        purpose: The purpose of the consents that count.
        consent_channel: The channel of the consents that count; the channel's name without its
            instance where None.
        recreate: Make the audience anew of all who are wanted, after it was deleted outside.
        retry_rejected: Put in again who was rejected before, though nothing of them has changed.
            Who must leave is always tried again.
        campaign: Under which name the actions are in the journal; `audience:` and the name where
            None.
        dry_run: Only count; nothing is asked or sent.
        patience: The most seconds that waiting for the outside system may take.
        on_progress: Is told how far it is, after each batch.
        observers: Are told of each batch and of the end; what they raise is logged.
        clock: The time.

    Returns:
        What was counted, sent and accepted. Where the channel stopped the call, `stopped` says
        why, and `raise_for_stop` raises it.

    Raises:
        LargeRemovalError: More would be taken out than may be; nothing was sent.
        MissingColumnError: `customer_id` or every identifier is absent.
        ColumnTypeError: `customer_id` is neither a whole number nor text.
        DefinitionError: A parameter is not what it may be, the channel cannot do this, or the
            audience is gone outside.
        RetryableError: Another process synchronises this audience at this moment.
        JournalError: The journal cannot be read or written.

    Examples:
        >>> import polars as pl
        >>> from retention_kit.delivery import Journal
        >>> from retention_kit.delivery.channels import Capabilities
        >>> from retention_kit.testing.channels import MemoryChannel
        >>> channel = MemoryChannel(
        ...     capabilities=Capabilities(
        ...         actions=frozenset({"add_to_audience", "remove_from_audience"}),
        ...         max_rows=100,
        ...         idempotent="action",
        ...         identifiers=frozenset({"loyalty_card"}),
        ...         audience_modes=frozenset({"add", "remove"}),
        ...     )
        ... )
        >>> people = pl.DataFrame({"customer_id": [1, 2, 3], "loyalty_card": ["a", "b", "c"]})
        >>> with Journal("sqlite://") as journal:
        ...     print(sync(people, channel, "vip", journal, consents=None))
        ...     print(sync(people.head(2), channel, "vip", journal, consents=None))
        memory, audience 'vip': 3 wanted, 3 joining, 3 added.
        memory, audience 'vip': 2 wanted, 2 unchanged, 1 leaving, 1 removed.
    """
    check_kinds(members, channel, journal, consents)
    check_request(channel, audience, mode=mode, largest_removal=largest_removal, patience=patience)
    named = campaign or f"audience:{audience}"
    with (
        journal.holding(f"audience:{channel.name}:{audience}"),
        tempfile.TemporaryDirectory(prefix="retention_kit_", ignore_cleanup_errors=True) as folder,
    ):
        wanted = WantedList(
            members,
            channel.capabilities,
            consents=consents,
            channel=consent_channel or channel.name.partition(".")[0],
            purpose=purpose,
            as_of=as_of,
            folder=Path(folder),
        )

        list_ = MemberList(journal, channel.name, audience, campaign=named)
        dispatching = Dispatching(
            channel,
            journal,
            clock,
            deadline=clock.now() + patience,
            options={
                "retry_rejected": retry_rejected,
                "on_progress": on_progress,
                "observers": observers,
            },
        )
        acting = Acting(list_, named, audience)
        work = Work(list_, dispatching, acting, audience=audience, campaign=named, mode=mode)

        def compared(mode: Mode) -> Difference:
            return difference(
                wanted,
                list_.in_order,
                channel,
                audience,
                campaign=named,
                mode=mode,
                asks_consent=consents is not None,
                folder=Path(folder),
            )

        def compare() -> Difference:
            # Where nobody knows which whole is there, only another whole makes sure.
            whole = mode == "mirror" and list_.is_unsure()
            found = compared("replace" if whole else mode)
            if whole:
                check_whole(audience, rows=len(found.joining), most=channel.capabilities.max_rows)
                found = found if len(found.joining) else compared(mode)
            check_removal(audience, found.counts, largest_removal=largest_removal)
            return found

        if dry_run:
            list_.fold()
            return work.report(compare().counts, dry_run=True)
        return work.go(compare, allow_small=allow_small, recreate=recreate)
