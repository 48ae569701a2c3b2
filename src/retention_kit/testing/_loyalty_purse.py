"""What a customer holds, as a list of lots; every change of it is written down.

Part of the naive reading of loyalty programmes: lots are objects in a list, and are sorted anew
whenever some are spent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from retention_kit.testing._loyalty_moments import FOREVER

Due = tuple[dt.datetime, int, tuple[dt.datetime, int], Callable[[dt.datetime], None]]
"""When something is due, of which kind, which of several comes first, and what happens."""


@dataclass
class Line:
    """What was written down: one entry."""

    kind: str
    at: dt.datetime
    wallet: str | None = None
    units: int = 0
    rule: str | None = None
    reason: str | None = None
    lot: int | None = None
    tier: str | None = None
    active: dt.datetime | None = None
    expires: dt.datetime | None = None


@dataclass
class Lot:
    """Units that came together, and end together."""

    number: int
    wallet: str
    left: int
    active: dt.datetime
    expires: dt.datetime
    is_pending: bool
    slides: bool = False
    rule: str | None = None
    award: Any = None
    label: str | None = None
    expiry: Any = None

    def is_usable(self, at: dt.datetime) -> bool:
        """Say whether it can be spent at an instant."""
        return self.left > 0 and not self.is_pending and self.active <= at < self.expires


@dataclass
class Hold:
    """What is kept for a purchase that is about to be paid."""

    name: str
    wallet: str
    until: dt.datetime
    parts: list[tuple[Lot, int]]


@dataclass
class Purse:
    """All wallets of one customer."""

    lots: list[Lot] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    numbers: int = 0

    def write(self, kind: str, at: dt.datetime, lot: Lot | None, units: int, **more: Any) -> None:
        """Write an entry down."""
        if lot is not None:
            more = {
                "wallet": lot.wallet,
                "lot": lot.number,
                "rule": lot.rule,
                "active": lot.active,
                "expires": lot.expires,
                **more,
            }
        self.lines.append(Line(kind, at, units=units, **more))

    def reserved(self, lot: Lot) -> int:
        """Give how much of a lot is held."""
        return sum(units for one in self.holds for held, units in one.parts if held is lot)

    def free(self, lot: Lot) -> int:
        """Give how much of a lot is not held."""
        return lot.left - self.reserved(lot)

    def debt(self, wallet: str) -> Lot | None:
        """Give the negative lot of a wallet."""
        return next((one for one in self.lots if one.wallet == wallet and one.left < 0), None)

    def held(self, wallet: str) -> int:
        """Give the balance: pending units and the debt are part of it."""
        return sum(one.left for one in self.lots if one.wallet == wallet)

    def available(self, wallet: str, at: dt.datetime, label: str | None = None) -> int:
        """Give what can be spent; it may be below zero."""
        own = [one for one in self.lots if one.wallet == wallet]
        if label is not None:
            own = [one for one in own if one.label == label]
        usable = sum(self.free(one) for one in own if one.is_usable(at))
        return usable + sum(one.left for one in own if one.left < 0)

    def in_turn(self, wallet: str, at: dt.datetime, label: str | None = None) -> list[Lot]:
        """Give the lots that can be spent, the soonest to expire first."""
        usable = [
            one
            for one in self.lots
            if one.wallet == wallet
            and one.is_usable(at)
            and self.free(one) > 0
            and (label is None or one.label == label)
        ]
        return sorted(usable, key=lambda one: (one.expires, one.active, one.number))

    def picked(
        self, wallet: str, units: int, at: dt.datetime, label: str | None = None
    ) -> list[tuple[Lot, int]]:
        """Give the lots, and how much of each, that an amount is taken from; maybe less."""
        found = []
        for lot in self.in_turn(wallet, at, label):
            taken = min(units, self.free(lot))
            if taken > 0:
                found.append((lot, taken))
            units -= taken
        return found

    def add(self, kind: str, wallet: str, units: int, at: dt.datetime, **more: Any) -> Lot:
        """Make a lot, write it down, and pay with it what is owed."""
        line = {name: more.pop(name) for name in ("reason", "tier") if name in more}
        self.numbers += 1
        more.setdefault("is_pending", more["active"] > at)
        lot = Lot(self.numbers, wallet, units, **more)
        self.lots.append(lot)
        self.write(kind, at, lot, units, **line)
        if not lot.is_pending:
            self.settle(lot, at)
        return lot

    def owe(self, kind: str, wallet: str, units: int, at: dt.datetime, **line: Any) -> None:
        """Make a debt, or a debt larger."""
        lot = self.debt(wallet)
        if lot is None:
            self.numbers += 1
            lot = Lot(self.numbers, wallet, 0, at, FOREVER, False)
            self.lots.append(lot)
        lot.left -= units
        self.write(kind, at, lot, -units, **line)

    def settle(self, lot: Lot, at: dt.datetime) -> None:
        """Pay what is owed with a lot that has become active."""
        debt = self.debt(lot.wallet) if at < lot.expires else None
        units = 0 if debt is None else min(-debt.left, self.free(lot))
        if debt is None or units <= 0:
            return
        lot.left -= units
        debt.left += units
        self.write("transfer", at, lot, -units, reason="debt_settled")
        self.write("transfer", at, debt, units, reason="debt_settled")

    def expire(self, lot: Lot, at: dt.datetime, reason: str | None = None) -> None:
        """Let what is not held of a lot expire."""
        units = self.free(lot)
        if units <= 0:
            return
        lot.left -= units
        if lot.award is not None:
            lot.award.expired += units
        self.write("expire", at, lot, -units, reason=reason)

    def activate(self, lot: Lot, at: dt.datetime) -> None:
        """Let a lot become active, and pay with it what is owed."""
        lot.is_pending = False
        if lot.expires <= at:
            self.expire(lot, at)
        if lot.left:
            self.write("activate", at, lot, lot.left)
            self.settle(lot, at)

    def let_go(self, hold: Hold, at: dt.datetime, reason: str) -> None:
        """Release a hold; what has expired in the meantime expires."""
        self.holds.remove(hold)
        for lot, units in hold.parts:
            self.write("release", at, lot, units, reason=reason)
        for lot, _ in hold.parts:
            if lot.expires <= at:
                self.expire(lot, at)

    def next_due(self) -> Due | None:
        """Give what is due next: expiry, then the end of a hold, then activation.

        Of lots that become active together, the one that expires soonest pays a debt first.
        """
        due: list[Due] = []
        for lot in self.lots:
            soonest = (lot.expires, lot.number)
            if lot.is_pending:
                if lot.active < FOREVER:
                    due.append((lot.active, 2, soonest, self._activating(lot)))
            elif lot.expires < FOREVER and self.free(lot) > 0:
                at = max(lot.expires, lot.active)
                due.append((at, 0, soonest, self._expiring(lot)))
        for place, hold in enumerate(self.holds):
            due.append((hold.until, 1, (hold.until, place), self._releasing(hold)))
        return min(due, key=lambda one: one[:3], default=None)

    def _activating(self, lot: Lot) -> Callable[[dt.datetime], None]:
        return lambda at: self.activate(lot, at)

    def _expiring(self, lot: Lot) -> Callable[[dt.datetime], None]:
        return lambda at: self.expire(lot, at)

    def _releasing(self, hold: Hold) -> Callable[[dt.datetime], None]:
        return lambda at: self.let_go(hold, at, "timed_out")


def total(parts: Iterable[tuple[Lot, int]]) -> int:
    """Give what parts of lots add up to."""
    return sum(units for _, units in parts)
