"""Rules for the members of a segment pay between joining and leaving it, in both evaluators."""

import datetime as dt
from collections import defaultdict
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts import Dataset
from retention_kit.loyalty_rules.batch.accruing import accrue
from retention_kit.loyalty_rules.definitions.awards import Fixed, Multiplier, Proportional
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import Activity, EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.deriving.all_sources import derive_events
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online import events as on
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.posting import fold, post
from retention_kit.loyalty_rules.online.quoting import quote
from retention_kit.smart_segments import Segment, bought

ZONE = "Europe/London"
CLOCK = ZoneInfo(ZONE)
# Within the ten days of the first orders the clocks go forward.
START = dt.datetime(2025, 3, 24, tzinfo=CLOCK)
AS_OF = dt.datetime(2025, 6, 1, tzinfo=CLOCK)
POINTS = Wallet(name="points", spending=Spending())
REGULARS = Segment(name="Regulars", condition=bought().within("10d").at_least(2))
BUYERS = Segment(name="Buyers", condition=bought().at_least(1))


def rule(name: str, segment: Segment | None = None, **fields: Any) -> EarningRule:
    own = {"trigger": EachOrder(), "award": Fixed(amount=10), **fields}
    return EarningRule(name=name, wallet="points", segment=segment, **own)


def club(*rules: EarningRule, **fields: Any) -> LoyaltyProgram:
    own = {"wallets": [POINTS], **fields}
    return LoyaltyProgram(name="Club", currency="GBP", rounding="down", rules=rules, **own)


def shop(*orders: tuple[int, dt.datetime, int], **tables: Any) -> Dataset:
    """Give a shop of orders: customer, instant and amount."""
    rows = [
        {
            "order_id": number,
            "customer_id": who,
            "ordered_at": at.astimezone(dt.UTC).isoformat(),
            "amount": amount,
        }
        for number, (who, at, amount) in enumerate(orders, start=1)
    ]
    return Dataset.from_frames(
        orders=rows, date_format="iso8601", time_zone=ZONE, currency="GBP", **tables
    )


def clock(month: int, day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2025, month, day, hour, tzinfo=CLOCK)


def plain(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
        for name, value in entry.items()
    }


def ledger_that_agrees(program: LoyaltyProgram, dataset: Dataset) -> pl.DataFrame:
    """Give the ledger of tables, having shown that it is what posting writes."""
    derived = derive_events(dataset, program, as_of=AS_OF).collect()
    ledger = accrue(dataset, program, as_of=AS_OF, derived=derived).ledger
    happened: dict[int, list[on.Event]] = defaultdict(list)
    for row in dataset.orders.collect().iter_rows(named=True):
        one = on.Order(order_id=row["order_id"], at=row["ordered_at"], amount=row["amount"])
        happened[row["customer_id"]].append(one)
    kinds = {"joined": on.SegmentJoined, "parted": on.SegmentLeft}
    for row in derived.iter_rows(named=True):
        told = {"key": row["key"], "at": row["occurred_at"], "segment": row["name"]}
        happened[row["customer_id"]].append(kinds[row["kind"]](**told))
    plan = compile_program(program, time_zone=ZONE)
    seen = 0
    for who, events in happened.items():
        folded = fold(who, sorted(events, key=on.place_of), plan, as_of=AS_OF)
        own = ledger.filter(pl.col("customer_id") == who).drop("customer_id")
        assert [plain(asdict(one)) for one in folded.entries] == [
            plain(row) for row in own.iter_rows(named=True)
        ]
        seen += own.height
    assert seen == ledger.height
    return ledger


def paid(ledger: pl.DataFrame, name: str) -> list[int]:
    """Give the orders for which a rule paid."""
    return sorted(ledger.filter(pl.col("rule") == name)["order_id"].to_list())


def test_pays_only_between_joining_and_leaving():
    dataset = shop(
        (7, clock(1, 1, 12), 10),
        # The second within ten days: a member from the next midnight on.
        (7, clock(1, 3, 12), 10),
        # At that very midnight: who joins is taken first.
        (7, clock(1, 4), 10),
        (7, clock(1, 13, 23), 10),
        # Of the ten days before this midnight there is one.
        (7, clock(1, 15), 10),
        (8, clock(1, 4, 12), 10),
    )
    ledger = ledger_that_agrees(club(rule("Members", REGULARS), rule("All")), dataset)
    assert paid(ledger, "Members") == [3, 4]
    assert paid(ledger, "All") == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("refreshed", "expected"),
    [("1d", [2, 3, 4, 5]), ("1w", [3, 4, 5]), ("1mo", [4, 5])],
)
def test_is_looked_at_as_often_as_the_rule_says(refreshed, expected):
    dataset = shop(
        (7, clock(1, 1, 12), 10),  # A Wednesday.
        (7, clock(1, 2, 12), 10),
        (7, clock(1, 6, 12), 10),
        (7, clock(2, 1), 10),
        (7, clock(2, 20), 10),
    )
    program = club(rule("Members", BUYERS, refreshed=refreshed))
    assert paid(ledger_that_agrees(program, dataset), "Members") == expected


def test_members_multiply_and_stay_without_what_others_have():
    twice = rule("Twice", REGULARS, award=Multiplier(factor=2))
    dataset = shop(*((7, clock(1, day, 12), 100) for day in (1, 3, 5, 25)))
    program = club(rule("Share", award=Proportional(amount="0.1")), twice)
    assert ledger_that_agrees(program, dataset)["units"].to_list() == [10, 10, 20, 10]


def test_two_segments_are_two():
    dataset = shop(*((7, clock(1, day, 12), 10) for day in (1, 3, 5, 25)))
    program = club(rule("Often", REGULARS), rule("Once", BUYERS, refreshed="1w"))
    ledger = ledger_that_agrees(program, dataset)
    assert paid(ledger, "Often") == [3]
    assert paid(ledger, "Once") == [4]


def test_a_rule_on_activities_asks_too():
    reviewed = rule("Reviewed", BUYERS, trigger=Activity(name="Review"))
    events = [
        {"customer_id": 7, "name": "Review", "occurred_at": at}
        for at in ("2025-01-01 13:00", "2025-01-02 13:00")
    ]
    dataset = shop((7, clock(1, 1, 12), 10), events=events)
    made = accrue(dataset, club(reviewed), as_of=AS_OF)
    assert made.ledger["at"].to_list() == [clock(1, 2, 13)]


def test_a_discount_of_members_is_offered_to_them_alone():
    program = club(discounts=[Discount(name="Tenth", share="0.1", segment=BUYERS)])
    plan = compile_program(program, time_zone=ZONE)
    order = on.Order(order_id=1, at=clock(1, 2), amount=100)
    guest = Account.new(7)
    joined = on.SegmentJoined(key="a", at=clock(1, 1), segment="Buyers")
    member = post(guest, joined, plan).account
    left = post(member, on.SegmentLeft(key="b", at=clock(1, 1, 1), segment="Buyers"), plan).account
    assert [len(quote(one, order, plan).discounts) for one in (guest, member, left)] == [0, 1, 0]


def test_joining_twice_is_joining_once_and_what_nobody_asks_for_is_nothing():
    program = club(rule("Members", BUYERS))
    plan = compile_program(program, time_zone=ZONE)
    events = [
        on.SegmentJoined(key="a", at=clock(1, 1), segment="Buyers"),
        on.SegmentJoined(key="b", at=clock(1, 2), segment="Buyers"),
        on.SegmentJoined(key="c", at=clock(1, 2), segment="Somebody else's"),
        on.Order(order_id=1, at=clock(1, 3), amount=10),
        on.SegmentLeft(key="d", at=clock(1, 4), segment="Buyers"),
        on.Order(order_id=2, at=clock(1, 5), amount=10),
    ]
    assert [one.order_id for one in fold(7, events, plan, as_of=AS_OF).entries] == [1]


def is_member(orders: list[dt.datetime], at: dt.datetime, refreshed: str) -> bool:
    """Say who is a regular, as a reader of the definition would."""
    looked = at.replace(hour=0)
    if refreshed == "1w":
        looked -= looked.weekday() * dt.timedelta(days=1)
    elif refreshed == "1mo":
        looked = looked.replace(day=1)
    # Adding days to an instant of a zone keeps what its clock shows.
    begins = looked - dt.timedelta(days=10)
    return sum(begins <= one < looked for one in orders) >= 2


@given(
    orders=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 16 * 24 - 1)), max_size=14),
    refreshed=st.sampled_from(["1d", "1w", "1mo"]),
)
def test_whatever_was_bought_members_are_paid_as_the_definition_reads(orders, refreshed):
    # The hour of the clock that comes not at all, on 30 March, is left out.
    at = {hours: START + dt.timedelta(hours=hours) for _, hours in orders if hours != 6 * 24 + 1}
    bought_ = [(who, at[hours], 10) for who, hours in orders if hours in at]
    if not bought_:
        return
    ledger = ledger_that_agrees(
        club(rule("Members", REGULARS, refreshed=refreshed)), shop(*bought_)
    )
    by_customer = defaultdict(list)
    for who, when, _ in bought_:
        by_customer[who].append(when)
    expected = [
        number
        for number, (who, when, _) in enumerate(bought_, start=1)
        if is_member(by_customer[who], when, refreshed)
    ]
    assert paid(ledger, "Members") == expected
