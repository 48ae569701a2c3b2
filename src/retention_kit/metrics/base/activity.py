"""For how long a sale makes somebody a customer: windows of the calendar, and their arithmetic.

A window `w` makes a customer at `t` of whoever has a sale in [t − w, t). Boundaries of periods are
dates, so that with windows of whole days the clock's changes cannot matter.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.periods import Every

_UNITS: dict[str, tuple[int, Literal["d", "mo"]]] = {
    "d": (1, "d"),
    "w": (7, "d"),
    "mo": (1, "mo"),
    "q": (3, "mo"),
    "y": (12, "mo"),
}
_LONGEST: dict[Every, tuple[int, int]] = {
    "1d": (1, 1),
    "1w": (7, 1),
    "1mo": (31, 1),
    "1q": (92, 3),
    "1y": (366, 12),
}
"""How many days a period has at most, and how many months surely hold one."""
_CENTURY = {"d": 36_525, "mo": 1_200}
_ALLOWED = (
    "a whole number of days, weeks, months, quarters or years: '90d', '8w', '3mo', '1q', '1y'"
)


@dataclass(frozen=True, slots=True)
class Window:
    """A length of the calendar.

    Attributes:
        count: How many units.
        unit: Days or months.
    """

    count: int
    unit: Literal["d", "mo"]

    def before(self, at: dt.datetime) -> dt.datetime:
        """Give the instant this long before another, on the clock of its zone; months clamp."""
        clock = at.replace(tzinfo=None)
        try:
            earlier = self._subtract(clock)
        except (OverflowError, ValueError):
            earlier = dt.datetime(1, 1, 3)  # noqa: DTZ001 - it gets its zone below
        # By way of UTC, so that an hour which the clock leaves out becomes one that there is.
        aware = earlier.replace(tzinfo=at.tzinfo)
        return aware.astimezone(dt.UTC).astimezone(at.tzinfo)

    def _subtract(self, clock: dt.datetime) -> dt.datetime:
        if self.unit == "d":
            return clock - dt.timedelta(days=self.count)
        months = clock.year * 12 + clock.month - 1 - self.count
        year, month = months // 12, months % 12 + 1
        last = calendar.monthrange(year, month)[1]
        return clock.replace(year=year, month=month, day=min(clock.day, last))

    def first_day(self, day: pl.Expr) -> pl.Expr:
        """Give the date this long before others; months clamp."""
        return day.dt.offset_by(f"-{self.count}{self.unit}")

    def last_covered(self, day: pl.Expr) -> pl.Expr:
        """Give the last date D with D − window <= day: the last one at which a sale still counts.

        Args:
            day: Dates of sales.

        Returns:
            A `Date` expression.
        """
        later = day.dt.offset_by(f"{self.count}{self.unit}")
        if self.unit == "d":
            return later
        # Every later day of the month clamps to a month's last day too.
        return pl.when(day == day.dt.month_end()).then(later.dt.month_end()).otherwise(later)

    def periods(self, every: Every) -> int | None:
        """Give the number of periods the window is exactly, or None where it is not."""
        per = {"1d": (1, "d"), "1w": (7, "d"), "1mo": (1, "mo"), "1q": (3, "mo"), "1y": (12, "mo")}
        length, unit = per[every]
        return self.count // length if unit == self.unit and self.count % length == 0 else None


def window(text: str | None, every: Every) -> Window:
    """Read the window of a retention by period, and check that it is at least the period.

    Args:
        text: The window, or None for the period itself.
        every: The period.

    Raises:
        DefinitionError: It is no such length, or may be shorter than the period.
    """
    read = duration("active_within", every if text is None else text)
    days, months = _LONGEST[every]
    least = days if read.unit == "d" else months
    if read.count < least:
        raise bad_parameter(
            "active_within",
            got=text,
            allowed=f"at least the period {every!r}, whichever it is: {days} or more in days, "
            f"{months} or more in months",
            step="lengthen it, or None for the period itself.",
        )
    return read


def duration(parameter: str, text: object) -> Window:
    """Read a length of the calendar, as Polars writes them.

    Args:
        parameter: Its name, for the message.
        text: One number with one unit of at least a day.

    Raises:
        DefinitionError: It is no such length, or longer than a century.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})(d|w|mo|q|y)", text) if isinstance(text, str) else None
    if found is None:
        raise bad_parameter(parameter, got=text, allowed=_ALLOWED)
    times, unit = _UNITS[found[2]]
    count = int(found[1]) * times
    if count > _CENTURY[unit]:
        raise bad_parameter(parameter, got=text, allowed=f"{_ALLOWED}; at most a century")
    return Window(count, unit)


def starts_period(at: dt.datetime, every: Every) -> bool:
    """Say whether a period begins at an instant, on the clock of its zone."""
    if at.time() != dt.time():
        return False
    match every:
        case "1d":
            return True
        case "1w":
            return at.weekday() == 0
        case "1mo":
            return at.day == 1
        case "1q":
            return at.day == 1 and at.month % 3 == 1
        case "1y":
            return at.day == 1 and at.month == 1
