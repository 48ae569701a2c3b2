"""A programme that is played: points for what customers do, levels, and happy weekends."""

from __future__ import annotations

from retention_kit.loyalty_rules.definitions.awards import Award, Fixed, Multiplier, Proportional
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours
from retention_kit.loyalty_rules.definitions.moments import Sliding
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    Birthday,
    EachOrder,
    NthOrder,
    ReferralMade,
    Registration,
    TierReached,
    Trigger,
)
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet

REVIEW = "Product Reviewed"
TOOK_PART = "Challenge Completed"
"""Events for which there are points, as they are named in the table `events`."""
_STARS = "stars"


def gamified(*, currency: str) -> LoyaltyProgram:
    """Points for what customers do, levels by the points of a year, and weekends that count twice.

    Orders, reviews, challenges, friends, birthdays and every tenth order give stars; a star is
    worth a tenth of the currency. They live as long as the customer is active once a year. The
    levels Explorer and Champion multiply what orders give; they last a year and are then reckoned
    anew.

    Args:
        currency: The shop's currency.

    Returns:
        The programme; the stars are in the wallet `stars`. The events that it looks at are
        `Product Reviewed` and `Challenge Completed`.

    Examples:
        >>> [tier.name for tier in gamified(currency="RUB").tiers.tiers]
        ['Novice', 'Explorer', 'Champion']
    """
    wallet = Wallet(
        name=_STARS,
        value="0.1",
        expiry=Sliding(length="1y", on=["order", REVIEW, TOOK_PART]),
        spending=Spending(minimum=100, step=10, largest_share="0.5"),
    )
    weekend = _rule("Weekends count twice", EachOrder(), Multiplier(factor=2)).with_fields(
        hours=[HappyHours(start="00:00", end="24:00", weekdays=[6, 7])]
    )
    review = _rule("Review", Activity(name=REVIEW), Fixed(amount=50)).with_fields(
        caps=[Cap(limit=3, of="times", per="week", beyond="reject")]
    )
    challenge = _rule("Challenge", Activity(name=TOOK_PART), Fixed(amount=100)).with_fields(
        cooldown="1d", caps=[Cap(limit=1_000, per="month", beyond="reduce")]
    )
    return LoyaltyProgram(
        name="Stars",
        currency=currency,
        rounding="down",
        wallets=[wallet],
        rules=[
            _rule("Stars for orders", EachOrder(), Proportional(amount=5, per=10, full_steps=True)),
            weekend,
            _rule("Every tenth order", NthOrder(n=10, every=True), Fixed(amount=500)),
            review,
            challenge,
            _rule("Welcome", Registration(), Fixed(amount=100)),
            _rule("Birthday", Birthday(), Fixed(amount=300)),
            _rule("A friend has bought", ReferralMade(), Fixed(amount=500)),
            _rule("Champion", TierReached(tier="Champion"), Fixed(amount=1_000)),
        ],
        tiers=TierLadder(
            by="points",
            wallet=_STARS,
            window="12mo",
            validity="1y",
            downgrade="recompute",
            grace="30d",
            tiers=[
                Tier(name="Novice", at=0),
                Tier(
                    name="Explorer",
                    at=2_000,
                    benefits=Benefits(multiplier="1.25", privileges=["early_access"]),
                ),
                Tier(
                    name="Champion",
                    at=10_000,
                    benefits=Benefits(multiplier="1.5", privileges=["personal_gift"]),
                ),
            ],
        ),
    )


def _rule(name: str, trigger: Trigger, award: Award) -> EarningRule:
    return EarningRule(name=name, wallet=_STARS, trigger=trigger, award=award)
