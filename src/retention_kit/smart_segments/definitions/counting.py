"""Conditions on how many rows there are, and on what their columns add up to."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import pydantic

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.lengths import LengthText, read_length
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.values import Number, NumberOperator, Where
from retention_kit.smart_segments.definitions.windows import AllTime, Every, Window

TooNew = Literal["evaluate", "unknown", "false", "true"]
"""What a condition is for a customer whom the shop has known for less than its window: as the rows
say, unknown, false or true. Known since the earlier of `registered_at` and the first completed
sale; a customer of whom neither is there is too new. All time is never too long."""
Aggregate = Literal["sum", "mean", "min", "max", "distinct", "share"]
_COUNT = pydantic.Field(default=None, ge=0, strict=True)


class EventCount(Condition):
    """How many orders, lines or events match in a window: at least, at most, or exactly.

    A customer without any has 0, which is legal everywhere: `at_most=2` includes those with none,
    and `at_most=0` asks for none. Give `at_least`, `at_most` or both; equal, they ask for exactly
    that many. Never unknown, unless `too_new` says so.

    Attributes:
        rows: Which rows.
        window: Within which time.
        at_least: The fewest rows, from 0.
        at_most: The most rows, from 0.
        too_new: What it is for a customer younger than the window.
    """

    TYPE: ClassVar[str] = "event_count"

    type: Literal["event_count"] = "event_count"
    rows: Rows = Rows()
    window: Window = AllTime()
    at_least: int | None = _COUNT
    at_most: int | None = _COUNT
    too_new: TooNew = "evaluate"

    @pydantic.model_validator(mode="after")
    def _has_bounds(self) -> Self:
        check_bounds(self.at_least, self.at_most)
        return self


class EventAggregate(Condition):
    """The sum, mean, least, greatest, distinct count or share over rows in a window, compared.

    Sums and means are exact, compared without rounding. Missing values are passed over. Without a
    value the sum and the distinct count are 0; the mean, the least, the greatest and the share are
    unknown.

    Attributes:
        rows: Which rows.
        window: Within which time.
        aggregate: `sum`, `mean`, `min`, `max` or `distinct` of `column`; or `share`, the part of
            the rows, 0 to 1, that also match `of`.
        column: The column; none for `share`.
        of: For `share`, filters that the rows of the share match besides.
        operator: How to compare.
        value: With what.
        to: With `at_least`, the upper end of a range, included; None is no end.
        too_new: What it is for a customer younger than the window.
    """

    TYPE: ClassVar[str] = "event_aggregate"

    type: Literal["event_aggregate"] = "event_aggregate"
    rows: Rows = Rows()
    window: Window = AllTime()
    aggregate: Aggregate
    column: str | None = None
    of: tuple[Where, ...] = ()
    operator: NumberOperator = "at_least"
    value: Number
    to: Number | None = None
    too_new: TooNew = "evaluate"

    @pydantic.model_validator(mode="after")
    def _fits_the_aggregate(self) -> Self:
        is_share = self.aggregate == "share"
        if is_share == (self.column is not None):
            raise bad_parameter(
                "column",
                got=f"{self.column!r} with {self.aggregate!r}",
                allowed="a column with sum, mean, min, max and distinct; none with share",
            )
        if is_share != bool(self.of):
            raise bad_parameter(
                "of",
                got=f"{len(self.of)} filters with {self.aggregate!r}",
                allowed="at least one filter with share, and none otherwise",
            )
        if self.to is not None:
            if self.operator != "at_least":
                raise bad_parameter("to", got=self.to, allowed="an end only with 'at_least'")
            if self.to < self.value:
                raise bad_parameter("to", got=self.to, allowed=f"at least {self.value}")
        if is_share and not all(0 <= one <= 1 for one in (self.value, self.to or 0)):
            raise bad_parameter("value", got=self.value, allowed="a share from 0 to 1")
        return self


class Regularity(Condition):
    """Active in at least so many of the last calendar periods.

    The periods are the `periods` complete ones before the one that the instant of observation lies
    in, or with `current` that one and those before it. A period counts when a row lies in it.

    Attributes:
        rows: Which rows make a customer active.
        every: Which period; weeks start on Monday.
        periods: How many periods are looked at, 1 to 1,000.
        at_least: In how many of them, 1 to `periods`.
        current: Whether the period that the instant of observation cuts short is among them.
        too_new: What it is for a customer younger than the periods.
    """

    TYPE: ClassVar[str] = "regularity"

    type: Literal["regularity"] = "regularity"
    rows: Rows = Rows()
    every: Every
    periods: int = pydantic.Field(ge=1, le=1000, strict=True)
    at_least: int = pydantic.Field(ge=1, strict=True)
    current: bool = pydantic.Field(default=False, strict=True)
    too_new: TooNew = "evaluate"

    @pydantic.model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.at_least > self.periods:
            raise bad_parameter(
                "at_least", got=self.at_least, allowed=f"at most periods={self.periods}"
            )
        return self


class Lapsed(Condition):
    """Was regular and stopped: bought at least so often in a time, and not since.

    At least `at_least` rows in [as_of − silent − active, as_of − silent), and none in
    [as_of − silent, as_of). Never unknown.

    Attributes:
        rows: Which rows.
        silent: For how long there has been none.
        active: For how long before that rows are counted; None is all time.
        at_least: How many make a customer regular, from 1.
    """

    TYPE: ClassVar[str] = "lapsed"

    type: Literal["lapsed"] = "lapsed"
    rows: Rows = Rows()
    silent: LengthText
    active: LengthText | None = None
    at_least: int = pydantic.Field(default=3, ge=1, strict=True)


class Reactivated(Condition):
    """Came back after a gap.

    The first row in [as_of − within, as_of) comes at least `gap` after the last row before that
    time. A customer without an earlier row is new, not reactivated. Never unknown.

    Attributes:
        rows: Which rows.
        gap: How long there was none.
        within: How long ago they came back at most; surely not longer than `gap`, so that there
            is no gap inside.
    """

    TYPE: ClassVar[str] = "reactivated"

    type: Literal["reactivated"] = "reactivated"
    rows: Rows = Rows()
    gap: LengthText
    within: LengthText = "30d"

    @pydantic.model_validator(mode="after")
    def _no_gap_inside(self) -> Self:
        gap, within = read_length("gap", self.gap), read_length("within", self.within)
        if self.gap != self.within and within.longest_days > gap.shortest_days:
            raise bad_parameter(
                "within", got=self.within, allowed=f"surely no longer than gap={self.gap!r}"
            )
        return self


def check_bounds(at_least: int | None, at_most: int | None) -> None:
    """Raise where bounds of a count say nothing, or contradict each other.

    Raises:
        DefinitionError: They do.
    """
    if at_least is None and at_most is None:
        raise bad_parameter("at_least", got=None, allowed="at_least, at_most or both")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise bad_parameter("at_most", got=at_most, allowed=f"at_least={at_least} or more")
