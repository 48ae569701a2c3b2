"""What both evaluators prepare events by: the columns they reckon, the rows that rules look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from retention_kit.loyalty_rules.definitions.awards import PluginAward
from retention_kit.loyalty_rules.definitions.rules import Refreshed
from retention_kit.loyalty_rules.definitions.triggers import On
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.values import Where

EVER = 10**6
"""A day that no table reaches."""
POINTS_OFF, NO_MONEY, BEFORE_DISCOUNT = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Base:
    """What a column of an event holds; before what is paid from wallets is taken off.

    Attributes:
        kind: `money`: the sum of the amounts, of the order or of the lines that match; `count`:
            the quantity of the lines that match, a whole number; `plugin`: what a plug-in gives.
        lines: Only lines on which all of these hold; none is the whole order, and every line.
        excluded: Without the lines on which all of these hold; none leaves nothing out.
        before_discount: The discount is added to it.
        with_points: What is paid from wallets is not taken off later.
        plugin: The plug-in's award.
        on: Of which events, where a plug-in gives it.
    """

    kind: Literal["money", "count", "plugin"] = "money"
    lines: tuple[Where, ...] = ()
    excluded: tuple[Where, ...] = ()
    before_discount: bool = False
    with_points: bool = False
    plugin: PluginAward | None = None
    on: On = "order"

    @property
    def flags(self) -> int:
        """The flags of the column; see `Rules.base_flags`."""
        if self.kind != "money":
            return NO_MONEY
        points_off = 0 if self.with_points else POINTS_OFF
        return points_off + (BEFORE_DISCOUNT if self.before_discount else 0)

    @property
    def by_lines(self) -> bool:
        """Whether lines of orders are needed for it."""
        return bool(self.lines or self.excluded or self.kind == "count")


@dataclass(frozen=True, slots=True)
class Filter:
    """On which events a rule, or a discount, has its bit set.

    Attributes:
        bit: The number of the rule, or of the discount.
        version: In which version of the programme.
        on: `order`; `activity`; `tier`: orders and activities, since either may raise a tier.
        activity: The name of the activity, where it is on one.
        where: What holds on the row; what is missing does not.
        lines: At least one line on which all of these hold; none asks for no line.
        first_day: The first day.
        last_day: The last day, that day included.
        hours: Bits of weekdays, from Monday, the start and the end on the clock in microseconds;
            any of them; none is every hour. An end that is not after the start is on the next day.
        promo: The code that the order has; None asks for none.
    """

    bit: int
    version: int
    on: On
    activity: str | None = None
    where: tuple[Where, ...] = ()
    lines: tuple[Where, ...] = ()
    first_day: int = -EVER
    last_day: int = EVER
    hours: tuple[tuple[int, int, int], ...] = ()
    promo: str | None = None

    def is_open(self, day: int, clock: int) -> bool:
        """Say whether days and hours let an event in.

        Args:
            day: The day in the shop's zone, since 1970.
            clock: What the shop's clock shows, in microseconds since midnight.
        """
        if not self.first_day <= day <= self.last_day:
            return False
        today, yesterday = 1 << (day + 3) % 7, 1 << (day + 2) % 7
        for days, start, end in self.hours:
            if start < end:
                if days & today and start <= clock < end:
                    return True
            elif (days & today and clock >= start) or (days & yesterday and clock < end):
                return True
        return not self.hours


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A segment that rules ask for.

    Attributes:
        segment: The segment.
        refreshed: How often it is looked who is a member.
    """

    segment: Segment
    refreshed: Refreshed
