"""One synchronisation at work: those who leave, then those who join, one change after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from retention_kit.delivery.actions import Action
from retention_kit.delivery.audiences.acting import Acting
from retention_kit.delivery.audiences.difference import Counts, Difference, Mode
from retention_kit.delivery.audiences.guarding import check_there
from retention_kit.delivery.audiences.members import Folded, MemberList
from retention_kit.delivery.audiences.report import SyncReport
from retention_kit.delivery.audiences.state import AudienceState
from retention_kit.delivery.channels import Channel
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.dispatching.running import dispatch
from retention_kit.delivery.dispatching.settling import settle
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.report import DeliveryReport
from retention_kit.errors import ChannelError, DefinitionError, RetentionKitError, bad_parameter

_LEAST_WAIT: Final = 1.0
_MOST_WAIT: Final = 60.0
_COUNTED: Final = (
    "wanted",
    "duplicates",
    "without_consent",
    "unchanged",
    "moved",
    "joining",
    "leaving",
    "withdrawn",
    "shared",
    "kept",
)


class Dispatching:
    """Speaks with the channel, within one patience for all.

    Args:
        channel: The channel.
        journal: The journal.
        clock: The time.
        deadline: Until when is waited.
        options: Further arguments of `dispatch`.

    Attributes:
        channel: The channel.
        reports: What came of what was sent, in order.
    """

    def __init__(
        self,
        channel: Channel,
        journal: Journal,
        clock: Clock,
        *,
        deadline: float,
        options: Mapping[str, Any],
    ) -> None:
        self.channel = channel
        self.reports: list[DeliveryReport] = []
        self._journal = journal
        self._clock = clock
        self._deadline = deadline
        self._options = options

    def send(self, actions: Iterable[Action], count: int, **more: Any) -> None:
        """Send actions.

        Args:
            actions: The actions.
            count: How many they are.
            more: Arguments of `dispatch` for these alone.
        """
        report = dispatch(
            _Counted(actions, count),
            self.channel,
            self._journal,
            patience=max(0.0, self._deadline - self._clock.now()),
            clock=self._clock,
            **{**self._options, **more},
        )
        self.reports.append(report)

    def ask(self) -> None:
        """Ask what became of what is pending."""
        report = settle(self.channel, self._journal, clock=self._clock)
        if report.stopped is not None:
            self.reports.append(report)

    def pause(self, least: float) -> bool:
        """Wait until there is something to ask; False where the patience does not last."""
        due = [one.poll_at for one in self._journal.pending(self.channel.name, due=False)]
        now = self._clock.now()
        wait = max(min(due, default=now) - now, least)
        if now + wait > self._deadline:
            return False
        self._clock.sleep(wait)
        return True

    @property
    def stop(self) -> DeliveryReport | None:
        """The report of what was stopped."""
        return next((one for one in self.reports if one.stopped is not None), None)


class Work:
    """One call at work.

    Args:
        members: The members as they are known.
        dispatching: Speaks with the channel.
        acting: Makes the actions.
        audience: The audience's name.
        campaign: Under which name its actions are in the journal.
        mode: What is to become of it.
    """

    def __init__(
        self,
        members: MemberList,
        dispatching: Dispatching,
        acting: Acting,
        *,
        audience: str,
        campaign: str,
        mode: Mode,
    ) -> None:
        self._members = members
        self._dispatching = dispatching
        self._acting = acting
        self._audience = audience
        self._campaign = campaign
        self._mode = mode
        self._folded = Folded()
        self._caught_up = 0
        self._held = 0

    def go(
        self, compare: Callable[[], Difference], *, allow_small: bool, recreate: bool
    ) -> SyncReport:
        """Find out what became of earlier calls, compare, and send the difference.

        Args:
            compare: Takes the difference, and refuses one that is not to be.
            allow_small: Whether an audience is made of few.
            recreate: Whether it is made anew.
        """
        try:
            if not self._wait():
                return self.report(Counts(), waiting=self._dispatching.stop is None)
            self._caught_up, self._folded = self._folded.joined + self._folded.left, Folded()
            state, there = self._look()
        except ChannelError as error:
            return self.report(Counts(), error=error)
        sure = self._members.size(sure=True)
        check_there(self._audience, there=there, members=sure, recreate=recreate)
        if recreate:
            self._members.empty()
        found = compare()
        smallest = self._dispatching.channel.capabilities.smallest_audience
        if not found.counts.members and not there and not allow_small:
            self._held = len(found.joining) if len(found.joining) < smallest else 0
        waiting = not self._change(found)
        if self._dispatching.reports:
            state = self._look_again()
        return self.report(found.counts, waiting=waiting, state=state)

    def report(
        self,
        counts: Counts,
        *,
        waiting: bool = False,
        state: AudienceState | None = None,
        error: RetentionKitError | None = None,
        dry_run: bool = False,
    ) -> SyncReport:
        """Say what came of it."""
        stop = self._dispatching.stop
        rejected: Counter[str] = Counter()
        for one in self._dispatching.reports:
            rejected.update(one.rejected)
        channel = self._dispatching.channel
        size, smallest = self._members.size(), channel.capabilities.smallest_audience
        after = counts.members_after if dry_run else size
        return SyncReport(
            channel=channel.name,
            audience=self._audience,
            campaign=self._campaign,
            mode=self._mode,
            dry_run=dry_run,
            **{name: getattr(counts, name) for name in _COUNTED},
            unusable=dict(counts.unusable),
            held=self._held,
            added=self._folded.joined,
            removed=self._folded.left,
            unsure=self._folded.unsure,
            not_accepted=self._folded.dropped,
            rejected=dict(rejected),
            caught_up=self._caught_up,
            pending=self._members.pending(),
            waiting=waiting,
            members=size,
            smallest_audience=smallest,
            below_minimum=after < smallest or (state is not None and state.too_small),
            state=state,
            stopped=str(error) if error else stop.stopped if stop else None,
            deliveries=tuple(self._dispatching.reports),
            error=error or (stop.error if stop else None),
        )

    def _change(self, found: Difference) -> bool:
        """Send the difference; False where some of it has to wait."""
        if found.mode == "replace":
            self._replace(found)
            return True
        joining, leaving = found.joining, found.leaving
        if len(leaving):
            for piece in found.shared.pieces():
                self._members.doubt([change.customer for change in piece])
            self._acting.mean_removals(leaving)
            # Who withdrew must leave, though it was refused before.
            removals = self._acting.removals(leaving)
            self._dispatching.send(removals, len(leaving), retry_rejected=True)
            ready = self._wait()
            if self._dispatching.stop is not None:
                return True
            if not ready:
                return not len(joining)
        if len(joining) and not self._held:
            self._acting.mean_additions(joining)
            self._dispatching.send(self._acting.additions(joining), len(joining))
            self._wait()
        return True

    def _replace(self, found: Difference) -> None:
        """Send all who are wanted as the new whole, unless nothing has changed."""
        counts = found.counts
        changes = counts.joining or counts.moved or counts.leaving
        if self._held or not (changes or self._members.is_unsure()):
            return
        if not len(found.joining):
            raise bad_parameter(
                "members",
                got="nobody who may be in the audience",
                allowed="at least one customer, since nothing cannot replace an audience",
                step="delete the audience outside.",
            )
        number = self._members.next_round()
        self._acting.mean_replacements(found.joining, found.leaving, number)
        self._dispatching.send(self._acting.replacements(found.joining, number), len(found.joining))
        self._wait()

    def _wait(self) -> bool:
        """Wait until nothing is pending; False where that takes too long."""
        self._fold()
        least = _LEAST_WAIT
        while self._members.pending():
            self._dispatching.ask()
            self._fold()
            if self._dispatching.stop is not None:
                return False
            if not self._members.pending():
                break
            if not self._dispatching.pause(least):
                return False
            least = min(_MOST_WAIT, 2.0 * least)
        return True

    def _fold(self) -> None:
        more = self._members.fold()
        self._folded = Folded(*(a + b for a, b in zip(self._folded, more, strict=True)))

    def _look(self) -> tuple[AudienceState | None, bool | None]:
        """Ask how the audience is outside, and whether it is there at all."""
        # Asked by name: whoever guards a channel wraps it, and passes on what it can.
        ask = getattr(self._dispatching.channel, "audience", None)
        if not callable(ask):
            return None, None
        state: AudienceState | None = ask(self._audience)
        return state, state is not None

    def _look_again(self) -> AudienceState | None:
        """Ask once more after something was sent; None where it cannot be said now."""
        try:
            return self._look()[0]
        except (ChannelError, DefinitionError):
            return None


class _Counted:
    """Actions whose number is known before they are read."""

    def __init__(self, actions: Iterable[Action], count: int) -> None:
        self._actions = actions
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions)
