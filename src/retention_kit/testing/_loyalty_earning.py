"""Which rules an event meets, what they pay, and what leads to a tier.

Part of the naive reading of loyalty programmes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from retention_kit.testing._loyalty_awards import NO_BAR, Award, Record, figures, stacked
from retention_kit.testing._loyalty_bases import (
    Taken,
    base_after,
    happens,
    holds,
    is_of_lines,
    matching,
    name_of,
    row_of,
    units_of,
)
from retention_kit.testing._loyalty_ladder import NONE, Counted, benefits_of
from retention_kit.testing._loyalty_moments import (
    FOREVER,
    ends,
    expires,
    period_of,
    rests,
)
from retention_kit.testing._loyalty_passing import Passing


class Earning(Passing):
    """What is earned."""

    def _award(
        self, event: Any, at: dt.datetime, record: Record | None, taken: Sequence[Taken] = ()
    ) -> list[Award]:
        program = self.program
        place = self.standing.in_force(at)
        awards = []
        for rule in program.rules:
            if self._is_met(rule, event, at, record, place):
                base = Fraction(getattr(event, "value", 0))
                if record is not None:
                    base = base_after(event, rule, taken)
                award = Award(rule, self._wallet(rule.wallet), base, base)
                self._find_room(award, at)
                awards.append(award)
        multiplier = benefits_of(program.tiers, place) if program.tiers else Fraction(1)
        given = stacked(awards, figures(awards, program, multiplier, record), program)
        for award, units in zip(awards, given, strict=True):
            if units > 0:
                self._pay(award, units, at, waits=record is not None)
        return awards

    def _is_met(
        self, rule: Any, event: Any, at: dt.datetime, record: Record | None, place: int
    ) -> bool:
        trigger = name_of(rule.trigger)
        if record is not None:
            number = record.number
            fits = trigger in ("EachOrder", "EachLine")
            fits = fits or (trigger == "FirstOrder" and number == 1)
            if trigger == "NthOrder":
                wanted = rule.trigger.n
                fits = number % wanted == 0 if rule.trigger.every else number == wanted
        else:
            fits = rule.trigger.activity == event.name
        if not fits or not self._may(rule, at, place):
            return False
        if rule.promo is not None:
            code = getattr(event, "promo_code", None)
            if code != rule.promo.code or getattr(event, "promo_refused", False):
                return False
        if record is not None and is_of_lines(rule) and not matching(event.lines, rule.lines):
            return False
        return holds(rule.where, row_of(event))

    def _may(self, rule: Any, at: dt.datetime, place: int) -> bool:
        """Say whether dates, tiers, segments, the cooldown and how often it paid allow a rule."""
        if not happens(rule, at, self.zone):
            return False
        if rule.tiers:
            name = None if place == NONE else self.program.tiers.tiers[place].name
            if name not in rule.tiers:
                return False
        if rule.segment is not None and rule.segment.name not in self.segments:
            return False
        if at < self.rested.get((self.version, rule.name), at):
            return False
        times = [one for one in self._caps(rule) if one[1] == "times"]
        return all(self.used.get(self._cap_key(rule, cap, at), 0) < cap[3] for cap in times)

    def _caps(self, rule: Any) -> list[tuple[Any, str, str, int, bool]]:
        """Give the caps of a rule: number, of what, per what, the limit, whether it rejects."""
        found: list[tuple[Any, str, str, int, bool]] = []
        for place, cap in enumerate(rule.caps):
            is_times = cap.of == "times"
            wallet = self._wallet(rule.wallet)
            limit = int(cap.limit) if is_times else units_of(wallet, cap.limit)
            found.append((place, cap.of, cap.per, limit, cap.beyond == "reject"))
        if rule.promo is not None and rule.promo.per_customer is not None:
            found.append(("promo", "times", "lifetime", rule.promo.per_customer, True))
        return found

    def _cap_key(self, rule: Any, cap: tuple[Any, ...], at: dt.datetime) -> Any:
        match cap[2]:
            case "order":
                period: Any = object()  # each order has room of its own
            case "lifetime":
                period = None
            case _:
                period = period_of(at, cap[2], self.zone)
        return self.version, rule.name, cap[0], period

    def _find_room(self, award: Award, at: dt.datetime) -> None:
        for cap in self._caps(award.rule):
            key = self._cap_key(award.rule, cap, at)
            award.charged.append((key, 1 if cap[1] == "times" else 0))
            if cap[1] == "amount":
                room = cap[3] - self.used.get(key, 0)
                if cap[4]:
                    award.bar = min(award.bar, room)
                else:
                    award.room = min(award.room, room)
        assert award.bar <= NO_BAR

    def _pay(self, award: Award, units: int, at: dt.datetime, *, waits: bool = False) -> None:
        rule, wallet = award.rule, award.wallet
        award.given = units
        for key, times in award.charged:
            self.used[key] = self.used.get(key, 0) + (1 if times else units)
        if rule.cooldown is not None:
            self.rested[self.version, rule.name] = rests(at, rule.cooldown, self.zone)
        pending = wallet.pending if rule.pending is None else rule.pending
        expiry = wallet.expiry if rule.expiry is None else rule.expiry
        active = at
        if name_of(pending) == "After":
            active = ends(at, pending.length, self.zone)
        elif waits and name_of(pending) == "WhenDelivered":
            active = FOREVER
        award.lot = self.purse.add(
            "earn",
            wallet.name,
            units,
            at,
            active=active,
            expires=max(active, expires(active, expiry, self.zone))
            if active < FOREVER
            else FOREVER,
            rule=rule.name,
            award=award,
            expiry=expiry,
            slides=rule.expiry is None,
            reason="by_rule",
        )

    def _reopen(self, award: Award, units: int) -> None:
        for key, times in award.charged:
            self.used[key] -= (1 if award.given == 0 else 0) if times else units

    def _rise(self, at: dt.datetime) -> None:
        """Reach a higher tier; what is given for that may lead to a higher one still."""
        ladder = self.program.tiers
        if ladder is None:
            return
        reached = self._reached(at)
        while reached > self.standing.place:
            self.standing.rise(reached, at, ladder)
            self._write_tier("tier_up", at, reached, "by_rule")
            awards = self._gifts(ladder.tiers[reached].name, at)
            self.standing.counted.append(Counted(at, None, earned(awards)))
            reached = self._reached(at)

    def _gifts(self, tier: str, at: dt.datetime) -> list[Award]:
        place = self.standing.in_force(at)
        awards = []
        for rule in self.program.rules:
            trigger = rule.trigger
            is_reached = name_of(trigger) == "TierReached" and trigger.tier in (None, tier)
            if is_reached and self._may(rule, at, place):
                award = Award(rule, self._wallet(rule.wallet), Fraction(0), Fraction(0))
                self._find_room(award, at)
                awards.append(award)
        values = figures(awards, self.program, Fraction(1), None)
        for award, units in zip(awards, stacked(awards, values, self.program), strict=True):
            if units > 0:
                self._pay(award, units, at)
        return awards

    def _slide(self, on: str, at: dt.datetime) -> None:
        """Move what slides by the rules that it was made under."""
        for lot in self.purse.lots:
            slides = lot.slides and name_of(lot.expiry) == "Sliding" and on in lot.expiry.on
            if slides and lot.is_usable(at):
                lot.expires = expires(at, lot.expiry, self.zone)


def earned(awards: Sequence[Award]) -> dict[str, int]:
    """Give by wallet what was given."""
    found: dict[str, int] = {}
    for award in awards:
        found[award.wallet.name] = found.get(award.wallet.name, 0) + award.given
    return found
