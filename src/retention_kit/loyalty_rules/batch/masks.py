"""Which rules and discounts an event may meet by its kind, its version, its day and its hour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.loyalty_rules.batch.columns import Numbers, RulesOfArrays
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.parts import EVER, Filter
from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

_EVERY_BIT = -1
_THURSDAY = 3
"""The weekday of the first day, counted from Monday as 0."""


class Clock:
    """The shop's days and clock of instants, found where they are asked for."""

    def __init__(self, at: Numbers, rules: RulesOfArrays, zone: str) -> None:
        """Take the instants.

        Args:
            at: Microseconds since 1970 in UTC.
            rules: The programme, with the midnights of the days that matter.
            zone: The shop's zone.
        """
        self._at = at
        self._midnights = rules.midnights
        self._first_day = rules.first_day
        self._zone = zone
        self._days: Numbers | None = None
        self._times: Numbers | None = None

    @property
    def days(self) -> Numbers:
        """The number of the shop's day, since 1970."""
        if self._days is None:
            place = np.searchsorted(self._midnights, self._at, side="right") - 1
            self._days = place.astype(np.int64) + self._first_day
        return self._days

    @property
    def times(self) -> Numbers:
        """What the shop's clock shows, in microseconds since midnight."""
        if self._times is None:
            clock = (
                pl.Series(self._at)
                .cast(pl.Datetime("us", "UTC"))
                .dt.convert_time_zone(self._zone)
                .dt.replace_time_zone(None)
            )
            since = clock - clock.dt.truncate("1d")
            self._times = since.dt.total_microseconds().to_numpy()
        return self._times


def rule_masks(
    plan: CompiledProgram, kind: Numbers, activity: Numbers, version: Numbers, clock: Clock
) -> Numbers:
    """Give the bits of the rules that an event may meet.

    Args:
        plan: The programme.
        kind: The kinds of the events.
        activity: Of activities, their number.
        version: The versions in force.
        clock: Their days and hours.
    """
    masks = np.zeros(len(kind), dtype=np.int64)
    on_orders = [one for one in plan.rule_filters if one.on == "order"]
    masks[kind == layout.ORDER] = _bits(on_orders)
    by_activity = np.zeros(len(plan.activities) + 1, dtype=np.int64)
    for one in plan.rule_filters:
        if one.on == "activity":
            by_activity[plan.activities[str(one.activity)]] |= 1 << one.bit
    if by_activity.any():
        is_one = kind == layout.ACTIVITY
        masks[is_one] = by_activity[activity[is_one]]
    # Either may raise a tier.
    may_rise = (kind == layout.ORDER) | (kind == layout.ACTIVITY)
    masks[may_rise] |= _bits(one for one in plan.rule_filters if one.on == "tier")
    return _in_time(masks, plan.rule_filters, version, clock, len(plan.versions))


def discount_masks(plan: CompiledProgram, kind: Numbers, version: Numbers, clock: Clock) -> Numbers:
    """Give the bits of the discounts that an event may meet; see `rule_masks`."""
    masks = np.zeros(len(kind), dtype=np.int64)
    if plan.discount_filters:
        masks[kind == layout.ORDER] = _bits(plan.discount_filters)
    return _in_time(masks, plan.discount_filters, version, clock, len(plan.versions))


def _bits(filters: Iterable[Filter]) -> int:
    found = 0
    for one in filters:
        found |= 1 << one.bit
    return found


def _in_time(
    masks: Numbers, filters: Iterable[Filter], version: Numbers, clock: Clock, versions: int
) -> Numbers:
    """Drop the bits of what does not hold then."""
    by_time: dict[Any, list[Filter]] = {}
    by_version = np.zeros(versions, dtype=np.int64)
    for one in filters:
        by_version[one.version] |= 1 << one.bit
        by_time.setdefault((one.first_day, one.last_day, one.hours), []).append(one)
    if versions > 1:
        masks &= by_version[version]
    for (first, last, hours), those in by_time.items():
        holds = _holds(first, last, hours, clock)
        if holds is not None:
            masks &= np.where(holds, _EVERY_BIT, ~np.int64(_bits(those)))
    return masks


def _holds(
    first: int, last: int, hours: tuple[tuple[int, int, int], ...], clock: Clock
) -> npt.NDArray[np.bool_] | None:
    found: npt.NDArray[np.bool_] | None = None
    if first > -EVER:
        found = clock.days >= first
    if last < EVER:
        until = clock.days <= last
        found = until if found is None else found & until
    if hours:
        happy = np.zeros(len(clock.days), dtype=np.bool_)
        for weekdays, start, end in hours:
            happy |= _in_hours(weekdays, start, end, clock)
        found = happy if found is None else found & happy
    return found


def _in_hours(weekdays: int, start: int, end: int, clock: Clock) -> npt.NDArray[np.bool_]:
    weekday = (clock.days + _THURSDAY) % 7
    today: npt.NDArray[np.bool_] = (weekdays >> weekday) & 1 == 1
    if start < end:
        return np.logical_and(today & (clock.times >= start), clock.times < end)
    # Over midnight: the weekday is that of the evening.
    before: npt.NDArray[np.bool_] = (weekdays >> (weekday - 1) % 7) & 1 == 1
    return (today & (clock.times >= start)) | (before & (clock.times < end))
