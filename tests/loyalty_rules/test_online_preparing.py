"""Filters, lines, hours and codes say the same of tables and of single events."""

import dataclasses
import datetime as dt
import random
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.loyalty_rules.batch.accruing import ledger_entries, refused_events
from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.moments import Rolling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import EachLine, EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.events import Line, Order, Return
from retention_kit.loyalty_rules.online.posting import fold
from retention_kit.smart_segments.definitions.values import Where

ZONE = "Europe/Moscow"
AS_OF = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)
MONEY = pl.Decimal(18, 4)
ORDERS = {
    "order_id": pl.Int64,
    "customer_id": pl.Int64,
    "ordered_at": pl.Datetime("us", ZONE),
    "amount": MONEY,
    "kind": pl.String,
    "original_order_id": pl.Int64,
    "channel": pl.String,
    "promo_code": pl.String,
    "points_paid": MONEY,
    "discount": MONEY,
    "weight": MONEY,
}
ITEMS = {
    "order_id": pl.Int64,
    "product_id": pl.String,
    "quantity": MONEY,
    "amount": MONEY,
    "discount": MONEY,
    "category": pl.String,
}


def rule(name, award, **fields):
    return EarningRule(
        name=name, award=award, **{"trigger": EachOrder(), **fields}, wallet="points"
    )


def where(column, value, operator="equals"):
    return [Where(column=column, operator=operator, value=value)]


TEA = where("category", "tea")
PROGRAM = LoyaltyProgram(
    name="Club",
    currency="RUB",
    rounding="half_even",
    largest_rate=1,
    wallets=[
        Wallet(
            name="points",
            expiry=Rolling(length="30d"),
            spending=Spending(largest_share="0.5", excluded=where("category", "books")),
        )
    ],
    rules=[
        rule("part", Proportional(amount="0.05"), caps=[Cap(limit=60, beyond="reduce")]),
        rule("gross", Proportional(amount="0.01", before_discount=True, with_points=True)),
        rule("tea", Proportional(amount=1, per=30, full_steps=True), lines=TEA),
        rule("tea before", Proportional(amount="0.02", before_discount=True), lines=TEA),
        rule("boxes", Fixed(amount=7), trigger=EachLine(), lines=TEA),
        rule("web", Multiplier(factor=3), where=where("channel", "web")),
        rule("spring", Fixed(amount=11), promo=PromoCode(code="SPRING", per_customer=2)),
        rule("evening", Fixed(amount=13), hours=[HappyHours(start="20:00", end="02:00")]),
        rule(
            "summer",
            TieredRate(mode="marginal", of="spend", steps=[(0, "0.01"), (2000, "0.02")]),
            valid_from=dt.date(2025, 3, 30),
        ),
        rule("heavy", Fixed(amount=19), where=where("weight", 5, "at_least")),
        rule("a day", Fixed(amount=5), where=where("ordered_at", dt.date(2025, 4, 1))),
    ],
)


def drawn_lines(chance):
    return tuple(
        Line(
            product_id=f"p{number}",
            amount=Decimal(chance.randrange(1, 200_000)) / 100,
            quantity=Decimal(chance.randrange(1, 40)) / 10,
            category=chance.choice(["tea", "books", "x", None]),
            discount=Decimal(chance.randrange(0, 3)),
        )
        for number in range(chance.randrange(4))
    )


def drawn_order(chance, number, at):
    lines = drawn_lines(chance)
    amount = sum((one.amount for one in lines), Decimal(0))
    return Order(
        order_id=number,
        at=at,
        amount=amount or Decimal(chance.randrange(1, 300_000)) / 100,
        points_paid=chance.choice([0, 0, 0, 10, 20, 35]),
        discount=Decimal(chance.choice([0, 0, 25])),
        lines=lines,
        promo_code=chance.choice([None, "SPRING", "x"]),
        channel=chance.choice([None, "web", "shop"]),
        columns={"weight": chance.choice([None, Decimal("4.5"), Decimal(5), Decimal(7)])},
    )


def drawn_return(chance, number, at, order):
    is_part = chance.random() < 0.5
    lines = order.lines[:1] if is_part else order.lines
    if not lines or chance.random() < 0.3:
        share = Decimal(3) if is_part else Decimal(1)
        amount = (order.amount / share).quantize(Decimal("0.01")) or order.amount
        return Return(number, order.order_id, at, amount)
    amount = sum((one.amount for one in lines), Decimal(0))
    return Return(number, order.order_id, at, amount, lines=lines)


def drawn_history(chance, first_number):
    found, placed = [], []
    for number in range(first_number, first_number + 14):
        minutes = dt.timedelta(minutes=chance.randrange(1440), days=2 * (number - first_number))
        at = dt.datetime(2025, 3, 15, tzinfo=dt.UTC) + minutes
        if placed and chance.random() < 0.25:
            found.append(drawn_return(chance, number, at, chance.choice(placed)))
        else:
            placed.append(drawn_order(chance, number, at))
            found.append(placed[-1])
    return found


def rows_of(customer_id, event):
    sign = 1 if isinstance(event, Order) else -1
    order = {
        "order_id": event.order_id,
        "customer_id": customer_id,
        "ordered_at": event.at,
        "amount": sign * event.amount,
        "kind": "sale" if sign > 0 else "return",
        "original_order_id": getattr(event, "original_order_id", None),
        "channel": getattr(event, "channel", None),
        "promo_code": getattr(event, "promo_code", None),
        "points_paid": Decimal(event.points_paid) if sign > 0 else None,
        "discount": Decimal(event.discount),
        "weight": event.columns.get("weight"),
    }
    lines = [
        {
            "order_id": event.order_id,
            "product_id": line.product_id,
            "quantity": sign * line.quantity,
            "amount": sign * line.amount,
            "discount": line.discount,
            "category": line.category,
        }
        for line in event.lines
    ]
    return order, lines


@pytest.mark.parametrize("seed", range(8))
def test_tables_and_events_come_to_the_same_entries_in_every_column(seed):
    chance = random.Random(seed)
    histories = {one: drawn_history(chance, 100 * one) for one in range(1, 6)}
    rows = [rows_of(one, event) for one, events in histories.items() for event in events]
    orders = pl.LazyFrame([order for order, _ in rows], schema=ORDERS)
    items = pl.LazyFrame([line for _, lines in rows for line in lines], schema=ITEMS)
    given = {"program": PROGRAM, "as_of": AS_OF}
    ledger = ledger_entries(orders, items, **given).collect().sort("customer_id", "number")
    refused = refused_events(orders, items, **given).collect()
    program = compile_program(PROGRAM, time_zone=ZONE)
    kinds = set()
    for customer_id, events in histories.items():
        folded = fold(customer_id, events, program, as_of=AS_OF)
        mine = ledger.filter(pl.col("customer_id") == customer_id).drop("customer_id").to_dicts()
        for row in mine:
            row["order_id"] = None if row["order_id"] is None else int(row["order_id"])
        assert [dataclasses.asdict(one) for one in folded.entries] == mine
        assert refused.filter(pl.col("customer_id") == customer_id).height == len(folded.refused)
        kinds |= {(one.kind, one.rule) for one in folded.entries}
    assert {("earn", one.name) for one in PROGRAM.rules if one.name != "web"} <= kinds | {
        ("earn", "a day")
    }
