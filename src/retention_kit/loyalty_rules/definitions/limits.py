"""When a rule or a discount holds and how often: hours, promo codes and caps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic

from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import Exact, Name, Positive, Whole
from retention_kit.smart_segments.definitions.base import Part

Per = Literal["order", "day", "week", "month", "quarter", "year", "lifetime"]
"""Over what a cap counts; weeks start on Monday."""
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
MINUTE = 60_000_000


def _on_the_clock(value: str, about: pydantic.ValidationInfo) -> str:
    if not _CLOCK.fullmatch(value):
        raise bad_parameter(
            about.field_name or "time", got=value, allowed="a time such as '09:00', up to '24:00'"
        )
    return value


Clock = Annotated[
    str,
    pydantic.AfterValidator(_on_the_clock),
    pydantic.WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-4]):[0-5][0-9]$"}),
]
Weekday = Annotated[int, pydantic.Field(strict=True, ge=1, le=7)]


class HappyHours(Part):
    """Hours of the shop's clock on some weekdays.

    Attributes:
        start: From when, such as `"18:00"`.
        end: Until before when; where it is not after the start it is on the next day, and the
            weekday is that of the start.
        weekdays: On which days, 1 for Monday to 7 for Sunday.
    """

    if TYPE_CHECKING:

        def __init__(self, *, start: str, end: str, weekdays: Iterable[int] = ...) -> None: ...

    start: Clock
    end: Clock
    weekdays: tuple[Weekday, ...] = pydantic.Field(default=(1, 2, 3, 4, 5, 6, 7), min_length=1)

    @pydantic.model_validator(mode="after")
    def _are_hours(self) -> HappyHours:
        if self.start in ("24:00", self.end):
            raise bad_parameter(
                "start",
                got=f"{self.start} to {self.end}",
                allowed="a start before '24:00' that is not the end",
                step="leave the hours out where the whole day is meant.",
            )
        if len(set(self.weekdays)) < len(self.weekdays):
            raise bad_parameter("weekdays", got=self.weekdays, allowed="each day once")
        return self

    @property
    def microseconds(self) -> tuple[int, int]:
        """Start and end in microseconds of the clock since midnight."""
        start, end = ((int(one[:2]) * 60 + int(one[3:])) * MINUTE for one in (self.start, self.end))
        return start, end

    @property
    def weekday_bits(self) -> int:
        """The weekdays as bits, Monday the lowest."""
        return sum(1 << (day - 1) for day in self.weekdays)


class PromoCode(Part):
    """A code that the customer gives with the order.

    Attributes:
        code: The code, compared exactly.
        limit: How often it may be used by all customers together.
        per_customer: How often by one customer.
    """

    if TYPE_CHECKING:

        def __init__(
            self, *, code: str, limit: int | None = None, per_customer: int | None = None
        ) -> None: ...

    code: Name
    limit: Whole | None = None
    per_customer: Whole | None = None


class Cap(Part):
    """How much, or how often, a rule gives at most.

    Attributes:
        limit: The most, in the wallet's points or money, or in times.
        of: Whether it counts the `amount` or the `times`.
        per: Over what: an order, a calendar period of the shop's zone, or the lifetime.
        beyond: What becomes of an award beyond it: `reduce` gives what there is room for, `reject`
            nothing.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            limit: Exact,
            of: Literal["amount", "times"] = "amount",
            per: Per = "order",
            beyond: Literal["reduce", "reject"],
        ) -> None: ...

    limit: Positive
    of: Literal["amount", "times"] = "amount"
    per: Per = "order"
    beyond: Literal["reduce", "reject"]

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> Cap:
        if self.of == "times":
            if self.beyond != "reject":
                raise bad_parameter(
                    "beyond", got=self.beyond, allowed="'reject' where times are counted"
                )
            if self.limit != int(self.limit):
                raise bad_parameter("limit", got=str(self.limit), allowed="whole times")
            if self.per == "order":
                raise bad_parameter(
                    "per",
                    got="order",
                    allowed="a period or the lifetime where times are counted",
                    step="a rule pays once for an order anyway.",
                )
        return self
