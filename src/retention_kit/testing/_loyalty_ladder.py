"""Tiers: which one is in force, when it is reached and when it falls.

Part of the naive reading of loyalty programmes: whatever counts is a list, and is added up anew.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from retention_kit.testing._loyalty_moments import (
    ends,
    ends_with_period,
    midnight,
    period_of,
    window_start,
)

PERIODS = ("month", "quarter", "year")
NONE = -1
"""The place of who is in no tier."""


@dataclass
class Counted:
    """What counts towards tiers: an order, or units that were earned."""

    at: dt.datetime
    record: Any
    units: dict[str, int] = field(default_factory=dict)


@dataclass
class Standing:
    """The tier that a customer is in."""

    zone: ZoneInfo
    place: int = NONE
    until: dt.datetime | None = None
    risen_at: dt.datetime | None = None
    place_before: int = NONE
    downgrade: str = "none"
    counted: list[Counted] = field(default_factory=list)

    def in_force(self, at: dt.datetime) -> int:
        """Give the place of the tier that was in force before an instant."""
        return self.place_before if self.risen_at == at else self.place

    def figure(self, ladder: Any, at: dt.datetime) -> Fraction:
        """Give what counts in the window that ends at an instant, which is in it."""
        inside = [one for one in self.counted if self._is_in(one.at, ladder.window, at)]
        if ladder.by == "points":
            return Fraction(sum(one.units.get(ladder.wallet, 0) for one in inside))
        orders = [one for one in inside if one.record is not None and not one.record.is_whole_back]
        if ladder.by == "orders":
            return Fraction(len(orders))
        return sum((one.record.paid for one in orders), Fraction(0))

    def reached(self, ladder: Any, at: dt.datetime, unit: Fraction) -> int:
        """Give the place of the highest tier that the window reaches."""
        figure = self.figure(ladder, at) * (unit if ladder.by == "points" else 1)
        reached = [n for n, tier in enumerate(ladder.tiers) if Fraction(tier.at) <= figure]
        return max(reached, default=NONE)

    def rise(self, place: int, at: dt.datetime, ladder: Any) -> None:
        """Reach a higher tier."""
        if self.risen_at != at:
            self.place_before, self.risen_at = self.place, at
        self.hold(place, at, ladder)

    def hold(self, place: int, at: dt.datetime, ladder: Any) -> None:
        """Be in a tier from an instant on, until its validity and the grace are over."""
        self.place, self.until = place, None
        # What a tier was made under stays, whatever the programme says later.
        self.downgrade = "none" if ladder is None else ladder.downgrade
        if place == NONE or ladder.validity is None or _is_everybodys(ladder, place):
            return
        end = ends_with_period(at, ladder.validity, ladder.to_end_of, self.zone)
        if ladder.grace is not None:
            end = ends(end, ladder.grace, self.zone)
        self.until = end

    def _is_in(self, at: dt.datetime, window: str, until: dt.datetime) -> bool:
        if at > until:
            return False
        if window == "lifetime":
            return True
        if window in PERIODS:
            return at >= midnight(period_of(until, window, self.zone), self.zone)
        return at > window_start(until, window, self.zone)


def first_place(ladder: Any) -> int:
    """Give the place of who has done nothing yet."""
    return 0 if ladder is not None and _is_everybodys(ladder, 0) else NONE


def benefits_of(ladder: Any, place: int) -> Fraction:
    """Give what earnings are multiplied by in a tier."""
    found = Fraction(1)
    for n in range(place + 1):
        own = ladder.tiers[n].benefits
        factor = Fraction(own.multiplier)
        found = max(found, factor) if own.inherits and n else factor
    return found


def _is_everybodys(ladder: Any, place: int) -> bool:
    return place == 0 and ladder.tiers[0].at == 0
