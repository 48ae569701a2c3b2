"""What a programme says, before it is checked as a whole."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import pydantic

from retention_kit.contracts.saved import SavedModel
from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import Currency, Name, Positive, Whole
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.moments import DaySpan, Expiry, Rolling
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import TierLadder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.smart_segments.definitions.base import Part

Rounding = Literal["down", "half_up", "half_even", "up"]
"""How the fraction of an award, or of a hundredth of a discount, is rounded."""
Stacking = Literal["sum", "best", "first"]
"""Which of a group of rules pay: all, the one that gives most, the first that gives anything."""
CERTIFICATES = "certificates"
"""The name of the wallet in which gift certificates stand."""


class Referral(Part):
    """When a referral counts.

    Attributes:
        return_window: How long the friend's first order must have lasted without being returned.
        largest_number: How many referrals one customer is paid for; None for any number.
    """

    if TYPE_CHECKING:

        def __init__(
            self, *, return_window: str = "14d", largest_number: int | None = None
        ) -> None: ...

    return_window: DaySpan = "14d"
    largest_number: Whole | None = None


class Returns(Part):
    """For how long a return takes back what an order earned.

    Attributes:
        within: How long after the order; later returns change nothing on the account.
    """

    if TYPE_CHECKING:

        def __init__(self, *, within: str = "1y") -> None: ...

    within: DaySpan = "1y"


class Certificates(Part):
    """Gift certificates: a wallet of money of its own, from which orders are paid.

    Attributes:
        expiry: When a certificate expires that names no day itself.
    """

    if TYPE_CHECKING:

        def __init__(self, *, expiry: Expiry = ...) -> None: ...

    expiry: Expiry = Rolling(length="1y")


class ProgramFields(SavedModel):
    """The fields of a `LoyaltyProgram`, which says what each is."""

    name: Name
    currency: Currency
    rounding: Rounding
    wallets: tuple[Wallet, ...] = ()
    rules: tuple[EarningRule, ...] = ()
    tiers: TierLadder | None = None
    discounts: tuple[Discount, ...] = ()
    combining: Literal["compound", "best"] = "compound"
    stacking: dict[Name, Stacking] = pydantic.Field(default_factory=dict)
    returns: Returns = Returns()
    referral: Referral = Referral()
    certificates: Certificates | None = None
    largest_rate: Positive = Decimal("0.5")
    description: str = ""

    @functools.cached_property
    def all_wallets(self) -> tuple[Wallet, ...]:
        """The wallets, that of gift certificates included."""
        if self.certificates is None:
            return self.wallets
        own = Wallet(
            name=CERTIFICATES, kind="money", expiry=self.certificates.expiry, spending=Spending()
        )
        return (*self.wallets, own)

    def wallet(self, name: str) -> Wallet:
        """Give a wallet by its name.

        Raises:
            DefinitionError: There is none.
        """
        for one in self.all_wallets:
            if one.name == name:
                return one
        raise bad_parameter(
            "wallet", got=name, allowed=", ".join(repr(one.name) for one in self.all_wallets)
        )
