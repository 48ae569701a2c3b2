"""What a quote says: frozen values, and the same as plain data."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from retention_kit.loyalty_rules.online.refusing import Refusal
from retention_kit.loyalty_rules.online.viewing import Missing

LimitedBy = Literal["balance", "share", "excluded", "minimum", "not_spendable"]
"""Why no more can be spent."""
Because = Literal["cap", "cooldown", "promo", "stacking"]
"""Why a rule gives nothing."""


@dataclass(frozen=True, slots=True)
class DiscountLine:
    """One discount on an order.

    Attributes:
        name: The discount; None for that of the tier.
        tier: The tier in force.
        base: What it was reckoned from.
        amount: What is taken off.
    """

    name: str | None
    tier: str | None
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Spendable:
    """How much of an order can be paid from the wallet.

    Attributes:
        wallet: The wallet; None where none can be spent.
        units: The most, in its smallest units: a step, and 0 where it is less than the minimum.
        value: What that is worth.
        available: What there is to spend, a reservation that the order names included.
        by_share: What the programme allows of this order.
        minimum: The least that may be spent at once.
        step: Of which it must be a multiple.
        limited_by: Why it is not more.
    """

    wallet: str | None
    units: int
    value: Decimal
    available: int
    by_share: int
    minimum: int
    step: int
    limited_by: LimitedBy


@dataclass(frozen=True, slots=True)
class Earning:
    """What a rule gives for an order.

    Attributes:
        rule: The rule.
        wallet: Into which wallet.
        units: How many of its smallest units.
        value: What they are worth.
        base: What it was reckoned from: money; of units of quantity, their number.
        multiplier: By how much the tier and other rules multiplied it.
        uncapped: What it would be without caps and stacking.
        cap: How many units the cap left that lowered it; None where none did.
        active_at: From when on it can be spent; None where that waits for the delivery.
        expires_at: Until when; None for ever, or as long as it waits.
    """

    rule: str
    wallet: str
    units: int
    value: Decimal
    base: Decimal
    multiplier: Decimal
    uncapped: int
    cap: int | None
    active_at: dt.datetime | None
    expires_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A rule that looks at an order and gives nothing.

    Attributes:
        rule: The rule.
        uncapped: How many units it would give by itself.
        because: `cap`; `cooldown`, where it paid not long ago; `promo`, where its code is used up;
            `stacking`, where another rule of its group pays.
    """

    rule: str
    uncapped: int
    because: Because


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost and bring, if it were placed now.

    Attributes:
        order_id: The order.
        at: When.
        currency: The currency of all money in it.
        goods: The price of the goods before the programme's discounts.
        discounts: What is taken off, in order.
        discount: All of that.
        wallet: The wallet that it is paid from.
        points: How many units of it are spent.
        points_value: What they are worth.
        payable: What is left to be paid in money.
        spendable: How much could be spent.
        earnings: What each rule gives.
        withheld: The rules that would give something, and do not.
        tier: The tier in force.
        privileges: What that brings besides discounts and multipliers.
        reaches: The tier that the order reaches; it counts from the next order on.
        missing: The next tier, and what is missing to it before this order.
        refusal: Why it cannot be paid as asked, in which case nothing is spent; or None.
        available: What is there, or allowed, where it is refused.
        promo_used_up: Whether the order's code would bring something, and has been used as often
            as it may be.
    """

    order_id: int | str
    at: dt.datetime
    currency: str
    goods: Decimal
    discounts: tuple[DiscountLine, ...]
    discount: Decimal
    wallet: str | None
    points: int
    points_value: Decimal
    payable: Decimal
    spendable: Spendable
    earnings: tuple[Earning, ...]
    withheld: tuple[Withheld, ...]
    tier: str | None
    privileges: tuple[str, ...]
    reaches: str | None
    missing: Missing | None
    refusal: Refusal | None = None
    available: int | None = None
    promo_used_up: bool = False

    @property
    def earned(self) -> dict[str, int]:
        """How many units go into each wallet."""
        found: dict[str, int] = {}
        for one in self.earnings:
            found[one.wallet] = found.get(one.wallet, 0) + one.units
        return found

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain data that JSON can hold: money as text, instants in ISO 8601."""
        whole = _plain({one.name: getattr(self, one.name) for one in dataclasses.fields(self)})
        return {**whole, "earned": self.earned}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case dt.datetime():
            return value.isoformat()
        case tuple():
            return [_plain(one) for one in value]
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
    if dataclasses.is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return value
