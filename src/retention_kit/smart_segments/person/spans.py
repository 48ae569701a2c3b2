"""An instant of observation, and the bounds of windows at it, each found once."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from zoneinfo import ZoneInfo

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.lengths import (
    EPOCH,
    Length,
    add_months,
    microseconds,
    read_length,
    zone_named,
)
from retention_kit.smart_segments.definitions.windows import (
    AllTime,
    BetweenAges,
    Bounds,
    Last,
    Since,
)
from retention_kit.smart_segments.lowered.spans import BeforeSilence, Span

_MICROSECOND = dt.timedelta(microseconds=1)
length_of = functools.lru_cache(maxsize=1024)(functools.partial(read_length, "length"))
zone_of = functools.lru_cache(maxsize=64)(zone_named)


class Moment:
    """An instant of observation in the shop's zone; many customers may be asked at it.

    Attributes:
        as_of: The instant.
        now: The same in microseconds since 1970 in UTC.
        time_zone: The shop's zone, by name.
        zone: The shop's zone.
        clock: What its clock shows.
        bounds: The bounds of each window, where they have been found.
    """

    __slots__ = ("as_of", "bounds", "clock", "now", "time_zone", "zone")

    def __init__(self, as_of: dt.datetime, time_zone: str, windows: int) -> None:
        self.as_of = as_of
        self.now = as_of_microseconds(as_of)
        self.time_zone = time_zone
        self.zone: ZoneInfo = zone_of(time_zone)
        self.clock = as_of.astimezone(self.zone).replace(tzinfo=None, fold=0)
        self.bounds: list[Bounds | None] = [None] * windows

    def before(self, length: Length) -> int:
        """Give the instant so long before, in microseconds since 1970 in UTC."""
        if length.is_elapsed:
            return self.now - length.seconds * 1_000_000
        try:
            clock = self.clock
            if length.months:
                clock = add_months(clock, -length.months)
            if length.days:
                clock -= dt.timedelta(length.days)
            at = (clock.replace(tzinfo=self.zone) - EPOCH) // _MICROSECOND
        except (OverflowError, ValueError):
            return microseconds(length.before(self.as_of, self.zone))
        return at - length.seconds * 1_000_000


Resolve = Callable[[Moment], Bounds]


def resolving(span: Span) -> Resolve:
    """Give the function that finds the bounds of a window."""
    match span:
        case AllTime():
            return lambda moment: (None, moment.now)
        case Last():
            length = length_of(span.length)
            return lambda moment: (moment.before(length), moment.now)
        case BetweenAges():
            oldest, youngest = length_of(span.oldest), length_of(span.youngest)
            return lambda moment: (moment.before(oldest), moment.before(youngest))
        case BeforeSilence(active=None):
            silent = length_of(span.silent)
            return lambda moment: (None, moment.before(silent))
    return lambda moment: span.bounds(moment.as_of, moment.zone)


def grows(span: Span) -> bool:
    """Say whether a window only gets more rows while the instant of observation moves on."""
    return isinstance(span, AllTime | Since)


def as_of_microseconds(as_of: dt.datetime, parameter: str = "as_of") -> int:
    """Give an instant in microseconds since 1970 in UTC.

    Raises:
        DefinitionError: It has no time zone.
    """
    if not isinstance(as_of, dt.datetime) or as_of.utcoffset() is None:
        raise bad_parameter(
            parameter,
            got=as_of,
            allowed="an instant with a time zone",
            step="datetime(2025, 12, 31, tzinfo=ZoneInfo('Europe/Moscow')), for example.",
        )
    return (as_of - EPOCH) // _MICROSECOND
