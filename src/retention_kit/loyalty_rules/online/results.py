"""What becomes of events that are posted: the account after them, and what was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.ledger import Entry
    from retention_kit.loyalty_rules.online.account import Account
    from retention_kit.loyalty_rules.online.events import Event
    from retention_kit.loyalty_rules.online.refusing import Refusal


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an event.

    Attributes:
        account: The account after it.
        entries: What it wrote, with what time had brought about by then; nothing where the event
            was there already.
        event: The event.
        refusal: Why it was refused; None where it was taken. The account is the one before then.
        available: What is there, or allowed, where it was refused; see `RefusedError`.
        overturned: Of a late event, the events taken before that are refused after it, as
            `source_of` names them.
    """

    account: Account
    entries: tuple[Entry, ...]
    event: Event
    refusal: Refusal | None = None
    available: int | None = None
    overturned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folded:
    """An account made of a whole history.

    Attributes:
        account: The account.
        entries: All entries, those that time brought about by the instant of observation included.
        refused: What was refused, in order.
    """

    account: Account
    entries: tuple[Entry, ...]
    refused: tuple[Posted, ...]


@dataclass(frozen=True, slots=True)
class Older:
    """An account after some time.

    Attributes:
        account: The account then.
        entries: What time has brought about.
    """

    account: Account
    entries: tuple[Entry, ...]
