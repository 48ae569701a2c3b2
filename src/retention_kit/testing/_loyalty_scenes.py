"""Where a drawn customer stands: what the naive reading makes of what was drawn so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from hypothesis.strategies import DrawFn

from retention_kit.loyalty_rules.online.events import Order
from retention_kit.testing._loyalty_bases import worth_of
from retention_kit.testing._loyalty_choices import pick
from retention_kit.testing._loyalty_moments import day_of, midnight
from retention_kit.testing._loyalty_reference import Reading

MOMENT = dt.timedelta(microseconds=1)
"""The least time between two instants."""
_GAPS = (
    dt.timedelta(hours=5),
    dt.timedelta(0),
    dt.timedelta(days=1),
    dt.timedelta(days=3),
    dt.timedelta(minutes=10),
    dt.timedelta(days=11),
    dt.timedelta(days=32),
)


@dataclass
class Scene:
    """What was drawn so far."""

    reading: Reading
    at: dt.datetime
    has_lines: bool
    as_tables: bool
    events: list[Any] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    count: int = 0

    def number(self) -> int:
        """Give an id that no other order has, and that does not follow the clock."""
        self.count += 1
        return self.count * 37 % 101 + 1

    def key(self, kind: str) -> str:
        """Give a key that no other event has."""
        self.count += 1
        return f"{kind}{self.count * 37 % 101}"


def due_after(reading: Reading, after: dt.datetime) -> list[dt.datetime]:
    """Give instants at which something will happen by itself."""
    found = {one.expires for one in reading.purse.lots if one.left}
    found |= {one.active for one in reading.purse.lots if one.left}
    found |= {one.until for one in reading.purse.holds}
    if reading.standing.until is not None:
        found.add(reading.standing.until)
    horizon = after + dt.timedelta(days=800)
    return sorted(one for one in found if after < one < horizon)[:4]


def instant_in(draw: DrawFn, scene: Scene) -> dt.datetime:
    """Draw an instant, about what is due."""
    at = scene.at
    choices = [at + gap for gap in _GAPS]
    for due in due_after(scene.reading, at)[:2]:
        choices += [due, due - MOMENT, due + MOMENT]
    day = day_of(at, scene.reading.zone) + dt.timedelta(days=1)
    choices.append(midnight(day, scene.reading.zone))
    found: dt.datetime = pick(draw, *choices)
    return max(found, at)


def units_in(draw: DrawFn, scene: Scene, wallet: str | None = None) -> tuple[int, str]:
    """Draw how much is spent: about what is available, or what rounds steps and minima."""
    reading = scene.reading
    own = reading.to_spend(wallet)
    available = reading.purse.available(own.name, scene.at)
    largest = int(Fraction(50) / worth_of(own))
    near = [min(available, largest), available, available // 2, available // 5 * 5, available - 1]
    far = [available + 1, 5, largest]
    choices = far if pick(draw, *(False,) * 7, True) else near
    found = [one for one in choices if one > 0] or [1]
    return pick(draw, *found), own.name


def asks_for_segment(reading: Reading) -> bool:
    """Say whether any rule or discount asks who is in the segment."""
    programs: Sequence[Any] = [program for _, program in reading.versions]
    return any(
        part.segment is not None for one in programs for part in (*one.rules, *one.discounts)
    )
