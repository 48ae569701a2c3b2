"""Makes an audience outside what it should be, by the difference to what was accepted before."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from retention_kit.contracts.law import Frame
from retention_kit.delivery.actions import Action, AddToAudience, RemoveFromAudience
from retention_kit.delivery.audiences.difference import Counts, Difference, Mode, difference
from retention_kit.delivery.audiences.guarding import check_removal, check_request, check_there
from retention_kit.delivery.audiences.members import Folded, Intent, IntentKind, MemberList
from retention_kit.delivery.audiences.report import SyncReport
from retention_kit.delivery.audiences.spooling import Change, Changes
from retention_kit.delivery.audiences.state import AudienceState
from retention_kit.delivery.audiences.tables import id_of
from retention_kit.delivery.audiences.wanted import WantedList, contacts_in
from retention_kit.delivery.channels import Channel, Observer
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.dispatching.settling import settle
from retention_kit.delivery.progress import OnProgress
from retention_kit.delivery.report import DeliveryReport
from retention_kit.errors import ChannelError, RetentionKitError, bad_parameter

if TYPE_CHECKING:
    from retention_kit.delivery.journal import Journal

ADVERTISING: Final = "advertising"
"""The purpose of a consent to be shared with advertising platforms."""

_LEAST_WAIT: Final = 1.0


def sync(
    members: Frame,
    channel: Channel,
    audience: str,
    journal: Journal,
    *,
    consents: Frame | None,
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
            taken out. None where consent is not asked, because there is other ground for it.
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
        retry_rejected: Try again what was rejected before, though it has not changed.
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
    check_request(
        channel, audience, mode=mode, largest_removal=largest_removal, patience=patience
    )
    named = campaign or f"audience:{audience}"
    with (
        journal.holding(f"audience:{channel.name}:{audience}"),
        tempfile.TemporaryDirectory(prefix="retention_kit_", ignore_cleanup_errors=True) as folder,
    ):
        work = _Work(
            channel=channel,
            journal=journal,
            audience=audience,
            campaign=named,
            mode=mode,
            members=MemberList(journal, channel.name, audience, campaign=named),
            options={
                "retry_rejected": retry_rejected,
                "on_progress": on_progress,
                "observers": observers,
                "clock": clock,
            },
            clock=clock,
            deadline=clock.now() + patience,
        )
        wanted = WantedList(
            members,
            channel.capabilities,
            consents=consents,
            channel=consent_channel or channel.name.partition(".")[0],
            purpose=purpose,
            as_of=as_of,
            folder=Path(folder),
        )

        def compare() -> Difference:
            found = difference(
                wanted,
                work.members.in_order(),
                channel,
                audience,
                mode=mode,
                asks_consent=consents is not None,
                folder=Path(folder),
            )
            check_removal(audience, found.counts, largest_removal=largest_removal)
            return found

        if dry_run:
            work.members.fold()
            return work.report(compare().counts, dry_run=True)
        return work.go(compare, allow_small=allow_small, recreate=recreate)


@dataclass
class _Work:
    """One call at work."""

    channel: Channel
    journal: Journal
    audience: str
    campaign: str
    mode: Mode
    members: MemberList
    options: dict[str, Any]
    clock: Clock
    deadline: float
    folded: Folded = field(default_factory=Folded)
    caught_up: int = 0
    held: int = 0
    deliveries: list[DeliveryReport] = field(default_factory=list)

    def go(
        self, compare: Callable[[], Difference], *, allow_small: bool, recreate: bool
    ) -> SyncReport:
        counts = Counts()
        try:
            if not self._wait():
                return self.report(counts, waiting=True)
            self.caught_up, self.folded = self.folded.joined + self.folded.left, Folded()
            state, there = self._look()
            check_there(
                self.audience,
                there=there,
                members=self.members.size(sure=True),
                recreate=recreate,
            )
            if recreate:
                self.members.empty()
            found = compare()
            counts = found.counts
            if not counts.members and not there and not allow_small:
                self.held = self._too_few(len(found.joining))
            waiting = not self._change(found)
            if self.deliveries:
                state, _ = self._look()
        except ChannelError as error:
            return self.report(counts, error=error)
        return self.report(counts, waiting=waiting, state=state)

    def _change(self, found: Difference) -> bool:
        """Send the difference, those who leave first; False where some of it has to wait."""
        if self.mode == "replace":
            changes = found.counts.joining or found.counts.moved or found.counts.leaving
            if changes and not self.held:
                self._replace(found)
                self._wait()
            return True
        if len(found.leaving):
            self._send(found.leaving, "remove", self._removals(found.leaving))
            ready = self._wait()
            if self._stopped is not None:
                return True
            if not ready:
                return not len(found.joining)
        if len(found.joining) and not self.held:
            self._send(found.joining, "add", self._additions(found.joining))
            self._wait()
        return True

    def _send(self, changes: Changes, kind: IntentKind, actions: Iterable[Action]) -> None:
        """Write down what is meant, then do it."""
        for piece in changes.pieces():
            self.members.intend(self._intents(piece, kind))
        self._dispatch(actions, len(changes))

    def _intents(self, piece: list[Change], kind: IntentKind) -> Iterator[Intent]:
        join = kind == "add"
        actions = self._additions_of(piece) if join else self._removals_of(piece)
        for change, action in actions:
            yield Intent(
                change.customer,
                kind,
                action.id,
                change.fingerprint if join else "",
                change.identifiers if join else "",
            )

    def _removals(self, changes: Changes) -> Iterator[Action]:
        for piece in changes.pieces():
            for _, action in self._removals_of(piece):
                yield action

    def _removals_of(self, piece: list[Change]) -> Iterator[tuple[Change, Action]]:
        for change in piece:
            yield (
                change,
                RemoveFromAudience(
                    campaign=self.campaign,
                    customer_id=id_of(change.customer),
                    occurrence=str(change.generation),
                    identifiers=json.loads(change.identifiers or "{}"),
                    audience=self.audience,
                ),
            )

    def _additions(self, changes: Changes) -> Iterator[Action]:
        for piece in changes.pieces():
            for _, action in self._additions_of(piece):
                yield action

    def _additions_of(self, piece: list[Change]) -> Iterator[tuple[Change, Action]]:
        moved = [change.customer for change in piece if change.moved]
        # Whose old contacts were not taken out cannot be put in with the new ones yet.
        stuck = self.members.still_members(moved) if moved else frozenset()
        for change in piece:
            if change.customer not in stuck:
                yield change, self._addition(change, str(change.generation + change.moved))

    def _addition(self, change: Change, occurrence: str, **more: Any) -> AddToAudience:
        email, phone, others = contacts_in(change.names)
        return AddToAudience(
            campaign=self.campaign,
            customer_id=id_of(change.customer),
            occurrence=occurrence,
            email=email,
            phone=phone,
            identifiers=others,
            audience=self.audience,
            **more,
        )

    def _replace(self, found: Difference) -> None:
        """Send all who are wanted as the new whole, under keys of its own."""
        if not len(found.joining):
            raise bad_parameter(
                "members",
                got="nobody who may be in the audience",
                allowed="at least one customer, since nothing cannot replace an audience",
                step="delete the audience outside.",
            )
        occurrence = str(self.members.next_round())

        def actions() -> Iterator[tuple[Change, Action]]:
            for change in found.joining:
                yield (
                    change,
                    self._addition(change, occurrence, step="replace_audience", mode="replace"),
                )

        first = next(actions())[1].id
        joining = (
            Intent(change.customer, "replace", action.id, change.fingerprint, change.identifiers)
            for change, action in actions()
        )
        leaving = (Intent(change.customer, "leave", first) for change in found.leaving)
        for intents in (joining, leaving):
            while piece := list(itertools.islice(intents, _PIECE)):
                self.members.intend(piece)
        self._dispatch((action for _, action in actions()), len(found.joining))

    def _dispatch(self, actions: Iterable[Action], count: int) -> None:
        report = dispatch(
            _Counted(actions, count),
            self.channel,
            self.journal,
            patience=max(0.0, self.deadline - self.clock.now()),
            **self.options,
        )
        self.deliveries.append(report)
        self._fold()

    def _wait(self) -> bool:
        """Wait until nothing is pending; False where that takes too long."""
        self._fold()
        while self.members.pending():
            report = settle(self.channel, self.journal, clock=self.clock)
            self._fold()
            if report.error is not None:
                self.deliveries.append(report)
                return False
            if not self.members.pending():
                break
            due = [one.poll_at for one in self.journal.pending(self.channel.name, due=False)]
            now = self.clock.now()
            wait = max(min(due, default=now) - now, _LEAST_WAIT)
            if now + wait > self.deadline:
                return False
            self.clock.sleep(wait)
        return True

    def _fold(self) -> None:
        self.folded = Folded(*map(sum, zip(self.folded, self.members.fold(), strict=True)))

    def _look(self) -> tuple[AudienceState | None, bool | None]:
        """Ask how the audience is outside, and whether it is there at all."""
        # Asked by name, since a channel may be wrapped by whoever guards it.
        ask = getattr(self.channel, "audience", None)
        if not callable(ask):
            return None, None
        state: AudienceState | None = ask(self.audience)
        return state, state is not None

    def _too_few(self, joining: int) -> int:
        """Give how many are held back, because too few would be in the audience."""
        return joining if joining < self.channel.capabilities.smallest_audience else 0

    @property
    def _stopped(self) -> DeliveryReport | None:
        return next((one for one in self.deliveries if one.stopped is not None), None)

    def report(
        self,
        counts: Counts,
        *,
        waiting: bool = False,
        state: AudienceState | None = None,
        error: RetentionKitError | None = None,
        dry_run: bool = False,
    ) -> SyncReport:
        stopped = self._stopped
        rejected: Counter[str] = Counter()
        for one in self.deliveries:
            rejected.update(one.rejected)
        size, smallest = self.members.size(), self.channel.capabilities.smallest_audience
        after = counts.members_after if dry_run else size
        return SyncReport(
            channel=self.channel.name,
            audience=self.audience,
            campaign=self.campaign,
            mode=self.mode,
            dry_run=dry_run,
            **{name: getattr(counts, name) for name in _COUNTED},
            unusable=dict(counts.unusable),
            held=self.held,
            added=self.folded.joined,
            removed=self.folded.left,
            unsure=self.folded.unsure,
            not_accepted=self.folded.dropped,
            rejected=dict(rejected),
            caught_up=self.caught_up,
            pending=self.members.pending(),
            waiting=waiting,
            members=size,
            smallest_audience=smallest,
            below_minimum=after < smallest or (state is not None and state.too_small),
            state=state,
            stopped=str(error) if error else stopped.stopped if stopped else None,
            deliveries=tuple(self.deliveries),
            error=error or (stopped.error if stopped else None),
        )


class _Counted:
    """Actions whose number is known before they are read."""

    def __init__(self, actions: Iterable[Action], count: int) -> None:
        self._actions = actions
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions)
