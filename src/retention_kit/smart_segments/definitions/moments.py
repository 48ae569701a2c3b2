"""Conditions on a customer's first or last row, and on dates that come round."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import pydantic

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Condition, Part
from retention_kit.smart_segments.definitions.lengths import LengthText, read_length
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import AllTime, Window

LeapDay = Literal["28_february", "1_march"]
"""When a date of 29 February is kept in a year that has none."""


class EndEvent(Condition):
    """What the first and the last row have in common.

    Of all rows that match `rows` before the instant of observation the first, or last, is taken;
    then it is asked whether it lies in `window` and has what `has` says. A customer without such
    rows does not meet the condition. Of orders at one instant the first is the one with the
    smallest id, the last the one with the greatest; of lines and events at that end any one that
    has all of `has` is enough: of lines, those of that order. Ids of text are ordered by their
    characters.

    Attributes:
        rows: Which rows.
        window: When it was.
        has: What else the row says; all filters hold on the same row. A missing value does not.
    """

    rows: Rows = Rows()
    window: Window = AllTime()
    has: tuple[Where, ...] = ()

    @pydantic.model_validator(mode="after")
    def _asks_something(self) -> Self:
        if isinstance(self.window, AllTime) and not self.has:
            raise bad_parameter(
                "window",
                got="all time, and nothing in 'has'",
                allowed="a window, or what the row has",
                step="EventCount(rows=…, at_least=1) asks whether there is one.",
            )
        return self


class FirstEvent(EndEvent):
    """When the first row was, or what it says; see `EndEvent`."""

    TYPE: ClassVar[str] = "first_event"

    type: Literal["first_event"] = "first_event"


class LastEvent(EndEvent):
    """When the last row was, or what it says; see `EndEvent`."""

    TYPE: ClassVar[str] = "last_event"

    type: Literal["last_event"] = "last_event"


class OfCustomer(Part):
    """A date of the customer: a column of dates or instants of `customers`."""

    type: Literal["customer"] = "customer"
    column: str = pydantic.Field(min_length=1)


class OfEvent(Part):
    """The shop's date of a customer's first or last row."""

    type: Literal["event"] = "event"
    rows: Rows = Rows()
    which: Literal["first", "last"] = "last"


class Anniversary(Condition):
    """A date comes round: every year, or once at a time after it.

    It is asked of `days` dates in a row, the first of which is today, or `ahead` later; today is
    the date of the instant of observation in the shop's zone. Without `after` it is asked whether
    one of them is an anniversary: the same month and day in a later year than the date's. With
    `after`, whether one of them is the date moved by that length. A missing date of the customer
    is unknown; without a row it is false.

    Attributes:
        of: A date of the customer, or of their first or last row.
        after: How long after the date; None is every year. In months and days.
        ahead: How long from today the first of the dates is; None is today.
        days: How many dates, 1 to 365.
        leap_day: When 29 February is kept in other years, without `after`.
    """

    TYPE: ClassVar[str] = "anniversary"

    type: Literal["anniversary"] = "anniversary"
    of: OfCustomer | OfEvent = pydantic.Field(discriminator="type")
    after: LengthText | None = None
    ahead: LengthText | None = None
    days: int = pydantic.Field(default=1, ge=1, le=365, strict=True)
    leap_day: LeapDay = "28_february"

    @pydantic.model_validator(mode="after")
    def _of_days(self) -> Self:
        for name in ("after", "ahead"):
            text = getattr(self, name)
            if text is not None and read_length(name, text).seconds:
                raise bad_parameter(name, got=text, allowed="a length of months and days")
        if self.after is not None and self.leap_day != "28_february":
            raise bad_parameter(
                "leap_day",
                got=self.leap_day,
                allowed="nothing with 'after', where the day clamps to the month's last",
            )
        return self
