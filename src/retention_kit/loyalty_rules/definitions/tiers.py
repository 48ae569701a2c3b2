"""Tiers: by what they are reached, how long they last, what they bring."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import Amount, Exact, Name, Positive, Share
from retention_kit.loyalty_rules.definitions.awards import check_factor, check_money
from retention_kit.loyalty_rules.definitions.moments import DaySpan, EndOf, check_end_of
from retention_kit.smart_segments.definitions.base import Part

By = Literal["orders", "spend", "points"]
"""By what a tier is reached: completed orders, what was paid for them, points earned."""


Window = Literal["lifetime", "month", "quarter", "year"] | DaySpan
"""Over what is counted: the lifetime, a calendar period, or the time up to the event."""


class Benefits(Part):
    """What a tier brings.

    Attributes:
        discount: The share taken off the price of an order.
        multiplier: By how much proportional awards and tiered rates are multiplied.
        privileges: Names of whatever else: `free_delivery`, `personal_manager`, `early_access`.
        inherits: Whether the privileges of the lower tiers are its own too, and their discount and
            multiplier where they are larger.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            discount: Exact = 0,
            multiplier: Exact = 1,
            privileges: Iterable[str] = (),
            inherits: bool = True,
        ) -> None: ...

    discount: Share = Decimal(0)
    multiplier: Positive = Decimal(1)
    privileges: tuple[Name, ...] = ()
    inherits: bool = pydantic.Field(default=True, strict=True)

    @pydantic.field_validator("multiplier")
    @classmethod
    def _is_sane(cls, multiplier: Decimal) -> Decimal:
        return check_factor("multiplier", multiplier)


class Tier(Part):
    """A tier.

    Attributes:
        name: Its name.
        at: From which figure on: orders, money or points. 0 is everybody.
        benefits: What it brings, from the next order on.
    """

    if TYPE_CHECKING:

        def __init__(self, *, name: str, at: Exact, benefits: Benefits = ...) -> None: ...

    name: Name
    at: Amount
    benefits: Benefits = Benefits()


class TierLadder(Part):
    """The tiers of a programme, the lowest first.

    Attributes:
        tiers: The tiers, by ascending figures.
        by: By what they are reached: completed `orders`, `spend` on them, or `points` earned.
        wallet: In which wallet the points are earned.
        window: Over what is counted: the `lifetime`, the calendar `month`, `quarter` or `year`, or
            a length up to the event such as `"12mo"`, the event included.
        validity: How long a tier lasts; None for ever.
        to_end_of: Prolonged to the end of the month, quarter or year in which it would end.
        downgrade: What comes then: `none`, it stays; `one_step`, the next lower tier; `recompute`,
            what the window then gives. Who still reaches the tier keeps it.
        grace: How long after its end it falls.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            tiers: Iterable[Tier],
            by: By,
            wallet: str | None = None,
            window: str = "lifetime",
            validity: str | None = None,
            to_end_of: EndOf | None = None,
            downgrade: Literal["none", "one_step", "recompute"] = "none",
            grace: str | None = None,
        ) -> None: ...

    tiers: tuple[Tier, ...] = pydantic.Field(min_length=1, max_length=62)
    by: By
    wallet: Name | None = None
    window: Window = "lifetime"
    validity: DaySpan | None = None
    to_end_of: EndOf | None = None
    downgrade: Literal["none", "one_step", "recompute"] = "none"
    grace: DaySpan | None = None

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> TierLadder:
        _check_order(self.tiers)
        _check_ends(self)
        if (self.by == "points") != (self.wallet is not None):
            raise bad_parameter(
                "wallet",
                got=self.wallet,
                allowed="the wallet of the points with by='points', and none otherwise",
            )
        for tier in self.tiers:
            if self.by == "orders" and tier.at != int(tier.at):
                raise bad_parameter("at", got=str(tier.at), allowed="a whole number of orders")
            if self.by == "spend":
                check_money("at", tier.at)
        return self

    def benefits_of(self, name: str) -> Benefits:
        """Give what a tier brings, with what it inherits from the lower ones.

        Raises:
            DefinitionError: There is no such tier.
        """
        held: Benefits | None = None
        for tier in self.tiers:
            held = _with_lower(tier.benefits, held)
            if tier.name == name:
                return held
        raise bad_parameter(
            "tier", got=name, allowed=", ".join(repr(tier.name) for tier in self.tiers)
        )


def _with_lower(own: Benefits, lower: Benefits | None) -> Benefits:
    if lower is None or not own.inherits:
        return own
    return own.with_fields(  # type: ignore[no-any-return]
        discount=max(own.discount, lower.discount),
        multiplier=max(own.multiplier, lower.multiplier),
        privileges=tuple(dict.fromkeys((*lower.privileges, *own.privileges))),
    )


def _check_order(tiers: tuple[Tier, ...]) -> None:
    names = [tier.name for tier in tiers]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise bad_parameter("tiers", got=f"{name!r} twice", allowed="each name once")
    for lower, higher in itertools.pairwise(tiers):
        if lower.at == higher.at:
            raise DefinitionError(
                f"The tiers {lower.name!r} and {higher.name!r} have one threshold, {lower.at:f}. "
                "Allowed: thresholds that ascend. Next step: leave one of them out.",
                parameter="tiers",
            )
        if lower.at > higher.at:
            raise DefinitionError(
                f"The tier {higher.name!r} at {higher.at:f} stands after {lower.name!r} at "
                f"{lower.at:f}. Allowed: thresholds that ascend. Next step: sort them.",
                parameter="tiers",
            )


def _check_ends(ladder: TierLadder) -> None:
    if ladder.validity is None and ladder.downgrade != "none":
        raise bad_parameter(
            "downgrade",
            got=ladder.downgrade,
            allowed="'none' where tiers last for ever",
            step="say for how long: validity='1y'.",
        )
    if ladder.grace is not None and ladder.downgrade == "none":
        raise bad_parameter(
            "grace", got=ladder.grace, allowed="None where tiers do not fall (downgrade='none')"
        )
    check_end_of(ladder.validity, ladder.to_end_of)
