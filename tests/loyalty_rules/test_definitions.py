"""Programmes as data: what they may say, what is refused and why, and JSON in both directions."""

import datetime as dt
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import jsonschema
import pydantic
import pytest

from retention_kit.errors import DataError, DefinitionError, PluginError
from retention_kit.loyalty_rules.definitions.amounts import exact
from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    PluginAward,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.fields import Certificates, Referral, Returns
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.moments import (
    After,
    FixedDate,
    NeverExpires,
    OnDate,
    Rolling,
    Sliding,
    WhenDelivered,
)
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import (
    LoyaltyProgram,
    ProgramHistory,
    program_schema,
)
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    Birthday,
    EachLine,
    EachOrder,
    FirstOrder,
    NthOrder,
    ReferralMade,
    ReferralReceived,
    Registration,
    TierReached,
)
from retention_kit.loyalty_rules.definitions.wallets import Grace, Spending, Wallet
from retention_kit.smart_segments import Segment, Where, bought

DOCS = Path(__file__).parents[2] / "docs"
FIXTURE = Path(__file__).parent / "fixtures" / "program_v1.json"
TEA = Where(column="category", value="tea")
POINTS = Wallet(name="points", spending=Spending())
FIVE_PER_CENT = EarningRule(
    name="5 %", wallet="points", trigger=EachOrder(), award=Proportional(amount="0.05")
)
LADDER = TierLadder(
    by="orders",
    tiers=[Tier(name="Bronze", at=1), Tier(name="Silver", at=3), Tier(name="Gold", at=5)],
)


def program(**fields):
    """Give a small programme with other values in some fields."""
    own = {"name": "Tea", "currency": "RUB", "rounding": "down", "wallets": [POINTS]}
    return LoyaltyProgram(**{**own, **fields})


def rule(**fields):
    """Give a rule with other values in some fields."""
    return FIVE_PER_CENT.with_fields(**fields)


def everything() -> LoyaltyProgram:
    """Give a programme with something of every kind in it."""
    tea_lovers = Segment(name="Tea lovers", condition=bought(category="tea").at_least(3))
    return LoyaltyProgram(
        name="Everything",
        currency="RUB",
        rounding="half_even",
        wallets=[
            Wallet(
                name="points",
                value="0.5",
                pending=After(length="14d"),
                expiry=Rolling(length="90d", to_end_of="month"),
                restored=Grace(length="7d"),
                spending=Spending(minimum=100, step=10, largest_share="0.3", excluded=[TEA]),
            ),
            Wallet(name="cashback", kind="money", expiry=FixedDate(month=2, day=29)),
            Wallet(name="stars", expiry=Sliding(length="1y", on=["order", "Visited"])),
            Wallet(name="status", negative_balance="zero", expiry=NeverExpires()),
        ],
        rules=[
            rule(pending=WhenDelivered(), group="base", segment=tea_lovers, refreshed="1w"),
            rule(
                name="per 100", award=Proportional(amount=5, per=100, full_steps=True), group="base"
            ),
            rule(
                name="the more the higher",
                wallet="cashback",
                award=TieredRate(mode="marginal", of="spend", steps=[(0, "0.01"), (5000, "0.025")]),
                tiers=["Silver", "Gold"],
            ),
            rule(
                name="evenings",
                award=Multiplier(factor=2),
                hours=[HappyHours(start="18:00", end="02:00", weekdays=[5, 6])],
                valid_from=dt.date(2025, 1, 1),
                valid_until=dt.date(2025, 12, 31),
            ),
            rule(name="first", trigger=FirstOrder(), award=Fixed(amount=300)),
            rule(name="every fifth", trigger=NthOrder(n=5, every=True), award=Fixed(amount=50)),
            rule(name="per pack", trigger=EachLine(), lines=[TEA], award=Fixed(amount=3)),
            rule(
                name="code",
                award=Fixed(amount=100),
                promo=PromoCode(code="TEA", limit=1000, per_customer=1),
                where=[Where(column="channel", operator="in", values=["site", "app"])],
            ),
            rule(
                name="review",
                wallet="stars",
                trigger=Activity(name="Reviewed"),
                award=Fixed(amount=10),
                cooldown="1d",
                caps=[
                    Cap(limit=100, per="month", beyond="reduce"),
                    Cap(limit=3, of="times", per="week", beyond="reject"),
                ],
            ),
            rule(
                name="gift",
                trigger=Birthday(),
                award=Fixed(amount=2000),
                expiry=OnDate(date=dt.date(2026, 12, 31)),
            ),
            rule(name="welcome", trigger=Registration(), award=Fixed(amount=100)),
            rule(name="friend", trigger=ReferralMade(), award=Fixed(amount=3000)),
            rule(name="referred", trigger=ReferralReceived(), award=Fixed(amount=500)),
            rule(name="gold", trigger=TierReached(tier="Gold"), award=Fixed(amount=1000)),
            rule(
                name="from outside",
                award=PluginAward(name="acme.moon", distribution="acme", settings={"phase": 1}),
            ),
        ],
        tiers=TierLadder(
            by="spend",
            window="12mo",
            validity="1y",
            to_end_of="quarter",
            downgrade="one_step",
            grace="30d",
            tiers=[
                Tier(name="Bronze", at=0, benefits=Benefits(discount="0.05")),
                Tier(
                    name="Silver",
                    at="30000.50",
                    benefits=Benefits(multiplier="1.25", privileges=["free_delivery"]),
                ),
                Tier(name="Gold", at=100_000, benefits=Benefits(discount="0.15", inherits=False)),
            ],
        ),
        discounts=[
            Discount(name="big", share="0.1", minimum=10_000),
            Discount(name="tea", amount=150, lines=[TEA], promo=PromoCode(code="LESS")),
        ],
        combining="best",
        stacking={"base": "best"},
        returns=Returns(within="60d"),
        referral=Referral(return_window="14d", largest_number=10),
        certificates=Certificates(expiry=Rolling(length="2y")),
        largest_rate="0.6",
        description="Of every kind something.",
    )


class TestNumbers:
    @pytest.mark.parametrize("given", [0.05, float("nan"), True, "five", "1e999", None, "NaN"])
    def test_what_is_no_exact_number_is_refused(self, given):
        with pytest.raises(DefinitionError, match="'amount'"):
            Fixed(amount=given)

    def test_a_float_is_refused_with_what_to_write(self):
        with pytest.raises(DefinitionError, match=r"write Decimal\('0.05'\)"):
            Proportional(amount=0.05)

    @pytest.mark.parametrize(
        ("given", "written"),
        [("2.50", "2.5"), (Decimal("1E+3"), "1000"), ("0.00000001", "0.00000001"), (100, "100")],
    )
    def test_equal_numbers_are_written_alike_and_without_an_exponent(self, given, written):
        assert json.loads(Fixed(amount=given).model_dump_json())["amount"] == written

    def test_digits_are_kept_whatever_the_context(self):
        assert exact("123456789012.12345678") == Decimal("123456789012.12345678")
        with pytest.raises(DefinitionError, match="8 places"):
            exact("0.123456789")

    @pytest.mark.parametrize("share", ["1.5", "-0.1", 15])
    def test_a_share_lies_between_0_and_1(self, share):
        with pytest.raises(DefinitionError, match="share"):
            Discount(name="d", share=share)


class TestMoments:
    def test_lengths_of_the_calendar_and_of_elapsed_time_are_not_mixed(self):
        with pytest.raises(DefinitionError, match="'24h'"):
            After(length="1mo12h")

    def test_only_what_ends_with_a_day_goes_on_to_the_end_of_a_month(self):
        with pytest.raises(DefinitionError, match="to_end_of"):
            Rolling(length="24h", to_end_of="month")

    def test_there_is_no_31_june(self):
        with pytest.raises(DefinitionError, match="1 to 30"):
            FixedDate(month=6, day=31)
        assert FixedDate(month=2, day=29).day == 29

    def test_what_prolongs_is_a_list(self):
        with pytest.raises(DefinitionError, match="list"):
            Sliding(length="1y", on="order")


class TestWallets:
    def test_money_is_worth_itself(self):
        with pytest.raises(DefinitionError, match="'value'"):
            Wallet(name="cash", kind="money", value="0.5")

    @pytest.mark.parametrize("value", [0, "-1", 20_000, "1234.12345678"])
    def test_what_a_point_is_worth_can_be_reckoned_with(self, value):
        with pytest.raises(DefinitionError, match="'value'"):
            Wallet(name="points", value=value)

    def test_amounts_are_counted_in_smallest_units(self):
        cash = Wallet(name="cash", kind="money")
        assert (cash.to_units(Decimal("12.34")), cash.from_units(-1234)) == (
            1234,
            Decimal("-12.34"),
        )
        assert str(cash.from_units(100)) == "1.00"
        assert (POINTS.to_units(7), POINTS.from_units(7)) == (7, 7)

    @pytest.mark.parametrize("given", [1.5, Decimal("1.5"), True, Decimal("NaN"), "1"])
    def test_an_amount_that_is_no_whole_number_of_points_is_refused(self, given):
        with pytest.raises(DataError, match="whole points"):
            POINTS.to_units(given)

    def test_a_fraction_of_a_hundredth_is_refused(self):
        with pytest.raises(DataError, match="two places"):
            Wallet(name="cash", kind="money").to_units(Decimal("0.001"))

    def test_minimum_and_step_are_whole_points(self):
        with pytest.raises(DefinitionError, match="'minimum'"):
            Wallet(name="points", spending=Spending(minimum="0.5"))
        with pytest.raises(DefinitionError, match="'step'"):
            Wallet(name="points", spending=Spending(step="0.5"))

    def test_what_cannot_be_paid_for_has_no_window(self):
        with pytest.raises(DefinitionError, match="during"):
            Spending(excluded=[Where(column="day", operator="during", window={"type": "all_time"})])


class TestAwards:
    def test_how_steps_count_has_no_default(self):
        with pytest.raises(DefinitionError, match="mode"):
            TieredRate(steps=[(0, "0.05")])

    @pytest.mark.parametrize(
        "steps",
        [
            [(100, "0.05")],
            [(0, "0.01"), (100, "0.02"), (100, "0.03")],
            [(0, "0.01"), (200, "0.02"), (100, "0.03")],
            [(0, "0.05"), (100, "0.02")],
        ],
    )
    def test_steps_begin_at_0_and_ascend_with_their_rates(self, steps):
        with pytest.raises(DefinitionError, match="steps"):
            TieredRate(mode="whole", steps=steps)

    def test_a_rate_above_the_bound_is_taken_for_a_slip_until_it_is_allowed(self):
        slip = rule(award=Proportional(amount=5))
        with pytest.raises(DefinitionError, match="largest_rate"):
            program(rules=[slip])
        assert program(rules=[slip], largest_rate=5).rules == (slip,)

    def test_the_bound_is_of_what_points_are_worth(self):
        cents = Wallet(name="points", value="0.01", spending=Spending())
        assert program(wallets=[cents], rules=[rule(award=Proportional(amount=5))])

    def test_points_that_pay_for_nothing_have_no_rate(self):
        assert program(wallets=[Wallet(name="points")], rules=[rule(award=Proportional(amount=9))])

    def test_the_bound_holds_for_steps_discounts_and_tiers_too(self):
        steep = TieredRate(mode="marginal", steps=[(0, "0.05"), (100, "0.9")])
        dear = TierLadder(
            by="orders", tiers=[Tier(name="A", at=1, benefits=Benefits(discount="0.9"))]
        )
        for fields in (
            {"rules": [rule(award=steep)]},
            {"discounts": [Discount(name="d", share="0.9")]},
            {"tiers": dear},
        ):
            with pytest.raises(DefinitionError, match="largest_rate"):
                program(**fields)
            assert program(**fields, largest_rate=1)

    def test_half_a_point_cannot_be_given(self):
        with pytest.raises(DefinitionError, match="whole points"):
            program(rules=[rule(award=Fixed(amount="0.5"))])

    def test_a_fraction_too_fine_to_be_reckoned_exactly_is_refused(self):
        fine = rule(award=Proportional(amount="0.00000001"))
        with pytest.raises(DefinitionError, match="fraction"):
            program(rules=[fine])

    def test_more_than_a_point_for_a_ten_thousandth_is_refused(self):
        status = Wallet(name="points")
        award = Proportional(amount=10_000)
        assert program(wallets=[status], rules=[rule(award=award)])
        with pytest.raises(DefinitionError, match="one unit for each"):
            program(wallets=[status], rules=[rule(award=award.with_fields(amount=10_001))])

    def test_multipliers_count_towards_it(self):
        rules = [
            rule(award=Proportional(amount="0.0011")),
            *(rule(name=str(one), award=Multiplier(factor="1.0001")) for one in range(2)),
        ]
        assert program(rules=rules[:1])
        with pytest.raises(DefinitionError, match="multiplies it"):
            program(rules=rules)


class TestCaps:
    def test_a_cap_below_the_smallest_award_is_refused(self):
        low = rule(award=Fixed(amount=100), caps=[Cap(limit=99, beyond="reduce")])
        with pytest.raises(DefinitionError, match="below its smallest award"):
            program(rules=[low])
        assert program(rules=[low.with_fields(caps=[Cap(limit=100, beyond="reduce")])])

    def test_a_full_step_is_the_smallest_award_too(self):
        award = Proportional(amount=5, per=100, full_steps=True)
        with pytest.raises(DefinitionError, match="below its smallest award"):
            program(rules=[rule(award=award, caps=[Cap(limit=4, beyond="reject")])])

    def test_what_becomes_of_more_has_no_default(self):
        with pytest.raises(DefinitionError, match="beyond"):
            Cap(limit=5)

    @pytest.mark.parametrize(
        "fields", [{"beyond": "reduce"}, {"limit": "1.5"}, {"per": "order"}, {"limit": 0}]
    )
    def test_times_are_whole_and_rejected(self, fields):
        own = {"limit": 1, "of": "times", "per": "week", "beyond": "reject"}
        with pytest.raises(DefinitionError):
            Cap(**{**own, **fields})

    @pytest.mark.parametrize(
        "fields",
        [
            {"caps": [Cap(limit=5, beyond="reduce")]},
            {"cooldown": "1d"},
            {"pending": After(length="1d")},
            {"expiry": Rolling(length="1d")},
            {"group": "g"},
            {"promo": PromoCode(code="X", per_customer=1)},
            {"trigger": EachLine()},
        ],
    )
    def test_a_multiplication_has_no_limits_of_its_own(self, fields):
        with pytest.raises(DefinitionError):
            rule(award=Multiplier(factor=2), **fields)

    @pytest.mark.parametrize("factor", [0, -1, 101, "1.00001"])
    def test_a_factor_is_of_a_sane_size(self, factor):
        with pytest.raises(DefinitionError, match="factor"):
            Multiplier(factor=factor)


class TestTriggers:
    @pytest.mark.parametrize(
        "fields",
        [
            {"lines": [TEA]},
            {"promo": PromoCode(code="X")},
            {"pending": WhenDelivered()},
            {"award": Proportional(amount="0.1", before_discount=True)},
            {"award": Proportional(amount="0.1", with_points=True)},
            {"award": TieredRate(mode="whole", of="spend", steps=[(0, "0.1")])},
        ],
    )
    def test_an_event_has_not_what_an_order_has(self, fields):
        with pytest.raises(DefinitionError, match="only an order has"):
            rule(trigger=Activity(name="Reviewed"), **fields)

    def test_a_tier_reached_gives_what_is_fixed(self):
        with pytest.raises(DefinitionError, match="'fixed'"):
            rule(trigger=TierReached())
        with pytest.raises(DefinitionError, match="only an order has"):
            rule(trigger=TierReached(), award=Fixed(amount=1), where=[TEA])

    @pytest.mark.parametrize("field", ["where", "lines"])
    def test_one_comparison_alone_is_no_list(self, field):
        with pytest.raises(DefinitionError, match="put it in brackets"):
            rule(**{field: TEA})

    @pytest.mark.parametrize("n", [0, -1, True, 1.0])
    def test_the_nth_order_is_a_whole_number(self, n):
        with pytest.raises(DefinitionError, match="n:"):
            NthOrder(n=n)

    @pytest.mark.parametrize(
        "fields",
        [
            {"start": "25:00", "end": "26:00"},
            {"start": "18:00", "end": "18:00"},
            {"start": "24:00", "end": "02:00"},
            {"start": "9:00", "end": "10:00"},
            {"start": "09:00", "end": "10:00", "weekdays": [0]},
            {"start": "09:00", "end": "10:00", "weekdays": [1, 1]},
            {"start": "09:00", "end": "10:00", "weekdays": []},
        ],
    )
    def test_hours_are_of_the_clock(self, fields):
        with pytest.raises(DefinitionError):
            HappyHours(**fields)

    def test_a_rule_ends_after_it_begins(self):
        with pytest.raises(DefinitionError, match="valid_until"):
            rule(valid_from=dt.date(2025, 2, 1), valid_until=dt.date(2025, 1, 31))


class TestTiers:
    def test_tiers_out_of_order_are_refused(self):
        with pytest.raises(DefinitionError, match="Next step: sort them"):
            TierLadder(by="orders", tiers=[Tier(name="Gold", at=5), Tier(name="Silver", at=3)])

    def test_two_tiers_with_one_threshold_are_refused(self):
        with pytest.raises(DefinitionError, match="have one threshold, 3"):
            TierLadder(by="orders", tiers=[Tier(name="A", at=3), Tier(name="B", at="3.0")])

    def test_two_tiers_of_one_name_are_refused(self):
        with pytest.raises(DefinitionError, match="'A' twice"):
            TierLadder(by="orders", tiers=[Tier(name="A", at=1), Tier(name="A", at=2)])

    @pytest.mark.parametrize(
        "fields",
        [
            {"by": "points"},
            {"wallet": "points"},
            {"downgrade": "recompute"},
            {"grace": "30d"},
            {"to_end_of": "year"},
            {"window": "24h"},
            {"window": "decade"},
            {"validity": "36h", "downgrade": "one_step"},
            {"tiers": [Tier(name="A", at="1.5")]},
            {"tiers": []},
        ],
    )
    def test_what_does_not_go_together_is_refused(self, fields):
        with pytest.raises(DefinitionError):
            LADDER.with_fields(**fields)

    @pytest.mark.parametrize("window", ["lifetime", "month", "quarter", "year", "12mo", "90d"])
    def test_windows_are_the_lifetime_periods_and_lengths(self, window):
        assert LADDER.with_fields(window=window).window == window

    def test_a_tier_has_what_the_lower_ones_have_unless_it_says_otherwise(self):
        tiers = everything().tiers
        assert tiers.benefits_of("Silver") == Benefits(
            discount="0.05", multiplier="1.25", privileges=["free_delivery"]
        )
        assert tiers.benefits_of("Gold") == Benefits(discount="0.15", inherits=False)
        with pytest.raises(DefinitionError, match="'Bronze'"):
            tiers.benefits_of("Platinum")


class TestNames:
    @pytest.mark.parametrize(
        ("fields", "nearest"),
        [
            ({"rules": [rule(wallet="point")]}, "Nearest: 'points'"),
            ({"rules": [rule(tiers=["Golden"])], "tiers": LADDER}, "Nearest: 'Gold'"),
            (
                {
                    "rules": [rule(trigger=TierReached(tier="gold"), award=Fixed(amount=1))],
                    "tiers": LADDER,
                },
                "Nearest: 'Gold'",
            ),
            ({"rules": [rule(tiers=["Gold"])]}, "none, for there is no tier"),
            ({"rules": [rule(group="base")], "stacking": {"bases": "sum"}}, "Nearest: 'bases'"),
            ({"stacking": {"base": "sum"}}, "no group"),
            (
                {"discounts": [Discount(name="d", share="0.1", tiers=["Silber"])], "tiers": LADDER},
                "Nearest: 'Silver'",
            ),
            (
                {"tiers": LADDER.with_fields(by="points", wallet="pts")},
                "names the wallet 'pts'",
            ),
        ],
    )
    def test_an_unknown_name_is_refused_with_those_near_it(self, fields, nearest):
        with pytest.raises(DefinitionError, match=nearest):
            program(**fields)

    @pytest.mark.parametrize(
        "fields",
        [
            {"wallets": [POINTS, POINTS]},
            {"rules": [FIVE_PER_CENT, FIVE_PER_CENT]},
            {"discounts": [Discount(name="d", share="0.1"), Discount(name="d", amount=5)]},
            {"wallets": [Wallet(name="certificates")], "certificates": Certificates()},
        ],
    )
    def test_no_name_stands_twice(self, fields):
        with pytest.raises(DefinitionError, match="twice"):
            program(**fields)

    def test_a_group_lies_in_one_wallet(self):
        wallets = [POINTS, Wallet(name="more")]
        rules = [rule(group="g"), rule(name="b", wallet="more", group="g")]
        with pytest.raises(DefinitionError, match="one wallet"):
            program(wallets=wallets, rules=rules, stacking={"g": "first"})

    def test_one_code_has_one_limit(self):
        rules = [
            rule(promo=PromoCode(code="X", limit=1)),
            rule(name="b", promo=PromoCode(code="X", limit=2)),
        ]
        with pytest.raises(DefinitionError, match="one limit"):
            program(rules=rules)

    def test_one_name_is_one_segment(self):
        tea = Segment(name="Lovers", condition=bought(category="tea").at_least(3))
        coffee = Segment(name="Lovers", condition=bought(category="coffee").at_least(3))
        rules = [rule(segment=tea), rule(name="b", segment=coffee)]
        with pytest.raises(DefinitionError, match="'Lovers'"):
            program(rules=rules)
        assert program(rules=[rule(segment=tea), rule(name="b", segment=tea)])
        with pytest.raises(DefinitionError, match="'Lovers'"):
            program(rules=[rule(segment=tea), rule(name="b", segment=tea, refreshed="1mo")])

    def test_63_rules_are_too_many(self):
        with pytest.raises(DefinitionError, match="62"):
            program(rules=[rule(name=str(one)) for one in range(63)])


class TestDiscounts:
    @pytest.mark.parametrize(
        "fields",
        [{}, {"share": "0.1", "amount": 5}, {"share": 0}, {"amount": "0.001"}, {"amount": 0}],
    )
    def test_a_discount_is_a_share_or_an_amount(self, fields):
        with pytest.raises(DefinitionError):
            Discount(name="d", **fields)


class TestPrograms:
    @pytest.mark.parametrize("field", ["currency", "rounding", "name"])
    def test_currency_and_rounding_have_no_default(self, field):
        own = {"name": "Tea", "currency": "RUB", "rounding": "down"}
        del own[field]
        with pytest.raises(DefinitionError, match=field):
            LoyaltyProgram(**own)

    @pytest.mark.parametrize("currency", ["rub", "RU", "₽", ""])
    def test_a_currency_has_three_capital_letters(self, currency):
        with pytest.raises(DefinitionError, match="currency"):
            program(currency=currency)

    def test_certificates_have_a_wallet_of_their_own(self):
        assert [one.name for one in program(certificates=Certificates()).all_wallets] == [
            "points",
            "certificates",
        ]
        with pytest.raises(DefinitionError, match="'points'"):
            program().wallet("pints")

    def test_a_programme_is_frozen_and_a_key(self):
        one = program()
        with pytest.raises(pydantic.ValidationError, match="frozen"):
            one.name = "Coffee"
        assert {one: 1}[program()] == 1
        assert one.digest != program(name="Coffee").digest

    def test_the_order_of_the_groups_is_no_difference(self):
        rules = [rule(group="a"), rule(name="b", group="b")]
        first = program(rules=rules, stacking={"a": "sum", "b": "first"})
        second = program(rules=rules, stacking={"b": "first", "a": "sum"})
        assert first == second
        assert hash(first) == hash(second)


class TestHistory:
    def test_versions_ascend(self):
        with pytest.raises(DefinitionError, match="ascend"):
            ProgramHistory(
                versions=[(dt.date(2025, 2, 1), program()), (dt.date(2025, 1, 1), program())]
            )

    @pytest.mark.parametrize(
        ("other", "match"),
        [
            (program(currency="EUR"), "currency"),
            (program(wallets=[Wallet(name="points", kind="money")]), "of points in one version"),
        ],
    )
    def test_versions_have_one_currency_and_wallets_of_one_kind(self, other, match):
        with pytest.raises(DefinitionError, match=match):
            ProgramHistory(
                versions=[(dt.date(2025, 1, 1), program()), (dt.date(2025, 2, 1), other)]
            )

    def test_tiers_count_the_points_of_one_wallet_in_all_versions(self):
        wallets = [POINTS, Wallet(name="stars")]
        first, second = (
            program(wallets=wallets, tiers=LADDER.with_fields(by="points", wallet=one.name))
            for one in wallets
        )
        with pytest.raises(DefinitionError, match="'points', 'stars'"):
            ProgramHistory(versions=[(dt.date(2025, 1, 1), first), (dt.date(2025, 2, 1), second)])

    def test_all_versions_together_have_62_rules(self):
        many = program(rules=[rule(name=str(one)) for one in range(32)])
        with pytest.raises(DefinitionError, match="62"):
            ProgramHistory(versions=[(dt.date(2025, 1, 1), many), (dt.date(2025, 2, 1), many)])


class TestJson:
    def test_a_programme_comes_back_as_it_was(self):
        assert LoyaltyProgram.from_json(everything().to_json()) == everything()

    def test_a_history_comes_back_as_it_was(self):
        history = ProgramHistory(
            versions=[(dt.date(2025, 1, 1), program()), (dt.date(2025, 2, 1), everything())]
        )
        back = ProgramHistory.from_json(history.to_json())
        assert back == history
        assert hash(back) == hash(history)
        assert back.programs == (program(), everything())

    def test_a_programme_of_the_first_version_is_read(self):
        assert LoyaltyProgram.from_json(FIXTURE.read_text(encoding="utf-8")) == everything()

    def test_the_schema_takes_what_is_written_and_refuses_what_is_not(self):
        schema = program_schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        written = json.loads(everything().to_json())
        jsonschema.validate(written, schema)
        for broken in (
            {**written, "rounding": "nearest"},
            {**written, "largest_rate": 0.5},
            {**written, "version": 2},
            {**written, "more": 1},
            {**written, "rules": [{"type": "nothing"}]},
        ):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(broken, schema)

    def test_the_published_schema_is_the_one_of_this_version(self):
        page = DOCS / "loyalty_program.schema.json"
        assert json.loads(page.read_text(encoding="utf-8")) == program_schema()

    def test_a_float_in_json_is_refused(self):
        text = program(rules=[FIVE_PER_CENT]).to_json().replace('"0.05"', "0.05")
        with pytest.raises(DefinitionError, match="float"):
            LoyaltyProgram.from_json(text)

    @pytest.mark.parametrize("kind", ["mystery", None])
    def test_an_unknown_kind_of_award_is_refused(self, kind):
        written = json.loads(program(rules=[FIVE_PER_CENT]).to_json())
        written["rules"][0]["award"]["type"] = kind
        with pytest.raises(DefinitionError, match="award"):
            LoyaltyProgram.from_json(json.dumps(written))


class Moon(pydantic.BaseModel):
    """The settings of an award from outside."""

    phase: int


def spec(**fields):
    own = {
        "name": "acme.moon",
        "summary": "points by the moon",
        "distribution": "acme",
        "settings": Moon,
        "frame": lambda _, orders: orders,
        "units": lambda settings, row: settings.phase * row["n"],
    }
    return EarningRuleSpec(**{**own, **fields})


class TestPlugins:
    @pytest.mark.parametrize(
        "fields",
        [{"name": "moon"}, {"summary": " "}, {"settings": int}, {"frame": 1}, {"units": None}],
    )
    def test_a_spec_is_what_it_may_be(self, fields):
        with pytest.raises(DefinitionError):
            spec(**fields)

    def test_units_are_whole_and_what_fails_names_the_plugin(self):
        moon = spec().read(
            PluginAward(name="acme.moon", distribution="acme", settings={"phase": 2})
        )
        assert spec().units_of(moon, {"n": 3}) == 6
        for row in ({"n": 1.5}, {"n": -1}, {}):
            with pytest.raises(PluginError, match=r"acme\.moon"):
                spec().units_of(moon, row)

    def test_settings_are_checked(self):
        with pytest.raises(DefinitionError, match="phase"):
            spec().read(PluginAward(name="acme.moon", distribution="acme"))


def test_neither_polars_nor_numpy_is_needed():
    code = (
        "import sys; import retention_kit.loyalty_rules.lowered.plan; "
        "sys.exit(any(name in sys.modules for name in ('polars', 'numpy', 'numba')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
