"""Discounts of a programme: a share or an amount off the price, for whom and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import Amount, Exact, Name, Positive, Share
from retention_kit.loyalty_rules.definitions.awards import check_money
from retention_kit.loyalty_rules.definitions.filters import Filters, check_filters
from retention_kit.loyalty_rules.definitions.limits import HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.rules import Refreshed, check_dates
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.values import Where


class Discount(Part):
    """A discount on an order.

    Attributes:
        name: Its name.
        share: The share taken off; or
        amount: the money taken off, never more than there is.
        where: What holds on the order's columns.
        lines: Only lines on which all of these hold become cheaper; needs `order_items`.
        segment: Of which segment the customer is.
        refreshed: How often it is looked who is.
        tiers: In which tiers the customer is; none named is all, and those in none.
        valid_from: The first day on which it holds.
        valid_until: The last day on which it holds.
        hours: In which hours it holds, any of these.
        promo: With which code.
        minimum: For which goods at least, in money.
    """

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913
            self,
            *,
            name: str,
            share: Exact | None = None,
            amount: Exact | None = None,
            where: Iterable[Where] = (),
            lines: Iterable[Where] = (),
            segment: Segment | None = None,
            refreshed: Refreshed = "1d",
            tiers: Iterable[str] = (),
            valid_from: dt.date | None = None,
            valid_until: dt.date | None = None,
            hours: Iterable[HappyHours] = (),
            promo: PromoCode | None = None,
            minimum: Exact = 0,
        ) -> None: ...

    name: Name
    share: Share | None = None
    amount: Positive | None = None
    where: Filters = ()
    lines: Filters = ()
    segment: Segment | None = None
    refreshed: Refreshed = "1d"
    tiers: tuple[Name, ...] = ()
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    hours: tuple[HappyHours, ...] = ()
    promo: PromoCode | None = None
    minimum: Amount = Decimal(0)

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> Discount:
        check_filters("where", self.where)
        check_filters("lines", self.lines)
        check_dates(self.name, self.valid_from, self.valid_until)
        if (self.share is None) == (self.amount is None):
            which = "neither" if self.share is None else "both"
            raise DefinitionError(
                f"The discount {self.name!r} has {which} of share and amount. Allowed: one of the "
                "two. Next step: share='0.10' takes off a tenth, amount=500 so much money.",
                parameter="share",
            )
        if self.share == 0:
            raise bad_parameter("share", got="0", allowed="more than 0, up to 1")
        if self.amount is not None and self.amount % Decimal("0.01"):
            raise bad_parameter(
                "amount", got=str(self.amount), allowed="money with two places at most"
            )
        check_money("minimum", self.minimum)
        return self
