"""The journal: what became of every action, in SQLite or PostgreSQL."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self, get_args

from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.errors import MissingDependencyError, RetryableError, bad_parameter

try:
    import sqlalchemy as sql
except ModuleNotFoundError:
    raise MissingDependencyError("sqlalchemy", "delivery") from None

from retention_kit._databases import Database
from retention_kit.delivery.journal import reading, recording
from retention_kit.delivery.journal.book import Book
from retention_kit.delivery.journal.counted import SqlLimitLedger
from retention_kit.delivery.journal.customers import customer_text
from retention_kit.delivery.journal.records import Known, PendingReceipt, Recorded
from retention_kit.delivery.journal.rows import parts
from retention_kit.delivery.journal.runs import Run
from retention_kit.delivery.journal.tables import ACTIONS
from retention_kit.delivery.outcomes import ActionState, Outcome

if TYPE_CHECKING:
    import polars as pl

_TOGETHER: Final = 1_000


class Journal:
    """What became of every action, for all processes that deliver.

    It keeps ids, the parts of their keys, hashes of what was sent, states, and what outside
    systems said: no contacts and no contents.

    SQLite writes ahead, and waits for the disk before anything is sent: what was handed over is
    still known after a loss of power, and so is all that was written before. PostgreSQL must be
    spoken to directly or through a pool of sessions, since a run holds a lock of its session.

    One journal may serve many threads, and one database many processes; SQLite those of one
    machine, on a disk of its own.

    Args:
        database: The path of SQLite's file; or a URL, as `sqlite:///journal.db` or
            `postgresql://user:password@host/shop`; or an engine of SQLAlchemy, which is used as it
            is and stays the caller's to dispose.
        clock: The time.

    Attributes:
        limit_ledger: Counts of requests, kept in the database.
        database: The database, for what else is kept beside the journal.

    Raises:
        DefinitionError: The URL is none, or leads nowhere; or a later version of the library wrote
            the journal.
        JournalError: The database cannot be read or written.
        MissingDependencyError: The driver is not installed.

    Examples:
        >>> with Journal("sqlite://") as journal:
        ...     journal.counts()
        {}
    """

    def __init__(
        self,
        database: str | Path | sql.Engine = "retention_kit_journal.db",
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._book = Book(database, clock)
        self.limit_ledger = SqlLimitLedger(self._book)
        self.database: Database = self._book.database

    def __repr__(self) -> str:
        return f"Journal({self.database.engine.dialect.name})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that the journal opened."""
        self.database.close()

    def run(self, channel: str, *, idempotent: Literal["no", "action", "batch"] = "no") -> Run:
        """Begin to work at a channel, in a `with`.

        What dead runs of the channel left is taken back on entering: what they had claimed is
        planned again, what they had handed over is unknown. Where it is not certain that a run is
        dead, as when a PostgreSQL server lost the connection of a process on another machine,
        what it handed over stays so for fifteen minutes, unless sending it again does no harm.

        Args:
            channel: The instance's name.
            idempotent: Whether a row may be submitted again, as `Capabilities.idempotent` says.
        """
        return Run(self._book, channel, idempotent=idempotent)

    @contextlib.contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Hold a lock that all users of the database share and that dies with the process.

        Args:
            name: What is locked.

        Raises:
            RetryableError: Another holds it.
        """
        hold = self._book.locks.take(f"name-{_digest(name)}")
        if hold is None:
            raise RetryableError(
                f"{name!r} is in the hands of another process. Next step: try again when it is "
                "done."
            )
        try:
            yield
        finally:
            hold.release()

    def known(self, channel: str, ids: Sequence[str]) -> Mapping[str, Known]:
        """Give what is known of actions, by id; those that are unheard of are left out."""
        number = self._book.channel(channel)
        return {} if number is None else reading.known(self._book, number, ids)

    def pending(self, channel: str, *, due: bool = True) -> list[PendingReceipt]:
        """Give the receipts by which can be asked again, soonest first.

        Args:
            channel: The channel.
            due: Only those whose time has come.
        """
        number = self._book.channel(channel)
        return [] if number is None else reading.pending(self._book, number, due=due)

    def counts(self, channel: str | None = None, *, campaign: str | None = None) -> dict[str, int]:
        """Give the number of actions by state.

        Args:
            channel: Of which channel; of all where None.
            campaign: Of which campaign; of all where None.
        """
        return reading.counts(self._book, channel, campaign)

    def actions(
        self,
        channel: str | None = None,
        *,
        campaign: str | None = None,
        states: ActionState | Iterable[ActionState] | None = None,
    ) -> pl.DataFrame:
        """Give actions as one table, in the order in which they became known.

        Args:
            channel: Of which channel; of all where None.
            campaign: Of which campaign; of all where None.
            states: In which state or states; in all where None.

        Returns:
            `channel`, `id`, `campaign`, `customer_id` (as text), `step`, `occurrence`, `kind`,
            `group`, `state`, `code`, `detail`, `external_id`, `batch`, `attempts` (how often it
            was handed over), `occurred_at` (of the state, where the outside system said so),
            `planned_at`, `updated_at`.

        Raises:
            DefinitionError: There is no such state.
        """
        import polars as pl

        return pl.concat(self.action_frames(channel, campaign=campaign, states=states))

    def action_frames(
        self,
        channel: str | None = None,
        *,
        campaign: str | None = None,
        states: ActionState | Iterable[ActionState] | None = None,
        rows: int = 50_000,
    ) -> Iterator[pl.DataFrame]:
        """Give actions in tables that are read one at a time.

        Args:
            channel: As in `actions`.
            campaign: As in `actions`.
            states: As in `actions`.
            rows: The most rows of a table.

        Raises:
            DefinitionError: There is no such state, or the rows are fewer than one.
        """
        if rows < 1:
            raise bad_parameter("rows", got=rows, allowed="a whole number from 1 on")
        wanted = None if states is None else _checked(states)
        return reading.frames(self._book, channel, campaign, wanted, rows)

    def record(self, channel: str, outcomes: Iterable[Outcome]) -> Recorded:
        """Write what was heard of actions: by a web hook, a look-up, from a person.

        States only go forward. That something happened is believed whatever was thought before;
        that it did not happen, which makes it `planned` again, only of what was unknown.

        Args:
            channel: The channel.
            outcomes: What was heard.
        """
        number = self._book.channel(channel)
        told, recorded, unchanged = iter(outcomes), 0, 0
        unheard: list[str] = []
        while some := list(itertools.islice(told, _TOGETHER)):
            if number is None:
                unheard += [one.id for one in some]
                continue
            found = self._recorded(number, some)
            recorded += found.recorded
            unchanged += found.unchanged
            unheard += found.unheard
        return Recorded(recorded, unchanged, tuple(unheard))

    def resolve(
        self,
        channel: str,
        ids: str | Sequence[str],
        state: Literal["accepted", "planned", "rejected"],
    ) -> int:
        """Decide what became of unknown or pending actions, as a person can who looked.

        Args:
            channel: The channel.
            ids: The ids of one or of several.
            state: `accepted`: it happened. `planned`: it did not, and may be sent again.
                `rejected`: it did not, and shall not be.

        Returns:
            How many were unknown or pending and are so no longer.
        """
        if state not in ("accepted", "planned", "rejected"):
            raise bad_parameter("state", got=state, allowed="accepted, planned, rejected")
        wanted = [ids] if isinstance(ids, str) else list(ids)
        code = "" if state == "planned" else "resolved"
        decided = [Outcome(one, state, code) for one in dict.fromkeys(wanted)]
        number = self._book.channel(channel)
        if number is None:
            return 0
        return sum(
            self._recorded(number, some, decided=True).recorded
            for some in parts(decided, _TOGETHER)
        )

    def forget(self, *customer_ids: int | str) -> dict[str, int]:
        """Remove all actions of customers, and say how many by table.

        The whole journal is read for it, about a second for some millions of actions: hand in
        together those who are to be forgotten together.

        What is on its way to an outside system at this moment gets there all the same. In SQLite,
        what was removed is overwritten.

        Args:
            customer_ids: The customers, as in the tables.
        """
        customers = [customer_text(one) for one in customer_ids]

        def change(connection: sql.Connection) -> int:
            if self.database.sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            return sum(
                connection.execute(ACTIONS.delete().where(ACTIONS.c.customer.in_(some))).rowcount
                for some in parts(customers)
            )

        removed = self._book.write(change)
        self._book.write_through()
        return {ACTIONS.name: removed}

    def _recorded(
        self, channel: int, outcomes: Sequence[Outcome], *, decided: bool = False
    ) -> Recorded:
        book, now = self._book, self._book.now()

        def change(connection: sql.Connection) -> Recorded:
            return recording.record(connection, book.style, channel, outcomes, now, decided=decided)

        # A web hook is not sent twice.
        return book.write(change, patient=True)


def _checked(states: ActionState | Iterable[ActionState]) -> list[str]:
    wanted = [states] if isinstance(states, str) else list(states)
    allowed = get_args(ActionState)
    for one in wanted:
        if one not in allowed:
            raise bad_parameter("states", got=one, allowed=", ".join(allowed))
    return list(wanted)


def _digest(name: str) -> str:
    import hashlib

    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
