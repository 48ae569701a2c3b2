"""What time does to an account: lots, holds, tiers and versions of the programme.

Part of the naive reading of loyalty programmes: whatever is due next is looked for anew.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from retention_kit.testing._loyalty_awards import Record
from retention_kit.testing._loyalty_bases import (
    unit_of,
)
from retention_kit.testing._loyalty_ladder import NONE, Standing, first_place
from retention_kit.testing._loyalty_moments import (
    midnight,
)
from retention_kit.testing._loyalty_purse import Line, Purse


@dataclass
class Refusal:
    """What was not taken, and why."""

    event: Any
    code: str
    available: int = 0


class RefusedHere(Exception):  # noqa: N818 - it is a way out, not an error
    """Leaves the reading of one event."""


@dataclass
class Passing:
    """What is known of one customer, and what time does to it."""

    history: Any
    zone: ZoneInfo
    purse: Purse = field(default_factory=Purse)
    records: dict[Any, Record] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    segments: set[str] = field(default_factory=set)
    rested: dict[Any, dt.datetime] = field(default_factory=dict)
    used: dict[Any, int] = field(default_factory=dict)
    version: int = 0
    is_known: bool = False
    standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self.standing = Standing(self.zone, first_place(self.program.tiers))

    @property
    def versions(self) -> tuple[tuple[dt.date, Any], ...]:
        """Give the programmes; the first was always in force."""
        told = getattr(self.history, "versions", None)
        return ((dt.date.min, self.history),) if told is None else tuple(told)

    @property
    def program(self) -> Any:
        """Give the programme in force."""
        return self.versions[self.version][1]

    @property
    def tier(self) -> str | None:
        """Give the name of the tier."""
        place = self.standing.place
        return None if place == NONE else self.program.tiers.tiers[place].name

    def advance(self, to: dt.datetime, falls_to: dt.datetime | None = None) -> None:
        """Let happen what is due up to an instant, this one included."""
        falls_to = to if falls_to is None else falls_to
        while True:
            due: list[tuple[dt.datetime, int, Any]] = []
            if self.version + 1 < len(self.versions):
                since = self.versions[self.version + 1][0]
                due.append((midnight(since, self.zone), -1, None))
            waiting = self.purse.next_due()
            if waiting is not None:
                due.append((waiting[0], waiting[1], waiting[3]))
            fall = self.standing.until
            if fall is not None and fall <= falls_to:
                due.append((fall, 5, None))
            if not due:
                return
            at, kind, act = min(due, key=lambda one: one[:2])
            if at > to:
                return
            if kind == -1:
                self._change_version(at)
            elif kind == 5:
                self._fall(at)
            else:
                act(at)

    def _change_version(self, at: dt.datetime) -> None:
        before = self.program
        self.version += 1
        place, ladder = self.standing.place, self.program.tiers
        name = None if place == NONE else before.tiers.tiers[place].name
        names = [] if ladder is None else [one.name for one in ladder.tiers]
        if name in names:
            self.standing.place = names.index(name)
        elif name is None:
            self.standing.place = first_place(ladder)
        else:
            now = NONE if ladder is None else self._reached(at)
            self.standing.hold(now, at, ladder)
            self._write_tier("tier_down", at, now, "new_version")

    def _fall(self, at: dt.datetime) -> None:
        ladder, place = self.program.tiers, self.standing.place
        reached = self._reached(at)
        now = place
        if self.standing.downgrade == "recompute":
            now = min(reached, place)
        elif self.standing.downgrade == "one_step" and reached < place:
            now = place - 1
        self.standing.hold(now, at, ladder)
        if now != place:
            self._write_tier("tier_down" if now < place else "tier_up", at, now, "at_its_end")

    def _reached(self, at: dt.datetime) -> int:
        ladder = self.program.tiers
        unit = unit_of(self._wallet(ladder.wallet)) if ladder.by == "points" else Fraction(1)
        return self.standing.reached(ladder, at, unit)

    def _write_tier(self, kind: str, at: dt.datetime, place: int, reason: str) -> None:
        name = None if place == NONE else self.program.tiers.tiers[place].name
        self.purse.lines.append(Line(kind, at, tier=name, reason=reason))

    def _wallet(self, name: str) -> Any:
        return self.program.wallet(name)
