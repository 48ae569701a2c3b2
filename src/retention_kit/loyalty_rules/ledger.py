"""The ledger: what was written to a customer's account, entry by entry, never changed later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal, get_args

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout

EntryKind = Literal[
    "earn",
    "activate",
    "reserve",
    "capture",
    "release",
    "redeem",
    "expire",
    "clawback",
    "restore",
    "adjust",
    "transfer",
    "discount",
    "tier_up",
    "tier_down",
]
"""What an entry says has happened."""
KINDS: Mapping[int, EntryKind] = {
    layout.EARNED: "earn",
    layout.ACTIVATED: "activate",
    layout.RESERVED: "reserve",
    layout.CAPTURED: "capture",
    layout.RELEASED: "release",
    layout.REDEEMED: "redeem",
    layout.EXPIRED: "expire",
    layout.TAKEN_BACK: "clawback",
    layout.RESTORED: "restore",
    layout.ADJUSTED: "adjust",
    layout.TRANSFERRED: "transfer",
    layout.DISCOUNTED: "discount",
    layout.TIER_UP: "tier_up",
    layout.TIER_DOWN: "tier_down",
}
"""The kinds by the kernel's numbers."""
MOVES: frozenset[EntryKind] = frozenset(
    ("earn", "redeem", "expire", "clawback", "restore", "adjust", "transfer")
)
"""The kinds whose units add up to the balance."""
REASONS: tuple[str, ...] = (
    "by_rule",
    "by_order",
    "by_return",
    "at_its_end",
    "by_hand",
    "debt_settled",
    "debt_made",
    "forgiven",
    "lost",
    "grace",
    "timed_out",
    "asked",
    "other_lots",
    "other_customer",
    "certificate",
    "new_version",
)
"""Why, by the kernel's numbers."""
LATE_EVENT = "late_event"
"""The reason of what puts an account right after an event that came late."""
_EXACT = ("value", "base")
_INSTANTS = ("at", "active_at", "expires_at")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a customer's ledger.

    Attributes:
        number: Its number within the customer, from 1 on.
        at: When what it says happened, in UTC.
        kind: What happened.
        wallet: The wallet; None of tiers and discounts.
        lot: The lot; None where there is none.
        units: How many of the wallet's smallest units: below 0 where they lower the balance. Of
            `activate`, `reserve`, `capture` and `release` how many it is about, which leaves the
            balance as it is; of a `discount` hundredths of money.
        value: What they are worth, in the shop's currency.
        rule: The earning rule, or the discount.
        source: The event that caused it, as `source_of` names it; None where time alone did.
        order_id: The order that it is about.
        base: What the award or the discount was reckoned from; of a tier, the figure reached.
        uncapped: How many units it would have been without caps and stacking.
        tier: The tier in force; of a change of tier, the new one.
        active_at: From when on a lot can be spent; None where that waits for the delivery.
        expires_at: Until when; None for ever.
        reason: Why.
    """

    number: int
    at: dt.datetime
    kind: EntryKind
    wallet: str | None = None
    lot: int | None = None
    units: int = 0
    value: Decimal = Decimal(0)
    rule: str | None = None
    source: str | None = None
    order_id: int | str | None = None
    base: Decimal | None = None
    uncapped: int | None = None
    tier: str | None = None
    active_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data that JSON can hold: exact numbers and instants as text."""
        return {name: _written(getattr(self, name)) for name in _NAMES}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Entry:
        """Read what `to_dict` gave.

        Raises:
            DataError: A field is missing, unknown, or not what it may be.
        """
        try:
            read = cls(**{name: _read(name, value) for name, value in given.items()})
        except (TypeError, ValueError, ArithmeticError):
            raise DataError(
                f"An entry of a ledger cannot be read. Its fields: {', '.join(_NAMES)}. Next "
                "step: give what Entry.to_dict() wrote."
            ) from None
        if read.kind not in get_args(EntryKind):
            raise DataError(f"No kind of entry: allowed are {', '.join(get_args(EntryKind))}.")
        return read

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Entry:
        """Make an entry of a row of the table that `accrue` and `ledger_entries` give.

        Args:
            row: The row by columns; those besides, such as `customer_id`, are left out.

        Raises:
            DataError: A column of the ledger is missing.
        """
        missing = [name for name in ("number", "at", "kind", "wallet", "units") if name not in row]
        if missing:
            raise DataError(
                f"This is no row of a ledger: it has no {', '.join(missing)}. Allowed: a row of "
                "the table `ledger`. Next step: ledger.row(0, named=True) gives one."
            )
        return cls(**{name: row[name] for name in _NAMES if name in row})


_NAMES = tuple(field.name for field in fields(Entry))


def _written(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _EXACT:
        return Decimal(value)
    return dt.datetime.fromisoformat(value) if name in _INSTANTS else value
