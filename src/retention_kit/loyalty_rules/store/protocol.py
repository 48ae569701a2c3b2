"""What a store of accounts promises, whatever keeps it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from retention_kit.errors import DataError, RetryableError

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.ledger import Entry
    from retention_kit.loyalty_rules.online.account import Account
    from retention_kit.loyalty_rules.online.events import Event
    from retention_kit.loyalty_rules.online.posting import Posted


class ConflictError(RetryableError):
    """Others kept changing the account; nothing was written, and the same call may succeed later.

    Attributes:
        attempts: How often it was tried.
    """

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        super().__init__(
            f"The account was changed by others each of the {attempts:,} times that this was "
            "tried; nothing was written. Next step: send the same event again, which is safe, or "
            "raise attempts."
        )


class OrderOfAnotherError(DataError):
    """An order or a return is already recorded, of another customer; nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            "An order or a return with this id is recorded of another customer; it counts once. "
            "Next step: give each order the id that it has in the shop and the customer who "
            "placed it."
        )


class OverturnsError(DataError):
    """A late event would overturn what was recorded after it; nothing was written.

    Attributes:
        sources: The events that would be refused if it had come in time.
    """

    def __init__(self, sources: tuple[str, ...]) -> None:
        self.sources = sources
        super().__init__(
            f"The event happened before others, of which {len(sources):,} would be refused if it "
            "had come in time: what they spent would not be there. Next step: post it with the "
            "instant at which it was recorded; or, where it must count from when it happened, "
            "overturn=True."
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed of a customer: how many rows of each kind."""

    accounts: int
    entries: int
    events: int
    checkpoints: int
    mentions: int
    """Events of other customers that named the customer, and no longer do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Checkpoint:
    """An account as it was, from which late events are replayed."""

    version: int
    """How many events of the customer had been written when it was made."""
    at: dt.datetime
    """When the last event in it happened."""
    account: Account


@runtime_checkable
class LedgerStore(Protocol):
    """Keeps accounts, the events they were made of, and the entries those gave.

    An account, its entries and its event are written together or not at all. Nobody's change is
    lost, and an event that comes twice is one event. Entries are only ever added.
    """

    def load(self, customer_id: int | str) -> Account:
        """Give the account; of a customer who has none, a new one."""
        ...

    def post(self, customer_id: int | str, event: Event, *, overturn: bool = False) -> Posted:
        """Write an event, its entries and what the account became.

        An event whose source key is recorded changes nothing, and gives the entries it gave. One
        that comes late, after others that happened later, gives adjusting entries. Where it would
        have others refused that were taken, such as an order whose points it spends, it is refused
        itself, unless `overturn` says otherwise: then those others stand recorded and have no
        effect.

        Raises:
            ConflictError: Others kept changing the account.
            OrderOfAnotherError: The order is another customer's.
            OverturnsError: It is late, and others would be refused.
            DataError: The event is refused by the programme, or is no event it can take.
        """
        ...

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
        """Move units between two customers: both accounts change, or none."""
        ...

    def entries(self, customer_id: int | str) -> tuple[Entry, ...]:
        """Give a customer's entries by their numbers."""
        ...

    def events(self, customer_id: int | str) -> tuple[Event, ...]:
        """Give a customer's events, those overturned left out, in the order of taking."""
        ...

    def checkpoints(self, customer_id: int | str) -> tuple[Checkpoint, ...]:
        """Give the kept checkpoints of a customer, oldest first."""
        ...

    def customer_ids(self) -> Iterator[int | str]:
        """Give the ids of all customers who have an account."""
        ...

    def forget(self, customer_id: int | str) -> Forgotten:
        """Remove a customer, and say what was removed."""
        ...
