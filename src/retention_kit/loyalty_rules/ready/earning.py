"""Programmes that pay back a part: cashback in money, and points that expire soon."""

from __future__ import annotations

from collections.abc import Iterable

from retention_kit.loyalty_rules.definitions.amounts import Exact
from retention_kit.loyalty_rules.definitions.awards import Proportional, TieredRate
from retention_kit.loyalty_rules.definitions.moments import After, Rolling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Grace, Spending, Wallet

RATES = ((0, "0.03"), (30_000, "0.05"), (100_000, "0.07"))


def cashback(
    *,
    currency: str,
    rates: Iterable[tuple[Exact, Exact]] = RATES,
    pending: str = "14d",
    lives: str = "1y",
    largest_share: Exact = "0.5",
) -> LoyaltyProgram:
    """Cashback in money: the more was bought before, the higher the rate.

    Each part of an order earns by the step in which it lies, counted on from what was paid for
    all orders before. It can be spent some time later, when the order will hardly come back.

    Args:
        currency: The shop's currency.
        rates: From which money bought on, which share comes back.
        pending: How long it waits before it can be spent.
        lives: How long it can be spent then.
        largest_share: Which share of an order may be paid with it.

    Returns:
        The programme; the money is in the wallet `cashback`.

    Examples:
        >>> cashback(currency="RUB").rules[0].award.mode
        'marginal'
    """
    rule = EarningRule(
        name="Cashback",
        wallet="cashback",
        trigger=EachOrder(),
        award=TieredRate(mode="marginal", of="spend", steps=rates),
    )
    wallet = Wallet(
        name="cashback",
        kind="money",
        pending=After(length=pending),
        expiry=Rolling(length=lives),
        restored=Grace(length="14d"),
        spending=Spending(largest_share=largest_share),
    )
    return LoyaltyProgram(
        name="Cashback", currency=currency, rounding="half_up", wallets=[wallet], rules=[rule]
    )


def short_points(
    *,
    currency: str,
    rate: Exact = "0.05",
    lives: str = "90d",
    largest_share: Exact = "0.3",
) -> LoyaltyProgram:
    """Points that expire soon, the oldest spent first: a reason to come back.

    A point is worth one of the currency. Whole points are given, fractions are not.

    Args:
        currency: The shop's currency.
        rate: How many points one of money earns.
        lives: How long they can be spent.
        largest_share: Which share of an order may be paid with them.

    Returns:
        The programme; the points are in the wallet `points`.

    Examples:
        >>> short_points(currency="RUB").wallets[0].expiry.length
        '90d'
    """
    rule = EarningRule(
        name="Points for orders",
        wallet="points",
        trigger=EachOrder(),
        award=Proportional(amount=rate),
    )
    wallet = Wallet(
        name="points",
        expiry=Rolling(length=lives),
        spending=Spending(largest_share=largest_share),
    )
    return LoyaltyProgram(
        name="Short points", currency=currency, rounding="down", wallets=[wallet], rules=[rule]
    )
