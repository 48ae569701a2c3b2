import datetime as dt
import json
import random
import subprocess
import sys
from decimal import Decimal

import pytest

from retention_kit.errors import DataError, DefinitionError
from retention_kit.loyalty_rules.definitions.awards import Fixed, Proportional
from retention_kit.loyalty_rules.definitions.fields import Returns
from retention_kit.loyalty_rules.definitions.moments import Rolling, WhenDelivered
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import Activity as OnActivity
from retention_kit.loyalty_rules.definitions.triggers import EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online import posting
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.adopting import OtherProgramError
from retention_kit.loyalty_rules.online.events import (
    Activity,
    Adjustment,
    Capture,
    Delivery,
    Issue,
    Order,
    Redemption,
    Release,
    Reservation,
    Return,
    Transfer,
)
from retention_kit.loyalty_rules.online.posting import fold, post, transfer, try_post
from retention_kit.loyalty_rules.online.refusing import (
    LateEventError,
    RedemptionRefusedError,
    RefusedError,
)
from retention_kit.loyalty_rules.online.replaying import post_late

ZONE = "Europe/Moscow"
SUMMED = ("earn", "redeem", "expire", "clawback", "restore", "adjust", "transfer")


def at(day, hour=12):
    return dt.datetime(2025, 1, 1, hour, tzinfo=dt.UTC) + dt.timedelta(day - 1)


def programme(**fields):
    given = {
        "name": "Club",
        "currency": "RUB",
        "rounding": "down",
        "wallets": [Wallet(name="points", expiry=Rolling(length="30d"), spending=Spending())],
        "rules": [
            EarningRule(
                name="five",
                wallet="points",
                trigger=EachOrder(),
                award=Proportional(amount="0.05"),
            )
        ],
    }
    return LoyaltyProgram(**{**given, **fields})


def compiled(**fields):
    return compile_program(programme(**fields), time_zone=ZONE)


PLAIN = compiled()
TIERED = compiled(
    tiers=TierLadder(
        by="orders",
        window="10d",
        validity="10d",
        downgrade="recompute",
        tiers=[
            Tier(name="Bronze", at=1),
            Tier(name="Silver", at=3, benefits=Benefits(multiplier=2, privileges=["gifts"])),
        ],
    ),
    returns=Returns(within="5d"),
)


def posted(account, program, *events):
    entries = []
    for event in events:
        found = post(account, event, program)
        account = found.account
        entries += found.entries
    return account, entries


def bought(number, day, amount=1000, points=0):
    return Order(order_id=number, at=at(day), amount=amount, points_paid=points)


def test_an_order_earns_spends_and_its_lots_expire_at_midnight_after_the_last_day():
    account, entries = posted(Account.new(7), PLAIN, bought(1, 1))
    assert [(e.kind, e.units, e.rule, e.source, e.order_id) for e in entries] == [
        ("earn", 50, "five", "order:1", 1)
    ]
    assert entries[0].expires_at == dt.datetime(2025, 1, 31, 21, tzinfo=dt.UTC)
    last = dt.datetime(2025, 1, 31, 21, tzinfo=dt.UTC)
    (before,) = account.balances(PLAIN, last)
    (after,) = account.balances(PLAIN, last + dt.timedelta(microseconds=1))
    assert (before.held, after.held) == (50, 0)
    assert before.expires_next_at == last
    assert (before.expires_next_units, before.value) == (50, Decimal(50))


def test_nothing_depends_on_anybody_having_looked_in_between():
    one, _ = posted(Account.new(7), PLAIN, bought(1, 1))
    looked = posting.grow_older(one, PLAIN, as_of=at(40))
    assert [e.kind for e in looked.entries] == ["expire"]
    assert looked.entries[0].source is None
    late, first = posted(looked.account, PLAIN, bought(2, 41))
    straight, second = posted(one, PLAIN, bought(2, 41))
    assert late.state == straight.state
    assert [e.kind for e in first] == ["earn"]
    assert [e.kind for e in second] == ["expire", "earn"]
    assert late.entries == straight.entries == 3


def test_the_same_event_again_changes_nothing():
    account, _ = posted(Account.new(7), PLAIN, bought(1, 1), Issue("i", at(2), 10, "points"))
    for event in (bought(1, 1), Issue("i", at(2), 10, "points")):
        again = post(account, event, PLAIN)
        assert again.account is account
        assert again.entries == ()


def test_more_than_there_is_cannot_be_spent_and_it_is_said_how_much_there_is():
    account, _ = posted(Account.new(7), PLAIN, bought(1, 1))
    with pytest.raises(RedemptionRefusedError, match="Available: 50") as caught:
        post(account, Redemption("r", at(2), 51), PLAIN)
    assert (caught.value.code, caught.value.available) == ("over_balance", 50)
    refused = try_post(account, Redemption("r", at(2), 51), PLAIN)
    assert refused.account is account
    assert (refused.refusal, refused.available, refused.entries) == ("over_balance", 50, ())


def test_refused_events_say_why():
    account, _ = posted(Account.new(7), PLAIN, bought(1, 1))
    for event, code in (
        (Return("a", 9, at(2), 1), "unknown_order"),
        (Return("a", 1, at(2), 1001), "more_than_bought"),
        (Return("a", 1, at(800), 1), "too_late"),
        (Capture("c", at(2)), "no_reservation"),
        (Release("c", at(2)), "no_reservation"),
        (Redemption("r", at(2), 1, label="gift"), "unknown_label"),
        (Delivery(9, at(2)), "unknown_order"),
        (Adjustment("a", at(2), -51, "points"), "over_balance"),
        (bought(2, 2, amount=10, points=11), "above_share"),
    ):
        with pytest.raises(RefusedError) as caught:
            post(account, event, PLAIN)
        assert caught.value.code == code


def test_another_currency_and_another_wallet_are_refused():
    with pytest.raises(DataError, match="RUB"):
        post(Account.new(1), Order(order_id=1, at=at(1), amount=1, currency="EUR"), PLAIN)
    with pytest.raises(DataError, match="Nearest: 'points'"):
        post(Account.new(1), Redemption("r", at(1), 1, wallet="point"), PLAIN)
    with pytest.raises(DefinitionError, match="compile_program"):
        post(Account.new(1), bought(1, 1), programme())
    with pytest.raises(DataError, match="1971"):
        post(Account.new(1), Order(1, dt.datetime(1960, 1, 1, tzinfo=dt.UTC), 1), PLAIN)


def test_a_reservation_holds_is_captured_and_the_next_one_times_out():
    account, _ = posted(Account.new(7), PLAIN, bought(1, 1))
    held, _ = posted(account, PLAIN, Reservation("r", at(2), 30, length="15m"))
    (balance,) = held.balances(PLAIN, at(2, 13) - dt.timedelta(minutes=50))
    assert (balance.available, balance.reserved) == (20, 30)
    with pytest.raises(RedemptionRefusedError):
        post(held, Redemption("x", at(2), 21), PLAIN)
    spent, entries = posted(held, PLAIN, Capture("r", at(2)))
    assert {e.kind for e in entries} == {"capture", "redeem"}
    assert spent.balances(PLAIN, at(3))[0].held == 20
    assert spent.names == ()
    _, entries = posted(held, PLAIN, bought(2, 3))
    assert [e.kind for e in entries] == ["release", "earn"]
    assert entries[0].reason == "timed_out"


def test_an_order_is_paid_from_its_reservation():
    account, _ = posted(
        Account.new(7), PLAIN, bought(1, 1), Reservation("r", at(2), 30, length="15m")
    )
    order = Order(order_id=2, at=at(2), amount=1000, points_paid=50, reservation="r")
    account, entries = posted(account, PLAIN, order)
    assert sum(e.units for e in entries if e.kind == "redeem") == -50
    assert account.balances(PLAIN, at(3))[0].reserved == 0


def test_a_label_is_spent_by_its_name_alone():
    account, _ = posted(
        Account.new(7),
        PLAIN,
        Issue("a", at(1), 10, "points", label="gift"),
        Issue("b", at(1), 20, "points"),
    )
    with pytest.raises(RedemptionRefusedError, match="Available: 10"):
        post(account, Redemption("r", at(2), 11, label="gift"), PLAIN)
    account, _ = posted(account, PLAIN, Redemption("r", at(2), 4, label="gift"))
    assert [(lot.remaining, lot.label) for lot in account.lots(PLAIN, at(2))] == [
        (6, "gift"),
        (20, None),
    ]


def test_what_waits_for_the_delivery_is_pending_until_then():
    rule = EarningRule(
        name="five",
        wallet="points",
        trigger=EachOrder(),
        award=Proportional(amount="0.05"),
        pending=WhenDelivered(),
    )
    program = compiled(rules=[rule])
    account, entries = posted(Account.new(7), program, bought(1, 1))
    assert (entries[0].active_at, entries[0].expires_at) == (None, None)
    assert account.balances(program, at(2))[0].pending == 50
    account, entries = posted(account, program, Delivery(1, at(9)))
    assert [(e.kind, e.order_id) for e in entries] == [("activate", 1)]
    assert account.balances(program, at(10))[0].available == 50


def test_an_activity_that_no_rule_knows_changes_nothing():
    account, _ = posted(Account.new(7), PLAIN, bought(1, 1))
    found = post(account, Activity("k", "Product Viewed", at(2)), PLAIN)
    assert found.account == account


def test_tiers_and_what_is_missing_to_the_next():
    account, _ = posted(Account.new(7), TIERED, bought(1, 1), bought(2, 2))
    assert account.tier(TIERED, at(3)).tier == "Bronze"
    missing = account.next_tier(TIERED, at(3))
    assert (missing.tier, missing.by, missing.figure, missing.missing) == ("Silver", "orders", 2, 1)
    account, entries = posted(account, TIERED, bought(3, 3), bought(4, 4))
    assert [e.units for e in entries if e.kind == "earn"] == [50, 100]
    standing = account.tier(TIERED, at(5))
    assert (standing.tier, standing.since, standing.privileges) == ("Silver", at(3), ("gifts",))
    assert account.next_tier(TIERED, at(5)) is None
    assert account.tier(TIERED, at(20)).tier == "Bronze"
    assert account.tier(TIERED, at(40)).tier is None


def test_an_account_comes_back_from_json_between_any_two_events():
    account = Account.new("customer-7")
    assert Account.from_json(account.to_json()) == account
    for event in sorted(stream(random.Random(5), 60), key=posting.place_of):
        account = try_post(Account.from_json(account.to_json()), event, TIERED).account
        assert Account.from_json(account.to_json()) == account


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "x"}', "7"])
def test_json_of_no_account_is_refused(text):
    with pytest.raises(DataError, match=r"Account\.to_json"):
        Account.from_json(text)


def test_json_that_was_changed_or_is_of_a_later_version_is_refused():
    account, _ = posted(Account.new(7), PLAIN, bought(1, 1))
    written = json.loads(account.to_json())
    for changed in (
        {**written, "colour": 1},
        {**written, "version": "1"},
        {**written, "state": {**written["state"], "lot_id": [1, 2]}},
        {**written, "state": {**written["state"], "lot_id": [0.5]}},
        {**written, "orders": [None]},
    ):
        with pytest.raises(DataError, match=r"Account\.to_json|Field 'orders'"):
            Account.from_json(json.dumps(changed))
    with pytest.raises(DataError, match="version 2"):
        Account.from_json(json.dumps({**written, "format_version": 2}))


def test_a_version_that_is_added_later_is_accepted_and_another_programme_is_not():
    old, new = (
        programme(),
        programme(
            rules=[
                EarningRule(
                    name="ten",
                    wallet="points",
                    trigger=EachOrder(),
                    award=Proportional(amount="0.1"),
                )
            ]
        ),
    )
    first = compile_program(old, time_zone=ZONE)
    both = ProgramHistory(versions=[(dt.date(2024, 1, 1), old), (dt.date(2025, 1, 10), new)])
    later = compile_program(both, time_zone=ZONE)
    account, _ = posted(Account.new(7), first, bought(1, 1))
    account, entries = posted(account, later, bought(2, 5), bought(3, 10))
    assert [(e.rule, e.units) for e in entries] == [("five", 50), ("ten", 100)]
    straight = fold(7, [bought(1, 1), bought(2, 5), bought(3, 10)], later, as_of=at(11))
    assert straight.account.state == account.state
    with pytest.raises(OtherProgramError, match="another programme"):
        post(account, bought(4, 11), first)
    too_far, _ = posted(Account.new(7), first, bought(1, 20))
    with pytest.raises(OtherProgramError, match="begins before"):
        post(too_far, bought(2, 21), later)
    elsewhere = compile_program(old, time_zone="UTC")
    with pytest.raises(OtherProgramError, match="time zone"):
        account.balances(elsewhere, at(30))


def test_a_transfer_moves_units_and_more_than_there_is_or_to_oneself_is_refused():
    sender, _ = posted(Account.new(1), PLAIN, bought(1, 1))
    receiver = Account.new(2)
    how = {"key": "t", "at": at(2), "wallet": "points", "program": PLAIN}
    gone, came = transfer(sender, receiver, units=30, **how)
    assert gone.account.balances(PLAIN, at(3))[0].held == 20
    assert came.account.balances(PLAIN, at(3))[0].held == 30
    assert isinstance(gone.event, Transfer)
    assert gone.event.other == 2
    again = transfer(gone.account, came.account, units=30, **how)
    assert [one.entries for one in again] == [(), ()]
    with pytest.raises(RedemptionRefusedError, match="Available: 50"):
        transfer(sender, receiver, units=51, **how)
    with pytest.raises(DefinitionError, match="another customer"):
        transfer(sender, sender, units=1, **how)
    with pytest.raises(DefinitionError, match="above 0"):
        transfer(sender, receiver, units=0, **how)
    with pytest.raises(DataError, match="no wallet"):
        transfer(sender, receiver, units=1, **{**how, "wallet": "coins"})
    with pytest.raises(LateEventError):
        transfer(sender, receiver, units=1, **{**how, "at": at(1, 11)})
    end = dt.datetime(2025, 1, 31, 21, tzinfo=dt.UTC)
    with pytest.raises(RedemptionRefusedError, match="Available: 0"):
        transfer(sender, receiver, units=1, **{**how, "at": end})


def stream(chance, count):
    """Make events of every kind, near enough to each other that they meet."""
    found, orders = [], []
    day = 1
    for number in range(count):
        day += chance.choice([0, 0, 1, 1, 2, 4])
        match chance.randrange(9):
            case 0 | 1 | 2 | 3:
                paid = chance.choice([0, 0, 10, 40])
                amount = chance.randrange(1, 4000)
                orders.append((number, amount))
                event = Order(order_id=number, at=at(day), amount=amount, points_paid=paid)
            case 4 | 5 if orders:
                order, amount = chance.choice(orders[-6:])
                part = chance.choice([amount, amount, (amount + 1) // 2])
                event = Return(f"r{number}", order, at(day), part)
            case 6:
                event = Redemption(f"s{number}", at(day), chance.randrange(1, 80))
            case 7:
                event = Issue(f"i{number}", at(day), chance.randrange(1, 80), "points")
            case _:
                event = Reservation(f"h{number}", at(day), chance.randrange(1, 40), length="30h")
        found.append(event)
    return found


@pytest.mark.parametrize("seed", range(30))
def test_forgetting_changes_no_later_answer(seed, monkeypatch):
    events = stream(random.Random(seed), 90)
    short = fold(7, events, TIERED, as_of=at(400))
    monkeypatch.setattr(posting, "forgotten", lambda account, _: account)
    long = fold(7, events, TIERED, as_of=at(400))
    assert short.entries == long.entries
    assert [(one.event, one.refusal) for one in short.refused] == [
        (one.event, one.refusal) for one in long.refused
    ]
    assert short.account.past
    assert len(short.account.to_json()) < len(long.account.to_json())


@pytest.mark.parametrize("seed", range(10))
def test_the_balance_is_the_sum_of_the_entries_and_of_the_open_lots(seed):
    events = stream(random.Random(seed), 60)
    folded = fold(7, [*events, *events[:20]], TIERED, as_of=at(100))
    held = sum(one.remaining for one in folded.account.lots(TIERED, at(100)))
    assert folded.account.balances(TIERED, at(100))[0].held == held
    assert sum(e.units for e in folded.entries if e.kind in SUMMED) == held
    assert [e.number for e in folded.entries] == list(range(1, len(folded.entries) + 1))
    assert folded.account.entries == len(folded.entries)


def test_an_event_before_the_last_one_is_late():
    account, _ = posted(Account.new(7), PLAIN, bought(2, 5))
    with pytest.raises(LateEventError, match="post_late"):
        post(account, bought(1, 4), PLAIN)
    with pytest.raises(LateEventError):
        post(account, bought(1, 5), PLAIN)
    with pytest.raises(DataError, match="after the instant"):
        account.balances(PLAIN, at(4))


@pytest.mark.parametrize("seed", range(20))
def test_a_late_event_leaves_the_account_as_if_it_had_come_in_time(seed):
    chance = random.Random(seed)
    events = sorted(stream(chance, 40), key=posting.place_of)
    late = Order(order_id="late", at=events[chance.randrange(5, 35)].at, amount=3000)
    new, entries = Account.new(7), []
    account, checkpoint, since = new, new, []
    for event in events:
        found = try_post(account, event, TIERED)
        account = found.account
        entries += found.entries
        if found.refusal is None:
            since.append(event)
            if posting.place_of(event) < posting.place_of(late):
                checkpoint, since = account, []
    righted = post_late(checkpoint, since, late, account, TIERED)
    entries += righted.entries
    straight = new
    taken = [one for one in events if posting.is_known(account, one)]
    for event in sorted((*taken, late), key=posting.place_of):
        straight = try_post(straight, event, TIERED).account
    assert righted.account.state == straight.state
    assert righted.account.version == account.version + 1
    now = at(300)
    lots = {one.lot: one.remaining for one in righted.account.lots(TIERED, righted.entries[0].at)}
    summed = {}
    for entry in entries:
        if entry.kind in SUMMED and entry.lot is not None:
            summed[entry.lot] = summed.get(entry.lot, 0) + entry.units
    assert {lot: units for lot, units in summed.items() if units} == lots
    assert [e.number for e in entries] == list(range(1, len(entries) + 1))
    assert {e.kind for e in righted.entries} <= {"adjust", "tier_up", "tier_down"}
    assert post_late(checkpoint, since, late, righted.account, TIERED).entries == ()
    assert righted.account.balances(TIERED, now) == straight.balances(TIERED, now)


def test_a_late_redemption_that_is_too_much_is_refused_and_events_must_be_whole():
    account, _ = posted(Account.new(7), PLAIN, bought(1, 1), bought(2, 5))
    with pytest.raises(RedemptionRefusedError):
        post_late(
            Account.new(7),
            [bought(1, 1), bought(2, 5)],
            Redemption("r", at(3), 60),
            account,
            PLAIN,
        )
    with pytest.raises(DataError, match="since the checkpoint"):
        post_late(Account.new(7), [bought(1, 1)], bought(3, 3), account, PLAIN)
    with pytest.raises(LateEventError):
        post_late(account, [], bought(3, 3), account, PLAIN)


def test_an_event_that_a_late_one_leaves_no_room_for_is_named():
    events = [bought(1, 1), Redemption("r", at(5), 50)]
    account, _ = posted(Account.new(7), PLAIN, *events)
    righted = post_late(Account.new(7), events, Redemption("x", at(3), 20), account, PLAIN)
    assert righted.overturned == ("redeem:r",)
    assert righted.account.balances(PLAIN, at(6))[0].held == 30
    assert sum(e.units for e in righted.entries) == 30


def test_points_for_a_review_are_earned_once_a_day():
    rule = EarningRule(
        name="review",
        wallet="points",
        trigger=OnActivity(name="Product Reviewed"),
        award=Fixed(amount=10),
        cooldown="1d",
    )
    program = compiled(rules=[rule])
    reviews = [Activity(str(hour), "Product Reviewed", at(1, hour)) for hour in (12, 20, 22)]
    _, entries = posted(Account.new(7), program, *reviews)
    # 22 o'clock in UTC is the next day in Moscow.
    assert [e.source for e in entries] == ["activity:12", "activity:22"]


WITHOUT_POLARS = """
import sys, datetime as dt, threading
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.wallets import Wallet
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Order
from retention_kit.loyalty_rules.online.posting import post
from retention_kit.loyalty_rules.online.quoting import quote
from retention_kit.loyalty_rules.online.replaying import post_late
from retention_kit.loyalty_rules.online.written import event_to_dict
from retention_kit.loyalty_rules.explaining.explain import explain
program = compile_program(
    LoyaltyProgram(name="x", currency="RUB", rounding="down", wallets=[Wallet(name="p")]),
    time_zone="UTC",
)
order = Order(order_id=1, at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), amount=1)
explain(quote(Account.new(1), order, program), program, "ru")
post(Account.new(1), order, program)
heavy = ("polars", "numpy", "numba", "sqlalchemy", "scipy", "pandas")
print(",".join(name for name in heavy if name in sys.modules))
print(threading.active_count())
"""


def test_an_account_needs_neither_polars_nor_numpy_nor_numba_and_starts_no_thread():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_POLARS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["", "1"]
