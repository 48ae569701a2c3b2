"""When what was earned becomes active, and when it expires.

Lengths in days and longer end with the shop's day: earned on 1 January, `"30d"` is over at shop
midnight after day 30, on 1 February at 00:00. Months clamp: 31 January and `"1mo"` is over at the
end of February. Lengths in hours and less are elapsed time.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import Name
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.lengths import LengthText, read_length

EndOf = Literal["month", "quarter", "year"]
"""To the end of what a length is prolonged."""


def _not_mixed(value: str, about: pydantic.ValidationInfo) -> str:
    length = read_length(about.field_name or "length", value)
    if length.seconds and not length.is_elapsed:
        raise bad_parameter(
            about.field_name or "length",
            got=value,
            allowed="a length of the calendar ('30d', '1mo', '1y') or of elapsed time ('24h')",
            step="say it in one of the two.",
        )
    return value


def _of_days(value: str, about: pydantic.ValidationInfo) -> str:
    if read_length(about.field_name or "length", value).seconds:
        raise bad_parameter(
            about.field_name or "length",
            got=value,
            allowed="a length of the calendar, such as '30d', '1mo' or '1y'",
        )
    return value


Span = Annotated[LengthText, pydantic.AfterValidator(_not_mixed)]
"""The text of a length of the calendar, or of elapsed time."""
DaySpan = Annotated[LengthText, pydantic.AfterValidator(_of_days)]
"""The text of a length of the calendar."""


class AtOnce(Part):
    """What is earned is active at once; an order cannot spend what it earns itself."""

    type: Literal["at_once"] = "at_once"


class After(Part):
    """What is earned becomes active some time later.

    Attributes:
        length: How long after, such as `"14d"`: active from shop midnight after day 14.
    """

    if TYPE_CHECKING:

        def __init__(self, *, length: str) -> None: ...

    type: Literal["after"] = "after"
    length: Span


class WhenDelivered(Part):
    """What an order earns becomes active when the order is delivered; what events earn, at once."""

    type: Literal["when_delivered"] = "when_delivered"


Pending = Annotated[AtOnce | After | WhenDelivered, pydantic.Field(discriminator="type")]
"""When what is earned becomes active."""


class NeverExpires(Part):
    """It does not expire."""

    type: Literal["never"] = "never"


class Rolling(Part):
    """It expires some time after it became active.

    Attributes:
        length: How long after.
        to_end_of: Prolonged to the end of the month, quarter or year in which it would end.
    """

    if TYPE_CHECKING:

        def __init__(self, *, length: str, to_end_of: EndOf | None = None) -> None: ...

    type: Literal["rolling"] = "rolling"
    length: Span
    to_end_of: EndOf | None = None

    @pydantic.model_validator(mode="after")
    def _ends_with_a_day(self) -> Rolling:
        check_end_of(self.length, self.to_end_of)
        return self


class FixedDate(Part):
    """It expires each year at the end of one day; what became active on that day, on that day.

    Attributes:
        month: 1 to 12.
        day: The day of the month; 29 February is the 28th in other years.
    """

    if TYPE_CHECKING:

        def __init__(self, *, month: int, day: int) -> None: ...

    type: Literal["fixed_date"] = "fixed_date"
    month: int = pydantic.Field(strict=True, ge=1, le=12)
    day: int = pydantic.Field(strict=True, ge=1, le=31)

    @pydantic.model_validator(mode="after")
    def _is_a_date(self) -> FixedDate:
        last = calendar.monthrange(2024, self.month)[1]
        if self.day > last:
            raise bad_parameter("day", got=self.day, allowed=f"1 to {last} in month {self.month}")
        return self


class OnDate(Part):
    """It expires once, at the end of a day.

    Attributes:
        date: The last day on which it can be used.
    """

    if TYPE_CHECKING:

        def __init__(self, *, date: dt.date) -> None: ...

    type: Literal["on_date"] = "on_date"
    date: dt.date


class Sliding(Part):
    """It expires some time after the customer was last active.

    Attributes:
        length: How long after.
        on: What prolongs it: `order`, and names of events.
    """

    if TYPE_CHECKING:

        def __init__(self, *, length: str, on: Iterable[str] = ("order",)) -> None: ...

    type: Literal["sliding"] = "sliding"
    length: Span
    on: tuple[Name, ...] = pydantic.Field(default=("order",), min_length=1)

    @pydantic.field_validator("on", mode="before")
    @classmethod
    def _are_a_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise bad_parameter("on", got=value, allowed="a list of names, such as ['order']")
        return value


Expiry = Annotated[
    NeverExpires | Rolling | FixedDate | OnDate | Sliding, pydantic.Field(discriminator="type")
]
"""When what is active expires."""
OwnExpiry = Annotated[
    NeverExpires | Rolling | FixedDate | OnDate, pydantic.Field(discriminator="type")
]
"""When what one rule gives expires; only a whole wallet slides."""


def check_end_of(length: str | None, to_end_of: str | None) -> None:
    """Raise where what is prolonged to the end of a period is not of the calendar.

    Raises:
        DefinitionError: It is not.
    """
    if to_end_of is not None and (length is None or read_length("length", length).seconds):
        raise DefinitionError(
            f"to_end_of={to_end_of!r} prolongs a length of the calendar, and the length is "
            f"{length!r}. Allowed with it: '30d', '1mo', '1y'. Next step: leave to_end_of out, or "
            "give such a length.",
            parameter="to_end_of",
        )
