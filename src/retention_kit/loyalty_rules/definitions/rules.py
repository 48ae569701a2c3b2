"""Earning rules: when, for what, how much, into which wallet and under which limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import Name
from retention_kit.loyalty_rules.definitions.awards import (
    Award,
    Fixed,
    Multiplier,
    PluginAward,
)
from retention_kit.loyalty_rules.definitions.filters import Filters, check_filters
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.moments import (
    OwnExpiry,
    Pending,
    Span,
    WhenDelivered,
)
from retention_kit.loyalty_rules.definitions.triggers import EachLine, Trigger
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.values import Where

Refreshed = Literal["1d", "1w", "1mo"]
"""How often it is looked who is in a segment: at the shop midnight that begins a period."""


class EarningRule(Part):
    """One way to earn.

    Attributes:
        name: The rule's name; every entry that it makes names it.
        wallet: Into which wallet it pays.
        trigger: What makes it pay.
        award: What it gives.
        where: What holds on the order's, or the event's, columns; what is missing does not hold.
        lines: Only lines on which all of these hold count; needs the table `order_items`.
        segment: Of which segment the customer is.
        refreshed: How often it is looked who is.
        tiers: In which tiers the customer is; none named is all, and those in none.
        valid_from: The first day on which it holds.
        valid_until: The last day on which it holds.
        hours: In which hours it holds, any of these.
        promo: With which code.
        group: The name of rules of which not all may pay; see `LoyaltyProgram.stacking`.
        cooldown: How long it rests after it has paid; `"1d"` is once a calendar day.
        caps: How much and how often it pays at most.
        pending: When what it gives becomes active; None as the wallet says.
        expiry: When what it gives expires; None as the wallet says.
    """

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913
            self,
            *,
            name: str,
            wallet: str,
            trigger: Trigger,
            award: Award,
            where: Iterable[Where] = (),
            lines: Iterable[Where] = (),
            segment: Segment | None = None,
            refreshed: Refreshed = "1d",
            tiers: Iterable[str] = (),
            valid_from: dt.date | None = None,
            valid_until: dt.date | None = None,
            hours: Iterable[HappyHours] = (),
            promo: PromoCode | None = None,
            group: str = "",
            cooldown: str | None = None,
            caps: Iterable[Cap] = (),
            pending: Pending | None = None,
            expiry: OwnExpiry | None = None,
        ) -> None: ...

    name: Name
    wallet: Name
    trigger: Trigger
    award: Award
    where: Filters = ()
    lines: Filters = ()
    segment: Segment | None = None
    refreshed: Refreshed = "1d"
    tiers: tuple[Name, ...] = ()
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    hours: tuple[HappyHours, ...] = ()
    promo: PromoCode | None = None
    group: str = pydantic.Field(default="", max_length=200)
    cooldown: Span | None = None
    caps: tuple[Cap, ...] = pydantic.Field(default=(), max_length=20)
    pending: Pending | None = None
    expiry: OwnExpiry | None = None

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> EarningRule:
        check_filters("where", self.where)
        check_filters("lines", self.lines)
        check_dates(self.name, self.valid_from, self.valid_until)
        _check_trigger(self)
        _check_award(self)
        return self

    @property
    def counts_quantity(self) -> bool:
        """Whether it looks at the quantity of lines, not at an amount."""
        return isinstance(self.trigger, EachLine) and isinstance(self.award, Fixed)


def check_dates(name: str, first: dt.date | None, last: dt.date | None) -> None:
    """Raise where what is named never holds.

    Raises:
        DefinitionError: Its last day is before its first.
    """
    if first is not None and last is not None and last < first:
        raise bad_parameter(
            "valid_until",
            got=last.isoformat(),
            allowed=f"{first.isoformat()} or later, when {name!r} begins",
        )


def _check_trigger(rule: EarningRule) -> None:
    """Raise where a rule asks of an event, or of a tier, what only an order has."""
    if rule.trigger.ON == "order":
        return
    asked = [
        name
        for name, given in (
            ("lines", rule.lines),
            ("promo", rule.promo),
            ("pending", isinstance(rule.pending, WhenDelivered)),
            ("where", rule.trigger.ON == "tier" and rule.where),
            ("before_discount", getattr(rule.award, "before_discount", False)),
            ("with_points", getattr(rule.award, "with_points", False)),
            ("of", getattr(rule.award, "of", "order") == "spend"),
        )
        if given
    ]
    if asked:
        raise DefinitionError(
            f"The rule {rule.name!r} pays on {rule.trigger.type!r} and sets {asked[0]!r}, which "
            "only an order has. Allowed with it: triggers by orders. Next step: leave it out.",
            parameter=asked[0],
        )
    if rule.trigger.ON == "tier" and not isinstance(rule.award, Fixed):
        raise bad_parameter(
            "award",
            got=rule.award.type,
            allowed="'fixed' for a tier that is reached",
            step="there is no amount to reckon from.",
        )


def _check_award(rule: EarningRule) -> None:
    """Raise where a multiplication has what only what gives itself can have."""
    award = rule.award
    if isinstance(rule.trigger, EachLine) and isinstance(award, Multiplier | PluginAward):
        raise bad_parameter(
            "trigger",
            got="each_line",
            allowed=f"'each_order' with {award.type!r}; lines=… says which lines it needs",
        )
    if not isinstance(award, Multiplier):
        return
    per_customer = rule.promo is not None and rule.promo.per_customer is not None
    asked = [
        name
        for name, given in (
            ("caps", rule.caps),
            ("cooldown", rule.cooldown),
            ("pending", rule.pending),
            ("expiry", rule.expiry),
            ("group", rule.group),
            ("promo", per_customer),
        )
        if given
    ]
    if asked:
        raise DefinitionError(
            f"The rule {rule.name!r} multiplies what others give, and sets {asked[0]!r}. Allowed: "
            "that on the rules which give. Next step: put it there.",
            parameter=asked[0],
        )
