"""What makes a rule pay: an order, a line, an event of the customer, or a tier that is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import pydantic

from retention_kit.loyalty_rules.definitions.amounts import Name, Whole
from retention_kit.smart_segments.definitions.base import Part

On = Literal["order", "activity", "tier"]
"""On what a rule looks: an order, an event, or a tier reached."""


class _Trigger(Part):
    ON: ClassVar[On] = "order"
    ACTIVITY: ClassVar[str | None] = None

    @property
    def activity(self) -> str | None:
        """The name of the event that it waits for; None where it waits for none."""
        return self.ACTIVITY


class EachOrder(_Trigger):
    """Every completed order."""

    type: Literal["each_order"] = "each_order"


class FirstOrder(_Trigger):
    """The customer's first completed order."""

    type: Literal["first_order"] = "first_order"


class NthOrder(_Trigger):
    """The customer's nth completed order.

    Attributes:
        n: Which one; those that came back count too.
        every: Every nth: the nth, the 2nth and so on.
    """

    if TYPE_CHECKING:

        def __init__(self, *, n: int, every: bool = False) -> None: ...

    type: Literal["nth_order"] = "nth_order"
    n: Whole
    every: bool = pydantic.Field(default=False, strict=True)


class EachLine(_Trigger):
    """The lines of an order; a fixed award is then given for each unit of quantity."""

    type: Literal["each_line"] = "each_line"


class Activity(_Trigger):
    """An event of the customer, such as a review or a visit.

    Attributes:
        name: The event's name, as in the table `events`.
    """

    if TYPE_CHECKING:

        def __init__(self, *, name: str) -> None: ...

    ON: ClassVar[On] = "activity"

    type: Literal["activity"] = "activity"
    name: Name

    @property
    def activity(self) -> str | None:
        """The name of the event that it waits for."""
        return self.name


class Birthday(_Trigger):
    """The customer's birthday, at shop midnight; 29 February on the 28th in other years."""

    ON: ClassVar[On] = "activity"
    ACTIVITY: ClassVar[str | None] = "Birthday"

    type: Literal["birthday"] = "birthday"


class Registration(_Trigger):
    """The customer registers."""

    ON: ClassVar[On] = "activity"
    ACTIVITY: ClassVar[str | None] = "Registered"

    type: Literal["registration"] = "registration"


class ReferralMade(_Trigger):
    """A friend whom the customer referred has bought and kept what was bought."""

    ON: ClassVar[On] = "activity"
    ACTIVITY: ClassVar[str | None] = "Referral Made"

    type: Literal["referral_made"] = "referral_made"


class ReferralReceived(_Trigger):
    """The customer was referred by another, and has bought and kept what was bought."""

    ON: ClassVar[On] = "activity"
    ACTIVITY: ClassVar[str | None] = "Referral Received"

    type: Literal["referral_received"] = "referral_received"


DERIVED = frozenset(
    str(one.ACTIVITY) for one in (Birthday, Registration, ReferralMade, ReferralReceived)
)
"""The names of what is derived of tables, and not told in `events`."""


class TierReached(_Trigger):
    """The customer rises to a tier.

    Attributes:
        tier: Which one; None for any.
    """

    if TYPE_CHECKING:

        def __init__(self, *, tier: str | None = None) -> None: ...

    ON: ClassVar[On] = "tier"

    type: Literal["tier_reached"] = "tier_reached"
    tier: Name | None = None


Trigger = Annotated[
    EachOrder
    | FirstOrder
    | NthOrder
    | EachLine
    | Activity
    | Birthday
    | Registration
    | ReferralMade
    | ReferralReceived
    | TierReached,
    pydantic.Field(discriminator="type"),
]
"""What makes a rule pay."""
