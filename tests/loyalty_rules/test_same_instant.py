"""Where only the day is known, what is of an order is dated with it, and taken right after it."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from retention_kit import Dataset
from retention_kit.loyalty_rules import (
    EachOrder,
    EarningRule,
    LoyaltyProgram,
    Proportional,
    Wallet,
    WhenDelivered,
    accrue,
    compile_program,
    online,
)

DAY = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
AS_OF = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
PROGRAM = LoyaltyProgram(
    name="till",
    currency="RUB",
    rounding="down",
    wallets=[Wallet(name="points", pending=WhenDelivered())],
    rules=[
        EarningRule(
            name="tenth",
            wallet="points",
            trigger=EachOrder(),
            award=Proportional(amount=1, per=10),
        )
    ],
)


def shop(delivered: dt.datetime, returned: dt.datetime | None = None) -> Dataset:
    rows = [
        {
            "order_id": 1,
            "customer_id": 7,
            "ordered_at": DAY,
            "amount": Decimal(1000),
            "kind": "sale",
            "delivered_at": delivered,
            "original_order_id": None,
        }
    ]
    if returned is not None:
        rows.append(
            {
                "order_id": 2,
                "customer_id": 7,
                "ordered_at": returned,
                "amount": Decimal(-400),
                "kind": "return",
                "delivered_at": None,
                "original_order_id": 1,
            }
        )
    return Dataset.from_frames(orders=pl.DataFrame(rows), currency="RUB", time_zone="UTC")


def folded(*events: online.Event) -> online.Folded:
    program = compile_program(PROGRAM, time_zone="UTC")
    return online.fold(7, events, program, as_of=AS_OF)


ORDER = online.Order(order_id=1, at=DAY, amount=Decimal(1000))


@pytest.mark.parametrize("earlier", [dt.timedelta(0), dt.timedelta(hours=9)])
def test_a_delivery_dated_at_its_order_or_before_lets_points_be_spent(earlier):
    made = accrue(shop(DAY - earlier), PROGRAM, as_of=AS_OF)
    assert made.balances.select("active", "pending").row(0) == (100, 0)
    told = folded(online.Delivery(order_id=1, at=DAY - earlier), ORDER)
    assert not told.refused
    assert [one.at for one in told.entries] == made.ledger["at"].to_list()


@pytest.mark.parametrize("earlier", [dt.timedelta(0), dt.timedelta(hours=9)])
def test_a_return_dated_at_its_order_or_before_takes_points_back(earlier):
    made = accrue(shop(DAY, DAY - earlier), PROGRAM, as_of=AS_OF)
    assert made.refused.is_empty()
    assert made.balances["held"].to_list() == [60]
    back = online.Return(order_id=2, original_order_id=1, at=DAY - earlier, amount=Decimal(400))
    told = folded(back, online.Delivery(order_id=1, at=DAY), ORDER)
    assert not told.refused
    assert sum(one.units for one in told.entries if one.kind != "activate") == 60
    assert [one.kind for one in told.entries] == made.ledger["kind"].to_list()


def test_it_may_be_posted_after_its_order():
    program = compile_program(PROGRAM, time_zone="UTC")
    account = online.post(online.Account.new(7), ORDER, program).account
    account = online.post(account, online.Delivery(order_id=1, at=DAY), program).account
    back = online.Return(order_id=2, original_order_id=1, at=DAY, amount=Decimal(400))
    posted = online.post(account, back, program)
    (balance,) = posted.account.balances(program, AS_OF)
    assert balance.available == 60
    assert online.post(posted.account, back, program).entries == ()
