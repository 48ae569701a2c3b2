"""What involves two customers, or the calendar, becomes events of one customer each."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.contracts.law import kind_of
from retention_kit.errors import DataError, DefinitionError, MissingColumnError
from retention_kit.loyalty_rules.definitions.awards import Fixed
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.fields import Certificates, Referral
from retention_kit.loyalty_rules.definitions.limits import HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import (
    Birthday,
    EachOrder,
    ReferralMade,
    ReferralReceived,
    Registration,
)
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.deriving.all_sources import derive_events
from retention_kit.loyalty_rules.deriving.rows import loyalty_events_schema
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.smart_segments import Segment, bought

ZONE = "Europe/London"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(ZONE))
POINTS = Wallet(name="points", spending=Spending())


def program(*rules, **fields):
    own = {"wallets": [POINTS], **fields}
    return LoyaltyProgram(name="Club", currency="GBP", rounding="down", rules=rules, **own)


def rule(trigger, **fields):
    return EarningRule(
        name=f"{trigger.type} {len(fields)}",
        wallet="points",
        trigger=trigger,
        award=Fixed(amount=10),
        **fields,
    )


def order(order_id, customer, at, amount=100, **columns):
    return {
        "order_id": order_id,
        "customer_id": customer,
        "ordered_at": at,
        "amount": amount,
        **columns,
    }


def shop(orders, **tables):
    return Dataset.from_frames(
        orders=orders,
        date_format="iso8601",
        time_zone=ZONE,
        currency="GBP",
        negative_amounts="return",
        **tables,
    )


def rows(dataset, club, *columns, as_of=AS_OF):
    found = derive_events(dataset, club, as_of=as_of).collect()
    return sorted(found.select(columns).rows(), key=str)


def clock(*parts):
    return dt.datetime(*parts, tzinfo=ZoneInfo(ZONE))


REFERRING = program(rule(ReferralMade()), rule(ReferralReceived()))
JANUARY = "2025-01-01 12:00"


def test_nothing_is_derived_that_no_rule_asks_for():
    data = shop([order(1, 7, JANUARY, promo_code="TEA")])
    found = derive_events(data, program(rule(EachOrder())), as_of=AS_OF)
    assert found.collect_schema() == loyalty_events_schema(data.orders.collect_schema())
    assert found.collect().is_empty()


def test_it_is_a_report():
    assert kind_of(derive_events).name == "report"


def test_birthdays_come_each_year_since_the_shop_knows_the_customer():
    data = shop(
        [order(1, 7, "2023-05-04 12:00"), order(2, 8, JANUARY)],
        customers=[
            {"customer_id": 7, "birthday": "1990-05-04", "registered_at": "2024-01-01 00:00"},
            {"customer_id": 8, "birthday": "1990-01-01", "registered_at": None},
            {"customer_id": 9, "birthday": "1990-03-03", "registered_at": None},
        ],
    )
    # Customer 7 bought at noon of a birthday, which had begun before the shop knew them; of
    # customer 9 it never learned when they came.
    assert rows(data, program(rule(Birthday())), "customer_id", "occurred_at", "key", "name") == [
        (7, clock(2024, 5, 4), "birthday:2024", "Birthday"),
        (7, clock(2025, 5, 4), "birthday:2025", "Birthday"),
    ]


def test_who_was_born_on_the_leap_day_is_congratulated_on_the_28th_in_other_years():
    data = shop(
        [order(1, 7, "2023-01-01 12:00")],
        customers=[{"customer_id": 7, "birthday": "2000-02-29"}],
    )
    assert rows(data, program(rule(Birthday())), "occurred_at") == [
        (clock(2023, 2, 28),),
        (clock(2024, 2, 29),),
        (clock(2025, 2, 28),),
    ]


def test_a_birthday_on_a_day_that_begins_at_one_o_clock_begins_then():
    zone = "America/Sao_Paulo"
    data = Dataset.from_frames(
        orders=[order(1, 7, "2018-01-01 12:00")],
        customers=[{"customer_id": 7, "birthday": "1990-11-04"}],
        date_format="iso8601",
        time_zone=zone,
        currency="BRL",
    )
    as_of = dt.datetime(2019, 1, 1, tzinfo=ZoneInfo(zone))
    found = derive_events(data, program(rule(Birthday())), as_of=as_of).collect()
    assert found["occurred_at"].to_list() == [dt.datetime(2018, 11, 4, 1, tzinfo=ZoneInfo(zone))]


def test_a_registration_is_an_activity_at_its_instant():
    data = shop(
        [order(1, 7, JANUARY)],
        customers=[
            {"customer_id": 7, "registered_at": "2024-12-31 09:00"},
            {"customer_id": 8, "registered_at": "2025-06-01 00:00"},
            {"customer_id": 9, "registered_at": None},
        ],
    )
    assert rows(data, program(rule(Registration())), "customer_id", "occurred_at", "key") == [
        (7, clock(2024, 12, 31, 9), "registered")
    ]


def test_a_referral_pays_both_sides_when_the_first_order_has_outlived_the_window():
    data = shop([order(1, 7, "2024-01-01 12:00"), order(2, 8, JANUARY, referrer_id=7)])
    # 14 days from 1 January end at the midnight after the 15th.
    assert rows(data, REFERRING, "customer_id", "occurred_at", "name", "key", "order_id") == [
        (7, clock(2025, 1, 16), "Referral Made", "referral:8", None),
        (8, clock(2025, 1, 16), "Referral Received", "referred by:7", 2),
    ]
    before = clock(2025, 1, 16)
    assert rows(data, REFERRING, "key", as_of=before) == []
    assert len(rows(data, REFERRING, "key", as_of=before + dt.timedelta(microseconds=1))) == 2


@pytest.mark.parametrize(
    ("back", "at", "pays"),
    [
        (100, "2025-01-15 23:59", False),
        (99, "2025-01-15 23:59", True),
        (100, "2025-01-16 00:00", True),
    ],
)
def test_a_referral_does_not_pay_where_the_first_order_is_wholly_returned_in_time(back, at, pays):
    data = shop(
        [
            order(1, 7, "2024-01-01 12:00"),
            order(2, 8, JANUARY, referrer_id=7),
            order(3, 8, at, -back, original_order_id=2),
            order(4, 8, "2025-02-01 12:00", referrer_id=7),
        ]
    )
    assert bool(rows(data, REFERRING, "key")) is pays


@pytest.mark.parametrize(
    "contacts",
    [
        ({"email": "Ann@Example.org"}, {"email": " ann@example.org "}),
        ({"phone": "+7 (916) 123-45-67"}, {"phone": "8 916 123 45 67"}),
    ],
)
def test_who_refers_themself_under_another_id_is_refused(contacts):
    data = shop(
        [order(1, 7, "2024-01-01 12:00"), order(2, 8, JANUARY, referrer_id=7)],
        customers=[
            {"customer_id": 7, "email": None, "phone": None, **contacts[0]},
            {"customer_id": 8, "email": None, "phone": None, **contacts[1]},
        ],
    )
    assert rows(data, REFERRING, "key") == []


def test_missing_and_empty_contacts_are_nobody_s_own():
    data = shop(
        [order(1, 7, "2024-01-01 12:00"), order(2, 8, JANUARY, referrer_id=7)],
        customers=[
            {"customer_id": 7, "email": " ", "phone": None},
            {"customer_id": 8, "email": " ", "phone": None},
        ],
    )
    assert len(rows(data, REFERRING, "key")) == 2


@pytest.mark.parametrize("referrer", [8, 99])
def test_oneself_and_who_is_nobody_s_customer_refer_nobody(referrer):
    data = shop([order(1, 7, "2024-01-01 12:00"), order(2, 8, JANUARY, referrer_id=referrer)])
    assert rows(data, REFERRING, "key") == []


def test_of_two_who_name_each_other_only_the_one_who_was_there_before_referred():
    data = shop(
        [order(1, 7, JANUARY, referrer_id=8), order(2, 8, "2025-01-02 12:00", referrer_id=7)]
    )
    assert [key for (key,) in rows(data, REFERRING, "key")] == ["referral:8", "referred by:7"]


def test_only_the_first_sale_s_referrer_counts():
    data = shop(
        [
            order(1, 7, "2024-01-01 12:00"),
            order(2, 8, JANUARY),
            order(3, 8, "2025-01-02 12:00", referrer_id=7),
        ]
    )
    assert rows(data, REFERRING, "key") == []


def test_a_limit_takes_the_referrals_that_pay_first():
    friends = [
        order(number, number, f"2025-01-0{10 - number} 12:00", referrer_id=7) for number in (8, 9)
    ]
    club = program(
        rule(ReferralMade()), rule(ReferralReceived()), referral=Referral(largest_number=1)
    )
    keys = rows(shop([order(1, 7, "2024-01-01 12:00"), *friends]), club, "customer_id", "key")
    assert keys == [(7, "referral:9"), (8, "referred by:7"), (9, "referred by:7")]


def test_the_version_in_force_at_the_sale_says_the_window():
    short = REFERRING.with_fields(referral=Referral(return_window="1d"))
    history = ProgramHistory(
        versions=[(dt.date(2025, 1, 1), REFERRING), (dt.date(2025, 2, 1), short)]
    )
    data = shop(
        [
            order(1, 7, "2024-01-01 12:00"),
            order(2, 8, "2025-01-31 23:59", referrer_id=7),
            order(3, 9, "2025-02-01 00:00", referrer_id=7),
        ]
    )
    found = derive_events(data, history, as_of=AS_OF).filter(pl.col("name") == "Referral Made")
    assert found.sort("key").select("key", "occurred_at").collect().rows() == [
        ("referral:8", clock(2025, 2, 15)),
        ("referral:9", clock(2025, 2, 3)),
    ]


def test_a_window_of_months_ends_at_the_midnight_after_the_last_day_of_a_shorter_month():
    club = REFERRING.with_fields(referral=Referral(return_window="1mo"))
    data = shop([order(1, 7, "2024-01-01 12:00"), order(2, 8, "2025-01-31 12:00", referrer_id=7)])
    assert {at for (at,) in rows(data, club, "occurred_at")} == {clock(2025, 3, 1)}


def test_sales_beyond_the_limit_of_a_promo_code_are_refused_it():
    club = program(rule(EachOrder(), promo=PromoCode(code="TEA", limit=2)))
    data = shop(
        [
            order(4, 7, "2025-01-03 12:00", promo_code="TEA"),
            order(3, 8, "2025-01-02 12:00", promo_code="TEA"),
            order(2, 9, "2025-01-02 12:00", promo_code="TEA"),
            order(1, 9, "2025-01-01 12:00", promo_code="COFFEE"),
        ]
    )
    assert rows(data, club, "customer_id", "kind", "name", "key", "order_id") == [
        (7, "promo_refused", "TEA", "promo:TEA:4", 4)
    ]


def test_a_use_beyond_what_one_customer_may_have_uses_nothing_up():
    tea = PromoCode(code="TEA", limit=2, per_customer=1)
    club = program(
        discounts=[Discount(name="Tea", share="0.1", promo=tea)],
    )
    data = shop(
        [
            order(number, who, f"2025-01-0{number} 12:00", promo_code="TEA")
            for number, who in ((1, 7), (2, 7), (3, 8), (4, 9))
        ]
    )
    assert rows(data, club, "customer_id", "order_id") == [(9, 4)]


def test_sales_before_and_after_a_promo_code_holds_do_not_use_it_up():
    tea = PromoCode(code="TEA", limit=1)
    first, last = dt.date(2025, 1, 2), dt.date(2025, 1, 4)
    club = program(rule(EachOrder(), promo=tea, valid_from=first, valid_until=last))
    data = shop(
        [
            order(number, who, f"2025-01-0{number} 12:00", promo_code="TEA")
            for number, who in ((1, 7), (3, 8), (4, 9), (5, 7))
        ]
    )
    assert rows(data, club, "customer_id", "order_id") == [(9, 4)]


def test_sales_under_a_version_without_the_promo_code_do_not_use_it_up():
    tea = PromoCode(code="TEA", limit=1)
    history = ProgramHistory(
        versions=[
            (dt.date(2025, 1, 1), program()),
            (dt.date(2025, 1, 2), program(rule(EachOrder(), promo=tea))),
        ]
    )
    data = shop(
        [
            order(number, 6 + number, f"2025-01-0{number} 12:00", promo_code="TEA")
            for number in (1, 2, 3)
        ]
    )
    assert rows(data, history, "order_id") == [(3,)]


@pytest.mark.parametrize(
    ("hours", "refused"),
    [
        (HappyHours(start="18:00", end="21:00"), [4]),
        (HappyHours(start="18:00", end="01:00", weekdays=[5]), [3]),
    ],
)
def test_sales_outside_its_happy_hours_do_not_use_a_promo_code_up(hours, refused):
    tea = PromoCode(code="TEA", limit=1)
    club = program(rule(EachOrder(), promo=tea, hours=[hours]))
    # 3 January 2025 is a Friday.
    times = ("2025-01-03 17:59", "2025-01-03 18:00", "2025-01-04 00:59", "2025-01-04 20:59")
    data = shop([order(number, number, at, promo_code="TEA") for number, at in enumerate(times, 1)])
    assert [number for (number,) in rows(data, club, "order_id")] == refused


REGULARS = Segment(name="Regulars", condition=bought().within("10d").at_least(2))


def test_who_joins_and_leaves_a_segment_is_seen_at_the_midnights():
    club = program(rule(EachOrder(), segment=REGULARS))
    data = shop(
        [order(1, 7, "2025-01-01 12:00"), order(2, 7, "2025-01-03 12:00"), order(3, 8, JANUARY)]
    )
    assert rows(data, club, "customer_id", "kind", "occurred_at", "name", "key") == [
        (7, "joined", clock(2025, 1, 4), "Regulars", "joined:Regulars:2025-01-04"),
        (7, "parted", clock(2025, 1, 12), "Regulars", "parted:Regulars:2025-01-12"),
    ]


@pytest.mark.parametrize(
    ("refreshed", "joined"), [("1w", clock(2025, 1, 6)), ("1mo", clock(2025, 2, 1))]
)
def test_a_segment_is_looked_at_as_often_as_its_rule_says(refreshed, joined):
    always = Segment(name="Buyers", condition=bought().at_least(2))
    club = program(rule(EachOrder(), segment=always, refreshed=refreshed))
    data = shop([order(1, 7, "2025-01-01 12:00"), order(2, 7, "2025-01-03 12:00")])
    assert rows(data, club, "kind", "occurred_at") == [("joined", joined)]


def test_a_segment_is_looked_at_only_while_a_rule_asks():
    always = Segment(name="Buyers", condition=bought().at_least(1))
    club = program(
        rule(
            EachOrder(),
            segment=always,
            valid_from=dt.date(2025, 2, 1),
            valid_until=dt.date(2025, 2, 3),
        )
    )
    data = shop([order(1, 7, JANUARY), order(2, 8, "2025-02-02 12:00"), order(3, 9, "2025-03-01")])
    assert rows(data, club, "customer_id", "occurred_at") == [
        (7, clock(2025, 2, 1)),
        (8, clock(2025, 2, 3)),
    ]


def test_a_segment_that_nothing_asks_for_any_more_is_not_looked_at():
    club = program(rule(EachOrder(), segment=REGULARS, valid_until=dt.date(2024, 1, 1)))
    assert rows(shop([order(1, 7, JANUARY)]), club, "key") == []


def gift(giver, receiver, at, value=5, **columns):
    return {
        "customer_id": giver,
        "name": "Points Transferred",
        "occurred_at": at,
        "receiver_id": receiver,
        "value": value,
        **columns,
    }


def test_a_transfer_leaves_one_account_and_reaches_the_other_under_one_key():
    data = shop([order(1, 7, JANUARY)], events=[gift(7, 8, "2025-01-02 10:00")])
    found = rows(data, program(), "customer_id", "kind", "wallet", "units", "reason")
    assert found == [
        (7, "transfer", "points", -5, "given"),
        (8, "transfer", "points", 5, "received"),
    ]
    assert len(set(rows(data, program(), "key"))) == 1


def test_two_equal_transfers_have_keys_of_their_own():
    data = shop(
        [order(1, 7, JANUARY)],
        events=[gift(7, 8, "2025-01-02 10:00", campaign=one) for one in ("a", "b")],
    )
    assert len(set(rows(data, program(), "key"))) == 2


@pytest.mark.parametrize("circle", [[(7, 7)], [(7, 8), (8, 7)], [(7, 8), (8, 9), (9, 7), (9, 6)]])
def test_transfers_in_a_circle_at_one_instant_are_refused(circle):
    events = [gift(giver, receiver, "2025-01-02 10:00") for giver, receiver in circle]
    with pytest.raises(DataError, match="circle") as refused:
        derive_events(shop([order(1, 7, JANUARY)], events=events), program(), as_of=AS_OF)
    assert "receiver 7" not in str(refused.value)


def test_a_chain_at_one_instant_and_a_way_back_later_are_no_circle():
    events = [
        gift(7, 8, "2025-01-02 10:00"),
        gift(8, 9, "2025-01-02 10:00"),
        gift(9, 7, "2025-01-02 10:01"),
    ]
    assert len(rows(shop([order(1, 7, JANUARY)], events=events), program(), "key")) == 6


@pytest.mark.parametrize(
    "wrong",
    [{"value": 0}, {"value": "1.5"}, {"value": -2}, {"receiver_id": None}, {"wallet": "miles"}],
)
def test_a_transfer_of_no_whole_amount_or_to_nobody_is_refused(wrong):
    one = {**gift(7, 8, "2025-01-02 10:00"), "wallet": "points", **wrong}
    other = {**gift(8, 7, "2025-01-03 10:00"), "wallet": "points"}
    data = shop([order(1, 7, JANUARY)], events=[one, other])
    with pytest.raises(DataError, match="^1 events 'Points Transferred'"):
        derive_events(data, program(), as_of=AS_OF)


def test_transfers_without_receivers_ask_for_the_column():
    events = [{"customer_id": 7, "name": "Points Transferred", "occurred_at": JANUARY, "value": 1}]
    with pytest.raises(MissingColumnError, match="receiver_id"):
        derive_events(shop([order(1, 7, JANUARY)], events=events), program(), as_of=AS_OF)


def test_a_programme_without_wallets_takes_no_transfers():
    data = shop([order(1, 7, JANUARY)], events=[gift(7, 8, "2025-01-02 10:00")])
    assert rows(data, program(wallets=[]), "key") == []


def test_money_is_given_in_hundredths():
    club = program(wallets=[Wallet(name="cash", kind="money", spending=Spending())])
    data = shop([order(1, 7, JANUARY)], events=[gift(7, 8, "2025-01-02 10:00", "1.25")])
    assert rows(data, club, "units") == [(-125,), (125,)]


def certificate(customer, name, at, code="A1", value=50, **columns):
    return {
        "customer_id": customer,
        "name": f"Certificate {name}",
        "occurred_at": at,
        "certificate": code,
        "value": value,
        **columns,
    }


GIFTS = program(certificates=Certificates())


def test_whoever_pays_with_a_certificate_it_is_taken_from_its_holder_s_account():
    data = shop(
        [order(1, 7, JANUARY), order(2, 8, "2025-01-03 12:00")],
        events=[
            certificate(7, "Issued", "2025-01-01 13:00", order_id=1),
            certificate(8, "Redeemed", "2025-01-03 12:00", value="12.34", order_id=2),
        ],
    )
    columns = ("customer_id", "kind", "name", "wallet", "units", "order_id", "reason")
    assert rows(data, GIFTS, *columns) == [
        (7, "issue", "A1", "certificates", 5000, None, None),
        (7, "redeem", "A1", "certificates", 1234, 2, "other_customer"),
    ]


def test_a_code_that_was_never_issued_stays_with_who_paid_with_it():
    data = shop(
        [order(1, 7, JANUARY)], events=[certificate(8, "Redeemed", "2025-01-03 12:00", "B2")]
    )
    assert rows(data, GIFTS, "customer_id", "kind", "name") == [(8, "redeem", "B2")]


def test_a_code_is_issued_once():
    data = shop(
        [order(1, 7, JANUARY)],
        events=[
            certificate(8, "Issued", "2025-01-03 12:00"),
            certificate(7, "Issued", "2025-01-02 12:00"),
        ],
    )
    assert rows(data, GIFTS, "customer_id", "kind") == [(7, "issue")]


def test_certificates_need_a_code_and_whole_hundredths():
    data = shop([order(1, 7, JANUARY)], events=[certificate(8, "Issued", JANUARY, value="0.001")])
    with pytest.raises(DataError, match="^1 events 'Certificate Issued'"):
        derive_events(data, GIFTS, as_of=AS_OF)


def test_without_a_time_zone_there_is_no_instant():
    with pytest.raises(DefinitionError):
        derive_events(shop([order(1, 7, JANUARY)]), program(), as_of=dt.datetime(2025, 1, 1))


def test_tables_by_name_are_no_shop():
    with pytest.raises(DefinitionError, match="dataset"):
        derive_events({"orders": pl.LazyFrame()}, program(), as_of=AS_OF)


def test_a_compiled_programme_is_refused_with_what_to_pass():
    compiled = compile_program(program(), time_zone=ZONE)
    with pytest.raises(DefinitionError, match="pass what it was made of"):
        derive_events(shop([order(1, 7, JANUARY)]), compiled, as_of=AS_OF)
