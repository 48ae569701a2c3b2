"""The loyalty programs that are measured, an account in one of them and the orders it gets."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.loyalty_jobs import DAYS, OPEN_LOTS, PER
from benchmarks.settings import SHOP_ZONE
from retention_kit.loyalty_rules.definitions.awards import Proportional
from retention_kit.loyalty_rules.definitions.moments import Rolling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Order
from retention_kit.loyalty_rules.online.posting import post

_START = dt.datetime(2024, 12, 1, tzinfo=ZoneInfo(SHOP_ZONE))


def program_of(task: str) -> LoyaltyProgram:
    """Give the program whose balances a job asks for."""
    return _points() if task == "loyalty_expiry" else tiered()


def _points(tiers: TierLadder | None = None) -> LoyaltyProgram:
    wallet = Wallet(name="points", expiry=Rolling(length=f"{DAYS}d"), spending=Spending())
    rule = EarningRule(
        name="purchases",
        wallet="points",
        trigger=EachOrder(),
        award=Proportional(amount=1, per=PER, with_points=True),
    )
    return LoyaltyProgram(
        name="Points",
        currency="RUB",
        rounding="down",
        wallets=[wallet],
        rules=[rule],
        tiers=tiers,
    )


def tiered() -> LoyaltyProgram:
    """Give points with three tiers that multiply what is earned."""
    steps = (("Bronze", 0, "1"), ("Silver", 5_000, "1.5"), ("Gold", 20_000, "2"))
    return _points(
        TierLadder(
            by="spend",
            window="1y",
            validity="1y",
            downgrade="recompute",
            tiers=[
                Tier(name=name, at=at, benefits=Benefits(multiplier=Decimal(factor)))
                for name, at, factor in steps
            ],
        )
    )


def account_of(program: Any) -> Account:
    """Give an account with open lots."""
    account = Account.new(1)
    for number in range(OPEN_LOTS):
        at = _START + dt.timedelta(hours=number)
        order = Order(order_id=number, at=at, amount=Decimal(2_000))
        account = post(account, order, program).account
    return account


def order_of(number: int) -> Order:
    """Give an order that pays a part in points."""
    at = _START + dt.timedelta(days=10)
    return Order(order_id=1_000 + number, at=at, amount=Decimal(3_000 + number), points_paid=15)
