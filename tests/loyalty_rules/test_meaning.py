"""What a programme means, sentence by sentence, each reckoned by hand.

Every example is asked of the evaluator of single events, of that of tables, and of the naive
reading.
"""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.batch.making import made_of
from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.fields import Returns
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours
from retention_kit.loyalty_rules.definitions.moments import (
    After,
    AtOnce,
    FixedDate,
    NeverExpires,
    Rolling,
    Sliding,
    WhenDelivered,
)
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    EachLine,
    EachOrder,
    FirstOrder,
    NthOrder,
    TierReached,
)
from retention_kit.loyalty_rules.definitions.wallets import Grace, Lost, Spending, Wallet
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online import events as happened
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.posting import fold, post, transfer
from retention_kit.loyalty_rules.online.quoting import quote
from retention_kit.loyalty_rules.online.refusing import RedemptionRefusedError
from retention_kit.loyalty_rules.online.replaying import post_late
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.testing._loyalty_reference import read_loyalty
from retention_kit.testing._loyalty_tables import loyalty_tables

ZONE = "Europe/Moscow"
TIERS = (
    Tier(name="Bronze", at=1, benefits=Benefits(multiplier=1)),
    Tier(name="Silver", at=3, benefits=Benefits(multiplier=2)),
)


def at(text: str, zone: str = ZONE) -> dt.datetime:
    """Give an instant on the shop's clock."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def order(number, when, amount=1000, points=0, **more):
    when = at(when) if isinstance(when, str) else when
    return happened.Order(number, when, Decimal(amount), points_paid=points, **more)


def returned(number, of, when, amount, back=None, **more):
    return happened.Return(number, of, at(when), Decimal(amount), points_back=back, **more)


def points(**more) -> Wallet:
    return Wallet(**{"name": "points", "spending": Spending(), **more})


def rule(award=None, trigger=None, **more) -> EarningRule:
    fields = {
        "name": "bonus",
        "wallet": "points",
        "trigger": trigger or EachOrder(),
        "award": award or Proportional(amount="0.05"),
    }
    return EarningRule(**{**fields, **more})


def club(*rules, wallet=None, **more) -> LoyaltyProgram:
    fields = {
        "name": "Tea club",
        "currency": "RUB",
        "rounding": "down",
        "wallets": [wallet or points()],
        "rules": rules or (rule(),),
        "largest_rate": 10,
    }
    return LoyaltyProgram(**{**fields, **more})


class Told:
    """What an evaluator tells of a customer, in words that both have."""

    def __init__(self, entries, held, available, tier, refused):
        self.entries, self.held, self.available = entries, held, available
        self.tier, self.refused = tier, refused

    def lines(self, *kinds):
        """Give day, kind and units of the entries, or of those of some kinds."""
        return [
            (f"{one.at.astimezone(ZoneInfo(ZONE)):%d %b %H:%M}", one.kind, one.units)
            for one in self.entries
            if not kinds or one.kind in kinds
        ]

    def units(self, *kinds):
        return [one.units for one in self.entries if one.kind in kinds]


def _by_posts(program, *events, as_of="2026-12-31 00:00", zone=ZONE):
    compiled = compile_program(program, time_zone=zone)
    until = at(as_of, zone)
    made = fold(7, events, compiled, as_of=until)
    wallets = {one.wallet: one for one in made.account.balances(compiled, until)}
    first = next(iter(wallets.values()), None)
    return Told(
        made.entries,
        0 if first is None else first.held,
        0 if first is None else first.available,
        made.account.tier(compiled, until).tier,
        [one.refusal for one in made.refused],
    )


def _by_reading(program, *events, as_of="2026-12-31 00:00", zone=ZONE):
    until = at(as_of, zone)
    reading = read_loyalty(program, events, time_zone=zone, as_of=until)
    first = reading.program.wallets[0].name if reading.program.wallets else ""
    return Told(
        reading.purse.lines,
        reading.purse.held(first),
        reading.purse.available(first, until.astimezone(dt.UTC) - dt.timedelta(microseconds=1)),
        reading.tier,
        [one.code for one in reading.refused],
    )


def _by_tables(program, *events, as_of="2026-12-31 00:00", zone=ZONE):
    until = at(as_of, zone)
    tables = loyalty_tables({7: events}, program, zone)
    made = made_of(
        tables["orders"].lazy(),
        tables["order_items"].lazy(),
        None,
        tables["loyalty_events"].lazy(),
        program=program,
        as_of=until,
        specs=(),
        tables=("ledger", "balances", "tiers", "refused"),
    )
    rows = {name: frame.lazy().collect().to_dicts() for name, frame in made.items()}
    wallets = compile_program(program, time_zone=zone).wallet_names
    held = {row["wallet"]: row for row in rows["balances"]}
    nothing = {"held": 0, "available": 0}
    first = held.get(wallets[0], nothing) if wallets else nothing
    return Told(
        [SimpleNamespace(**row) for row in rows["ledger"]],
        first["held"],
        first["available"],
        rows["tiers"][0]["tier"] if rows["tiers"] else None,
        [row["reason"] for row in rows["refused"]],
    )


@pytest.fixture(
    params=[_by_posts, _by_reading, _by_tables], ids=["posts", "naive reading", "tables"]
)
def told(request):
    return request.param


@pytest.fixture(params=[_by_posts, _by_reading], ids=["posts", "naive reading"])
def told_of_events(request):
    """What tables cannot say: they have no column for it."""
    return request.param


class TestTheOrderOfThings:
    def test_an_order_cannot_spend_what_it_earns(self, told):
        found = told(club(rule(Proportional(amount="0.5"))), order(1, "2025-01-01 10:00", 100, 10))
        assert found.refused == ["over_balance"]
        assert found.held == 0

    def test_an_order_spends_what_an_order_before_it_at_the_same_instant_earned(self, told):
        found = told(
            club(), order(1, "2025-01-01 10:00", 1000), order(2, "2025-01-01 10:00", 1000, 50)
        )
        assert found.lines() == [
            ("01 Jan 10:00", "earn", 50),
            ("01 Jan 10:00", "redeem", -50),
            ("01 Jan 10:00", "earn", 47),  # 5 % of 950 is 47.5
        ]

    def test_what_expires_at_an_instant_cannot_be_spent_at_it(self, told):
        program = club(wallet=points(expiry=Rolling(length="30d")))
        first = order(1, "2025-01-01 10:00")
        late = told(program, first, order(2, "2025-02-01 00:00", 1000, 50))
        assert late.refused == ["over_balance"]
        in_time = told(program, first, order(2, "2025-01-31 23:59", 1000, 50))
        assert in_time.refused == []

    def test_a_return_comes_before_an_order_of_the_same_instant(self, told):
        found = told(
            club(),
            order(1, "2025-01-01 10:00", 1000),
            order(3, "2025-01-02 10:00", 1000, 50),
            returned(2, 1, "2025-01-02 10:00", 1000),
        )
        assert found.refused == ["over_balance"]
        assert found.units("clawback") == [-50]

    def test_what_comes_back_at_the_instant_of_its_order_comes_right_after_it(self, told):
        found = told(club(), returned(2, 1, "2025-01-01 10:00", 400), order(1, "2025-01-01 10:00"))
        assert found.refused == []
        assert found.units("earn", "clawback") == [50, -20]
        assert found.entries[1].at - found.entries[0].at == dt.timedelta(microseconds=1)

    def test_a_redemption_is_taken_before_a_transfer_and_a_transfer_before_an_adjustment(
        self, told
    ):
        when = at("2025-01-05 10:00")
        found = told(
            club(),
            order(1, "2025-01-01 10:00", 1000),
            happened.Adjustment("a", when, 1, "points"),
            happened.Transfer("t", when, -20, "points"),
            happened.Redemption("r", when, 10),
        )
        assert found.lines()[1:] == [
            ("05 Jan 10:00", "redeem", -10),
            ("05 Jan 10:00", "transfer", -20),
            ("05 Jan 10:00", "adjust", 1),
        ]

    def test_a_tier_reached_at_an_instant_counts_from_the_next_instant_on(self, told):
        program = club(rule(Proportional(amount="0.1")), tiers=TierLadder(tiers=TIERS, by="orders"))
        same = [order(n, "2025-01-01 10:00", 100) for n in (1, 2, 3, 4)]
        assert told(program, *same).units("earn") == [10, 10, 10, 10]
        found = told(program, *same, order(5, "2025-01-01 10:01", 100))
        assert found.units("earn") == [10, 10, 10, 10, 20]


class TestLots:
    def test_thirty_days_from_1_january_end_with_31_january(self, told):
        found = told(
            club(wallet=points(expiry=Rolling(length="30d"))), order(1, "2025-01-01 10:00")
        )
        assert found.lines() == [("01 Jan 10:00", "earn", 50), ("01 Feb 00:00", "expire", -50)]

    def test_a_month_from_31_january_ends_with_the_last_day_of_february(self, told):
        found = told(
            club(wallet=points(expiry=Rolling(length="1mo"))), order(1, "2025-01-31 10:00")
        )
        assert found.lines("expire") == [("01 Mar 00:00", "expire", -50)]

    def test_hours_are_elapsed_time_over_a_change_of_the_clocks(self, told):
        # In London the clocks go forward on 30 March 2025: 36 hours later it is 23:00.
        zone = "Europe/London"
        program = club(wallet=points(expiry=Rolling(length="36h")))
        found = told(
            program,
            happened.Order(1, at("2025-03-29 10:00", zone), 1000),
            zone=zone,
        )
        (expired,) = [one for one in found.entries if one.kind == "expire"]
        assert expired.at == at("2025-03-30 23:00", zone)

    def test_a_length_may_be_prolonged_to_the_end_of_the_month_it_ends_in(self, told):
        program = club(wallet=points(expiry=Rolling(length="30d", to_end_of="month")))
        found = told(program, order(1, "2025-01-15 10:00"))
        assert found.lines("expire") == [("01 Mar 00:00", "expire", -50)]

    def test_a_fixed_date_is_the_next_such_day_the_same_day_included(self, told):
        program = club(wallet=points(expiry=FixedDate(month=1, day=31)))
        found = told(program, order(1, "2025-01-31 10:00"), order(2, "2025-02-01 10:00", 100))
        assert [one.at for one in found.entries if one.kind == "expire"] == [
            at("2025-02-01 00:00"),
            at("2026-02-01 00:00"),
        ]

    def test_activity_moves_a_sliding_expiry(self, told):
        program = club(wallet=points(expiry=Sliding(length="10d")))
        found = told(program, order(1, "2025-01-01 10:00"), order(2, "2025-01-11 10:00", 100))
        # Both lots end after 21 January; without the second order the first had after the 11th.
        assert found.lines("expire") == [
            ("22 Jan 00:00", "expire", -50),
            ("22 Jan 00:00", "expire", -5),
        ]

    def test_the_soonest_to_expire_is_spent_first(self, told):
        program = club(
            rule(Fixed(amount=30), name="long", expiry=NeverExpires()),
            rule(Fixed(amount=20), name="short", expiry=Rolling(length="10d")),
        )
        found = told(
            program,
            order(1, "2025-01-01 10:00"),
            happened.Redemption("r", at("2025-01-02 10:00"), 25),
        )
        assert [(one.rule, one.units) for one in found.entries if one.kind == "redeem"] == [
            ("short", -20),
            ("long", -5),
        ]

    def test_pending_units_are_held_and_cannot_be_spent(self, told):
        program = club(wallet=points(pending=After(length="14d")))
        first = order(1, "2025-01-01 10:00")
        found = told(program, first, as_of="2025-01-16 00:00")
        assert (found.held, found.available) == (50, 0)
        found = told(program, first, as_of="2025-01-16 00:00:00.000001")
        assert (found.held, found.available) == (50, 50)
        assert found.lines("activate") == [("16 Jan 00:00", "activate", 50)]

    def test_what_waits_for_the_delivery_lives_from_then_on(self, told):
        program = club(wallet=points(pending=WhenDelivered(), expiry=Rolling(length="30d")))
        found = told(
            program,
            order(1, "2025-01-01 10:00"),
            happened.Delivery(1, at("2025-01-08 12:00")),
        )
        assert found.lines() == [
            ("01 Jan 10:00", "earn", 50),
            ("08 Jan 12:00", "activate", 50),
            ("08 Feb 00:00", "expire", -50),
        ]


class TestAwards:
    def test_the_basis_is_what_was_paid_in_money(self, told):
        found = told(club(), order(1, "2025-01-01 10:00"), order(2, "2025-01-02 10:00", 1000, 50))
        assert found.units("earn") == [50, 47]

    def test_the_part_paid_in_points_may_count_and_so_may_the_discount(self, told):
        award = Proportional(amount="0.05", before_discount=True, with_points=True)
        found = told(
            club(rule(award)),
            order(1, "2025-01-01 10:00", 900, discount=100),
            order(2, "2025-01-02 10:00", 900, 50, discount=100),
        )
        assert found.units("earn") == [50, 50]

    def test_only_full_steps_count_where_that_is_said(self, told):
        award = Proportional(amount=10, per=300, full_steps=True)
        assert told(club(rule(award)), order(1, "2025-01-01 10:00", 899)).held == 20

    @pytest.mark.parametrize(
        ("rounding", "wanted"), [("down", 2), ("half_up", 3), ("half_even", 2), ("up", 3)]
    )
    def test_a_fraction_is_rounded_once_as_the_programme_says(self, told, rounding, wanted):
        program = club(rule(Proportional(amount="0.05")), rounding=rounding)
        assert told(program, order(1, "2025-01-01 10:00", 50)).held == wanted

    def test_marginal_steps_pay_each_part_by_its_own_rate(self, told):
        award = TieredRate(mode="marginal", steps=((0, "0.01"), (1000, "0.05")))
        assert told(club(rule(award)), order(1, "2025-01-01 10:00", 1500)).held == 35

    def test_whole_steps_pay_all_by_the_rate_that_is_reached(self, told):
        award = TieredRate(mode="whole", steps=((0, "0.01"), (1000, "0.05")))
        found = told(
            club(rule(award)), order(1, "2025-01-01 10:00", 999), order(2, "2025-01-02 10:00", 1000)
        )
        assert found.units("earn") == [9, 50]

    def test_cumulative_steps_are_looked_up_by_what_was_spent_before(self, told):
        award = TieredRate(mode="whole", of="spend", steps=((0, "0.01"), (1000, "0.05")))
        orders = [order(n, f"2025-01-0{n} 10:00", 1000) for n in (1, 2)]
        assert told(club(rule(award)), *orders).units("earn") == [10, 50]

    def test_multipliers_multiply_each_other_and_the_rates_but_not_what_is_fixed(self, told):
        program = club(
            rule(Proportional(amount="0.1"), name="a"),
            rule(Fixed(amount=7), name="b"),
            rule(Multiplier(factor=2), name="c"),
            rule(Multiplier(factor="1.5"), name="d"),
        )
        assert told(program, order(1, "2025-01-01 10:00", 100)).units("earn") == [30, 7]

    def test_each_line_pays_per_unit_of_the_lines_that_match(self, told):
        tea = Where(column="category", operator="equals", value="tea")
        program = club(rule(Fixed(amount=10), trigger=EachLine(), lines=[tea]))
        lines = (
            happened.Line(1, 60, quantity=2, category="tea"),
            happened.Line(2, 30, quantity=Decimal("1.5"), category="tea"),
            happened.Line(3, 10, quantity=9, category="coffee"),
        )
        # 3.5 units of tea count as 3.
        assert told(program, order(1, "2025-01-01 10:00", 100, lines=lines)).held == 30

    def test_a_rule_of_lines_sees_its_part_of_what_was_paid_in_points(self, told):
        tea = Where(column="category", operator="equals", value="tea")
        program = club(rule(Proportional(amount="0.1"), lines=[tea]))
        lines = (
            happened.Line(1, 600, category="tea"),
            happened.Line(2, 400, category="coffee"),
        )
        found = told(
            program,
            happened.Issue("i", at("2025-01-01 09:00"), 100, "points"),
            order(1, "2025-01-01 10:00", 1000, 100, lines=lines),
        )
        # 600 less 60 of the 100 points is 540.
        assert found.units("earn") == [100, 54]

    def test_the_first_and_every_second_order_are_counted_from_the_first(self, told):
        program = club(
            rule(Fixed(amount=100), trigger=FirstOrder(), name="first"),
            rule(Fixed(amount=10), trigger=NthOrder(n=2, every=True), name="second"),
        )
        orders = [order(n, f"2025-01-0{n} 10:00") for n in (1, 2, 3, 4)]
        assert told(program, *orders).lines() == [
            ("01 Jan 10:00", "earn", 100),
            ("02 Jan 10:00", "earn", 10),
            ("04 Jan 10:00", "earn", 10),
        ]

    def test_an_event_pays_by_its_value(self, told):
        program = club(rule(Proportional(amount="0.1"), trigger=Activity(name="Review")))
        found = told(program, happened.Activity("r1", "Review", at("2025-01-01 10:00"), 200))
        assert found.held == 20

    def test_happy_hours_over_midnight_belong_to_the_day_they_start_on(self, told):
        friday = HappyHours(start="22:00", end="02:00", weekdays=[5])
        program = club(rule(Fixed(amount=1), hours=[friday]))
        # 3 January 2025 was a Friday.
        times = ("2025-01-03 01:59", "2025-01-03 22:00", "2025-01-04 01:59", "2025-01-04 02:00")
        found = told(program, *(order(n, when) for n, when in enumerate(times)))
        assert found.lines() == [("03 Jan 22:00", "earn", 1), ("04 Jan 01:59", "earn", 1)]

    def test_the_last_day_of_validity_is_included(self, told):
        program = club(rule(valid_from=dt.date(2025, 1, 2), valid_until=dt.date(2025, 1, 3)))
        times = ("2025-01-01 23:59", "2025-01-02 00:00", "2025-01-03 23:59", "2025-01-04 00:00")
        found = told(program, *(order(n, when) for n, when in enumerate(times)))
        assert found.units("earn") == [50, 50]


class TestLimits:
    def test_a_cap_that_reduces_gives_what_there_is_room_for(self, told):
        cap = Cap(limit=80, per="month", beyond="reduce")
        orders = [order(n, f"2025-01-0{n} 10:00") for n in (1, 2, 3)]
        found = told(club(rule(caps=[cap])), *orders, order(4, "2025-02-01 00:00"))
        assert found.units("earn") == [50, 30, 50]

    def test_a_cap_that_rejects_gives_nothing(self, told):
        cap = Cap(limit=80, per="month", beyond="reject")
        found = told(
            club(rule(caps=[cap])),
            order(1, "2025-01-01 10:00"),
            order(2, "2025-01-02 10:00"),
            order(3, "2025-01-03 10:00", 600),
        )
        assert found.units("earn") == [50, 30]

    def test_times_are_counted_where_something_was_given(self, told):
        cap = Cap(limit=1, of="times", per="day", beyond="reject")
        orders = [order(1, "2025-01-01 10:00", 1), order(2, "2025-01-01 11:00")]
        found = told(club(rule(caps=[cap])), *orders, order(3, "2025-01-01 12:00"))
        # 5 % of 1 is nothing, and does not count.
        assert found.units("earn") == [50]

    def test_a_cap_opens_again_for_what_is_taken_back_in_the_same_period(self, told):
        cap = Cap(limit=50, per="month", beyond="reduce")
        found = told(
            club(rule(caps=[cap])),
            order(1, "2025-01-01 10:00"),
            returned(2, 1, "2025-01-02 10:00", 400),
            order(3, "2025-01-03 10:00"),
        )
        assert found.units("earn", "clawback") == [50, -20, 20]

    def test_a_cooldown_of_one_day_is_once_a_calendar_day(self, told):
        times = ("2025-01-01 23:00", "2025-01-01 23:30", "2025-01-02 00:00")
        found = told(club(rule(cooldown="1d")), *(order(n, when) for n, when in enumerate(times)))
        assert found.lines() == [("01 Jan 23:00", "earn", 50), ("02 Jan 00:00", "earn", 50)]

    @pytest.mark.parametrize(
        ("mode", "wanted"), [("sum", [10, 30]), ("best", [30]), ("first", [10])]
    )
    def test_a_group_pays_all_the_best_or_the_first(self, told, mode, wanted):
        program = club(
            rule(Fixed(amount=10), name="a", group="g"),
            rule(Fixed(amount=30), name="b", group="g"),
            stacking={"g": mode},
        )
        assert told(program, order(1, "2025-01-01 10:00")).units("earn") == wanted


class TestSpending:
    @pytest.mark.parametrize(
        ("spent", "refusal"),
        [
            (100, []),
            (90, ["below_minimum"]),
            (105, ["not_a_step"]),
            (300, []),
            (310, ["above_share"]),
        ],
    )
    def test_keeps_to_the_minimum_the_step_and_the_share(self, told, spent, refusal):
        spending = Spending(minimum=100, step=10, largest_share="0.3")
        found = told(
            club(wallet=points(spending=spending)),
            happened.Issue("i", at("2025-01-01 09:00"), 1000, "points"),
            order(1, "2025-01-01 10:00", 1000, spent),
        )
        assert found.refused == refusal

    def test_lines_that_are_excluded_cannot_be_paid_for(self, told):
        tobacco = Where(column="category", operator="equals", value="tobacco")
        program = club(wallet=points(spending=Spending(excluded=[tobacco])))
        lines = (
            happened.Line(1, 600, category="tobacco"),
            happened.Line(2, 400, category="tea"),
        )
        gift = happened.Issue("i", at("2025-01-01 09:00"), 1000, "points")
        for spent, refusal in ((400, []), (401, ["above_share"])):
            bought = order(1, "2025-01-01 10:00", 1000, spent, lines=lines)
            assert told(program, gift, bought).refused == refusal

    def test_is_refused_with_what_is_available(self):
        program = compile_program(club(), time_zone=ZONE)
        account = post(Account.new(7), order(1, "2025-01-01 10:00"), program).account
        with pytest.raises(RedemptionRefusedError) as raised:
            post(account, happened.Redemption("r", at("2025-01-02 10:00"), 51), program)
        assert raised.value.available == 50

    def test_takes_only_a_label_where_it_is_named(self, told):
        found = told(
            club(),
            order(1, "2025-01-01 10:00"),
            happened.Issue("i", at("2025-01-01 11:00"), 30, "points", label="birthday"),
            happened.Redemption("a", at("2025-01-02 10:00"), 31, label="birthday"),
            happened.Redemption("b", at("2025-01-02 11:00"), 30, label="birthday"),
        )
        assert found.refused == ["over_balance"]
        assert found.held == 50


class TestReservations:
    def test_what_is_reserved_is_held_and_not_available(self, told):
        found = told(
            club(),
            order(1, "2025-01-01 10:00"),
            happened.Reservation("r", at("2025-01-02 10:00"), 20, length="15m"),
            as_of="2025-01-02 10:10",
        )
        assert (found.held, found.available) == (50, 30)

    def test_a_capture_redeems_and_a_release_gives_free(self, told):
        start = [
            order(1, "2025-01-01 10:00"),
            happened.Reservation("r", at("2025-01-02 10:00"), 20, length="15m"),
        ]
        captured = told(club(), *start, happened.Capture("c", at("2025-01-02 10:05"), "r"))
        assert captured.lines()[1:] == [
            ("02 Jan 10:00", "reserve", 20),
            ("02 Jan 10:05", "capture", 20),
            ("02 Jan 10:05", "redeem", -20),
        ]
        released = told(club(), *start, happened.Release("l", at("2025-01-02 10:05"), "r"))
        assert (released.held, released.available) == (50, 50)

    def test_an_order_is_paid_with_what_is_reserved_for_it_and_the_rest_is_free(
        self, told_of_events
    ):
        start = [
            order(1, "2025-01-01 10:00"),
            happened.Reservation("r", at("2025-01-02 10:00"), 40, length="15m"),
        ]
        paid = order(2, "2025-01-02 10:05", 1000, 30, reservation="r")
        found = told_of_events(club(), *start, paid)
        assert found.lines("reserve", "capture", "redeem") == [
            ("02 Jan 10:00", "reserve", 40),
            ("02 Jan 10:05", "capture", 30),
            ("02 Jan 10:05", "redeem", -30),
        ]
        assert (found.held, found.available) == (68, 68)  # 50 - 30, and 5 % of 970
        more = order(2, "2025-01-02 10:05", 1000, 51, reservation="r")
        assert told_of_events(club(), *start, more).refused == ["over_balance"]
        other = order(2, "2025-01-02 10:05", 1000, 10, reservation="s")
        assert told_of_events(club(), *start, other).refused == ["no_reservation"]

    def test_a_time_limit_ends_it(self, told):
        found = told(
            club(),
            order(1, "2025-01-01 10:00"),
            happened.Reservation("r", at("2025-01-02 10:00"), 20, length="15m"),
            happened.Capture("c", at("2025-01-02 10:15"), "r"),
        )
        assert found.refused == ["no_reservation"]
        assert found.lines("release") == [("02 Jan 10:15", "release", 20)]

    def test_what_expires_meanwhile_can_still_be_captured_or_expires_when_it_is_free(self, told):
        program = club(wallet=points(expiry=Rolling(length="30d")))
        start = [
            order(1, "2025-01-01 10:00"),
            happened.Reservation("r", at("2025-01-31 23:50"), 20, length="30m"),
        ]
        captured = told(program, *start, happened.Capture("c", at("2025-02-01 00:10"), "r"))
        assert captured.units("expire", "redeem") == [-30, -20]
        timed_out = told(program, *start)
        assert timed_out.lines("expire") == [
            ("01 Feb 00:00", "expire", -30),
            ("01 Feb 00:20", "expire", -20),
        ]


class TestReturns:
    def test_partial_returns_take_back_exactly_what_was_earned(self, told):
        found = told(
            club(rule(Proportional(amount="0.05"))),
            order(1, "2025-01-01 10:00", 999),  # 49.95: 49
            returned(2, 1, "2025-01-02 10:00", 333),  # 33.3: 33 remain
            returned(3, 1, "2025-01-03 10:00", 333),  # 16.65: 16 remain
            returned(4, 1, "2025-01-04 10:00", 333),
        )
        assert found.units("clawback") == [-16, -17, -16]
        assert found.held == 0

    def test_what_was_spent_already_becomes_a_debt_or_is_forgiven(self, told):
        events = [
            order(1, "2025-01-01 10:00"),
            happened.Redemption("r", at("2025-01-02 10:00"), 30),
            returned(2, 1, "2025-01-03 10:00", 1000),
        ]
        assert told(club(), *events).held == -30
        assert told(club(wallet=points(negative_balance="zero")), *events).held == 0

    def test_a_debt_is_paid_with_what_comes_next(self, told):
        found = told(
            club(),
            order(1, "2025-01-01 10:00"),
            happened.Redemption("r", at("2025-01-02 10:00"), 30),
            returned(2, 1, "2025-01-03 10:00", 1000),
            order(3, "2025-01-04 10:00"),
        )
        assert found.held == found.available == 20
        assert sorted(found.units("transfer")) == [-30, 30]

    def test_what_has_expired_is_not_asked_back(self, told):
        found = told(
            club(wallet=points(expiry=Rolling(length="30d"))),
            order(1, "2025-01-01 10:00"),
            returned(2, 1, "2025-03-01 10:00", 1000),
        )
        assert found.held == 0
        assert found.units("clawback") == []

    def test_units_that_were_spent_come_back_with_their_own_expiry(self, told):
        program = club(
            rule(Proportional(amount="0.05")), wallet=points(expiry=Rolling(length="30d"))
        )
        found = told(
            program,
            order(1, "2025-01-01 10:00"),
            order(2, "2025-01-10 10:00", 100, 40),
            returned(3, 2, "2025-01-11 10:00", 50),
        )
        assert found.units("restore") == [20]
        assert found.lines("expire")[0] == ("01 Feb 00:00", "expire", -30)

    @pytest.mark.parametrize(
        ("restored", "wanted"),
        [
            (Lost(), [("10 Feb 10:00", "restore", 40), ("10 Feb 10:00", "expire", -40)]),
            (
                Grace(length="5d"),
                [("10 Feb 10:00", "restore", 40), ("16 Feb 00:00", "expire", -40)],
            ),
        ],
    )
    def test_what_comes_back_after_its_end_is_lost_or_has_a_grace(self, told, restored, wanted):
        found = told(
            club(
                rule(trigger=FirstOrder()),
                wallet=points(expiry=Rolling(length="30d"), restored=restored),
            ),
            order(1, "2025-01-01 10:00", 800),
            order(2, "2025-01-10 10:00", 100, 40),
            returned(3, 2, "2025-02-10 10:00", 100),
        )
        assert found.lines("restore", "expire") == wanted

    def test_what_expires_last_comes_back_first(self, told):
        program = club(
            rule(Fixed(amount=30), trigger=FirstOrder(), name="long", expiry=NeverExpires()),
            rule(
                Fixed(amount=20), trigger=FirstOrder(), name="short", expiry=Rolling(length="90d")
            ),
        )
        found = told(
            program,
            order(1, "2025-01-01 10:00"),
            order(2, "2025-01-02 10:00", 50, 50),
            returned(3, 2, "2025-01-03 10:00", 35),
        )
        assert [(one.rule, one.units) for one in found.entries if one.kind == "restore"] == [
            ("long", 30),
            ("short", 5),
        ]

    def test_an_order_that_is_unknown_too_old_or_too_small_is_refused(self, told):
        program = club(returns=Returns(within="14d"))
        found = told(
            program,
            order(1, "2025-01-01 10:00", 100),
            returned(2, 9, "2025-01-02 10:00", 100),
            returned(3, 1, "2025-01-02 10:00", 101),
            returned(4, 1, "2025-01-16 00:00", 100),
        )
        assert found.refused == ["unknown_order", "more_than_bought", "too_late"]
        in_time = told(
            program, order(1, "2025-01-01 10:00", 100), returned(4, 1, "2025-01-15 23:59", 100)
        )
        assert in_time.refused == []

    def test_a_return_reckons_with_the_tier_of_its_order(self, told):
        program = club(rule(Proportional(amount="0.1")), tiers=TierLadder(tiers=TIERS, by="orders"))
        orders = [order(n, f"2025-01-0{n} 10:00", 100) for n in (1, 2, 3, 4)]
        found = told(program, *orders, returned(9, 4, "2025-01-05 10:00", 50))
        assert found.units("earn", "clawback") == [10, 10, 10, 20, -10]


class TestTiers:
    def test_the_fourth_order_is_the_first_at_silver_when_silver_is_three(self, told):
        program = club(rule(Proportional(amount="0.1")), tiers=TierLadder(tiers=TIERS, by="orders"))
        orders = [order(n, f"2025-01-0{n} 10:00", 100) for n in (1, 2, 3, 4)]
        found = told(program, *orders)
        assert found.units("earn") == [10, 10, 10, 20]
        assert found.lines("tier_up") == [
            ("01 Jan 10:00", "tier_up", 0),
            ("03 Jan 10:00", "tier_up", 0),
        ]

    def test_an_order_wholly_returned_does_not_count(self, told):
        program = club(tiers=TierLadder(tiers=TIERS, by="orders"))
        orders = [order(n, f"2025-01-0{n} 10:00", 100) for n in (1, 2)]
        found = told(
            program,
            *orders,
            returned(8, 2, "2025-01-03 10:00", 100),
            order(5, "2025-01-04 10:00", 100),
        )
        assert found.tier == "Bronze"

    def test_the_window_is_open_at_its_start_and_has_the_event_in_it(self, told):
        ladder = TierLadder(tiers=[Tier(name="Two", at=2)], by="orders", window="10d")
        first = order(1, "2025-01-01 10:00", 100)
        at_start = told(club(tiers=ladder), first, order(2, "2025-01-11 10:00", 100))
        assert at_start.tier is None
        inside = told(club(tiers=ladder), first, order(2, "2025-01-11 09:59", 100))
        assert inside.tier == "Two"

    def test_a_calendar_window_begins_with_the_period(self, told):
        ladder = TierLadder(tiers=[Tier(name="Two", at=2)], by="orders", window="month")
        for first, tier in (("2025-01-31 23:59", None), ("2025-02-01 00:00", "Two")):
            found = told(club(tiers=ladder), order(1, first), order(2, "2025-02-28 10:00"))
            assert found.tier == tier

    @pytest.mark.parametrize(
        ("downgrade", "wanted"), [("recompute", None), ("one_step", "Bronze"), ("none", "Silver")]
    )
    def test_a_tier_ends_as_the_programme_says(self, told, downgrade, wanted):
        ladder = TierLadder(
            tiers=TIERS, by="orders", window="10d", validity="30d", downgrade=downgrade
        )
        orders = [order(n, f"2025-01-0{n} 10:00", 100) for n in (1, 2, 3)]
        # Silver since 3 January, over on 3 February at 00:00.
        assert told(club(tiers=ladder), *orders, as_of="2025-02-03 00:00").tier == "Silver"
        assert told(club(tiers=ladder), *orders, as_of="2025-02-03 00:01").tier == wanted

    def test_a_grace_puts_the_fall_off(self, told):
        ladder = TierLadder(
            tiers=TIERS,
            by="orders",
            window="10d",
            validity="30d",
            downgrade="recompute",
            grace="5d",
        )
        orders = [order(n, f"2025-01-0{n} 10:00", 100) for n in (1, 2, 3)]
        found = told(club(tiers=ladder), *orders, as_of="2026-01-01 00:00")
        assert found.lines("tier_down") == [("09 Feb 00:00", "tier_down", 0)]

    def test_spend_is_what_was_paid_in_money(self, told):
        ladder = TierLadder(tiers=[Tier(name="Gold", at=1000)], by="spend")
        gift = happened.Issue("i", at("2025-01-01 09:00"), 1, "points")
        program = club(tiers=ladder)
        assert told(program, gift, order(1, "2025-01-01 10:00", 1000, 1)).tier is None
        assert told(program, gift, order(1, "2025-01-01 10:00", 1000)).tier == "Gold"

    def test_a_tier_reached_pays_once_for_each_reaching(self, told):
        program = club(
            rule(Fixed(amount=100), trigger=TierReached(tier="Silver")),
            tiers=TierLadder(tiers=TIERS, by="orders"),
        )
        orders = [order(n, f"2025-01-0{n} 10:00", 100) for n in (1, 2, 3, 4)]
        assert told(program, *orders).lines("earn") == [("03 Jan 10:00", "earn", 100)]

    def test_a_higher_tier_has_what_the_lower_one_brings_unless_it_says_otherwise(self, told):
        for inherits, wanted in ((True, 20), (False, 10)):
            tiers = (
                Tier(name="Bronze", at=0, benefits=Benefits(multiplier=2)),
                Tier(name="Silver", at=1, benefits=Benefits(inherits=inherits)),
            )
            program = club(
                rule(Proportional(amount="0.1")), tiers=TierLadder(tiers=tiers, by="orders")
            )
            orders = [order(n, f"2025-01-0{n} 10:00", 100) for n in (1, 2)]
            assert told(program, *orders).units("earn") == [20, wanted]


class TestTheHistoryOfAProgramme:
    def test_what_was_earned_keeps_the_rules_under_which_it_was_earned(self, told):
        old = club(rule(Proportional(amount="0.05")), wallet=points(expiry=Rolling(length="90d")))
        new = club(rule(Proportional(amount="0.1")), wallet=points(expiry=Rolling(length="10d")))
        history = ProgramHistory(versions=[(dt.date(2025, 1, 1), old), (dt.date(2025, 2, 1), new)])
        found = told(
            history,
            order(1, "2025-01-31 23:59"),
            order(2, "2025-02-01 00:00"),
            returned(3, 1, "2025-02-05 10:00", 500),
        )
        assert found.units("earn") == [50, 100]
        assert found.units("clawback") == [-25]
        assert found.lines("expire") == [
            ("12 Feb 00:00", "expire", -100),
            ("02 May 00:00", "expire", -25),
        ]


class TestWhatConcernsTwo:
    def test_a_transfer_of_more_than_there_is_becomes_a_debt_since_it_is_a_fact(self, told):
        found = told(
            club(),
            order(1, "2025-01-01 10:00"),
            happened.Transfer("t", at("2025-01-02 10:00"), -60, "points"),
        )
        assert found.held == -10

    def test_between_two_accounts_more_than_there_is_is_refused(self):
        program = compile_program(club(), time_zone=ZONE)
        sender = post(Account.new(1), order(1, "2025-01-01 10:00"), program).account
        move = {"key": "t", "at": at("2025-01-02 10:00"), "wallet": "points", "program": program}
        with pytest.raises(RedemptionRefusedError):
            transfer(sender, Account.new(2), units=51, **move)
        gone, come = transfer(sender, Account.new(2), units=50, **move)
        assert [one.units for one in (*gone.entries, *come.entries)] == [-50, 50]

    def test_an_adjustment_below_what_is_there_is_refused(self, told):
        found = told(
            club(),
            order(1, "2025-01-01 10:00"),
            happened.Adjustment("a", at("2025-01-02 10:00"), -51, "points"),
        )
        assert found.refused == ["over_balance"]


class TestALateEvent:
    def test_leaves_what_was_written_and_puts_the_balance_right(self):
        program = compile_program(club(wallet=points(expiry=Rolling(length="30d"))), time_zone=ZONE)
        second = order(2, "2025-01-20 10:00", 400)
        account = post(Account.new(7), second, program).account
        late = order(1, "2025-01-10 10:00", 1000, recorded_at=at("2025-01-21 10:00"))
        posted = post_late(Account.new(7), [second], late, account, program)
        assert {one.kind for one in posted.entries} == {"adjust"}
        assert sum(one.units for one in posted.entries) == 50
        assert {one.at for one in posted.entries} == {at("2025-01-21 10:00")}
        (balance,) = posted.account.balances(program, at("2025-02-01 00:00"))
        assert balance.held == 70


class TestAQuote:
    def test_says_what_posting_would_do_and_changes_nothing(self):
        program = compile_program(club(), time_zone=ZONE)
        account = post(Account.new(7), order(1, "2025-01-01 10:00"), program).account
        asked = order(2, "2025-01-02 10:00", 1000)
        quoted = quote(account, asked, program, spend="most")
        assert quoted.spendable.units == 50
        assert [one.units for one in quoted.earnings] == [47]
        assert account == post(Account.new(7), order(1, "2025-01-01 10:00"), program).account

    def test_takes_the_discount_of_the_tier_first_and_each_other_of_what_is_left(self):
        tiers = (Tier(name="Bronze", at=0, benefits=Benefits(discount="0.1")),)
        program = club(
            tiers=TierLadder(tiers=tiers, by="orders"),
            discounts=(Discount(name="spring", share="0.2"), Discount(name="coupon", amount=30)),
            combining="compound",
        )
        compiled = compile_program(program, time_zone=ZONE)
        quoted = quote(Account.new(7), order(1, "2025-01-01 10:00", 1000), compiled)
        assert [(one.name, one.amount) for one in quoted.discounts] == [
            (None, 100),
            ("spring", 180),
            ("coupon", 30),
        ]
        assert quoted.payable == 690
        assert [one.units for one in quoted.earnings] == [34]  # 5 % of 690 is 34.5

    def test_takes_the_largest_discount_alone_where_the_programme_says_so(self):
        offers = (Discount(name="spring", share="0.2"), Discount(name="coupon", amount=30))
        program = club(discounts=offers, combining="best")
        compiled = compile_program(program, time_zone=ZONE)
        for amount, name, off in ((1000, "spring", 200), (100, "coupon", 30)):
            quoted = quote(Account.new(7), order(1, "2025-01-01 10:00", amount), compiled)
            assert [(one.name, one.amount) for one in quoted.discounts] == [(name, off)]


class TestMoney:
    def test_a_float_is_refused(self):
        with pytest.raises(DataError):
            happened.Order(1, at("2025-01-01 10:00"), 99.9)

    def test_another_currency_is_refused(self):
        program = compile_program(club(), time_zone=ZONE)
        with pytest.raises(DataError):
            post(Account.new(7), order(1, "2025-01-01 10:00", currency="EUR"), program)

    def test_stands_in_hundredths_in_a_wallet_of_money(self, told):
        wallet = Wallet(name="cash", kind="money", pending=AtOnce(), spending=Spending())
        program = club(rule(Proportional(amount="0.05"), wallet="cash"), wallet=wallet)
        assert told(program, order(1, "2025-01-01 10:00", "10.55")).held == 52
