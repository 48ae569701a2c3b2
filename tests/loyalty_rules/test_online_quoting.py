import datetime as dt
import json
import random
from decimal import Decimal

import pytest

from retention_kit.errors import DataError, DefinitionError
from retention_kit.loyalty_rules.definitions.awards import Fixed, Multiplier, Proportional
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.moments import Rolling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import EachLine, EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.explaining.explain import explain
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Issue, Line, Order, Redemption, Reservation
from retention_kit.loyalty_rules.online.posting import post
from retention_kit.loyalty_rules.online.quoting import quote
from retention_kit.loyalty_rules.online.refusing import LateEventError
from retention_kit.smart_segments.definitions.values import Where


def at(day, hour=12, minute=0):
    return dt.datetime(2025, 1, 1, hour, minute, tzinfo=dt.UTC) + dt.timedelta(day - 1)


def rule(name, award, **fields):
    given = {"wallet": "points", "trigger": EachOrder(), **fields}
    return EarningRule(name=name, award=award, **given)


PROGRAM = LoyaltyProgram(
    name="Club",
    currency="RUB",
    rounding="down",
    largest_rate=1,
    wallets=[
        Wallet(
            name="points",
            expiry=Rolling(length="30d"),
            spending=Spending(
                minimum=10,
                step=5,
                largest_share="0.5",
                excluded=[Where(column="category", value="books")],
            ),
        ),
        Wallet(name="cashback", kind="money"),
    ],
    rules=[
        rule("five", Proportional(amount="0.05"), caps=[Cap(limit=60, beyond="reduce")]),
        rule("back", Proportional(amount="0.01"), wallet="cashback", group="g"),
        rule("more back", Proportional(amount="0.02"), wallet="cashback", group="g"),
        rule(
            "tea",
            Fixed(amount=7),
            trigger=EachLine(),
            lines=[Where(column="category", value="tea")],
        ),
        rule("web", Multiplier(factor=3), where=[Where(column="channel", value="web")]),
        rule("spring", Fixed(amount=11), promo=PromoCode(code="SPRING")),
        rule("evening", Fixed(amount=13), hours=[HappyHours(start="23:00", end="01:00")]),
        rule(
            "january",
            Fixed(amount=17),
            valid_from=dt.date(2025, 1, 3),
            valid_until=dt.date(2025, 1, 3),
        ),
        rule(
            "gold weight",
            Fixed(amount=19),
            where=[Where(column="weight", operator="at_least", value=5)],
        ),
    ],
    stacking={"g": "best"},
    tiers=TierLadder(
        by="spend",
        tiers=[
            Tier(name="Start", at=0, benefits=Benefits(discount="0.01")),
            Tier(name="Gold", at=5000, benefits=Benefits(discount="0.1", multiplier=2)),
        ],
    ),
    discounts=[Discount(name="big", amount=100, minimum=3000)],
)
COMPILED = compile_program(PROGRAM, time_zone="Europe/Moscow")
WEIGHT = {"weight": Decimal("4.5")}


def order(**fields):
    given = {"order_id": 9, "at": at(2), "amount": 1000, "columns": WEIGHT}
    return Order(**{**given, **fields})


def holding(units):
    return post(Account.new(7), Issue("i", at(1), units, "points"), COMPILED).account


def earned(found):
    return {one.rule: one.units for one in found.earnings}


def test_a_quote_names_discounts_what_can_be_spent_and_what_each_rule_gives():
    found = quote(holding(203), order(), COMPILED, spend="most")
    (line,) = found.discounts
    assert (line.name, line.tier, line.amount, line.base) == (None, "Start", 10, 1000)
    assert (found.goods, found.discount, found.points, found.payable) == (1000, 10, 200, 790)
    most = found.spendable
    assert (most.units, most.available, most.by_share) == (200, 203, 495)
    assert (most.minimum, most.step, most.limited_by) == (10, 5, "balance")
    assert earned(found) == {"five": 39, "more back": 1580}
    assert found.earned == {"points": 39, "cashback": 1580}
    assert [(one.rule, one.because) for one in found.withheld] == [("back", "stacking")]
    assert (found.tier, found.missing.tier, found.missing.missing) == ("Start", "Gold", 5000)


def test_a_quote_changes_nothing():
    account = holding(100)
    before = account.to_json()
    assert quote(account, order(), COMPILED) == quote(account, order(), COMPILED)
    quote(account, order(), COMPILED, spend="most")
    assert account.to_json() == before


@pytest.mark.parametrize(
    ("units", "amount", "lines", "limited_by", "most"),
    [
        (1000, 1000, (), "share", 495),
        (203, 1000, (), "balance", 200),
        (9, 1000, (), "minimum", 0),
        (1000, 10, (), "minimum", 0),
        (1000, 1000, (Line("b", 600, category="books"),), "excluded", 195),
    ],
)
def test_why_no_more_can_be_spent(units, amount, lines, limited_by, most):
    found = quote(holding(units), order(amount=amount, lines=lines), COMPILED).spendable
    assert (found.limited_by, found.units) == (limited_by, most)


def test_what_cannot_be_paid_so_is_said_and_the_rest_is_of_paying_nothing():
    found = quote(holding(100), order(), COMPILED, spend=105)
    assert (found.refusal, found.available) == ("over_balance", 100)
    assert (found.points, found.payable) == (0, 990)
    assert quote(holding(100), order(), COMPILED, spend=11).refusal == "not_a_step"
    assert quote(holding(100), order(), COMPILED, spend=5).refusal == "below_minimum"
    assert quote(holding(900), order(points_paid=500), COMPILED).refusal == "above_share"
    with pytest.raises(DefinitionError, match="most"):
        quote(holding(1), order(), COMPILED, spend="all")
    with pytest.raises(DataError, match="float"):
        quote(holding(1), order(), COMPILED, spend=1.5)


def test_a_reservation_that_the_order_names_can_be_spent_too():
    account = post(holding(100), Reservation("r", at(2), 60, length="1h"), COMPILED).account
    assert quote(account, order(), COMPILED).spendable.units == 40
    assert quote(account, order(reservation="r"), COMPILED).spendable.units == 100
    assert quote(account, order(reservation="r"), COMPILED, spend="most").points == 100
    assert quote(account, order(reservation="x"), COMPILED, spend=40).refusal == "no_reservation"


def test_filters_hours_days_and_codes_let_in_what_they_say():
    def rules(**fields):
        return set(earned(quote(Account.new(7), order(**fields), COMPILED))) - {"five", "more back"}

    assert rules() == set()
    assert rules(promo_code="SPRING") == {"spring"}
    assert rules(promo_code="SPRING", promo_refused=True) == set()
    assert rules(promo_code="spring") == set()
    # Moscow is three hours ahead.
    assert rules(at=at(5, 19, 59)) == set()
    assert rules(at=at(5, 20)) == rules(at=at(5, 21, 59)) == {"evening"}
    assert rules(at=at(5, 22)) == set()
    assert rules(at=at(2, 20, 59)) == {"evening"}
    assert rules(at=at(2, 21)) == {"evening", "january"}
    assert rules(at=at(3, 20, 59)) == {"evening", "january"}
    assert rules(at=at(3, 21)) == {"evening"}
    assert rules(columns={"weight": 5}) == {"gold weight"}
    assert rules(columns={"weight": None}) == set()
    tea = Line("t", 10, quantity=Decimal("2.5"), category="tea")
    assert rules(lines=(tea, tea)) == {"tea"}
    found = quote(Account.new(7), order(lines=(tea, tea)), COMPILED)
    assert earned(found)["tea"] == 35
    with pytest.raises(DefinitionError, match="weight"):
        quote(Account.new(7), order(columns={}), COMPILED)


def test_a_multiplier_and_a_cap_are_told():
    found = quote(Account.new(7), order(channel="web", amount=500), COMPILED)
    (five,) = [one for one in found.earnings if one.rule == "five"]
    assert (five.multiplier, five.uncapped, five.units, five.cap) == (3, 74, 60, 60)


def test_a_discount_from_its_minimum_on_and_the_tier_that_an_order_reaches():
    found = quote(Account.new(7), order(amount=6000), COMPILED)
    assert [(one.name, one.amount) for one in found.discounts] == [(None, 60), ("big", 100)]
    assert found.reaches == "Gold"
    assert found.payable == 5840


@pytest.mark.parametrize("seed", range(25))
def test_what_is_quoted_is_what_is_posted(seed):
    chance = random.Random(seed)
    account = holding(chance.randrange(0, 900))
    for number in range(8):
        asked = order(
            order_id=number,
            at=at(2 + 3 * number),
            amount=Decimal(chance.randrange(1, 500_000)) / 100,
            channel=chance.choice(["web", None]),
        )
        found = quote(account, asked, COMPILED, spend="most")
        assert found.refusal is None
        placed = order(
            order_id=number,
            at=asked.at,
            amount=found.goods - found.discount,
            discount=found.discount,
            points_paid=found.points,
            channel=asked.channel,
        )
        posted = post(account, placed, COMPILED)
        made = [one for one in posted.entries if one.source is not None]
        assert [(e.rule, e.units, e.expires_at) for e in made if e.kind == "earn"] == [
            (one.rule, one.units, one.expires_at) for one in found.earnings
        ]
        assert sum(e.units for e in made if e.kind == "redeem") == -found.points
        risen = [e.tier for e in made if e.kind == "tier_up"]
        assert risen == ([found.reaches] if found.reaches else [])
        account = posted.account


def test_a_quote_is_plain_data_for_json():
    found = quote(holding(203), order(), COMPILED, spend="most")
    plain = json.loads(json.dumps(found.to_dict()))
    assert (plain["payable"], plain["points"], plain["earned"]["points"]) == ("790.0000", 200, 39)
    assert plain["spendable"]["limited_by"] == "balance"


def test_an_order_before_the_last_event_cannot_be_quoted():
    with pytest.raises(LateEventError):
        quote(holding(1), order(at=at(1, 11)), COMPILED)


def test_an_entry_is_explained_in_english_and_in_russian():
    account = holding(200)
    earning, *_ = post(
        account, order(channel="web", amount=500, points_paid=100), COMPILED
    ).entries[1:]
    assert explain(earning, COMPILED) == (
        "60 points came into the wallet “points” on 2 January 2025 for order 9: the rule “five” "
        "gives 0.05 of a point for each 1 RUB of 400 RUB, and rules that multiply make it 60 "
        "points; they can be spent at once and expire at the end of 1 February 2025."
    )
    assert explain(earning, COMPILED, "ru").replace("\xa0", " ") == (
        "2 января 2025 года в кошелёк «points» начислено за заказ 9: 60 баллов. Основание: правило "
        "«five», 0,05 балла за каждые 1 RUB от суммы 400 RUB, умножающие правила делают из этого "
        "60 баллов; платить можно сразу, срок — по 1 февраля 2025 года включительно."
    )


def test_a_cap_and_a_tier_are_named_in_an_explanation():
    account = post(Account.new(7), order(amount=6000), COMPILED).account
    entries = post(account, order(order_id=10, at=at(3), amount=1000), COMPILED).entries
    said = explain(entries[0], COMPILED)
    assert "multiplied by 2 in the tier “Gold”" in said
    assert "which caps or other rules lower from 100 points" in said
    money = explain(entries[1], COMPILED)
    assert money.startswith("40 RUB came into the wallet “cashback”")


def test_every_kind_of_entry_and_a_quote_are_explained_in_both_languages():
    account, entries = holding(203), []
    for event in (
        order(channel="web", amount=6000, points_paid=100),
        Redemption("x", at(3), 20),
        Reservation("r", at(4), 30, length="1h"),
        order(order_id=11, at=at(60)),
    ):
        found = post(account, event, COMPILED)
        account = found.account
        entries += found.entries
    kinds = {one.kind for one in entries}
    assert kinds >= {"earn", "redeem", "reserve", "release", "expire", "tier_up"}
    quoted = quote(account, order(order_id=12, at=at(61)), COMPILED, spend="most")
    for one in (*entries, quoted):
        for language in ("en", "ru"):
            said = explain(one, COMPILED, language)
            assert said.endswith(".")
            assert "None" not in said
            assert "{" not in said
    with pytest.raises(DefinitionError, match="language"):
        explain(quoted, COMPILED, "de")
    with pytest.raises(DefinitionError, match="Quote"):
        explain("x", COMPILED)
