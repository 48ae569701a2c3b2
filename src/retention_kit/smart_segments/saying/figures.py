"""What is said of a figure over rows, and of the first or last row, before it is a condition."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.base import Joins
from retention_kit.smart_segments.definitions.counting import Aggregate, EventAggregate, TooNew
from retention_kit.smart_segments.definitions.moments import (
    Anniversary,
    FirstEvent,
    LastEvent,
    LeapDay,
    OfEvent,
)
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.values import NumberOperator, Where
from retention_kit.smart_segments.definitions.windows import (
    ALL_TIME,
    AllTime,
    BetweenAges,
    Since,
    Window,
    window_of,
)
from retention_kit.smart_segments.saying.comparing import Given, Uncompared, equal_to

Numeric = int | float | Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Figure(Uncompared):
    """A figure over rows that waits for what it is compared with.

    Attributes:
        rows: Which rows.
        window: Within which time.
        aggregate: Which figure.
        column: Of which column.
        of: For a share, the further filters.
        too_new: What it is for a customer younger than the window.
    """

    rows: Rows
    window: Window
    aggregate: Aggregate
    column: str | None
    of: tuple[Where, ...]
    too_new: TooNew

    def __eq__(self, value: Numeric) -> EventAggregate:  # type: ignore[override]
        return self._make("equals", value)

    def __ne__(self, value: Numeric) -> EventAggregate:  # type: ignore[override]
        return self._make("not_equals", value)

    def __lt__(self, value: Numeric) -> EventAggregate:
        return self._make("less_than", value)

    def __le__(self, value: Numeric) -> EventAggregate:
        return self._make("at_most", value)

    def __gt__(self, value: Numeric) -> EventAggregate:
        return self._make("more_than", value)

    def __ge__(self, value: Numeric) -> EventAggregate:
        return self._make("at_least", value)

    __hash__ = None  # type: ignore[assignment]

    def between(self, low: Numeric, high: Numeric) -> EventAggregate:
        """It lies in a range, both ends included."""
        return self._make("at_least", low, high)

    def not_yet(self) -> DefinitionError:
        """Make the error for where it stands uncompared."""
        of = f" of {self.column!r}" if self.column else ""
        return DefinitionError(
            f"The {self.aggregate}{of} is a figure, and no condition before it is compared. Next "
            "step: compare it: (…) >= 3, in brackets beside & and |.",
            parameter=self.column,
        )

    def _make(self, operator: NumberOperator, value: Any, to: Any = None) -> EventAggregate:
        return EventAggregate(
            rows=self.rows,
            window=self.window,
            aggregate=self.aggregate,
            column=self.column,
            of=self.of,
            operator=operator,
            value=value,
            to=to,
            too_new=self.too_new,
        )


@dataclass(frozen=True, slots=True)
class Ending(Joins):
    """The first or the last of all rows; stands for a `FirstEvent` or a `LastEvent`.

    Attributes:
        rows: Which rows.
        end: First or last.
        window: When it was.
        filters: What else it was.
    """

    rows: Rows
    end: Literal["first", "last"]
    window: Window = ALL_TIME
    filters: tuple[Where, ...] = ()

    def as_condition(self) -> FirstEvent | LastEvent:
        """Give the condition that this stands for."""
        kind = FirstEvent if self.end == "first" else LastEvent
        return kind(rows=self.rows, window=self.window, has=self.filters)

    def within(self, window: str | Window) -> Ending:
        """Say when it was: within the last `"30d"`, or in a window."""
        return replace(self, window=window_of(window))

    def between(self, oldest: str, youngest: str) -> Ending:
        """Say when it was: between two ages, such as `"90d"` and `"30d"` ago."""
        return replace(self, window=BetweenAges(oldest=oldest, youngest=youngest))

    def since(
        self, start: dt.date | dt.datetime, until: dt.date | dt.datetime | None = None
    ) -> Ending:
        """Say when it was: from a date or an instant on, up to before another."""
        return replace(self, window=Since(start=start, until=until))

    def has(self, *filters: Where, **equal: Given) -> Ending:
        """Say what it was: `.has(channel="site")`, `.has(column("amount") >= 1000)`.

        Raises:
            DefinitionError: A filter is none, such as a column that is not compared.
        """
        for one in filters:
            if isinstance(one, Uncompared):
                raise one.not_yet()
        named = tuple(equal_to(name, value) for name, value in equal.items())
        return replace(self, filters=(*self.filters, *named, *filters))

    def anniversary(
        self,
        *,
        after: str | None = None,
        ahead: str | None = None,
        days: int = 1,
        leap_day: LeapDay = "28_february",
    ) -> Anniversary:
        """Its date comes round: every year, or once, `after` it; see `Anniversary`."""
        if self.filters or not isinstance(self.window, AllTime):
            raise bad_parameter(
                "anniversary",
                got="of an end that is in a window or has something",
                allowed="bought(…).last().anniversary(…) alone",
                step="join two with &: bought().last().has(…) & bought().last().anniversary(…).",
            )
        return Anniversary(
            of=OfEvent(rows=self.rows, which=self.end),
            after=after,
            ahead=ahead,
            days=days,
            leap_day=leap_day,
        )
