"""One process at work on one channel: what it plans, claims, hands over and settles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Final, Literal, Self

import sqlalchemy as sql

from retention_kit.delivery.journal import batches, reading, recording
from retention_kit.delivery.journal.book import Book
from retention_kit.delivery.journal.planning import Planning
from retention_kit.delivery.journal.problems import JournalError, LostRowsError
from retention_kit.delivery.journal.records import (
    BatchSize,
    Claimed,
    Known,
    PendingReceipt,
    Planned,
)
from retention_kit.delivery.journal.recovery import Presence
from retention_kit.delivery.outcomes import Receipt, Rejection, Sent
from retention_kit.errors import bad_parameter

_NOBODY: Final[Mapping[str, int]] = MappingProxyType({"planned": 0, "unknown": 0})


class Run:
    """What `Journal.run` gives: to be used in a `with`, by any number of threads.

    On leaving, what is claimed becomes planned and what is handed over and not settled becomes
    unknown. A process that dies leaves that to the next run of the channel.

    Each method is one transaction. Of batches, only those of this run are spoken of, by names that
    the caller chooses.

    Attributes:
        recovered: How many actions of dead runs became `planned` and `unknown`.
    """

    def __init__(self, book: Book, channel: str, *, idempotent: str) -> None:
        self.recovered = _NOBODY
        self._book = book
        self._name = channel
        self._repeatable = idempotent == "action"
        self._cautious = idempotent == "no"
        self._channel = book.new_channel(channel)
        self._planning = Planning(book, self._channel)
        self._presence: Presence | None = None
        self._batches: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Run({self._name!r})"

    def __enter__(self) -> Self:
        presence = Presence(self._book, self._channel)
        self._presence = presence
        try:
            found = presence.recover_others(cautious=self._cautious)
        except BaseException:
            presence.leave(quietly=True)
            raise
        self.recovered = MappingProxyType(found)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        presence, self._presence = self._presence, None
        if presence is not None:
            presence.leave(quietly=problem is not None)

    def known(self, ids: Sequence[str]) -> Mapping[str, Known]:
        """Give what is known of actions, by id; those that are unheard of are left out."""
        return reading.known(self._book, self._channel, ids)

    def plan(self, planned: Sequence[Planned]) -> Mapping[str, Known]:
        """Write actions that are new as planned.

        Returns:
            What was known of the others, by id; nothing of them was changed.
        """
        return self._planning.plan(planned).known

    def plan_and_claim(self, planned: Sequence[Planned], *, batch: str) -> Claimed:
        """Write actions that are new, claimed by this run.

        Args:
            planned: The actions.
            batch: The batch that they go to. It may have rows already, if it was not handed over.

        Raises:
            LostRowsError: The batch is not this run's any more.
        """
        claimed, number = self._planning.plan_and_claim(
            planned, lambda connection: self._opened(connection, batch)
        )
        self._remember(batch, number)
        return claimed

    def replan(self, planned: Sequence[Planned]) -> Mapping[str, Known]:
        """Make actions planned that are planned, rejected, suppressed or unknown, as they are now.

        Whether an unknown action may be sent again is the caller's to decide.

        Returns:
            What is known of those that were left alone: they are done, pending, on their way, or
            were never planned and are left out.
        """
        return self._planning.replan(planned)

    def reject(self, refused: Sequence[tuple[Planned, Rejection]]) -> Mapping[str, Known]:
        """Write that actions will not be sent, because the channel cannot.

        Returns:
            What is known of those that were left alone: neither new nor planned, rejected or
            suppressed.
        """
        reasons = [(one, why.code, why.detail) for one, why in refused]
        return self._planning.close(reasons, "rejected")

    def suppress(self, left_out: Sequence[tuple[Planned, str]]) -> Mapping[str, Known]:
        """Write that actions are not to be sent, with the reason as their code.

        Returns:
            What is known of those that were left alone, as with `reject`.
        """
        return self._planning.close([(one, why, "") for one, why in left_out], "suppressed")

    def claim(self, ids: Sequence[str], *, batch: str) -> list[str]:
        """Make planned actions this run's.

        Args:
            ids: The actions.
            batch: The batch that they go to. It may have rows already, if it was not handed over.

        Returns:
            Those that it got, in the order they were given: planned, and nobody else's.

        Raises:
            LostRowsError: The batch is not this run's any more.
        """
        got, number = self._planning.claim(ids, lambda connection: self._opened(connection, batch))
        self._remember(batch, number)
        return got

    def hand_over(self, batch: str) -> int:
        """Write that a batch is about to be sent; it outlives a loss of power when this returns.

        Returns:
            How many rows it has.

        Raises:
            LostRowsError: It is not this run's any more; nothing of it may be sent.
            JournalError: It could not be written; nothing of it may be sent.
        """
        book, number, presence = self._book, self._number(batch), self._there()
        now = book.now()

        def change(connection: sql.Connection) -> int:
            rows = batches.hand_over(connection, book.style, number, presence.number, now)
            if rows is None:
                raise LostRowsError(batch)
            return rows

        return book.write(change, hold=presence.hold)

    def settle(self, batch: str, receipt: Receipt) -> Mapping[str, int]:
        """Write what became of a batch that was handed over, or was asked about.

        States only go forward: what is known to have happened stays so. Ids that are not in the
        batch are passed over.

        Args:
            batch: The batch.
            receipt: What the channel said; its token is kept, the one before it is not.

        Returns:
            How many rows changed their state, by the state that they have now.

        Raises:
            DefinitionError: The batch is not known or was not handed over.
        """
        book, number = self._book, self._number(batch)
        now = book.now()

        def change(connection: sql.Connection) -> Mapping[str, int]:
            found = recording.Settling(connection, book.style, self._channel, batch, number)
            return found.settle(receipt, now)

        # What is lost with the power is sent again, where that does no harm.
        durable = not self._repeatable or receipt.token is not None
        changed = book.write(change, durable=durable, patient=True)
        if receipt.token is None:
            self._batches.pop(batch, None)
        return changed

    def release(
        self, batch: str, *, state: Literal["planned", "unknown", "claimed"] = "planned"
    ) -> None:
        """Give a batch back that was not settled.

        Args:
            batch: The batch.
            state: `planned`: certainly not carried out, and anybody's again. `claimed`: the same,
                but it stays this run's, to be handed over again. `unknown`: it was handed over,
                and nobody knows.

        Raises:
            LostRowsError: It was to stay this run's, and is not any more.
        """
        book, number, presence = self._book, self._number(batch), self._there()
        now = book.now()

        def change(connection: sql.Connection) -> None:
            if not batches.release(connection, book.style, number, presence.number, state, now):
                raise LostRowsError(batch)

        book.write(change, durable=False)
        if state != "claimed":
            self._batches.pop(batch, None)

    def split(self, batch: str, ids: Sequence[str], *, into: str) -> None:
        """Move rows of a batch into a new one, which is in the same state.

        Raises:
            LostRowsError: The batch is not this run's any more.
        """
        book, number, presence = self._book, self._number(batch), self._there()
        if into in self._batches:
            raise bad_parameter("into", got=into, allowed="the name of no batch at work")

        def change(connection: sql.Connection) -> int:
            new = batches.copy(connection, book.style, number, into, run=presence.number)
            if new is None:
                raise LostRowsError(batch)
            batches.move(connection, book.style, self._channel, ids, number, new)
            return new

        self._remember(into, book.write(change, durable=False))

    def reclaim(self, batch: str) -> int:
        """Take all unknown rows of a batch to send them again: handed over, under the same name.

        It outlives a loss of power when this returns. Should the process die, they are unknown
        again.

        Returns:
            How many; 0 where there are none. The rest of the batch stays as it is.

        Raises:
            JournalError: It could not be written; nothing of it may be sent.
        """
        book, presence = self._book, self._there()
        now = book.now()

        def change(connection: sql.Connection) -> tuple[int, int | None]:
            number = batches.newest(connection, self._channel, batch)
            return batches.reclaim(connection, book.style, number, presence.number, now)

        count, number = book.write(change, hold=presence.hold)
        self._remember(batch, number)
        return count

    def batch_size(self, batch: str) -> BatchSize:
        """Give how many rows a batch has, and of how many nobody knows what became of them."""

        def ask(connection: sql.Connection) -> BatchSize:
            number = self._batches.get(batch)
            if number is None:
                number = batches.newest(connection, self._channel, batch)
            return batches.size(connection, number)

        return self._book.read(ask)

    def pending(self, *, due: bool = True) -> list[PendingReceipt]:
        """Give the receipts by which can be asked again, of any run of the channel.

        Args:
            due: Only those whose time has come.
        """
        return reading.pending(self._book, self._channel, due=due)

    def unknown(self) -> Iterator[list[Sent]]:
        """Give, in slices, the actions of which nobody knows what became of them."""
        return reading.unknown(self._book, self._channel)

    def _opened(self, connection: sql.Connection, batch: str) -> int:
        """Give the number of a batch that rows may be added to, a new one where there is none."""
        presence, now = self._there(), self._book.now()
        number = self._batches.get(batch)
        if number is None:
            return batches.new(
                connection, self._book.style, self._channel, batch, presence.number, now
            )
        if not batches.touch(connection, self._book.style, number, presence.number, now):
            raise LostRowsError(batch)
        return number

    def _remember(self, batch: str, number: int | None) -> None:
        if number is not None:
            self._batches[batch] = number

    def _number(self, batch: str) -> int:
        number = self._batches.get(batch)
        if number is None:
            number = self._book.read(
                lambda connection: batches.newest(connection, self._channel, batch)
            )
        if number is None:
            raise bad_parameter("batch", got=batch, allowed="the name of a batch that was claimed")
        return number

    def _there(self) -> Presence:
        if self._presence is None:
            raise JournalError(
                "The run is over, or has not begun. Next step: use it in a with statement.",
                code="lost",
            )
        return self._presence
