"""What is spent, set aside, given and taken by hand.

Part of the naive reading of loyalty programmes.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from retention_kit.testing._loyalty_bases import units_of, worth_of
from retention_kit.testing._loyalty_earning import Earning
from retention_kit.testing._loyalty_moments import (
    expires,
    utc,
)
from retention_kit.testing._loyalty_passing import RefusedHere
from retention_kit.testing._loyalty_purse import Hold


class Spending(Earning):
    """What is spent."""

    def _take_release(self, event: Any, at: dt.datetime) -> None:
        self.purse.let_go(self._hold(event), at, "asked")

    def _take_capture(self, event: Any, at: dt.datetime) -> None:
        hold = self._hold(event)
        self._capture(hold, sum(units for _, units in hold.parts), at)

    def _capture(self, hold: Hold, wanted: int, at: dt.datetime) -> list[list[Any]]:
        """Pay with what a hold keeps, as far as it is wanted; the rest of it is free again."""
        self.purse.holds.remove(hold)
        paid: list[list[Any]] = []
        for lot, units in hold.parts:
            taken = min(units, wanted)
            wanted -= taken
            if taken:
                paid.append([lot, taken])
                self.purse.write("capture", at, lot, taken)
                lot.left -= taken
                self.purse.write("redeem", at, lot, -taken)
        for lot, _ in hold.parts:
            if lot.expires <= at:
                self.purse.expire(lot, at)
        return paid

    def _take_reservation(self, event: Any, at: dt.datetime) -> None:
        name = event.name or event.key
        if any(one.name == name for one in self.purse.holds):
            raise RefusedHere("reserved_already", 0)
        wallet = self.to_spend(event.wallet)
        self._check_spending(wallet, event.units, at)
        parts = self.purse.picked(wallet.name, event.units, at)
        self.purse.holds.append(Hold(name, wallet.name, utc(event.until), parts))
        for lot, units in parts:
            self.purse.write("reserve", at, lot, units)

    def _take_redemption(self, event: Any, at: dt.datetime) -> None:
        wallet = self.to_spend(event.wallet)
        own = [one for one in self.purse.lots if one.wallet == wallet.name and one.left]
        if event.label is not None and all(one.label != event.label for one in own):
            raise RefusedHere("unknown_label", 0)
        self._check_spending(wallet, event.units, at, event.label)
        for lot, units in self.purse.picked(wallet.name, event.units, at, event.label):
            lot.left -= units
            self.purse.write("redeem", at, lot, -units)

    def _take_issue(self, event: Any, at: dt.datetime) -> None:
        wallet = self._wallet(event.wallet)
        until = None if event.until is None else utc(event.until)
        self._give("earn", wallet, event.units, at, until, event.label, "certificate")

    def _take_transfer(self, event: Any, at: dt.datetime) -> None:
        wallet = self._wallet(event.wallet)
        if event.units > 0:
            self._give("transfer", wallet, event.units, at, None, None, "other_customer")
            return
        owed = -event.units
        for lot, units in self.purse.picked(wallet.name, owed, at):
            lot.left -= units
            owed -= units
            self.purse.write("transfer", at, lot, -units, reason="other_customer")
        if owed:
            self.purse.owe("transfer", wallet.name, owed, at, reason="debt_made")

    def _take_adjustment(self, event: Any, at: dt.datetime) -> None:
        wallet = self._wallet(event.wallet)
        if event.units > 0:
            self._give("adjust", wallet, event.units, at, None, None, "by_hand")
            return
        available = self.purse.available(wallet.name, at)
        if -event.units > available:
            raise RefusedHere("over_balance", available)
        for lot, units in self.purse.picked(wallet.name, -event.units, at):
            lot.left -= units
            self.purse.write("adjust", at, lot, -units, reason="by_hand")

    def _give(
        self,
        kind: str,
        wallet: Any,
        units: int,
        at: dt.datetime,
        until: dt.datetime | None,
        label: str | None,
        reason: str,
    ) -> None:
        end = max(at, expires(at, wallet.expiry, self.zone)) if until is None else until
        self.purse.add(
            kind,
            wallet.name,
            units,
            at,
            active=at,
            expires=end,
            label=label,
            slides=until is None,
            expiry=wallet.expiry,
            reason=reason,
        )

    def _check_spending(
        self,
        wallet: Any,
        units: int,
        at: dt.datetime,
        label: str | None = None,
        *,
        spendable: Fraction | None = None,
        held: int = 0,
    ) -> None:
        available = self.purse.available(wallet.name, at, label) + held
        rules = wallet.spending
        if rules is None:
            raise RefusedHere("not_spendable", available)
        if rules.step is not None and units % max(1, units_of(wallet, rules.step)):
            raise RefusedHere("not_a_step", available)
        if units < units_of(wallet, rules.minimum):
            raise RefusedHere("below_minimum", available)
        if spendable is not None:
            largest = spendable * Fraction(rules.largest_share)
            if units > largest // worth_of(wallet):
                raise RefusedHere("above_share", available)
        if units > available:
            raise RefusedHere("over_balance", available)

    def to_spend(self, name: str | None) -> Any:
        """Give a wallet, or without a name the first that can be spent."""
        if name is not None:
            return self._wallet(name)
        spendable = [one for one in self.program.all_wallets if one.spending is not None]
        return spendable[0] if spendable else self.program.wallets[0]

    def _hold(self, event: Any) -> Hold:
        return self._hold_named(event.name or event.key)

    def _hold_named(self, name: str) -> Hold:
        found = next((one for one in self.purse.holds if one.name == name), None)
        if found is None:
            raise RefusedHere("no_reservation", 0)
        return found
