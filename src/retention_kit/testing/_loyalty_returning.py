"""What a return takes back of what was earned, and gives back of what was spent.

Part of the naive reading of loyalty programmes.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from retention_kit.testing._loyalty_awards import Award, Record, figures, restacked
from retention_kit.testing._loyalty_bases import (
    SMALLEST,
    base_of,
    counts,
    name_of,
)
from retention_kit.testing._loyalty_moments import (
    ends,
)
from retention_kit.testing._loyalty_passing import RefusedHere
from retention_kit.testing._loyalty_purse import Lot
from retention_kit.testing._loyalty_spending import Spending


class Returning(Spending):
    """What comes back."""

    def _take_return(self, event: Any, at: dt.datetime) -> None:
        record = self.records.get(event.original_order_id)
        if record is None:
            raise RefusedHere("unknown_order", 0)
        if at >= ends(record.order.at, record.program.returns.within, self.zone):
            raise RefusedHere("too_late", 0)
        if record.returned + Fraction(event.amount) > record.goods:
            raise RefusedHere("more_than_bought", 0)
        if (event.points_back or 0) > record.spent - record.restored:
            raise RefusedHere("more_than_bought", 0)
        record.returned += Fraction(event.amount)
        self._shrink(record, event)
        self._take_back(record, at)
        self._give_back(record, event.points_back, at)

    def _shrink(self, record: Record, event: Any) -> None:
        """Take what came back off the figures that awards were reckoned from."""
        left = (record.goods - record.returned) / record.goods
        for award in record.awards:
            told = base_of(event, award.rule)
            if record.is_whole_back:
                award.left = Fraction(0)
            elif told is None:
                step = Fraction(1) if counts(award.rule) else SMALLEST
                award.left = min(award.left, award.base * left // step * step)
            else:
                award.left = max(Fraction(0), award.left - told)

    def _take_back(self, record: Record, at: dt.datetime) -> None:
        """Take back what would not have been earned without what was returned."""
        values = figures(record.awards, record.program, record.multiplier, record)
        now = restacked(record.awards, values, record.program)
        for award, value in zip(record.awards, now, strict=True):
            units = award.given - value
            if units <= 0:
                continue
            award.given = value
            self._reopen(award, units)
            for one in self.standing.counted:
                if one.record is record:
                    one.units[award.wallet.name] -= units
            self._take_units_back(award, units, record, at)

    def _take_units_back(self, award: Award, units: int, record: Record, at: dt.datetime) -> None:
        own = min(units, self.purse.free(award.lot))
        if own > 0:
            award.lot.left -= own
            units -= own
            self.purse.write("clawback", at, award.lot, -own, reason="by_return")
        excused = min(units, award.expired)
        award.expired -= excused
        units -= excused
        for lot, part in self.purse.picked(award.wallet.name, units, at):
            lot.left -= part
            units -= part
            self.purse.write("clawback", at, lot, -part, reason="other_lots")
        if not units:
            return
        if record.program.wallet(award.wallet.name).negative_balance == "debt":
            self.purse.owe("clawback", award.wallet.name, units, at, reason="debt_made")
        else:
            name = award.wallet.name
            rule = award.rule.name
            self.purse.write("clawback", at, None, 0, wallet=name, rule=rule, reason="forgiven")

    def _give_back(self, record: Record, told: int | None, at: dt.datetime) -> None:
        """Give units back that the order was paid with, the last to expire first."""
        if record.wallet is None:
            return
        if told is not None:
            units = told
        elif record.is_whole_back:
            units = record.spent - record.restored
        else:
            share = record.spent * record.returned / record.goods
            units = max(0, share.numerator // share.denominator - record.restored)
        record.restored += units
        for spending in reversed(record.spendings):
            lot, part = spending[0], min(units, spending[1])
            if part > 0:
                spending[1] -= part
                units -= part
                self._restore(lot, part, record, at)

    def _restore(self, lot: Lot, units: int, record: Record, at: dt.datetime) -> None:
        if lot.expires > at:
            lot.left += units
            self.purse.write("restore", at, lot, units, reason="by_return")
            self.purse.settle(lot, at)
            return
        restored = record.program.wallet(lot.wallet).restored
        if name_of(restored) == "Lost":
            self.purse.write("restore", at, lot, units, reason="lost")
            self.purse.write("expire", at, lot, -units, reason="lost")
            if lot.award is not None:
                lot.award.expired += units
            return
        until = ends(at, restored.length, self.zone)
        self.purse.add(
            "restore",
            lot.wallet,
            units,
            at,
            active=at,
            expires=until,
            rule=lot.rule,
            award=lot.award,
            label=lot.label,
            reason="grace",
        )
