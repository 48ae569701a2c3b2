"""Windows that conditions have besides those a person writes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from retention_kit.smart_segments.definitions.lengths import microseconds, read_length
from retention_kit.smart_segments.definitions.windows import Bounds, Every, period_bounds


class Span(Protocol):
    """What has bounds at an instant of observation: a window, or one of the spans below."""

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:
        """Give the bounds, in microseconds since 1970 in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class LastPeriods:
    """Calendar periods in a row up to the last complete one, or up to the current one.

    Attributes:
        every: Which period.
        periods: How many.
        current: Whether the one that the instant of observation cuts short is the last.
    """

    every: Every
    periods: int
    current: bool

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:
        """Give the bounds, in microseconds since 1970 in UTC."""
        return period_bounds(self.every, 0 if self.current else 1, self.periods, as_of, zone)


@dataclass(frozen=True, slots=True)
class BeforeSilence:
    """The time before a silence: [as_of − silent − active, as_of − silent).

    Attributes:
        silent: How long the silence has lasted.
        active: How long before it; None is from the beginning.
    """

    silent: str
    active: str | None

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:
        """Give the bounds, in microseconds since 1970 in UTC."""
        end = read_length("silent", self.silent).before(as_of, zone)
        if self.active is None:
            return None, microseconds(end)
        start = read_length("active", self.active).before(end, zone)
        return microseconds(start), microseconds(end)
