"""Submitting one batch until it is settled: waiting, trying again, taking out what is refused."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Final

from retention_kit.delivery.dispatching.checking import checked_receipt
from retention_kit.delivery.dispatching.claiming import claimed
from retention_kit.delivery.dispatching.problems import (
    impatient,
    no_receipt,
    of_the_answer,
    of_the_plugin,
)
from retention_kit.delivery.dispatching.rows import Parcel, Row, Rows, Submitted
from retention_kit.delivery.dispatching.spool import gathered
from retention_kit.delivery.dispatching.submitter import Submitter
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.dispatching.waits import delay, seconds_of
from retention_kit.delivery.journal.problems import JournalError, LostRowsError
from retention_kit.delivery.outcomes import Outcome, OutcomeState, Receipt
from retention_kit.errors import (
    AuthenticationError,
    DefinitionError,
    RateLimitedError,
    RejectedError,
    RetentionKitError,
    RetryableError,
    UnknownOutcomeError,
)

TRIES: Final = 3
"""How often a batch is sent to which no answer comes, where that can do no harm."""
REFUSED: Final = 1_000
"""After how many refused calls on end over one batch a call stops: it is not the rows' fault."""


def deliver(submitter: Submitter, parcel: Parcel) -> Tally:
    """Submit a batch, and what has to be submitted again of it, until all of it is settled.

    Returns:
        The counts, with `stop` where nothing more is to be sent by anybody.
    """
    return _Delivery(submitter, parcel).go()


class _Delivery:
    """One batch, and what it falls into."""

    def __init__(self, submitter: Submitter, parcel: Parcel) -> None:
        self._all = submitter
        self._run = submitter.run
        self._channel = submitter.channel
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
        if not self._has_its_turn(parcel):
            return
        if not parcel.doubtful:
            try:
                rows = self._run.hand_over(parcel.name)
            except LostRowsError:
                self._count(parcel, "elsewhere")
                return
            if rows < parcel.claimed:
                self._without_the_gone(parcel)
                return
            self._after_crash = "unknown"
            if parcel.handed_at is None:
                parcel.handed_at = self._all.clock.now()
        elif self._all.idempotent == "batch" and not self._all.key_holds(parcel):
            self._leave_unknown(parcel)
            return
        try:
            batch = Submitted(parcel.group, parcel.rows)
            receipt = self._channel.submit(batch, idempotency_key=parcel.name)
            if not isinstance(receipt, Receipt):
                raise no_receipt(self._channel.name, receipt)
        except (RetryableError, RateLimitedError) as error:
            self._all.answer_came(came=True)
            self._later(parcel, error)
        except (AuthenticationError, DefinitionError) as error:
            self._put_back(parcel)
            self._stop(error)
        except RejectedError as error:
            self._all.answer_came(came=True)
            self._refuse(parcel, error)
        except UnknownOutcomeError as error:
            self._in_doubt(parcel, error)
        except Exception as error:
            self._leave_unknown(parcel)
            self._stop(of_the_plugin(self._channel.name, error))
        else:
            self._all.answer_came(came=True)
            receipt, problem = checked_receipt(self._channel.name, receipt)
            if problem is not None:
                self._stop(problem)
            self._settle(parcel, receipt)

    def _has_its_turn(self, parcel: Parcel) -> bool:
        """Wait for the channel's limiter while nothing is handed over yet.

        Should the process die meanwhile, it is certain that nothing was sent.
        """
        limiter = self._channel.limiter
        if limiter is None:
            return True
        try:
            limiter.wait()
        except (RetryableError, RateLimitedError) as error:
            self._later(parcel, error)
            return False
        if self._all.stopping.is_set():
            self._put_back(parcel)
            return False
        return True

    def _without_the_gone(self, parcel: Parcel) -> None:
        """Claim again what is left of a batch whose rows were forgotten, or heard of, meanwhile."""
        self._run.release(parcel.name, state="planned")
        rows = gathered(parcel.rows)
        self._claim(rows, parcel, waited=parcel.waited, tries=parcel.tries)

    def _settle(self, parcel: Parcel, receipt: Receipt) -> None:
        """Keep what became of the rows; send again what certainly did not happen."""
        again = parcel.tries + 1 < TRIES and self._all.idempotent == "action"
        if again and not self._all.stopping.is_set():
            # Whether it happened or not, it can be sent again.
            receipt = _without_doubt(receipt)
        if not self._is_kept(parcel, receipt):
            return
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

    def _is_kept(self, parcel: Parcel, receipt: Receipt) -> bool:
        """Write what became of a batch; where that cannot be written, it stays in doubt."""
        try:
            self._run.settle(parcel.name, receipt)
        except JournalError:
            raise
        except Exception as error:
            self._leave_unknown(parcel)
            self._stop(of_the_answer(self._channel.name, error))
            return False
        self._after_crash = "planned"
        return True

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
        pause = delay(waited, None)
        if self._all.stopping.is_set():
            self._tally.states["planned"] += count
            rows.close()
            return
        if waited + pause > self._all.patience:
            self._tally.states["planned"] += count
            rows.close()
            self._stop(impatient(self._channel.name, waited))
            return
        self._all.clock.sleep(pause)
        self._claim(rows, parcel, waited=waited + pause, tries=parcel.tries + 1)

    def _later(self, parcel: Parcel, error: RetryableError | RateLimitedError) -> None:
        """Wait, and send the same batch again."""
        asked = error.retry_after if isinstance(error, RateLimitedError) else None
        pause = delay(parcel.waited, seconds_of(asked))
        if parcel.waited + pause > self._all.patience:
            self._put_back(parcel)
            self._stop(error)
            return
        if not parcel.doubtful:
            self._run.release(parcel.name, state="claimed")
        self._all.clock.sleep(pause)
        self._todo.append(dataclasses.replace(parcel, waited=parcel.waited + pause))

    def _in_doubt(self, parcel: Parcel, error: UnknownOutcomeError) -> None:
        """Send it again where that does no harm; else leave it for a look-up or a person."""
        tries = parcel.tries + 1
        pause = delay(parcel.waited, None)
        patient = parcel.waited + pause <= self._all.patience
        if self._all.idempotent != "no" and tries < TRIES and patient:
            self._all.clock.sleep(pause)
            waited = parcel.waited + pause
            self._todo.append(
                dataclasses.replace(parcel, waited=waited, tries=tries, doubtful=True)
            )
            return
        self._leave_unknown(parcel)
        if self._all.answer_came(came=False):
            self._stop(error)

    def _refuse(self, parcel: Parcel, error: RejectedError) -> None:
        """Take out the rows that are refused; halve the batch to find them where none is named."""
        self._refused += 1
        if parcel.doubtful and self._all.idempotent == "batch":
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
            if self._settle_refused(parcel, Receipt(outcomes, rest="planned")):
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
            # A row was found: it is about rows, and not about all of them.
            self._refused = 0
        elif self._refused >= REFUSED:
            self._put_back(parcel)
            self._stop(error)
        else:
            self._run.release(parcel.name, state="planned")
            self._after_crash = "planned"
            half = len(parcel.rows) // 2
            for first, last in ((half, len(parcel.rows)), (0, half)):
                self._claim(gathered(itertools.islice(parcel.rows, first, last)), parcel)

    def _settle_refused(self, parcel: Parcel, receipt: Receipt) -> bool:
        """Keep which rows are refused; False where that could not be written."""
        receipt, problem = checked_receipt(self._channel.name, receipt)
        if problem is not None:
            self._stop(problem)
        if not self._is_kept(parcel, receipt):
            return False
        for row in parcel.rows:
            if (outcome := receipt.outcomes.get(row.payload.id)) is not None:
                self._tally.settle(row, outcome, "rejected")
        return True

    def _claim(self, rows: Rows, parcel: Parcel, *, waited: float = 0.0, tries: int = 0) -> None:
        """Go on with rows of a batch as a batch of their own."""
        if all(row.extra for row in rows):
            rows.close()
            return
        replaces = parcel.replaces
        made = claimed(self._run, rows, self._tally, replaces=replaces, waited=waited, tries=tries)
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


def _without_doubt(receipt: Receipt) -> Receipt:
    """Make what is unknown planned."""
    rest: OutcomeState = "planned" if receipt.rest == "unknown" else receipt.rest
    outcomes = {
        id_: dataclasses.replace(one, state="planned") if one.state == "unknown" else one
        for id_, one in receipt.outcomes.items()
    }
    return dataclasses.replace(receipt, outcomes=outcomes, rest=rest)
