"""The store in a database: SQLite in a file, or PostgreSQL by URL."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from retention_kit.errors import MissingDependencyError, bad_parameter

try:
    from sqlalchemy import Connection, Engine
except ModuleNotFoundError:
    raise MissingDependencyError("sqlalchemy", "loyalty") from None

from retention_kit._databases import LostError, open_database
from retention_kit.loyalty_rules.ledger import Entry
from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.checking import check_compiled
from retention_kit.loyalty_rules.online.events import Event, Transfer
from retention_kit.loyalty_rules.online.posting import Posted, post
from retention_kit.loyalty_rules.online.posting import transfer as transferred
from retention_kit.loyalty_rules.online.refusing import LateEventError
from retention_kit.loyalty_rules.online.replaying import post_late
from retention_kit.loyalty_rules.store import rows
from retention_kit.loyalty_rules.store.protocol import (
    Checkpoint,
    ConflictError,
    Forgotten,
    OverturnsError,
)
from retention_kit.loyalty_rules.store.tables import create, key_of

_T = TypeVar("_T")


class SqlLedgerStore:
    """A `LedgerStore` in a database.

    What an event makes of an account is reckoned outside of any transaction. It is then written
    with the entries and the event in one, which is undone if the account is no longer what it was
    when it was read; then the event is tried again on what the account is now. So any number of
    threads and processes may use one database, and one store may serve many threads.

    SQLite is set to write ahead, and a transaction waits up to 30 seconds for another's.

    Args:
        database: A URL, as `sqlite:///points.db` or `postgresql://user:password@host/shop`; or an
            engine of SQLAlchemy, which is used as it is and stays the caller's to dispose.
        program: The programme by which events are taken, compiled.
        attempts: How often an event is tried before `ConflictError`.
        checkpoint_every: After how many events of a customer a checkpoint is kept. Late events
            are replayed from the last one before them.
        checkpoints_kept: How many checkpoints of a customer stay; for what is later than all of
            them, the whole history is replayed.

    Raises:
        DefinitionError: The URL is none, or leads nowhere; the programme is not compiled; or a
            number is below 1.
        MissingDependencyError: The driver is not installed.

    Examples:
        >>> from retention_kit.loyalty_rules import EachOrder, EarningRule, LoyaltyProgram
        >>> from retention_kit.loyalty_rules import Proportional, Wallet, compile_program
        >>> from retention_kit.loyalty_rules.online.events import Order
        >>> rule = EarningRule(
        ...     name="Five of a hundred",
        ...     wallet="points",
        ...     trigger=EachOrder(),
        ...     award=Proportional(amount=5, per=100),
        ... )
        >>> program = LoyaltyProgram(
        ...     name="Tea club",
        ...     currency="RUB",
        ...     rounding="down",
        ...     wallets=[Wallet(name="points")],
        ...     rules=[rule],
        ... )
        >>> order = Order(order_id=1, at=dt.datetime(2025, 5, 1, tzinfo=dt.UTC), amount=1990)
        >>> compiled = compile_program(program, time_zone="Europe/Moscow")
        >>> with SqlLedgerStore("sqlite://", compiled) as store:
        ...     [(entry.kind, entry.units) for entry in store.post(7, order).entries]
        [('earn', 99)]
    """

    def __init__(
        self,
        database: str | Engine,
        program: CompiledProgram,
        *,
        attempts: int = 20,
        checkpoint_every: int = 20,
        checkpoints_kept: int = 5,
    ) -> None:
        self._attempts = _at_least_1("attempts", attempts)
        self._every = _at_least_1("checkpoint_every", checkpoint_every)
        self._kept = _at_least_1("checkpoints_kept", checkpoints_kept)
        check_compiled(program)
        self._program = program
        self._database = open_database(database)
        with self._database.creating() as connection:
            create(connection)

    def __repr__(self) -> str:
        return f"SqlLedgerStore({self._database.engine.dialect.name})"

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
        """Close the connections that the store opened."""
        self._database.close()

    def load(self, customer_id: int | str) -> Account:
        """Give the account; of a customer who has none, a new one."""
        return self._read(lambda connection: rows.see(connection, customer_id).account)

    def post(self, customer_id: int | str, event: Event, *, overturn: bool = False) -> Posted:
        """Write an event, its entries and what the account became.

        Args:
            customer_id: Whose event it is.
            event: What happened.
            overturn: Whether a late event is taken though others that were taken would be refused
                if it had come in time. They then stay recorded and have no effect.

        Returns:
            What became of it; of an event that is recorded already, the entries that it gave.

        Raises:
            ConflictError: Others changed the account each time.
            OrderOfAnotherError: The order is another customer's.
            OverturnsError: It is late, and others would be refused.
            DataError: The event is refused by the programme, or is no event it can take.
        """

        def once() -> Posted:
            with self._database.reading() as connection:
                # The account is read last, so that it holds the event where that is recorded.
                entries = rows.given(connection, key_of(customer_id), event)
                seen = rows.see(connection, customer_id)
            if entries is not None:
                return Posted(seen.account, entries, event)
            change = self._reckoned(seen, event, overturn=overturn)
            self._write(change)
            return change.posted

        return self._tried(once)

    def transfer(
        self,
        sender_id: int | str,
        receiver_id: int | str,
        *,
        key: str,
        at: dt.datetime,
        units: int,
        wallet: str,
    ) -> tuple[Posted, Posted]:
        """Move units between two customers: both accounts change, or none.

        Args:
            sender_id: Whose units go.
            receiver_id: To whom; another customer.
            key: What tells this transfer from others; the same again changes nothing.
            at: When; not before what is recorded of either.
            units: How many of the wallet's smallest units, above 0.
            wallet: Of which wallet.

        Returns:
            What became of the sender and of the receiver.

        Raises:
            ConflictError: Others changed one of the accounts each time.
            LateEventError: Something later is recorded of one of them. What happened all the same
                is posted as two `Transfer` events.
            DataError: The programme refuses it.
        """
        going = Transfer(key=key, at=at, units=-units, wallet=wallet, other=receiver_id)
        coming = Transfer(key=key, at=at, units=units, wallet=wallet, other=sender_id)

        def once() -> tuple[Posted, Posted]:
            with self._database.reading() as connection:
                sent = rows.given(connection, key_of(sender_id), going)
                got = rows.given(connection, key_of(receiver_id), coming)
                sender = rows.see(connection, sender_id)
                receiver = rows.see(connection, receiver_id)
            if sent is not None and got is not None:
                return Posted(sender.account, sent, going), Posted(receiver.account, got, coming)
            both = transferred(
                sender.account,
                receiver.account,
                key=key,
                at=at,
                units=units,
                wallet=wallet,
                program=self._program,
            )
            self._write(self._change(sender, both[0]), self._change(receiver, both[1]))
            return both

        return self._tried(once)

    def entries(self, customer_id: int | str) -> tuple[Entry, ...]:
        """Give a customer's entries by their numbers."""
        return self._read(lambda connection: rows.entries_of(connection, key_of(customer_id)))

    def events(self, customer_id: int | str) -> tuple[Event, ...]:
        """Give a customer's events, those overturned left out, in the order of taking."""
        return self._read(lambda connection: tuple(rows.events_of(connection, key_of(customer_id))))

    def checkpoints(self, customer_id: int | str) -> tuple[Checkpoint, ...]:
        """Give the kept checkpoints of a customer, oldest first."""
        return self._read(lambda connection: rows.checkpoints_of(connection, key_of(customer_id)))

    def customer_ids(self) -> Iterator[int | str]:
        """Give the ids of all customers who have an account."""
        return iter(self._read(rows.ids_of_all))

    def forget(self, customer_id: int | str) -> Forgotten:
        """Remove a customer's account, entries, events and checkpoints, and say how many.

        Events of others who sent units to the customer, or got some, stay without the id.

        Raises:
            ConflictError: The database would not wait any longer.
        """

        def once() -> Forgotten:
            with self._database.writing() as connection:
                return rows.remove(connection, key_of(customer_id))

        return self._tried(once)

    def _read(self, ask: Callable[[Connection], _T]) -> _T:
        def once() -> _T:
            with self._database.reading() as connection:
                return ask(connection)

        return self._tried(once)

    def _reckoned(self, seen: rows.Seen, event: Event, *, overturn: bool) -> rows.Change:
        """Find what an event makes of an account, and what of that is to be written."""
        with contextlib.suppress(LateEventError):
            return self._change(seen, post(seen.account, event, self._program))
        with self._database.reading() as connection:
            checkpoint, later = rows.before(connection, seen, event)
            # Looked at last: then all that was read before belongs to this version.
            if rows.version_of(connection, seen.customer) != seen.version:
                raise LostError
        posted = post_late(checkpoint, later, event, seen.account, self._program)
        if posted.overturned and not overturn:
            raise OverturnsError(posted.overturned)
        return self._change(seen, posted, late=True)

    def _change(self, seen: rows.Seen, posted: Posted, *, late: bool = False) -> rows.Change:
        checkpoint = (seen.version + 1) % self._every == 0
        return rows.Change(seen, posted, late=late, checkpoint=checkpoint)

    def _write(self, *changes: rows.Change) -> None:
        with self._database.writing() as connection:
            # In one order, so that two who write of the same customers never wait for each other.
            for change in sorted(changes, key=lambda change: change.seen.customer):
                rows.write(connection, change, keep=self._kept)

    def _tried(self, once: Callable[[], _T]) -> _T:
        for _ in range(self._attempts):
            try:
                return once()
            except LostError:
                continue
        raise ConflictError(self._attempts)


def _at_least_1(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise bad_parameter(
            name, got=value, allowed="a whole number from 1 on", step="leave it out"
        )
    return value
