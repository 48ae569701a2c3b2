"""Programmes in numbers: what the kernel reads, and that numbers stay when a version is added."""

import datetime as dt
from fractions import Fraction
from pathlib import Path

import pydantic
import pytest

from retention_kit.errors import DefinitionError, PluginError
from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    PluginAward,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.fields import Certificates
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.moments import (
    Rolling,
    Sliding,
    WhenDelivered,
)
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    Birthday,
    EachLine,
    EachOrder,
    NthOrder,
    TierReached,
)
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.parts import Base, Filter
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.smart_segments import Segment, Where, bought

FIXTURE = Path(__file__).parent / "fixtures" / "program_v1.json"
TEA = Where(column="category", value="tea")
POINTS = Wallet(name="points", spending=Spending())
CASH = Wallet(name="cash", kind="money", spending=Spending())
RULE = EarningRule(
    name="5 %", wallet="points", trigger=EachOrder(), award=Proportional(amount="0.05")
)
GOODS = Base(with_points=True)


def program(*rules, **fields):
    own = {"name": "Tea", "currency": "RUB", "rounding": "down", "wallets": [POINTS]}
    return LoyaltyProgram(**{**own, "rules": rules, **fields})


def compiled(*rules, specs=(), **fields):
    return compile_program(program(*rules, **fields), time_zone="Europe/Moscow", specs=specs)


def rule(**fields):
    return RULE.with_fields(**fields)


class TestAwards:
    def test_5_per_cent_in_points_is_1_of_200_000_ten_thousandths(self):
        rules = compiled(RULE).rules
        assert (rules.rule_award, rules.rule_top, rules.rule_bottom) == (
            [layout.PROPORTIONAL],
            [1],
            [200_000],
        )

    def test_5_per_cent_in_money_is_1_of_2_000(self):
        rules = compiled(rule(wallet="cash"), wallets=[CASH]).rules
        assert (rules.rule_top, rules.rule_bottom) == ([1], [2_000])

    def test_full_steps_are_units_and_steps(self):
        steps = Proportional(amount=5, per=100, full_steps=True)
        rules = compiled(rule(award=steps)).rules
        assert (rules.rule_award, rules.rule_top, rules.rule_bottom) == (
            [layout.FULL_STEPS],
            [5],
            [1_000_000],
        )

    def test_what_is_fixed_looks_at_the_goods_and_per_line_at_the_quantity(self):
        one = compiled(
            rule(award=Fixed(amount=7)),
            rule(name="b", award=Fixed(amount=3), trigger=EachLine(), lines=[TEA]),
        )
        assert one.rules.rule_award == [layout.FIXED, layout.PER_COUNT]
        assert one.rules.rule_top == [7, 3]
        assert [one.bases[base] for base in one.rules.rule_base] == [
            GOODS,
            Base("count", lines=(TEA,)),
        ]
        assert [one.rules.base_flags[base] for base in one.rules.rule_base] == [0, 2]

    def test_steps_have_one_denominator(self):
        award = TieredRate(
            mode="marginal", of="spend", steps=[(0, "0.01"), (1000, "0.015"), ("2000.5", "0.02")]
        )
        rules = compiled(RULE, rule(name="b", award=award)).rules
        assert (rules.rule_first_step[1], rules.rule_steps, rules.rule_cumulative) == (
            0,
            [0, 3],
            [0, 1],
        )
        assert rules.step_from == [0, 10_000_000, 20_005_000]
        assert [
            Fraction(top, bottom)
            for top, bottom in zip(rules.step_top, rules.step_bottom, strict=True)
        ] == [Fraction(1, 10**6), Fraction(15, 10**7), Fraction(2, 10**6)]
        assert len(set(rules.step_bottom)) == 1
        assert rules.rule_award[1] == layout.SLABS

    def test_the_whole_amount_by_its_step(self):
        award = TieredRate(mode="whole", steps=[(0, "0.01")])
        assert compiled(rule(award=award)).rules.rule_award == [layout.WHOLE]

    def test_a_factor_is_a_fraction(self):
        one = compiled(RULE, rule(name="b", award=Multiplier(factor="1.25")))
        assert (one.rules.rule_top[1], one.rules.rule_bottom[1]) == (5, 4)
        assert one.bases[one.rules.rule_base[1]] == GOODS

    def test_the_first_column_is_what_was_paid(self):
        one = compiled(rule(trigger=Activity(name="Reviewed"), award=Fixed(amount=1)))
        assert (one.bases, one.rules.bases, one.rules.base_flags) == (
            (Base(), GOODS),
            2,
            [1, 0],
        )
        assert one.rules.rule_base == [0]

    def test_equal_bases_are_one_column(self):
        one = compiled(
            rule(award=Proportional(amount="0.1", before_discount=True)),
            rule(name="b", award=Proportional(amount="0.2", before_discount=True)),
            rule(name="c", award=Proportional(amount="0.2", with_points=True), lines=[TEA]),
        )
        assert one.rules.rule_base[0] == one.rules.rule_base[1]
        assert [one.rules.base_flags[base] for base in one.rules.rule_base] == [5, 5, 0]
        assert one.needs_lines


class TestRules:
    def test_triggers_have_their_numbers(self):
        fixed = {"award": Fixed(amount=1)}
        ladder = TierLadder(by="orders", tiers=[Tier(name="A", at=1), Tier(name="B", at=2)])
        rules = compiled(
            RULE,
            rule(name="2", trigger=NthOrder(n=3), **fixed),
            rule(name="3", trigger=NthOrder(n=5, every=True), **fixed),
            rule(name="4", trigger=Birthday(), **fixed),
            rule(name="5", trigger=TierReached(tier="B"), **fixed),
            rule(name="6", trigger=TierReached(), **fixed),
            tiers=ladder,
        ).rules
        assert rules.rule_trigger == [0, 2, 3, 4, 5, 5]
        assert rules.rule_number == [-1, 3, 5, -1, 1, -1]

    def test_caps_stand_behind_each_other_and_a_code_is_one_more(self):
        caps = [Cap(limit=50, per="day", beyond="reduce")]
        times = [Cap(limit=3, of="times", per="lifetime", beyond="reject")]
        rules = compiled(
            rule(caps=caps),
            rule(name="b", caps=times, promo=PromoCode(code="X", per_customer=2)),
        ).rules
        assert (rules.rule_first_cap, rules.rule_caps) == ([0, 1], [1, 2])
        assert rules.cap_limit == [50, 3, 2]
        assert rules.cap_times == [0, 1, 1]
        assert rules.cap_period == [0, -1, -1]
        assert rules.cap_rejects == [0, 1, 1]

    def test_a_cap_of_money_is_in_hundredths(self):
        capped = rule(wallet="cash", caps=[Cap(limit="12.5", beyond="reduce")])
        assert compiled(capped, wallets=[CASH]).rules.cap_limit == [1250]

    def test_tiers_segments_and_groups_are_numbers(self):
        ladder = TierLadder(by="orders", tiers=[Tier(name="A", at=1), Tier(name="B", at=2)])
        lovers = Segment(name="Lovers", condition=bought(category="tea").at_least(3))
        one = compiled(
            rule(tiers=["B"], segment=lovers, group="g"),
            RULE.with_fields(name="b"),
            tiers=ladder,
            stacking={"g": "best"},
        )
        assert one.rules.rule_tiers == [2, 0]
        assert one.rules.rule_segment == [0, -1]
        assert one.rules.rule_group == [0, -1]
        assert one.rules.rule_stacking == [layout.BEST, layout.SUM]
        assert [use.segment for use in one.segments] == [lovers]

    def test_moments_are_the_rules_or_else_the_wallets(self):
        wallet = Wallet(name="points", pending=WhenDelivered(), expiry=Rolling(length="90d"))
        one = compiled(
            RULE, rule(name="b", expiry=Rolling(length="30d"), cooldown="1d"), wallets=[wallet]
        )
        rules = one.rules
        assert rules.rule_pending == [-1, -1]
        assert [one.moments[number].days for number in rules.rule_expiry] == [90, 30]
        assert rules.rule_cooldown[0] == -1
        assert one.moments[rules.rule_cooldown[1]].how == "begin"
        assert one.needs_deliveries
        assert not compiled(RULE).needs_deliveries
        assert compiled(RULE).rules.rule_expiry == [-1]

    def test_what_events_earn_waits_for_no_delivery(self):
        wallet = Wallet(name="points", pending=WhenDelivered())
        gift = rule(name="gift", trigger=Birthday(), award=Fixed(amount=1))
        one = compiled(RULE, gift, wallets=[wallet])
        assert one.rules.rule_pending == [-1, 0]
        assert one.rules.moment_elapsed[0] == 0

    def test_filters_say_when_a_bit_is_set(self):
        one = compiled(
            rule(
                where=[TEA],
                hours=[HappyHours(start="18:00", end="21:00", weekdays=[1, 7])],
                valid_from=dt.date(1970, 1, 2),
                valid_until=dt.date(1970, 1, 3),
                promo=PromoCode(code="X"),
            ),
            rule(name="b", trigger=Activity(name="Reviewed"), award=Fixed(amount=1)),
        )
        assert one.rule_filters == (
            Filter(
                bit=0,
                version=0,
                on="order",
                where=(TEA,),
                first_day=1,
                last_day=2,
                hours=((65, 64_800_000_000, 75_600_000_000),),
                promo="X",
            ),
            Filter(bit=1, version=0, on="activity", activity="Reviewed"),
        )
        assert one.activities == {"Reviewed": 0}

    def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(self):
        friday = 1 + 7 * 2900  # 1 January 1970 was a Thursday
        night = Filter(0, 0, "order", hours=((1 << 4, 22 * 3_600_000_000, 2 * 3_600_000_000),))
        hour = 3_600_000_000
        assert night.is_open(friday, 23 * hour)
        assert night.is_open(friday + 1, hour)
        assert not night.is_open(friday + 1, 2 * hour)
        assert not night.is_open(friday, hour)
        assert not night.is_open(friday + 1, 23 * hour)
        evening = Filter(0, 0, "order", hours=((1 << 4, 18 * hour, 21 * hour),), last_day=friday)
        assert evening.is_open(friday, 18 * hour)
        assert not evening.is_open(friday, 21 * hour)
        assert not evening.is_open(friday + 7, 18 * hour)


class TestSettings:
    def test_wallets_have_settings(self):
        dear = Wallet(
            name="points",
            value="0.5",
            negative_balance="zero",
            expiry=Sliding(length="1y", on=["order", "Visited"]),
            spending=Spending(minimum=100, step=10, largest_share="0.3", excluded=[TEA]),
        )
        one = compiled(wallets=[dear, CASH], certificates=Certificates())
        rules = one.rules
        assert one.wallet_names == ("points", "cash", "certificates")
        assert (rules.wallet_top, rules.wallet_bottom) == ([5000, 100, 100], [1, 1, 1])
        assert (rules.wallet_minimum, rules.wallet_step) == ([100, 0, 0], [10, 1, 1])
        assert (rules.wallet_share_top[0], rules.wallet_share_bottom[0]) == (3, 10)
        assert one.bases[rules.wallet_base[0]] == Base(excluded=(TEA,), with_points=True)
        assert one.bases[rules.wallet_base[1]] == GOODS
        assert (rules.wallet_debt, rules.wallet_slides) == ([0, 1, 1], [1, 0, 0])
        assert rules.slide_activity == [[1], [0], [0]]
        assert one.moments[rules.wallet_expiry[0]].slides
        assert one.paying == (0,)
        assert one.unit_worth == (Fraction(1, 2), Fraction(1, 100), Fraction(1, 100))
        assert one.wallet("cash") == CASH
        with pytest.raises(DefinitionError, match="'points'"):
            one.wallet_number("pints")

    def test_tiers_have_thresholds_in_their_units(self):
        def thresholds(by, **fields):
            tiers = [Tier(name="A", at=0), Tier(name="B", at="10")]
            return compiled(tiers=TierLadder(by=by, tiers=tiers, **fields)).rules.tier_threshold

        assert thresholds("orders") == [0, 10]
        assert thresholds("spend") == [0, 100_000]
        assert thresholds("points", wallet="points") == [0, 10]

    def test_a_ladder_says_how_tiers_are_reached_and_end(self):
        ladder = TierLadder(
            by="spend",
            window="12mo",
            validity="1y",
            to_end_of="month",
            downgrade="one_step",
            grace="30d",
            tiers=[
                Tier(name="A", at=1, benefits=Benefits(discount="0.05")),
                Tier(name="B", at=2, benefits=Benefits(multiplier="1.5")),
            ],
        )
        one = compiled(tiers=ladder)
        rules = one.rules
        assert (rules.ladder_by, rules.ladder_downgrade) == ([layout.BY_SPEND], [layout.ONE_STEP])
        assert one.moments[rules.ladder_window[0]].months == -12
        assert rules.ladder_calendar == [0]
        assert one.moments[rules.ladder_validity[0]].to_end_of == "month"
        assert one.moments[rules.ladder_grace[0]].days == 30
        assert (rules.tier_top, rules.tier_bottom) == ([1, 3], [1, 2])
        assert (rules.tier_discount_top, rules.tier_discount_bottom) == ([1, 1], [20, 20])
        assert one.benefits[1].discount == ladder.benefits_of("B").discount

    def test_discounts_are_shares_or_money(self):
        one = compiled(
            discounts=[
                Discount(name="a", share="0.1", lines=[TEA]),
                Discount(
                    name="b", amount=150, minimum=1000, promo=PromoCode(code="X", per_customer=1)
                ),
            ],
            combining="best",
            rounding="half_up",
        )
        rules = one.rules
        assert (rules.discount_top, rules.discount_bottom) == ([1, 1_500_000], [10, 0])
        assert rules.discount_minimum == [0, 10_000_000]
        assert rules.discount_limit == [layout.NEVER, 1]
        assert [one.bases[base] for base in rules.discount_base] == [
            Base(lines=(TEA,), with_points=True),
            GOODS,
        ]
        assert (rules.discounts_best, rules.money_rounding) == ([1], [layout.HALF_UP])
        assert [one.promo for one in one.discount_filters] == [None, "X"]


class TestVersions:
    def two(self):
        """Give a version, and one that follows it with other wallets and tiers."""
        ladder = TierLadder(by="orders", tiers=[Tier(name="A", at=1), Tier(name="B", at=2)])
        first = program(RULE, tiers=ladder, wallets=[POINTS])
        second = program(
            rule(expiry=Rolling(length="10d"), tiers=["B"]),
            rule(
                name="visit", wallet="cash", trigger=Activity(name="Visited"), award=Fixed(amount=1)
            ),
            wallets=[CASH, POINTS.with_fields(value=2)],
            tiers=TierLadder(by="orders", tiers=[Tier(name="B", at=3), Tier(name="C", at=4)]),
        )
        return first, second

    def history(self):
        first, second = self.two()
        return ProgramHistory(
            versions=[(dt.date(2025, 1, 1), first), (dt.date(2025, 6, 1), second)]
        )

    def test_a_version_begins_at_the_shops_midnight_and_the_first_holds_since_ever(self):
        one = compile_program(self.history(), time_zone="Europe/Moscow")
        begin = int(dt.datetime(2025, 5, 31, 21, tzinfo=dt.UTC).timestamp()) * 1_000_000
        assert one.rules.version_from == [layout.LONG_AGO, begin]
        assert [one.version_at(at) for at in (-1, 0, begin - 1, begin)] == [0, 0, 0, 1]

    def test_wallets_keep_their_number_and_have_settings_in_each_version(self):
        one = compile_program(self.history(), time_zone="Europe/Moscow")
        assert one.wallet_names == ("points", "cash")
        assert one.rules.wallet_top == [10_000, 100, 20_000, 100]
        assert one.rules.wallet_spends == [1, 0, 1, 1]
        assert one.paying == (0, 1)

    def test_rules_and_tiers_of_a_version_have_numbers_of_their_own(self):
        one = compile_program(self.history(), time_zone="Europe/Moscow")
        assert [one.rule_filters[rule].version for rule in range(3)] == [0, 1, 1]
        assert one.rules.rule_tiers == [0, 1 << 2, 0]
        assert one.tier_names == ("A", "B", "B", "C")
        assert (one.rules.first_tier, one.rules.tiers) == ([0, 2], [2, 2])
        assert one.rules.tier_same == [[-1, 0, 1, 1, -2], [-1, -2, 2, 2, 3]]

    def test_numbers_stay_when_a_version_is_added(self):
        first, _ = self.two()
        alone = compile_program(first, time_zone="Europe/Moscow")
        both = compile_program(self.history(), time_zone="Europe/Moscow")
        for name in ("moments", "bases", "wallet_names", "rule_names", "tier_names", "fingerprint"):
            before = getattr(alone, name)
            assert getattr(both, name)[: len(before)] == before, name
        for name, before in alone.rules._asdict().items():
            if (
                isinstance(before, list)
                and name not in ("periods", "instants", "tier_same")
                and (not name.startswith(("wallet_", "slide_")))
            ):
                assert getattr(both.rules, name)[: len(before)] == before, name

    def test_a_programme_and_a_history_of_it_alone_are_the_same(self):
        first, _ = self.two()
        history = ProgramHistory(versions=[(dt.date(2020, 5, 5), first)])
        assert (
            compile_program(history, time_zone="UTC").fingerprint
            == compile_program(first, time_zone="UTC").fingerprint
        )

    def test_another_zone_or_another_day_is_another_fingerprint(self):
        first, second = self.two()
        later = ProgramHistory(
            versions=[(dt.date(2025, 1, 1), first), (dt.date(2025, 6, 2), second)]
        )
        own = compile_program(self.history(), time_zone="UTC").fingerprint
        assert compile_program(later, time_zone="UTC").fingerprint[0] == own[0]
        assert compile_program(later, time_zone="UTC").fingerprint[1] != own[1]
        assert compile_program(first, time_zone="Europe/Moscow").fingerprint[0] != own[0]


class TestCompiling:
    def test_the_same_twice_is_compiled_once(self):
        assert compiled(RULE) is compiled(RULE)

    def test_every_column_has_a_row_for_each_of_its_things(self):
        award = PluginAward(name="acme.moon", distribution="acme", settings={"phase": 1})
        whole = LoyaltyProgram.from_json(FIXTURE.read_text(encoding="utf-8"))
        one = compile_program(whole, time_zone="Europe/Moscow", specs=[MOON])
        rules = one.rules
        lengths = {
            "rule_": len(one.rule_names),
            "tier_": len(one.tier_names),
            "discount_": len(one.discount_names),
            "wallet_": len(one.wallet_names),
            "cap_": len(rules.cap_limit),
            "step_": len(rules.step_from),
            "ladder_": 1,
            "base_": len(one.bases),
            "moment_": len(one.moments),
        }
        for name, column in rules._asdict().items():
            for start, length in lengths.items():
                if name.startswith(start) and name != "tier_same":
                    assert len(column) == length, name
        assert one.specs[award][1] == Moon(phase=1)
        assert one.bases[rules.rule_base[-1]] == Base("plugin", plugin=award)

    def test_a_plugin_that_is_not_there_is_named(self):
        award = PluginAward(name="acme.moon", distribution="acme", settings={"phase": 1})
        with pytest.raises(PluginError, match="pip install acme"):
            compiled(rule(award=award))
        with pytest.raises(PluginError, match="2 plug-ins"):
            compiled(rule(award=award), specs=[MOON, MOON])
        assert compiled(rule(award=award), specs=[MOON]).rules.rule_award == [layout.GIVEN]

    @pytest.mark.parametrize(
        ("given", "zone"), [("points", "UTC"), (program(), "Mars/Olympus"), (None, "UTC")]
    )
    def test_what_is_no_programme_is_refused(self, given, zone):
        with pytest.raises(DefinitionError):
            compile_program(given, time_zone=zone)


class Moon(pydantic.BaseModel):
    """The settings of an award from outside."""

    phase: int


MOON = EarningRuleSpec(
    name="acme.moon",
    summary="points by the moon",
    distribution="acme",
    settings=Moon,
    frame=lambda _, orders: orders,
    units=lambda settings, _: settings.phase,
)
