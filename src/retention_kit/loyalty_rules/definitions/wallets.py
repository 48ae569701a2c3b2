"""Wallets: what stands on a customer's account, what it is worth and how it may be spent."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic

from retention_kit.errors import DataError, bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import (
    Amount,
    Exact,
    Name,
    Positive,
    Share,
)
from retention_kit.loyalty_rules.definitions.filters import Filters, check_filters
from retention_kit.loyalty_rules.definitions.moments import (
    AtOnce,
    Expiry,
    NeverExpires,
    Pending,
    Span,
)
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.values import Where

WalletKind = Literal["points", "money"]
"""Whole points, or money in hundredths."""
_CENTS = 100
_MONEY, _FINEST = 10_000, 10**8


class Lost(Part):
    """What comes back after its lot has expired is lost."""

    type: Literal["lost"] = "lost"


class Grace(Part):
    """What comes back after its lot has expired lives some time longer.

    Attributes:
        length: How long after it came back.
    """

    if TYPE_CHECKING:

        def __init__(self, *, length: str) -> None: ...

    type: Literal["grace"] = "grace"
    length: Span


class Spending(Part):
    """How much of an order may be paid from a wallet.

    Attributes:
        minimum: The least that may be spent on an order, in the wallet's units.
        step: Of which it must be a multiple; None is one point, or a hundredth of money.
        largest_share: The share of the order's goods that may be paid so.
        excluded: Lines on which all of these hold cannot be paid so.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            minimum: Exact = 0,
            step: Exact | None = None,
            largest_share: Exact = 1,
            excluded: Iterable[Where] = (),
        ) -> None: ...

    minimum: Amount = Decimal(0)
    step: Positive | None = None
    largest_share: Share = Decimal(1)
    excluded: Filters = ()

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> Spending:
        check_filters("excluded", self.excluded)
        return self


class Wallet(Part):
    """A wallet: whole points, or money in hundredths.

    Attributes:
        name: The wallet's name.
        kind: `points` or `money`.
        value: What a point is worth in money of the shop; of money 1.
        pending: When what is earned becomes active.
        expiry: When what is active expires.
        negative_balance: What becomes of what a return takes back and is not there any more:
            `debt` puts it on the account below zero, `zero` forgives it.
        restored: What becomes of units that come back after their lot has expired.
        spending: How it may be spent on orders; None where it may not, as with status points.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str,
            kind: WalletKind = "points",
            value: Exact = 1,
            pending: Pending = ...,
            expiry: Expiry = ...,
            negative_balance: Literal["debt", "zero"] = "debt",
            restored: Lost | Grace = ...,
            spending: Spending | None = None,
        ) -> None: ...

    name: Name
    kind: WalletKind = "points"
    value: Positive = Decimal(1)
    pending: Pending = AtOnce()
    expiry: Expiry = NeverExpires()
    negative_balance: Literal["debt", "zero"] = "debt"
    restored: Annotated[Lost | Grace, pydantic.Field(discriminator="type")] = Lost()
    spending: Spending | None = None

    @pydantic.model_validator(mode="after")
    def _is_whole(self) -> Wallet:
        if self.kind == "money" and self.value != 1:
            raise bad_parameter(
                "value",
                got=str(self.value),
                allowed="1 in a wallet of money",
                step="make it a wallet of points, which are worth what you say.",
            )
        if max((self.unit_worth * _MONEY).as_integer_ratio()) > _FINEST:
            raise bad_parameter(
                "value",
                got=str(self.value),
                allowed=f"a number with few digits, up to {_FINEST // _MONEY:,}",
                step="a rounder value.",
            )
        if self.spending is not None:
            self.units_of(self.spending.minimum, "minimum")
            if self.spending.step is not None:
                self.units_of(self.spending.step, "step")
        return self

    @property
    def units_per_one(self) -> int:
        """How many of its smallest units one point, or one of money, has."""
        return 1 if self.kind == "points" else _CENTS

    @property
    def unit_worth(self) -> Fraction:
        """What its smallest unit is worth in money of the shop."""
        return Fraction(self.value) / self.units_per_one

    def units_of(self, amount: Decimal, parameter: str = "amount") -> int:
        """Give an amount of a definition in the wallet's smallest units.

        Raises:
            DefinitionError: It is not a whole number of them.
        """
        units = amount * self.units_per_one
        if units != units.to_integral_value():
            raise bad_parameter(
                parameter, got=str(amount), allowed=f"{self._allowed} (wallet {self.name!r})"
            )
        return int(units)

    def to_units(self, amount: Decimal | int) -> int:
        """Give an amount, as a running system has it, in the wallet's smallest units.

        Args:
            amount: Points, or money; below 0 where something is taken.

        Raises:
            DataError: It is a float, or not a whole number of units.
        """
        if isinstance(amount, bool) or not isinstance(amount, Decimal | int):
            raise DataError(
                f"An amount for the wallet {self.name!r} is a {type(amount).__name__}. Allowed: "
                f"{self._allowed}. Next step: pass a whole number or a Decimal."
            )
        if isinstance(amount, Decimal) and not amount.is_finite():
            raise DataError(
                f"An amount for the wallet {self.name!r} is no number. Allowed: {self._allowed}."
            )
        units = Fraction(amount) * self.units_per_one
        if units.denominator != 1:
            raise DataError(
                f"An amount for the wallet {self.name!r} is {amount}. Allowed: {self._allowed}. "
                "Next step: round it before."
            )
        return units.numerator

    def from_units(self, units: int) -> Decimal | int:
        """Give smallest units as points, or as money with two places."""
        return int(units) if self.kind == "points" else Decimal(int(units)).scaleb(-2)

    @property
    def _allowed(self) -> str:
        return "whole points" if self.kind == "points" else "money with two places at most"
