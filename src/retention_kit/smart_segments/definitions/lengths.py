"""Lengths of the calendar such as `"30d"` or `"1mo"`, and instants moved by them.

Months and days are moved on the clock of the shop's zone, hours and less in elapsed time. A month
clamps: 31 January and one month is the last day of February. An hour that the clock leaves out is
read as if it had not been left out, and so comes later; of one that comes twice, the first is
meant.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pydantic

from retention_kit.errors import bad_parameter

_PART = re.compile(r"([0-9]{1,6})(mo|[yqwdhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_MONTHS = {"y": 12, "q": 3, "mo": 1}
_DAYS = {"w": 7, "d": 1}
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_LONGEST_YEARS = 200
_ALLOWED = (
    "whole numbers of years, quarters, months, weeks, days, hours, minutes or seconds up to "
    f"{_LONGEST_YEARS} years: '1y', '1q', '3mo', '2w', '30d', '24h', '30m', '1mo15d'"
)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time.

    Attributes:
        months: Whole months, on the clock of the shop's zone.
        days: Whole days, on that clock.
        seconds: Elapsed seconds.
    """

    months: int = 0
    days: int = 0
    seconds: int = 0

    @property
    def shortest_days(self) -> float:
        """The fewest days that it may last."""
        return self.months * 28 + self.days + self.seconds / 86_400

    @property
    def longest_days(self) -> float:
        """The most days that it may last."""
        return self.months * 31 + self.days + self.seconds / 86_400

    @property
    def is_elapsed(self) -> bool:
        """Whether it is elapsed time alone, for which no clock is needed."""
        return not (self.months or self.days)

    def after(self, at: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
        """Give the instant this long after another.

        Args:
            at: An instant with a time zone.
            zone: The shop's zone.

        Returns:
            The instant, in UTC; the last or first one that there is where it would lie beyond.
        """
        return self._moved(at, zone, 1)

    def before(self, at: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
        """Give the instant this long before another, as `after` does."""
        return self._moved(at, zone, -1)

    def _moved(self, at: dt.datetime, zone: dt.tzinfo, sign: int) -> dt.datetime:
        try:
            if self.is_elapsed:
                moved = at.astimezone(dt.UTC)
            else:
                clock = at.astimezone(zone).replace(tzinfo=None, fold=0)
                clock = add_months(clock, sign * self.months) + dt.timedelta(sign * self.days)
                moved = on_the_clock(clock, zone)
            return moved + dt.timedelta(seconds=sign * self.seconds)
        except (OverflowError, ValueError):
            year = 9998 if sign > 0 else 2
            return dt.datetime(year, 1, 1, tzinfo=dt.UTC)


def add_months(clock: dt.datetime, months: int) -> dt.datetime:
    """Move a clock time, or a date at midnight, by months; the day clamps to the month's last."""
    if not months:
        return clock
    number = clock.year * 12 + clock.month - 1 + months
    year, month = divmod(number, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return clock.replace(year=year, month=month + 1, day=min(clock.day, last))


def on_the_clock(clock: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Give the instant, in UTC, at which the clock of a zone shows a time."""
    try:
        return clock.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)
    except OverflowError:
        # The first and the last day of the calendar have instants that it has no date for in UTC.
        return clock.replace(tzinfo=dt.UTC, fold=0)


def microseconds(at: dt.datetime) -> int:
    """Give an instant as microseconds since 1970 in UTC."""
    return (at - EPOCH) // _MICROSECOND


def read_length(parameter: str, text: object) -> Length:
    """Read a length.

    Args:
        parameter: What it is of, for the message.
        text: For example `"30d"`.

    Returns:
        The length.

    Raises:
        DefinitionError: It is none, or 0, or longer than anybody's history.

    Examples:
        >>> read_length("within", "1mo15d")
        Length(months=1, days=15, seconds=0)
    """
    if not isinstance(text, str) or not _WHOLE.fullmatch(text):
        raise bad_parameter(parameter, got=text, allowed=_ALLOWED)
    found: dict[str, int] = {}
    for count, unit in _PART.findall(text):
        found[unit] = found.get(unit, 0) + int(count)
    length = Length(
        months=sum(_MONTHS.get(unit, 0) * count for unit, count in found.items()),
        days=sum(_DAYS.get(unit, 0) * count for unit, count in found.items()),
        seconds=sum(_SECONDS.get(unit, 0) * count for unit, count in found.items()),
    )
    if length == Length() or _years(length) > _LONGEST_YEARS:
        raise bad_parameter(parameter, got=text, allowed=_ALLOWED)
    return length


def _years(length: Length) -> float:
    return length.months / 12 + (length.days + length.seconds / 86_400) / 365


def _checked(value: Any, about: pydantic.ValidationInfo) -> Any:
    read_length(about.field_name or "length", value)
    return value


LengthText = Annotated[
    str,
    pydantic.BeforeValidator(_checked),
    pydantic.WithJsonSchema({"type": "string", "pattern": "^([0-9]{1,6}(mo|[yqwdhms]))+$"}),
]
"""The text of a length, such as `"30d"`, `"24h"` or `"1mo"`."""


def zone_named(time_zone: str) -> ZoneInfo:
    """Give a time zone by its name.

    Raises:
        DefinitionError: There is no such zone.
    """
    try:
        return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError, TypeError):
        raise bad_parameter(
            "time_zone",
            got=time_zone,
            allowed="a name of the IANA time zone database",
            step="for example 'Europe/Moscow' or 'UTC'.",
        ) from None
