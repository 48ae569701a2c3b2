"""A naive reading of loyalty programmes, one customer at a time, to compare the fast one with.

It is written from the definitions and shares nothing with the kernel: fractions, datetimes with
their zone, and lists that are searched from end to end. Nothing here is made to be quick.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from retention_kit.testing._loyalty_awards import Record
from retention_kit.testing._loyalty_bases import Taken, name_of, worth_of
from retention_kit.testing._loyalty_discounts import Discounting
from retention_kit.testing._loyalty_earning import earned
from retention_kit.testing._loyalty_ladder import Counted, Standing, benefits_of, first_place
from retention_kit.testing._loyalty_moments import (
    FOREVER,
    expires,
    midnight,
    utc,
)
from retention_kit.testing._loyalty_passing import Refusal, RefusedHere
from retention_kit.testing._loyalty_purse import Hold

_RANKS = (
    "SegmentJoined",
    "SegmentLeft",
    "Release",
    "Delivery",
    "Return",
    "Reservation",
    "Capture",
    "Redemption",
    "Order",
    "Activity",
    "Issue",
    "Transfer",
    "Adjustment",
)
_BEFORE_FALLS = _RANKS[: _RANKS.index("Return") + 1]
_INSTANT = dt.timedelta(microseconds=1)


class Reading(Discounting):
    """What a programme makes of one customer's events."""

    def take(self, event: Any) -> None:
        """Take the next event, if anything in the programmes looks at such."""
        kind, at = name_of(event), utc(event.at)
        if kind == "Activity" and event.name not in self._activities():
            return
        self.start(at)
        self.advance(at, at - _INSTANT if kind in _BEFORE_FALLS else at)
        taking = getattr(self, f"_take_{kind.lower()}")
        try:
            taking(event, at)
            self.is_known = True
        except RefusedHere as refused:
            code, available = refused.args
            self.refused.append(Refusal(event, code, available))

    def start(self, at: dt.datetime) -> None:
        """Begin under the version in which the first event is taken."""
        if self.is_known:
            return
        since = [midnight(day, self.zone) for day, _ in self.versions[1:]]
        self.version = sum(one <= at for one in since)
        self.standing = Standing(self.zone, first_place(self.program.tiers))

    def _activities(self) -> set[str]:
        """Give the names of what rules and wallets look at."""
        programs = [program for _, program in self.versions]
        names = {rule.trigger.activity for one in programs for rule in one.rules}
        expiries = [wallet.expiry for one in programs for wallet in one.wallets]
        slid = [one.on for one in expiries if name_of(one) == "Sliding"]
        return {name for name in names if name} | {name for on in slid for name in on}

    def _take_segmentjoined(self, event: Any, at: dt.datetime) -> None:  # noqa: ARG002
        self.segments.add(event.segment)

    def _take_segmentleft(self, event: Any, at: dt.datetime) -> None:  # noqa: ARG002
        self.segments.discard(event.segment)

    def _take_delivery(self, event: Any, at: dt.datetime) -> None:
        record = self.records.get(event.order_id)
        if record is None:
            raise RefusedHere("unknown_order", 0)
        for award in record.awards:
            if award.lot is not None and award.lot.active == FOREVER:
                award.lot.active = at
                award.lot.expires = max(at, expires(at, award.lot.expiry, self.zone))
                self.purse.activate(award.lot, at)

    def _take_order(self, event: Any, at: dt.datetime) -> None:
        self.sell(event, at)

    def sell(self, event: Any, at: dt.datetime, taken: Sequence[Taken] | None = None) -> None:
        """Take an order: its price is net, or discounts are taken off it now."""
        program = self.program
        wallet = self.to_spend(event.wallet)
        hold = None if event.reservation is None else self._hold_named(event.reservation)
        if hold is not None and (hold.wallet != wallet.name or wallet.spending is None):
            raise RefusedHere("no_reservation", 0)
        spent = event.points_paid
        if spent:
            base = self.spendable(event, wallet, taken or ())
            held = self.held_for(event, wallet)
            self._check_spending(wallet, spent, at, spendable=base, held=held)
        place = self.standing.in_force(at)
        record = Record(
            event,
            program,
            number=1 + len(self.records),
            goods=Fraction(event.amount) - sum((one.amount for one in taken or ()), Fraction(0)),
            points=spent * worth_of(wallet) if spent else Fraction(0),
            multiplier=benefits_of(program.tiers, place) if program.tiers else Fraction(1),
            position=sum((one.paid for one in self.records.values()), Fraction(0)),
            wallet=wallet if spent else None,
            spent=spent,
        )
        self.records[event.order_id] = record
        if spent:
            self._pay_with(record, hold, wallet.name, at)
        if taken is None:
            self.count_discounts(event, at)
        self._slide("order", at)
        record.awards = self._award(event, at, record, taken or ())
        self.standing.counted.append(Counted(at, record, earned(record.awards)))
        self._rise(at)

    def _pay_with(self, record: Record, hold: Hold | None, wallet: str, at: dt.datetime) -> None:
        """Pay an order: with what is held for it first, then with what expires soonest."""
        if hold is not None:
            record.spendings += self._capture(hold, record.spent, at)
        rest = record.spent - sum(units for _, units in record.spendings)
        for lot, units in self.purse.picked(wallet, rest, at):
            lot.left -= units
            record.spendings.append([lot, units])
            self.purse.write("redeem", at, lot, -units)

    def _take_activity(self, event: Any, at: dt.datetime) -> None:
        self._slide(event.name, at)
        awards = self._award(event, at, None)
        if awards:
            self.standing.counted.append(Counted(at, None, earned(awards)))
        self._rise(at)


def place_of(event: Any) -> tuple[dt.datetime, int, int, str]:
    """Give where an event stands in the order in which events are taken."""
    key = event.key
    number, text = (key, "") if isinstance(key, int) else (0, str(key))
    return utc(event.at), _RANKS.index(name_of(event)), number, text


def in_turn(events: Iterable[Any]) -> list[Any]:
    """Put events into the order in which they are taken.

    What comes back or arrives does so after it was bought: where it is dated at the order's
    instant, or before, it is taken a microsecond after the order.
    """
    told = list(events)
    bought = {one.order_id: one.at for one in told if name_of(one) == "Order"}
    taken = []
    for one in told:
        kind = name_of(one)
        of = {"Return": "original_order_id", "Delivery": "order_id"}.get(kind)
        since = None if of is None else bought.get(getattr(one, of))
        is_early = since is not None and utc(one.at) <= utc(since)
        taken.append(replace(one, at=since + _INSTANT) if is_early and since else one)
    return sorted(taken, key=place_of)


def read_loyalty(
    history: Any, events: Iterable[Any], *, time_zone: str, as_of: dt.datetime
) -> Reading:
    """Read one customer's events under a programme, or a history of one.

    Args:
        history: The programme, or the history.
        events: The events, in any order; the same kind and key again is the same event.
        time_zone: The shop's zone.
        as_of: What happens at or after it does not exist.

    Returns:
        What became of it: entries, lots, the tier and what was refused.
    """
    reading = Reading(history, ZoneInfo(time_zone))
    seen = set()
    for event in in_turn(one for one in events if utc(one.at) < utc(as_of)):
        source = name_of(event), event.key
        if source not in seen:
            seen.add(source)
            reading.take(event)
    reading.advance(utc(as_of) - _INSTANT)
    return reading
