"""Submitting one batch until it is settled: waiting, trying again, taking out what is refused."""

from __future__ import annotations

import dataclasses
import itertools
import random
import threading
import uuid
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from retention_kit.delivery.channels import Channel
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.dispatching.rows import Parcel, Row, Rows, Submitted
from retention_kit.delivery.dispatching.spool import gathered
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.journal.problems import JournalError, LostRowsError
from retention_kit.delivery.journal.runs import Run
from retention_kit.delivery.outcomes import Outcome, OutcomeState, Receipt
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    PluginError,
    RateLimitedError,
    RejectedError,
    RetentionKitError,
    RetryableError,
    UnknownOutcomeError,
)

TRIES: Final = 3
"""How often a batch is sent to which no answer comes, where that can do no harm."""
UNANSWERED: Final = 5
"""After how many batches on end without an answer a call stops: each would be left in doubt."""
REFUSED: Final = 1_000
"""After how many refused calls on end over one batch a call stops: it is not the rows' fault."""
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 60.0
_CLAIMED_AT_ONCE = 1_000


class Submitter:
    """Submits batches of one run; safe to use from several threads.

    Args:
        run: The run, which holds the batches.
        channel: The channel.
        clock: The time.
        patience: Seconds that waiting may take before a batch gets on.

    Attributes:
        clock: The time.
        stopping: Is set where nothing more is to be sent.
    """

    def __init__(self, run: Run, channel: Channel, clock: Clock, patience: float) -> None:
        self._run = run
        self._channel = channel
        self._idempotent = channel.capabilities.idempotent
        self.clock = clock
        self._patience = patience
        self._unanswered = 0
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def deliver(self, parcel: Parcel) -> Tally:
        """Submit a batch, and what has to be submitted again of it, until all of it is settled.

        Returns:
            The counts, with `stop` where nothing more is to be sent by anybody.
        """
        return _Delivery(self, parcel).go()

    def claimed(self, rows: Rows, tally: Tally, **given: object) -> Parcel | None:
        """Claim rows as a new batch.

        Args:
            rows: The rows; those that are `extra` are not claimed. Closed where they are not kept.
            tally: Where those are counted that another process has got.
            given: Further fields of the parcel; a `name` among them.

        Returns:
            The batch; None where nothing of it was got.
        """
        name = str(given.pop("name", "")) or uuid.uuid4().hex
        lost: set[str] = set()
        count = 0
        campaigns: set[str] = set()
        needs: set[str] = set()
        for some in in_chunks(rows):
            ids = [row.payload.id for row in some if not row.extra]
            got = self._run.claim(ids, batch=name)
            count += len(got)
            if len(got) < len(ids):
                lost.update(set(ids).difference(got))
            campaigns.update([row.key.campaign for row in some])
            needs.update([row.needs for row in some if row.needs])
        if lost:
            tally.states["elsewhere"] += len(lost)
            rows, whole = gathered(_without(rows, lost)), rows
            whole.close()
        if not count:
            rows.close()
            return None
        group = next(iter(rows)).payload.group
        parcel = Parcel(
            name, group, rows, count, campaigns=frozenset(campaigns), needs=frozenset(needs)
        )
        return dataclasses.replace(parcel, **given)  # type: ignore[arg-type]

    def _answer_came(self, *, came: bool) -> bool:
        """Count batches on end without an answer, and say whether they are too many."""
        with self._lock:
            self._unanswered = 0 if came else self._unanswered + 1
            return self._unanswered >= UNANSWERED


class _Delivery:
    """One batch, and what it falls into."""

    def __init__(self, submitter: Submitter, parcel: Parcel) -> None:
        self._all = submitter
        self._run = submitter._run
        self._channel = submitter._channel
        self._tally = Tally()
        self._todo = [parcel]
        self._refused = 0
        self._after_crash = "planned"

    def go(self) -> Tally:
        try:
            while self._todo:
                parcel = self._todo.pop()
                try:
                    self._one(parcel)
                finally:
                    if not any(parcel.rows is other.rows for other in self._todo):
                        parcel.rows.close()
        finally:
            for parcel in self._todo:
                parcel.rows.close()
        return self._tally

    def _one(self, parcel: Parcel) -> None:
        counted = self._tally.done + sum(other.claimed for other in self._todo)
        self._after_crash = "unknown" if parcel.doubtful else "planned"
        try:
            if self._all.stopping.is_set():
                self._put_back(parcel)
            else:
                self._submit(parcel)
        except JournalError as error:
            # The journal stands still: what it will make of the rows is what recovery does.
            left = counted + parcel.claimed - self._tally.done
            left -= sum(other.claimed for other in self._todo)
            self._tally.states[self._after_crash] += left
            self._stop(error)

    def _submit(self, parcel: Parcel) -> None:
        """Submit a batch once."""
        if not parcel.doubtful:
            try:
                self._run.hand_over(parcel.name)
            except LostRowsError:
                self._count(parcel, "elsewhere")
                return
            self._after_crash = "unknown"
        try:
            batch = Submitted(parcel.group, parcel.rows)
            receipt = self._channel.submit(batch, idempotency_key=parcel.name)
            if not isinstance(receipt, Receipt):
                self._no_receipt(receipt)
        except (RetryableError, RateLimitedError) as error:
            self._all._answer_came(came=True)
            self._later(parcel, error)
        except (AuthenticationError, DefinitionError) as error:
            self._put_back(parcel)
            self._stop(error)
        except RejectedError as error:
            self._all._answer_came(came=True)
            self._refuse(parcel, error)
        except UnknownOutcomeError as error:
            self._in_doubt(parcel, error)
        except Exception as error:
            self._leave_unknown(parcel)
            self._stop(self._of_the_plugin(error))
        else:
            self._all._answer_came(came=True)
            self._settle(parcel, receipt)

    def _settle(self, parcel: Parcel, receipt: Receipt) -> None:
        """Keep what became of the rows; send again what certainly did not happen."""
        again = parcel.tries + 1 < TRIES and self._all._idempotent == "action"
        if again:
            # Whether it happened or not, it can be sent again.
            receipt = _without_doubt(receipt)
        self._run.settle(parcel.name, receipt)
        self._after_crash = "planned"
        self._refused = 0
        self._tally.batches += 1
        outcomes, rest = receipt.outcomes, receipt.rest
        if not outcomes and rest not in ("planned", "rejected"):
            self._tally.states[rest] += parcel.claimed
            return
        planned = False
        for row in parcel.rows:
            if row.extra:
                continue
            outcome = outcomes.get(row.payload.id)
            if (rest if outcome is None else outcome.state) == "planned":
                planned = True
            else:
                self._tally.settle(row, outcome, rest)
        if planned:
            self._again(parcel, receipt)

    def _again(self, parcel: Parcel, receipt: Receipt) -> None:
        """Send those rows again that a receipt says did not happen, after a while."""

        def left() -> Iterator[Row]:
            for row in parcel.rows:
                outcome = receipt.outcomes.get(row.payload.id)
                state = receipt.rest if outcome is None else outcome.state
                if not row.extra and state == "planned":
                    yield row
                elif parcel.replaces and (row.extra or state != "rejected"):
                    yield dataclasses.replace(row, extra=True)

        rows = gathered(left())
        waited = parcel.waited
        count = sum(1 for row in rows if not row.extra)
        if count < parcel.claimed:
            waited = 0.0
        delay = self._delay(waited, None)
        if waited + delay > self._all._patience:
            self._tally.states["planned"] += count
            rows.close()
            self._stop(self._impatient(waited))
            return
        self._all.clock.sleep(delay)
        self._claim(rows, parcel, waited=waited + delay, tries=parcel.tries + 1)

    def _later(self, parcel: Parcel, error: RetryableError | RateLimitedError) -> None:
        """Wait, and send the same batch again."""
        asked = error.retry_after if isinstance(error, RateLimitedError) else None
        delay = self._delay(parcel.waited, asked)
        if parcel.waited + delay > self._all._patience:
            self._put_back(parcel)
            self._stop(error)
            return
        if not parcel.doubtful:
            self._run.release(parcel.name, state="claimed")
        self._all.clock.sleep(delay)
        self._todo.append(dataclasses.replace(parcel, waited=parcel.waited + delay))

    def _in_doubt(self, parcel: Parcel, error: UnknownOutcomeError) -> None:
        """Send it again where that does no harm; else leave it for a look-up or a person."""
        tries = parcel.tries + 1
        delay = self._delay(parcel.waited, None)
        patient = parcel.waited + delay <= self._all._patience
        if self._all._idempotent != "no" and tries < TRIES and patient:
            self._all.clock.sleep(delay)
            waited = parcel.waited + delay
            self._todo.append(
                dataclasses.replace(parcel, waited=waited, tries=tries, doubtful=True)
            )
            return
        self._leave_unknown(parcel)
        if self._all._answer_came(came=False):
            self._stop(error)

    def _refuse(self, parcel: Parcel, error: RejectedError) -> None:
        """Take out the rows that are refused; halve the batch to find them where none is named."""
        self._refused += 1
        if parcel.doubtful and self._all._idempotent == "batch":
            # Under another key it would be another batch, and the first may have been carried out.
            self._leave_unknown(parcel)
            return
        named = {
            row.payload.id: error.rejected[row.payload.id]
            for row in parcel.rows
            if not row.extra and row.payload.id in error.rejected
        }
        if named:
            outcomes = {id_: Outcome(id_, "rejected", code=reason) for id_, reason in named.items()}
            self._settle_refused(parcel, Receipt(outcomes, rest="planned"))
            rows = gathered(row for row in parcel.rows if row.payload.id not in named)
            self._claim(rows, parcel)
        elif len(parcel.rows) == 1 or parcel.replaces:
            detail = str(error)[:500]
            outcomes = {
                row.payload.id: Outcome(row.payload.id, "rejected", error.code, detail)
                for row in parcel.rows
                if not row.extra
            }
            self._settle_refused(parcel, Receipt(outcomes, rest="rejected"))
        elif self._refused >= REFUSED:
            self._put_back(parcel)
            self._stop(error)
        else:
            self._run.release(parcel.name, state="planned")
            self._after_crash = "planned"
            half = len(parcel.rows) // 2
            for first, last in ((half, len(parcel.rows)), (0, half)):
                self._claim(gathered(itertools.islice(parcel.rows, first, last)), parcel)

    def _settle_refused(self, parcel: Parcel, receipt: Receipt) -> None:
        self._run.settle(parcel.name, receipt)
        self._after_crash = "planned"
        for row in parcel.rows:
            if (outcome := receipt.outcomes.get(row.payload.id)) is not None:
                self._tally.settle(row, outcome, "rejected")

    def _claim(self, rows: Rows, parcel: Parcel, **given: object) -> None:
        """Go on with rows of a batch as a batch of their own."""
        if all(row.extra for row in rows):
            rows.close()
            return
        made = self._all.claimed(
            rows, self._tally, replaces=parcel.replaces, doubtful=False, **given
        )
        if made is not None:
            self._todo.append(made)

    def _put_back(self, parcel: Parcel) -> None:
        """Let a batch be sent another time."""
        if parcel.doubtful:
            self._leave_unknown(parcel)
            return
        self._run.release(parcel.name, state="planned")
        self._count(parcel, "planned")

    def _leave_unknown(self, parcel: Parcel) -> None:
        self._run.release(parcel.name, state="unknown")
        self._count(parcel, "unknown")

    def _count(self, parcel: Parcel, state: str) -> None:
        self._tally.states[state] += parcel.claimed

    def _stop(self, error: RetentionKitError) -> None:
        self._tally.stop = self._tally.stop or error
        self._all.stopping.set()

    def _delay(self, waited: float, asked: float | None) -> float:
        """Give how long to wait: twice as long each time, not all at once, or as long as asked."""
        # What has been waited is about what the next wait is.
        wait = min(_LONGEST_WAIT, max(_FIRST_WAIT, waited)) * (0.75 + random.random() / 2)
        return max(wait, asked or 0.0)

    def _impatient(self, waited: float) -> RetryableError:
        return RetryableError(
            f"Channel {self._channel.name!r} did not get on for {waited:,.0f} s. Next step: hand "
            "the same actions in again later; nothing is sent twice."
        )

    def _of_the_plugin(self, error: Exception) -> RetentionKitError:
        if isinstance(error, RetentionKitError):
            return error
        problem = PluginError(
            f"Channel {self._channel.name!r} raised {type(error).__name__}, which is no error of "
            "a channel, so nobody knows what became of the batch. Allowed: RetryableError, "
            "RateLimitedError, AuthenticationError, RejectedError, UnknownOutcomeError. Next step: "
            "mend the channel; what it did is listed as unknown."
        )
        problem.__cause__ = error
        return problem

    def _no_receipt(self, got: object) -> NoReturn:
        raise PluginError(
            f"Channel {self._channel.name!r} gave {type(got).__name__} for a batch. Allowed: a "
            "Receipt. Next step: mend the channel; what it did is listed as unknown."
        )


def in_chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Give rows a thousand at a time."""
    some: list[Row] = []
    for row in rows:
        some.append(row)
        if len(some) >= _CLAIMED_AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _without(rows: Iterable[Row], lost: set[str]) -> Iterator[Row]:
    """Leave out what another process sends; a replaced audience needs it all the same."""
    for row in rows:
        if row.payload.id not in lost:
            yield row
        elif row.replaces:
            yield dataclasses.replace(row, extra=True)


def _without_doubt(receipt: Receipt) -> Receipt:
    """Make what is unknown planned."""
    rest: OutcomeState = "planned" if receipt.rest == "unknown" else receipt.rest
    outcomes = {
        id_: dataclasses.replace(one, state="planned") if one.state == "unknown" else one
        for id_, one in receipt.outcomes.items()
    }
    return dataclasses.replace(receipt, outcomes=outcomes, rest=rest)
