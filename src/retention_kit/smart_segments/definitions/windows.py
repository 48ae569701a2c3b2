"""Windows of time, all relative to the instant of observation, on the clock of the shop's zone.

Each is closed on the left and open on the right, and none goes beyond the instant of observation.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.lengths import (
    LengthText,
    add_months,
    microseconds,
    on_the_clock,
    read_length,
)

Every = Literal["1d", "1w", "1mo", "1q", "1y"]
"""A calendar period; weeks start on Monday."""
Bounds = tuple[int | None, int]
"""From when (None is from the beginning) to before when, in microseconds since 1970 in UTC."""


class AllTime(Part):
    """Everything before the instant of observation."""

    type: Literal["all_time"] = "all_time"

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:  # noqa: ARG002
        """Give the bounds at an instant of observation, in microseconds since 1970 in UTC."""
        return None, microseconds(as_of)


ALL_TIME = AllTime()


class Last(Part):
    """The time up to the instant of observation: [as_of − length, as_of).

    Attributes:
        length: How long, such as `"30d"`, `"24h"`, `"3mo"`.
    """

    type: Literal["last"] = "last"
    length: LengthText

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:
        """Give the bounds at an instant of observation, in microseconds since 1970 in UTC."""
        start = read_length("length", self.length).before(as_of, zone)
        return microseconds(start), microseconds(as_of)


class BetweenAges(Part):
    """From one age to a younger one: [as_of − oldest, as_of − youngest).

    Attributes:
        oldest: How long ago it begins.
        youngest: How long ago it ends; shorter than `oldest`.
    """

    type: Literal["between_ages"] = "between_ages"
    oldest: LengthText
    youngest: LengthText

    @pydantic.model_validator(mode="after")
    def _begins_first(self) -> BetweenAges:
        old, young = read_length("oldest", self.oldest), read_length("youngest", self.youngest)
        if old.shortest_days <= young.longest_days and not _longer_in_units(old, young):
            raise bad_parameter(
                "youngest",
                got=self.youngest,
                allowed=f"a length surely shorter than oldest={self.oldest!r}, so that the window "
                "ends after it starts",
            )
        return self

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:
        """Give the bounds at an instant of observation, in microseconds since 1970 in UTC."""
        start = read_length("oldest", self.oldest).before(as_of, zone)
        end = read_length("youngest", self.youngest).before(as_of, zone)
        return microseconds(start), microseconds(end)


class Since(Part):
    """From a date or an instant on, up to another or to the instant of observation.

    Attributes:
        start: A date, whose day begins it in the shop's zone, or an instant with a time zone.
        until: Before which date or instant it ends; None is the instant of observation.
    """

    type: Literal["since"] = "since"
    start: dt.date | pydantic.AwareDatetime
    until: dt.date | pydantic.AwareDatetime | None = None

    @pydantic.field_validator("start", "until", mode="before")
    @classmethod
    def _instant_or_date(cls, value: Any) -> Any:
        read = _read_moment(value) if isinstance(value, str) else value
        if read is not None and not isinstance(read, dt.date):
            raise bad_parameter("start", got=read, allowed="a date, or an instant with a time zone")
        if not isinstance(read, dt.datetime):
            return read
        if read.tzinfo is None:
            raise bad_parameter("start", got=read, allowed="a date, or an instant with a time zone")
        # In UTC, where no clock time comes twice: equal windows are then the same instants.
        return read.astimezone(dt.UTC)

    @pydantic.model_validator(mode="after")
    def _begins_first(self) -> Since:
        if self.until is not None:
            if type(self.start) is type(self.until):
                ends_first = _comparable(self.until) <= _comparable(self.start)
            else:
                ends_first = _day_of(self.until) < _day_of(self.start)
            if ends_first:
                raise bad_parameter("until", got=str(self.until), allowed=f"after {self.start}")
        return self

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:
        """Give the bounds at an instant of observation, in microseconds since 1970 in UTC."""
        end = microseconds(as_of)
        if self.until is not None:
            end = min(end, microseconds(_moment(self.until, zone)))
        return microseconds(_moment(self.start, zone)), end


class CalendarPeriod(Part):
    """A day, week, month, quarter or year of the shop's calendar.

    Attributes:
        every: Which period; weeks start on Monday.
        ago: How many periods ago: 0 is the one that the instant of observation lies in, and which
            it cuts short; 1 is the one before.
    """

    type: Literal["calendar_period"] = "calendar_period"
    every: Every
    ago: int = pydantic.Field(default=0, ge=0, le=10_000, strict=True)

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:
        """Give the bounds at an instant of observation, in microseconds since 1970 in UTC."""
        return period_bounds(self.every, self.ago, 1, as_of, zone)


Window = Annotated[
    AllTime | Last | BetweenAges | Since | CalendarPeriod, pydantic.Field(discriminator="type")
]
"""Any window of time."""


def period_bounds(
    every: Every, ago: int, count: int, as_of: dt.datetime, zone: dt.tzinfo
) -> Bounds:
    """Give the bounds of calendar periods in a row, of which the last is `ago` periods ago."""
    today = as_of.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    try:
        start = _period_start(today, every, -(ago + count - 1))
    except (OverflowError, ValueError):
        start = dt.datetime(2, 1, 1)  # noqa: DTZ001 - a clock time, which gets its zone below
    try:
        end = microseconds(on_the_clock(_period_start(today, every, 1 - ago), zone))
    except (OverflowError, ValueError):
        end = microseconds(on_the_clock(start, zone))
    return microseconds(on_the_clock(start, zone)), min(end, microseconds(as_of))


def _period_start(today: dt.datetime, every: Every, shift: int) -> dt.datetime:
    match every:
        case "1d":
            return today + dt.timedelta(days=shift)
        case "1w":
            return today - dt.timedelta(days=today.weekday()) + dt.timedelta(weeks=shift)
        case "1mo":
            return add_months(today.replace(day=1), shift)
        case "1q":
            first = today.replace(month=today.month - (today.month - 1) % 3, day=1)
            return add_months(first, 3 * shift)
        case "1y":
            return add_months(today.replace(month=1, day=1), 12 * shift)


def _longer_in_units(old: Any, young: Any) -> bool:
    """Say whether a length is longer in one unit and shorter in none, as "2mo" than "1mo"."""
    pairs = [(old.months, young.months), (old.days, young.days), (old.seconds, young.seconds)]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def _read_moment(text: str) -> dt.date | dt.datetime:
    try:
        return dt.date.fromisoformat(text) if len(text) <= 10 else dt.datetime.fromisoformat(text)
    except ValueError:
        raise bad_parameter(
            "start", got=text, allowed="an ISO 8601 date or instant: '2025-12-31'"
        ) from None


def _moment(at: dt.date | dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    if isinstance(at, dt.datetime):
        return at
    return on_the_clock(dt.datetime.combine(at, dt.time()), zone)


def _comparable(at: dt.date | dt.datetime) -> float:
    return at.timestamp() if isinstance(at, dt.datetime) else float(at.toordinal())


def _day_of(at: dt.date | dt.datetime) -> dt.date:
    return at.date() if isinstance(at, dt.datetime) else at


def window_of(value: object) -> Any:
    """Give a window of what may stand for one: a length is the last of that length.

    Raises:
        DefinitionError: It is neither.
    """
    if isinstance(value, str):
        return Last(length=value)
    if isinstance(value, AllTime | Last | BetweenAges | Since | CalendarPeriod):
        return value
    raise DefinitionError(
        f"A window is {value!r}. Allowed: a length such as '30d', Last, BetweenAges, Since, "
        "CalendarPeriod or AllTime.",
        parameter="window",
    )
