"""Programmes by status: a discount that grows with the orders."""

from __future__ import annotations

from retention_kit.loyalty_rules.definitions.amounts import Exact
from retention_kit.loyalty_rules.definitions.awards import Fixed
from retention_kit.loyalty_rules.definitions.fields import Referral
from retention_kit.loyalty_rules.definitions.moments import NeverExpires, Rolling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import Birthday, ReferralMade
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet

BONUS = "bonus"
"""The wallet of gifts."""


def bronze_silver_gold(
    *,
    currency: str,
    birthday_gift: Exact = 2_000,
    gift_lives: str = "30d",
    referral_gift: Exact = 3_000,
) -> LoyaltyProgram:
    """Bronze, Silver and Gold: a discount by the number of orders, and gifts to spend.

    After the first order the customer is Bronze and has 5 % off, from the fourth on Silver with
    10 % and free delivery, from the sixth on Gold with 15 % and a personal manager too: a status
    reached begins with the next order, and stays. On the birthday there is a gift of money to
    spend, which expires; for a friend who bought and kept it another, which does not.

    Args:
        currency: The shop's currency.
        birthday_gift: The gift for a birthday.
        gift_lives: How long it can be spent.
        referral_gift: The gift for a friend.

    Returns:
        The programme; the gifts are money in the wallet `bonus`.

    Examples:
        >>> program = bronze_silver_gold(currency="RUB")
        >>> [(tier.name, str(tier.at), str(tier.benefits.discount)) for tier in program.tiers.tiers]
        [('Bronze', '1', '0.05'), ('Silver', '3', '0.1'), ('Gold', '5', '0.15')]
    """
    gift = EarningRule(
        name="Birthday gift",
        wallet=BONUS,
        trigger=Birthday(),
        award=Fixed(amount=birthday_gift),
        expiry=Rolling(length=gift_lives),
    )
    friend = EarningRule(
        name="A friend has bought",
        wallet=BONUS,
        trigger=ReferralMade(),
        award=Fixed(amount=referral_gift),
    )
    return LoyaltyProgram(
        name="Bronze, Silver, Gold",
        currency=currency,
        rounding="half_up",
        wallets=[Wallet(name=BONUS, kind="money", expiry=NeverExpires(), spending=Spending())],
        rules=[gift, friend],
        tiers=TierLadder(
            by="orders",
            tiers=[
                Tier(name="Bronze", at=1, benefits=Benefits(discount="0.05")),
                Tier(
                    name="Silver",
                    at=3,
                    benefits=Benefits(discount="0.10", privileges=["free_delivery"]),
                ),
                Tier(
                    name="Gold",
                    at=5,
                    benefits=Benefits(discount="0.15", privileges=["personal_manager"]),
                ),
            ],
        ),
        referral=Referral(return_window="14d"),
    )
