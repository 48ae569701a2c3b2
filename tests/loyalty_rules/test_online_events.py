import datetime as dt
import json
import pickle
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from retention_kit.errors import DataError, DefinitionError
from retention_kit.loyalty_rules.ledger import Entry
from retention_kit.loyalty_rules.online.events import (
    Activity,
    Adjustment,
    Capture,
    Delivery,
    Issue,
    Line,
    Order,
    Redemption,
    Release,
    Reservation,
    Return,
    SegmentJoined,
    SegmentLeft,
    Transfer,
    place_of,
    source_of,
)
from retention_kit.loyalty_rules.online.written import event_from_dict, event_to_dict

AT = dt.datetime(2025, 3, 30, 12, tzinfo=dt.UTC)
LATER = AT + dt.timedelta(hours=1)
EVERY = (
    Order(order_id=1, at=AT, amount=100),
    Order(
        order_id="a",
        at=AT,
        amount=Decimal("99.95"),
        points_paid=5,
        wallet="points",
        discount=Decimal("10.5"),
        lines=[Line("tea", Decimal("99.95"), quantity=Decimal("0.25"), columns={"colour": "red"})],
        promo_code="SPRING",
        channel="web",
        currency="RUB",
        columns={
            "ratio": 0.1,
            "weight": Decimal("1.50"),
            "gift": True,
            "day": dt.date(2025, 3, 1),
            "seen": AT,
            "nothing": None,
        },
        promo_refused=True,
        reservation="r",
        recorded_at=LATER,
    ),
    Return(order_id=2, original_order_id=1, at=AT, amount=Decimal("0.01"), points_back=3),
    Activity(key="k", name="Product Reviewed", at=AT, value=Decimal("4.5"), columns={"n": 1}),
    Redemption(key="k", at=AT, units=5, wallet="points", label="gift", order_id=7),
    Reservation(key="k", at=AT, units=5, until=LATER),
    Capture(key="c", at=AT, name="k"),
    Release(key="k", at=AT),
    Delivery(order_id=1, at=AT),
    Issue(key="k", at=AT, units=5, wallet="points", label="gift", until=LATER),
    Transfer(key="k", at=AT, units=-5, wallet="points", other=8),
    Adjustment(key="k", at=AT, units=5, wallet="points", reason="sorry"),
    SegmentJoined(segment="vip", at=AT),
    SegmentLeft(segment="vip", at=AT, key="x"),
)


@pytest.mark.parametrize("event", EVERY, ids=lambda one: one.TYPE)
def test_every_event_comes_back_from_json_and_from_a_pickle_as_it_was(event):
    written = json.loads(json.dumps(event_to_dict(event)))
    read = event_from_dict(written)
    assert read == event
    assert type(read) is type(event)
    assert pickle.loads(pickle.dumps(event)) == event
    for column, value in getattr(event, "columns", {}).items():
        assert type(read.columns[column]) is type(value)


def test_instants_become_utc_whatever_zone_they_were_told_in():
    moscow = dt.datetime(2025, 5, 1, 3, tzinfo=ZoneInfo("Europe/Moscow"))
    order = Order(order_id=1, at=moscow, amount=1)
    assert order.at.tzinfo is dt.UTC
    assert order == Order(order_id=1, at=dt.datetime(2025, 5, 1, tzinfo=dt.UTC), amount=1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Order(order_id=1, at=AT, amount=9.99), "a float is not exact"),
        (lambda: Order(order_id=1, at=AT, amount=True), "bool"),
        (lambda: Order(order_id=1, at=AT, amount=Decimal("NaN")), "out of bounds"),
        (lambda: Order(order_id=1, at=AT, amount=Decimal("Infinity")), "out of bounds"),
        (lambda: Order(order_id=1, at=AT, amount=-1), "out of bounds"),
        (lambda: Order(order_id=1, at=AT, amount=10**12), "out of bounds"),
        (lambda: Order(order_id=1, at=AT, amount=Decimal("0.00001")), "four decimal places"),
        (lambda: Order(order_id=1, at=AT, amount=1, points_paid=Decimal(1)), "to_units"),
        (lambda: Order(order_id=1, at=AT, amount=1, points_paid=-1), "out of bounds"),
        (lambda: Order(order_id=1.0, at=AT, amount=1), "whole number or a text"),
        (lambda: Order(order_id=1, at=AT.replace(tzinfo=None), amount=1), "time zone"),
        (lambda: Order(order_id=1, at="2025-01-01", amount=1), "time zone"),
        (lambda: Order(order_id=1, at=AT, amount=1, lines=[{"amount": 1}]), "Line"),
        (lambda: Return(order_id=1, original_order_id=1, at=AT, amount=0), "out of bounds"),
        (lambda: Activity(key="", name="x", at=AT), "'key'"),
        (lambda: Redemption(key="k", at=AT, units=0), "out of bounds"),
        (lambda: Reservation(key="k", at=AT, units=1), "`until` or `length`"),
        (lambda: Reservation(key="k", at=AT, units=1, until=AT), "not after"),
        (lambda: Issue(key="k", at=AT, units=1, wallet="w", until=AT), "not after"),
        (lambda: Transfer(key="k", at=AT, units=0, wallet="w"), "are 0"),
    ],
)
def test_what_is_not_exact_is_refused_where_the_event_is_made(make, said):
    with pytest.raises(DataError, match=said):
        make()


def test_a_message_holds_nothing_of_the_customer():
    with pytest.raises(DataError) as caught:
        event_from_dict({"type": "order", "order_id": "secret", "at": "nonsense", "amount": "x"})
    assert "secret" not in str(caught.value)
    assert "nonsense" not in str(caught.value)


@pytest.mark.parametrize(
    "written", [{}, {"type": "orders"}, {"type": "order"}, {"type": "order", "colour": 1}]
)
def test_json_of_no_event_is_refused(written):
    with pytest.raises(DataError):
        event_from_dict(written)


def test_a_reservation_ends_after_elapsed_time():
    held = Reservation(key="k", at=AT, units=1, length="15m")
    assert held.until == AT + dt.timedelta(minutes=15)
    assert event_from_dict(event_to_dict(held)) == held
    with pytest.raises(DefinitionError, match="length"):
        Reservation(key="k", at=AT, units=1, length="1d")


def test_events_of_one_instant_stand_in_the_documented_order():
    # fmt: off
    wanted = [
        "joined", "parted", "release", "activate", "return", "reserve", "capture", "redeem",
        "order", "activity", "issue", "transfer", "adjust",
    ]
    # fmt: on
    one_of_each = {event.TYPE: event for event in EVERY}
    assert sorted(one_of_each, key=lambda kind: place_of(one_of_each[kind])) == wanted


@pytest.mark.parametrize("ids", [[9, 10, 100], ["10", "9", "B", "aa", "b", "ё"]])
def test_orders_of_one_instant_stand_by_number_and_texts_by_character(ids):
    orders = [Order(order_id=one, at=AT, amount=1) for one in reversed(ids)]
    assert [one.order_id for one in sorted(orders, key=place_of)] == ids
    assert place_of(orders[0])[0] == 1_743_336_000_000_000


def test_a_source_names_the_kind_and_the_key():
    assert source_of(Order(order_id=17, at=AT, amount=1)) == "order:17"
    assert source_of(Return(order_id="R", original_order_id=17, at=AT, amount=1)) == "return:R"
    left = SegmentLeft(segment="vip", at=AT)
    assert source_of(left) == "parted:vip:2025-03-30T12:00:00+00:00"


def test_an_entry_comes_back_from_json_as_it_was():
    entry = Entry(
        number=1,
        at=AT,
        kind="earn",
        wallet="points",
        lot=0,
        units=5,
        value=Decimal("5.0000"),
        base=Decimal("100.0000"),
        active_at=AT,
    )
    assert Entry.from_dict(entry.to_dict()) == entry
    with pytest.raises(DataError):
        Entry.from_dict({**entry.to_dict(), "kind": "gift"})
    with pytest.raises(DataError):
        Entry.from_dict({"colour": 1})
