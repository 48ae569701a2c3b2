"""What rules give for what they look at, with caps and stacking.

Part of the naive reading of loyalty programmes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from retention_kit.testing._loyalty_bases import (
    counts,
    name_of,
    rounded,
    unit_of,
    without_points,
)

NO_BAR = 10**30
"""A cap that nobody reaches."""


@dataclass
class Award:
    """What a rule gave for an order, and from what it was reckoned."""

    rule: Any
    wallet: Any
    base: Fraction
    left: Fraction
    room: int = NO_BAR
    bar: int = NO_BAR
    given: int = 0
    expired: int = 0
    lot: Any = None
    charged: list[tuple[Any, int]] = field(default_factory=list)


@dataclass
class Record:
    """An order that was taken."""

    order: Any
    program: Any
    number: int
    goods: Fraction
    points: Fraction
    multiplier: Fraction
    position: Fraction
    wallet: Any = None
    spent: int = 0
    restored: int = 0
    returned: Fraction = Fraction(0)
    awards: list[Award] = field(default_factory=list)
    spendings: list[list[Any]] = field(default_factory=list)

    @property
    def paid(self) -> Fraction:
        """Give what was paid with money for what was not returned."""
        return without_points(self.goods - self.returned, self.points, self.goods)

    @property
    def is_whole_back(self) -> bool:
        """Say whether all of it was returned."""
        return self.returned > 0 and self.returned >= self.goods


def figures(
    awards: Sequence[Award], program: Any, multiplier: Fraction, record: Record | None
) -> list[int]:
    """Give how many units each of the rules pays that an event meets, before stacking.

    Args:
        awards: What each looks at, and what room its caps leave it.
        program: Whose rounding it is.
        multiplier: The tier's.
        record: The order; None of what is none.
    """
    values = []
    for award in awards:
        exact = _amount(award, record) / unit_of(award.wallet)
        if name_of(award.rule.award) != "Fixed":
            exact *= multiplier * _factors(award, awards, record)
        units = rounded(exact, program.rounding)
        values.append(0 if units > award.bar else min(units, max(0, award.room)))
    return values


def stacked(awards: Sequence[Award], values: Sequence[int], program: Any) -> list[int]:
    """Give what is paid where of a group not all rules pay."""
    paid = list(values)
    for group, mode in program.stacking.items():
        places = [place for place, one in enumerate(awards) if one.rule.group == group]
        chosen = _chosen(places, values, mode)
        if mode != "sum":
            for place in places:
                paid[place] = values[place] if place == chosen else 0
    return paid


def restacked(awards: Sequence[Award], values: Sequence[int], program: Any) -> list[int]:
    """Give what remains of what was paid: never more, and of a group what it would pay now."""
    left = []
    for award, value in zip(awards, values, strict=True):
        mode = program.stacking.get(award.rule.group, "sum")
        places = [n for n, one in enumerate(awards) if one.rule.group == award.rule.group]
        chosen = None if mode == "sum" else _chosen(places, values, mode)
        now = value if mode == "sum" else 0 if chosen is None else values[chosen]
        left.append(min(award.given, now))
    return left


def _chosen(places: Sequence[int], values: Sequence[int], mode: str) -> int | None:
    paying = [place for place in places if values[place] > 0]
    if mode == "best":
        return max(paying, key=lambda place: (values[place], -place), default=None)
    return min(paying, default=None)


def _factors(award: Award, awards: Sequence[Award], record: Record | None) -> Fraction:
    factor = Fraction(1)
    for other in awards:
        is_factor = name_of(other.rule.award) == "Multiplier"
        is_of_wallet = other.wallet.name == award.wallet.name
        if is_factor and is_of_wallet and _is_left(other, record):
            factor *= Fraction(other.rule.award.factor)
    return factor


def _is_left(award: Award, record: Record | None) -> bool:
    """Say whether anything is left of what a rule looks at; of nothing, until all came back."""
    is_whole_back = record is not None and record.is_whole_back
    return award.left > 0 or (award.base == 0 and not is_whole_back)


def _amount(award: Award, record: Record | None) -> Fraction:
    """Give an award in the wallet's amounts, before factors and rounding."""
    own, left = award.rule.award, award.left
    if name_of(own) == "Multiplier":
        return Fraction(0)
    if name_of(own) == "Fixed":
        times = left if counts(award.rule) else int(_is_left(award, record))
        return Fraction(own.amount) * times
    if record is not None and not own.with_points:
        left = without_points(left, record.points, record.goods)
    if name_of(own) == "Proportional":
        steps = left / Fraction(own.per)
        return Fraction(own.amount) * (math.floor(steps) if own.full_steps else steps)
    position = Fraction(0) if record is None else record.position
    return _by_steps(own, position if own.of == "spend" else Fraction(0), left)


def _by_steps(own: Any, start: Fraction, left: Fraction) -> Fraction:
    steps = [(Fraction(since), Fraction(rate)) for since, rate in own.steps]
    if own.mode == "whole":
        reached = start if own.of == "spend" else left
        rate: Fraction = next(rate for since, rate in reversed(steps) if since <= reached)
        return left * rate
    bounds = [*(since for since, _ in steps[1:]), None]
    found = Fraction(0)
    for (since, rate), until in zip(steps, bounds, strict=True):
        top = start + left if until is None else min(start + left, until)
        found += max(Fraction(0), top - max(since, start)) * rate
    return found
