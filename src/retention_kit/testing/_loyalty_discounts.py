"""What a programme takes off the price of an order, and what a quote says of it.

Part of the naive reading of loyalty programmes.
"""

from __future__ import annotations

import abc
import copy
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from retention_kit.testing._loyalty_bases import (
    Taken,
    happens,
    holds,
    in_parts,
    matching,
    rounded,
    row_of,
    shrunk,
    spendable_of,
    units_of,
    worth_of,
)
from retention_kit.testing._loyalty_ladder import NONE
from retention_kit.testing._loyalty_moments import utc
from retention_kit.testing._loyalty_passing import RefusedHere
from retention_kit.testing._loyalty_purse import Line
from retention_kit.testing._loyalty_returning import Returning

_CENT = Fraction(1, 100)


@dataclass
class Quoted:
    """What an order would cost and bring.

    Attributes:
        discounts: What is taken off, in order.
        most: How many units of the wallet could be spent.
        spent: How many are.
        lines: What would be written.
        refusal: Why it cannot be paid as asked; then the rest is of paying without.
    """

    discounts: list[Taken] = field(default_factory=list)
    most: int = 0
    spent: int = 0
    lines: list[Line] = field(default_factory=list)
    refusal: str | None = None

    @property
    def reaches(self) -> str | None:
        """Give the tier that the order leads to."""
        return next((one.tier for one in reversed(self.lines) if one.kind == "tier_up"), None)


class Discounting(Returning, abc.ABC):
    """Prices."""

    def quote(self, event: Any, *, spends_most: bool = False) -> Quoted:
        """Say what an order whose price has no discounts yet would cost and bring."""
        quoted = self._tried(event, spends_most=spends_most)
        if quoted.refusal is None:
            return quoted
        unpaid = self._tried(replace(event, points_paid=0, reservation=None))
        return replace(unpaid, most=quoted.most, refusal=quoted.refusal)

    def _tried(self, event: Any, *, spends_most: bool = False) -> Quoted:
        trial, at = copy.deepcopy(self), utc(event.at)
        trial.start(at)
        trial.advance(at)
        quoted = Quoted(discounts=trial.taken_off(event, at))
        quoted.most = trial.most(event, at, quoted.discounts)
        if spends_most:
            event = replace(event, points_paid=quoted.most)
        begins = len(trial.purse.lines)
        try:
            trial.sell(event, at, quoted.discounts)
        except RefusedHere as refused:
            quoted.refusal = refused.args[0]
        quoted.spent = event.points_paid
        quoted.lines = trial.purse.lines[begins:]
        return quoted

    @abc.abstractmethod
    def start(self, at: dt.datetime) -> None:
        """Begin, if nothing was taken yet."""

    @abc.abstractmethod
    def sell(self, event: Any, at: dt.datetime, taken: Sequence[Taken]) -> None:
        """Take an order, off whose price something is taken."""

    def taken_off(self, event: Any, at: dt.datetime) -> list[Taken]:
        """Give what is taken off: in turn from what is left, or the largest alone."""
        program = self.program
        goods = Fraction(event.amount)
        is_best = program.combining == "best"
        found: list[Taken] = []
        share = self._share_of_tier(at)
        if share:
            found.append(Taken(None, self._rounded(goods * share, goods)))
        for one in self.discounts_of(event, at):
            before = Fraction(0) if is_best else sum((o.amount for o in found), Fraction(0))
            base = base_of_lines(event, one.lines)
            left = base - in_parts(base * before / goods) if goods else Fraction(0)
            amount = (
                min(Fraction(one.amount), left)
                if one.share is None
                else self._rounded(left * Fraction(one.share), left)
            )
            found.append(Taken(one.name, min(amount, goods - before)))
        found = [one for one in found if one.amount > 0]
        if is_best and found:
            return [max(found, key=lambda one: one.amount)]
        return found

    def discounts_of(self, event: Any, at: dt.datetime) -> list[Any]:
        """Give the discounts that an order can have, as the account stands."""
        return [one for one in self.program.discounts if self._may_have(one, event, at)]

    def count_discounts(self, event: Any, at: dt.datetime) -> None:
        """Count the uses of discounts by an order whose price is net of them."""
        for one in self.discounts_of(event, at):
            key = self._use_of(one)
            self.used[key] = self.used.get(key, 0) + 1

    def most(self, event: Any, at: dt.datetime, taken: Sequence[Taken]) -> int:
        """Give how many units an order can be paid with at the most."""
        wallet = self.to_spend(event.wallet)
        rules = wallet.spending
        if rules is None:
            return 0
        there = self.purse.available(wallet.name, at) + self.held_for(event, wallet)
        money = self.spendable(event, wallet, taken) * Fraction(rules.largest_share)
        units = max(0, min(there, money // worth_of(wallet)))
        step = 1 if rules.step is None else max(1, units_of(wallet, rules.step))
        units = units // step * step
        return int(units) if units >= units_of(wallet, rules.minimum) else 0

    def held_for(self, event: Any, wallet: Any) -> int:
        """Give what is reserved in a wallet under the name that an order gives."""
        found = [
            units
            for hold in self.purse.holds
            if hold.name == event.reservation and hold.wallet == wallet.name
            for _, units in hold.parts
        ]
        return sum(found)

    def spendable(self, event: Any, wallet: Any, taken: Sequence[Taken]) -> Fraction:
        """Give what of an order may be paid with a wallet, before its largest share."""
        return shrunk(spendable_of(event, wallet), event, taken)

    def _share_of_tier(self, at: dt.datetime) -> Fraction:
        ladder, place = self.program.tiers, self.standing.in_force(at)
        share = Fraction(0)
        for n in range(place + 1) if ladder is not None and place != NONE else ():
            own = ladder.tiers[n].benefits
            share = max(share, Fraction(own.discount)) if own.inherits else Fraction(own.discount)
        return share

    def _rounded(self, exact: Fraction, base: Fraction) -> Fraction:
        return min(base, rounded(exact / _CENT, self.program.rounding) * _CENT)

    def _may_have(self, one: Any, event: Any, at: dt.datetime) -> bool:
        if not happens(one, at, self.zone) or not holds(one.where, row_of(event)):
            return False
        if one.lines and not matching(event.lines, one.lines):
            return False
        place = self.standing.in_force(at)
        name = None if place == NONE else self.program.tiers.tiers[place].name
        if one.tiers and name not in one.tiers:
            return False
        if one.segment is not None and one.segment.name not in self.segments:
            return False
        if one.promo is not None:
            if event.promo_code != one.promo.code or event.promo_refused:
                return False
            limit = one.promo.per_customer
            if limit is not None and self.used.get(self._use_of(one), 0) >= limit:
                return False
        return Fraction(event.amount) >= Fraction(one.minimum)

    def _use_of(self, one: Any) -> Any:
        return self.version, "discount", one.name


def base_of_lines(event: Any, filters: Sequence[Any]) -> Fraction:
    """Give the price of what filters leave of an order."""
    if not filters:
        return Fraction(event.amount)
    return sum((Fraction(one.amount) for one in matching(event.lines, filters)), Fraction(0))
