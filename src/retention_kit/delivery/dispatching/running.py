"""`dispatch`: carries actions to a channel, once each, and survives being killed anywhere."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Final

from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import Channel, Observer
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.delivery.dispatching.batching import Batching, Filled
from retention_kit.delivery.dispatching.catching_up import catch_up
from retention_kit.delivery.dispatching.claiming import claimed, in_chunks
from retention_kit.delivery.dispatching.deciding import Rules, of_the_refused
from retention_kit.delivery.dispatching.intake import Allow, Intake, Refused
from retention_kit.delivery.dispatching.observing import Observing
from retention_kit.delivery.dispatching.resuming import Doubtful
from retention_kit.delivery.dispatching.rows import Parcel, Row, Rows
from retention_kit.delivery.dispatching.seen import SeenIds
from retention_kit.delivery.dispatching.shipping import Shipping
from retention_kit.delivery.dispatching.submitter import Submitter
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.doors import check_actions, check_channel_and_journal
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.journal.problems import JournalError
from retention_kit.delivery.journal.records import Known, Planned
from retention_kit.delivery.journal.runs import Run
from retention_kit.delivery.outcomes import Rejection
from retention_kit.delivery.progress import OnProgress
from retention_kit.delivery.report import DeliveryReport
from retention_kit.errors import RetentionKitError, bad_parameter

_AT_ONCE: Final = 1_000
"""How many actions are planned in one transaction."""
_SENDING: Final = frozenset({"send", "send_anew", "send_together"})
CLAIMED_AT_ONCE: int = 20
"""From how large batches on rows are claimed when they are planned: one transaction for each."""


def dispatch(
    actions: Iterable[Action],
    channel: Channel,
    journal: Journal,
    *,
    on_progress: OnProgress | None = None,
    observers: Sequence[Observer] = (),
    allow: Allow | None = None,
    retry_rejected: bool = False,
    batch_rows: int | None = None,
    patience: float = 600.0,
    clock: Clock = SYSTEM_CLOCK,
) -> DeliveryReport:
    """Carry actions to a channel, each of them once.

    To go on after a stop, a crash or a kill, call it again with the same actions: what happened is
    not done again, what certainly did not happen is done, and what nobody can know is sent again
    only where the channel is idempotent. Elsewhere it is looked up a minute after it was sent, or
    stays `unknown` and is listed. What was rejected is tried again where its content has changed,
    or with `retry_rejected`. An action that happened is not sent again when its content has
    changed.

    Args:
        actions: What to do. Read once, a thousand at a time; may be a generator of millions.
        channel: Where to.
        journal: Where each step is kept before the next is taken.
        on_progress: Is told how far it is, after each batch.
        observers: Are told of each batch and of the end; what they raise is logged.
        allow: Gives why an action is to be left out (`suppressed`), or None where it may go.
        retry_rejected: Try again what was rejected before, though it has not changed.
        batch_rows: The most rows of a batch, where it shall be fewer than the channel takes.
        patience: The most seconds that waiting may take, for retries and for the outside system's
            own delays, before a batch gets on; then the call stops.
        clock: The time.

    Returns:
        Counts that add up to the actions handed in. Where the channel stopped the call, `stopped`
        says why, and `raise_for_stop` raises it.

    Raises:
        DefinitionError: A parameter is not what it may be.
        JournalError: The journal cannot be opened for a run; nothing was sent.

    Examples:
        >>> from retention_kit.delivery import Journal, SendMessage
        >>> from retention_kit.testing.channels import MemoryChannel
        >>> letters = [
        ...     SendMessage(campaign="hello", customer_id=n, email=f"{n}@shop.example", text="Hi")
        ...     for n in range(3)
        ... ]
        >>> with Journal("sqlite://") as journal:
        ...     channel = MemoryChannel()
        ...     print(dispatch(letters, channel, journal))
        ...     print(dispatch(letters, channel, journal))
        memory: 3 actions: 3 accepted.
        memory: 3 actions: 3 already done.
    """
    check_actions(actions)
    check_channel_and_journal(channel, journal)
    if batch_rows is not None and not batch_rows >= 1:
        raise bad_parameter("batch_rows", got=batch_rows, allowed="a whole number from 1")
    if not patience >= 0:
        raise bad_parameter("patience", got=patience, allowed="seconds, 0 or more")
    began = clock.now()
    if channel.limiter is not None:
        channel.limiter.keep_in(journal.limit_ledger)
    capabilities = channel.capabilities
    total = len(actions) if isinstance(actions, Sized) else None
    telling = _Telling(on_progress, Observing(observers, channel.name), total)
    tally: Tally | None = None
    try:
        with journal.run(channel.name, idempotent=capabilities.idempotent) as run:
            at_work = _Dispatch(
                channel,
                run,
                Intake(channel, allow),
                Rules(capabilities, retry_rejected, clock),
                Submitter(run, channel, clock, patience),
                min(capabilities.max_rows, batch_rows or capabilities.max_rows),
                telling,
            )
            # Where a row may be sent again at any time, nobody need look whether it is there.
            lookup = capabilities.idempotent != "action"
            catching_up = functools.partial(
                catch_up, run, journal, channel, clock, lookup=lookup, only_quiet=True
            )
            tally = at_work.go(actions, catching_up)
    except JournalError as error:
        if tally is None:
            raise
        # What the run left is taken back by the next one; what was done is told all the same.
        tally.stop = tally.stop or error
    unread = None if total is None else max(0, total - tally.done)
    if tally.stop is None:
        unread = 0
    report = tally.report(channel.name, unread=unread, seconds=clock.now() - began)
    telling.observing.run(report)
    return report


@dataclasses.dataclass(slots=True)
class _Telling:
    """Who is told."""

    on_progress: OnProgress | None
    observing: Observing
    total: int | None

    def after(self, tally: Tally) -> None:
        if self.on_progress is not None:
            self.on_progress(tally.progress(self.total))


class _Dispatch:
    """One call at work."""

    def __init__(
        self,
        channel: Channel,
        run: Run,
        intake: Intake,
        rules: Rules,
        submitter: Submitter,
        most: int,
        telling: _Telling,
    ) -> None:
        self._capabilities = channel.capabilities
        self._run = run
        self._intake = intake
        self._rules = rules
        self._submitter = submitter
        self._most = most
        self._batching = Batching(channel.capabilities, most)
        self._seen = SeenIds()
        self._doubtful = Doubtful(run)
        self._tally = Tally()
        self.telling = telling

    def go(self, actions: Iterable[Action], catch_up: Callable[[], object]) -> Tally:
        """Take all actions, and come back when all of them are settled or nothing more is sent."""
        source = iter(actions)
        read = 0
        with Shipping(self._submitter, self._capabilities.parallel, self._shipped) as shipping:
            try:
                self._kept(catch_up)
                while not self._stopped and (some := list(itertools.islice(source, _AT_ONCE))):
                    read += len(some)
                    self._kept(functools.partial(self._take, some, shipping))
                if not self._stopped:
                    self._kept(lambda: self._send(self._batching.rest(), shipping))
                shipping.wait_for_all()
            finally:
                self._batching.drop()
                self._tally.states["unknown"] += self._doubtful.drop()
        # What a stop left lying is as it was: not sent.
        self._tally.states["planned"] += read - self._tally.done
        self.telling.after(self._tally)
        return self._tally

    @property
    def _stopped(self) -> bool:
        return self._submitter.stopping.is_set()

    def _kept(self, step: Callable[[], object]) -> None:
        """Do a step, and stop where the journal or the channel's settings do not allow it."""
        try:
            step()
        except RetentionKitError as error:
            self._tally.stop = self._tally.stop or error
            self._submitter.stopping.set()

    def _take(self, actions: list[Action], shipping: Shipping) -> None:
        states = self._tally.states
        new = self._seen.add([action.id for action in actions])
        rows: list[Row] = []
        refused: list[Refused] = []
        for action, is_new in zip(actions, new, strict=True):
            if not is_new:
                states["duplicates"] += 1
                continue
            made = self._intake.take(action)
            if isinstance(made, Row):
                rows.append(made)
            else:
                refused.append(made)
        if refused:
            self._refuse(refused)
        if self._is_one_batch(rows):
            self._take_claiming(rows, shipping)
        elif rows:
            known = self._run.plan([_planned(row) for row in rows])
            self._decide(rows, known, shipping)
        self._send(self._batching.too_many(), shipping)

    def _is_one_batch(self, rows: list[Row]) -> bool:
        """Say whether rows go to one batch after the other, so that they are claimed at once."""
        if self._most < CLAIMED_AT_ONCE or self._capabilities.max_bytes is not None or not rows:
            return False
        first = rows[0]
        group = first.payload.group
        return not first.replaces and all(
            row.payload.group == group and not row.replaces for row in rows
        )

    def _take_claiming(self, rows: list[Row], shipping: Shipping) -> None:
        """Plan and claim in one transaction: twice as fast where all is new."""
        start = 0
        while start < len(rows) and not self._stopped:
            name, room = self._batching.room(rows[start])
            some = rows[start : start + room]
            start += len(some)
            claimed = self._run.plan_and_claim([_planned(row) for row in some], batch=name)
            known = claimed.known
            for row in some:
                if row.payload.id not in known:
                    row.batch = name
            self._decide(some, known, shipping)
        if start < len(rows):
            self._count(rows[start:])

    def _count(self, rows: list[Row]) -> None:
        """Count rows that a stop left lying, by what is known of them."""
        known = self._run.known([row.payload.id for row in rows])
        for row in rows:
            before = known.get(row.payload.id)
            what = self._rules.decide(row, before)
            if what not in _SENDING:
                self._tally.states[what] += 1
            elif before is not None and before.state == "unknown":
                self._tally.states["unknown"] += 1
            else:
                self._tally.states["planned"] += 1

    def _decide(self, rows: list[Row], known: Mapping[str, Known], shipping: Shipping) -> None:
        states = self._tally.states
        decided = [(row, self._rules.decide(row, known.get(row.payload.id))) for row in rows]
        for _, what in decided:
            if what not in _SENDING:
                states[what] += 1
        anew = [_planned(row) for row, what in decided if what == "send_anew"]
        if anew:
            self._run.replan(anew)
        for row, what in decided:
            if what in ("send", "send_anew"):
                self._send(self._batching.add(row), shipping)
            elif what == "send_together":
                parcel = self._doubtful.add(row, known[row.payload.id])
                if parcel is not None:
                    shipping.ship(parcel)
            elif row.replaces and what != "already_rejected":
                whole = dataclasses.replace(row, extra=True)
                self._send(self._batching.add(whole), shipping)

    def _refuse(self, refused: list[Refused]) -> None:
        unwanted = [(_named(one), one.code) for one in refused if one.suppressed]
        left = dict(self._run.suppress(unwanted)) if unwanted else {}
        left |= self._run.reject(
            [
                (_named(one), Rejection(one.id, one.code, one.detail))
                for one in refused
                if not one.suppressed
            ]
        )
        for one in refused:
            if (known := left.get(one.id)) is None:
                self._tally.refuse(one)
            else:
                self._tally.states[of_the_refused(known)] += 1

    def _send(self, batches: Iterator[Filled], shipping: Shipping) -> None:
        can = self._capabilities
        for name, rows, size in batches:
            replaced = next(iter(rows)).replaces
            if replaced and len(rows) > can.max_rows:
                self._refuse_audience(rows, f"{len(rows):,} rows", f"{can.max_rows:,}")
                continue
            if replaced and can.max_bytes is not None and size > can.max_bytes:
                self._refuse_audience(rows, f"{size:,} bytes", f"{can.max_bytes:,}")
                continue
            parcel = claimed(self._run, rows, self._tally, name=name, replaces=replaced)
            if parcel is not None:
                shipping.ship(parcel)

    def _refuse_audience(self, rows: Rows, got: str, most: str) -> None:
        """Refuse to replace an audience by parts of itself."""
        detail = f"{got} replace an audience; the channel takes {most} at once."
        for some in in_chunks(row for row in rows if not row.extra):
            self._refuse(
                [Refused(row.id, row.key, row.kind, "audience_too_large", detail) for row in some]
            )
        rows.close()

    def _shipped(self, parcel: Parcel, tally: Tally, seconds: float) -> None:
        self._tally.add(tally)
        self.telling.observing.batch(parcel.campaigns, tally, seconds)
        self.telling.after(self._tally)


def _planned(row: Row) -> Planned:
    payload = row.payload
    return Planned(payload.id, row.key, row.kind, payload.group, row.fingerprint)


def _named(one: Refused) -> Planned:
    return Planned(one.id, one.key, one.kind, "", "")
