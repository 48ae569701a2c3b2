"""Ready programmes, to the rouble."""

import datetime as dt
import inspect
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from retention_kit.loyalty_rules import ready
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Activity, Order
from retention_kit.loyalty_rules.online.posting import fold, post
from retention_kit.loyalty_rules.online.quoting import quote

MOSCOW = ZoneInfo("Europe/Moscow")
PRESETS = [getattr(ready, name) for name in ready.__all__]


def at(month: int, day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2025, month, day, hour, tzinfo=MOSCOW)


def compiled(program):
    return compile_program(program, time_zone="Europe/Moscow")


def earned(entries, rule=None):
    """Give what rules gave, in the wallet's units."""
    found = [one for one in entries if one.kind == "earn" and rule in (None, one.rule)]
    return [one.units for one in found]


class TestEvery:
    @pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.__name__)
    def test_a_preset_comes_back_from_json_and_compiles(self, preset):
        program = preset(currency="RUB")
        assert LoyaltyProgram.from_json(program.to_json()) == program
        assert compiled(program).currency == "RUB"

    @pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.__name__)
    def test_the_currency_has_no_default(self, preset):
        assert inspect.signature(preset).parameters["currency"].default is inspect.Parameter.empty


class TestBronzeSilverGold:
    PROGRAM = compiled(ready.bronze_silver_gold(currency="RUB"))

    def test_seven_orders_of_10_000_cost_what_their_status_says(self):
        account = Account.new(1)
        shown = []
        for month in range(1, 8):
            price = Order(order_id=month, at=at(month, 10), amount=10_000)
            said = quote(account, price, self.PROGRAM)
            shown.append((said.tier, said.payable, said.privileges))
            paid = Order(
                order_id=month, at=at(month, 10), amount=said.payable, discount=said.discount
            )
            account = post(account, paid, self.PROGRAM).account
        silver, gold = ("free_delivery",), ("free_delivery", "personal_manager")
        assert shown == [
            (None, Decimal(10_000), ()),
            ("Bronze", Decimal(9_500), ()),
            ("Bronze", Decimal(9_500), ()),
            ("Silver", Decimal(9_000), silver),
            ("Silver", Decimal(9_000), silver),
            ("Gold", Decimal(8_500), gold),
            ("Gold", Decimal(8_500), gold),
        ]

    def test_a_discount_is_rounded_to_the_kopeck(self):
        orders = [Order(order_id=one, at=at(1, one), amount=100) for one in range(1, 6)]
        account = fold(1, orders, self.PROGRAM, as_of=at(2, 1)).account
        said = quote(
            account, Order(order_id=9, at=at(2, 1), amount=Decimal("999.99")), self.PROGRAM
        )
        assert said.discount == Decimal("150.00")
        assert said.payable == Decimal("849.99")

    def test_a_birthday_gives_2_000_to_spend_for_30_days(self):
        gift = Activity(key="birthday:2025", name="Birthday", at=at(3, 8, 0))
        account = fold(1, [gift], self.PROGRAM, as_of=at(3, 9)).account
        (lot,) = account.lots(self.PROGRAM, at(3, 9))
        assert self.PROGRAM.wallet("bonus").from_units(lot.remaining) == Decimal("2000.00")
        assert lot.expires_at == at(4, 8, 0)
        said = quote(
            account, Order(order_id=1, at=at(3, 10), amount=5_000), self.PROGRAM, spend="most"
        )
        assert (said.points_value, said.payable) == (Decimal(2_000), Decimal(3_000))
        (bonus,) = account.balances(self.PROGRAM, at(4, 8, 1))
        assert bonus.held == 0

    def test_a_friend_gives_3_000_on_the_account(self):
        friend = Activity(key="referral:7", name="Referral Made", at=at(3, 8))
        account = fold(1, [friend], self.PROGRAM, as_of=at(12, 31)).account
        (bonus,) = account.balances(self.PROGRAM, at(12, 31))
        assert (bonus.available, bonus.value) == (300_000, Decimal(3_000))

    def test_figures_are_parameters(self):
        program = ready.bronze_silver_gold(currency="EUR", birthday_gift=20, referral_gift="30.50")
        assert [str(one.award.amount) for one in program.rules] == ["20", "30.5"]


class TestCashback:
    PROGRAM = compiled(ready.cashback(currency="RUB"))

    def test_each_part_earns_by_the_step_in_which_it_lies(self):
        orders = [
            Order(order_id=number, at=at(number, 1), amount=amount)
            for number, amount in ((1, 20_000), (2, 20_000), (3, 100_000))
        ]
        entries = fold(1, orders, self.PROGRAM, as_of=at(4, 1)).entries
        # 20,000 at 3 %; 10,000 at 3 % and 10,000 at 5 %; 60,000 at 5 % and 40,000 at 7 %.
        assert earned(entries) == [60_000, 80_000, 580_000]

    def test_it_can_be_spent_after_14_days_and_for_a_year(self):
        account = fold(
            1, [Order(order_id=1, at=at(1, 1), amount=10_000)], self.PROGRAM, as_of=at(1, 2)
        ).account
        (lot,) = account.lots(self.PROGRAM, at(1, 2))
        assert lot.remaining == 30_000
        assert lot.active_at == at(1, 16, 0)
        assert lot.expires_at == dt.datetime(2026, 1, 17, tzinfo=MOSCOW)

    def test_half_of_an_order_can_be_paid_so(self):
        first = [Order(order_id=1, at=at(1, 1), amount=100_000)]
        account = fold(1, first, self.PROGRAM, as_of=at(2, 1)).account
        said = quote(
            account, Order(order_id=2, at=at(2, 1), amount=1_000), self.PROGRAM, spend="most"
        )
        assert said.points_value == Decimal(500)


class TestShortPoints:
    PROGRAM = compiled(ready.short_points(currency="RUB"))

    def test_fractions_of_a_point_are_not_given(self):
        entries = fold(
            1, [Order(order_id=1, at=at(1, 1), amount=1_999)], self.PROGRAM, as_of=at(1, 2)
        ).entries
        assert earned(entries) == [99]

    def test_the_oldest_are_spent_first_and_90_days_end_at_midnight(self):
        orders = [
            Order(order_id=1, at=at(1, 1), amount=2_000),
            Order(order_id=2, at=at(2, 1), amount=1_000),
            Order(order_id=3, at=at(3, 1), amount=1_000, points_paid=120),
        ]
        account = fold(1, orders, self.PROGRAM, as_of=at(3, 2)).account
        left = [(one.remaining, one.expires_at) for one in account.lots(self.PROGRAM, at(3, 2))]
        assert left == [(30, at(5, 3, 0)), (44, at(5, 31, 0))]
        before = dt.datetime(2025, 5, 3, tzinfo=MOSCOW)
        (points,) = account.balances(self.PROGRAM, before)
        assert points.held == 74
        (points,) = account.balances(self.PROGRAM, before + dt.timedelta(microseconds=1))
        assert points.held == 44

    def test_no_more_than_30_per_cent_are_paid_with_them(self):
        first = [Order(order_id=1, at=at(1, 1), amount=100_000)]
        account = fold(1, first, self.PROGRAM, as_of=at(1, 2)).account
        said = quote(
            account, Order(order_id=2, at=at(1, 2), amount=999), self.PROGRAM, spend="most"
        )
        assert said.points == 299


class TestGamified:
    PROGRAM = compiled(ready.gamified(currency="RUB"))

    def test_full_tens_give_5_stars_and_weekends_count_twice(self):
        wednesday = Order(order_id=1, at=at(1, 8), amount=999)
        saturday = Order(order_id=2, at=at(1, 11), amount=999)
        entries = fold(1, [wednesday, saturday], self.PROGRAM, as_of=at(2, 1)).entries
        assert earned(entries) == [495, 990]

    def test_three_reviews_a_week_count_and_one_challenge_a_day(self):
        reviews = [
            Activity(key=f"r{day}", name="Product Reviewed", at=at(1, day)) for day in range(6, 14)
        ]
        challenges = [
            Activity(key=f"c{hour}", name="Challenge Completed", at=at(1, 14, hour))
            for hour in (1, 23)
        ]
        entries = fold(1, [*reviews, *challenges], self.PROGRAM, as_of=at(2, 1)).entries
        # The week from Monday the 6th has three of them, that from the 13th one.
        assert earned(entries, "Review") == [50] * 4
        assert earned(entries, "Challenge") == [100]

    def test_levels_multiply_and_the_highest_brings_a_gift(self):
        orders = [
            Order(order_id=1, at=at(1, 8), amount=5_000),
            Order(order_id=2, at=at(1, 9), amount=1_000),
            Order(order_id=3, at=at(1, 10), amount=20_000),
            Order(order_id=4, at=at(1, 13), amount=1_000),
        ]
        entries = fold(1, orders, self.PROGRAM, as_of=at(2, 1)).entries
        assert earned(entries, "Stars for orders") == [2_500, 625, 12_500, 750]
        assert earned(entries, "Champion") == [1_000]
        reached = [one.tier for one in entries if one.kind == "tier_up"]
        assert reached == ["Explorer", "Champion"]

    def test_every_tenth_order_brings_500(self):
        orders = [Order(order_id=day, at=at(1, day), amount=10) for day in range(1, 22)]
        entries = fold(1, orders, self.PROGRAM, as_of=at(2, 1)).entries
        assert earned(entries, "Every tenth order") == [500, 500]
