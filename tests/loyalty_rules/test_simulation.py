"""Programmes run over the orders of the past."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention_kit.contracts import Dataset
from retention_kit.contracts.law import kind_of
from retention_kit.contracts.schemas import MONEY
from retention_kit.datasets import make_dataset
from retention_kit.errors import DefinitionError
from retention_kit.loyalty_rules.batch.accruing import accrue
from retention_kit.loyalty_rules.definitions.awards import Fixed, Proportional
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.limits import PromoCode
from retention_kit.loyalty_rules.definitions.moments import Rolling
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    Birthday,
    EachLine,
    EachOrder,
    ReferralMade,
    ReferralReceived,
    Registration,
)
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.deriving.all_sources import derive_events
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.events import Redemption as EventRedemption
from retention_kit.loyalty_rules.ready import (
    bronze_silver_gold,
    cashback,
    gamified,
    short_points,
)
from retention_kit.loyalty_rules.simulation.assumed import Redemption, Response
from retention_kit.loyalty_rules.simulation.flows import FLOWS
from retention_kit.loyalty_rules.simulation.simulating import simulate
from retention_kit.smart_segments import Segment, bought

ZONE = "Europe/London"
AS_OF = dt.datetime(2025, 7, 1, tzinfo=ZoneInfo(ZONE))
EVERYBODY = Redemption(share_of_customers=1)
NOBODY = Redemption(share_of_customers=0)


def program(name="Club", rate="0.1", currency="GBP", **fields):
    wallet = Wallet(name="cash", kind="money", expiry=Rolling(length="90d"), spending=Spending())
    rule = EarningRule(
        name="back", wallet="cash", trigger=EachOrder(), award=Proportional(amount=rate)
    )
    own = {"wallets": [wallet], "rules": [rule], **fields}
    return LoyaltyProgram(name=name, currency=currency, rounding="down", **own)


def shop(*orders, **tables):
    rows = [
        {"order_id": number, "customer_id": who, "ordered_at": at, "amount": amount, **more}
        for number, (who, at, amount, *rest) in enumerate(orders, 1)
        for more in (rest or [{}])
    ]
    return Dataset.from_frames(
        orders=rows,
        date_format="iso8601",
        time_zone=ZONE,
        currency="GBP",
        negative_amounts="return",
        **tables,
    )


TWO = shop((7, "2025-01-10 12:00", 100), (7, "2025-02-20 12:00", 100))


def totals(found):
    return found.totals.to_dicts()[0]


def test_it_is_a_report():
    assert kind_of(simulate).name == "report"


def test_what_is_earned_on_one_order_pays_for_the_next():
    row = totals(simulate(TWO, program(), as_of=AS_OF, redemption=EVERYBODY))
    # 10 of 100, and 9 of the 90 that were left to pay; these 9 lapse after 90 days.
    assert (row["issued"], row["redeemed"], row["expired"], row["outstanding"]) == (19, 10, 9, 0)
    assert (row["cost"], row["cost_share"], row["revenue"]) == (10, 0.05, 200)
    assert row["redemption_rate"] == pytest.approx(10 / 19)


def test_where_nobody_redeems_all_of_it_expires_or_is_owed():
    row = totals(simulate(TWO, program(), as_of=AS_OF, redemption=NOBODY))
    assert (row["issued"], row["redeemed"], row["expired"], row["cost"]) == (20, 0, 20, 0)


def test_what_nobody_bothers_to_spend_is_not_spent():
    lazy = Redemption(share_of_customers=1, least=11)
    assert totals(simulate(TWO, program(), as_of=AS_OF, redemption=lazy))["redeemed"] == 0


def test_a_tier_s_discount_is_taken_off_from_the_next_order_on():
    silver = Tier(name="Silver", at=100, benefits=Benefits(discount="0.05"))
    ladder = TierLadder(by="spend", tiers=[Tier(name="Bronze", at=0), silver])
    found = simulate(TWO, program(tiers=ladder), as_of=AS_OF, redemption=NOBODY)
    row = totals(found)
    assert (row["discounts"], row["cost"], row["issued"]) == (5, 5, Decimal("19.5"))
    assert found.tier_flow.select("from_tier", "to_tier", "customers").rows() == [
        ("Bronze", "Silver", 1)
    ]
    last = found.customers_by_tier.tail(2)
    assert last.select("tier", "customers").rows() == [("Bronze", 0), ("Silver", 1)]
    assert found.customers["tier"].to_list() == ["Silver"]


def test_a_return_takes_back_what_its_order_earned():
    back = (7, "2025-01-12 12:00", -50, {"original_order_id": 1})
    data = shop((7, "2025-01-10 12:00", 100, {"original_order_id": None}), back)
    row = totals(simulate(data, program(), as_of=AS_OF, redemption=NOBODY))
    assert (row["issued"], row["taken_back"], row["expired"]) == (10, 5, 5)


def test_derived_events_pay_too():
    gift = EarningRule(name="gift", wallet="cash", trigger=Birthday(), award=Fixed(amount=5))
    people = [{"customer_id": 7, "birthday": "1990-02-01"}]
    data = shop((7, "2025-01-10 12:00", 100), customers=people)
    row = totals(simulate(data, program(rules=[gift]), as_of=AS_OF, redemption=NOBODY))
    assert row["issued"] == 5


def test_a_rule_for_a_segment_pays_from_the_midnight_on_at_which_it_is_looked_who_is():
    regulars = Segment(name="Regulars", condition=bought().at_least(1))
    back = EarningRule(
        name="back",
        wallet="cash",
        trigger=EachOrder(),
        award=Proportional(amount="0.1"),
        segment=regulars,
    )
    data = shop(
        *((7, at, 100) for at in ("2025-01-10 12:00", "2025-01-10 23:00", "2025-01-11 09:00"))
    )
    row = totals(simulate(data, program(rules=[back]), as_of=AS_OF, redemption=NOBODY))
    assert row["issued"] == 10


def test_a_promo_code_that_is_used_up_pays_nobody_any_more():
    back = EarningRule(
        name="back",
        wallet="cash",
        trigger=EachOrder(),
        award=Fixed(amount=5),
        promo=PromoCode(code="TEA", limit=2),
    )
    data = shop(
        *((who, f"2025-01-{10 + who} 12:00", 100, {"promo_code": "TEA"}) for who in (7, 8, 9))
    )
    found = simulate(data, program(rules=[back]), as_of=AS_OF, redemption=NOBODY, keep_ledgers=True)
    ledger = found.ledgers["Club"].filter(pl.col("kind") == "earn")
    assert sorted(ledger["customer_id"]) == [7, 8]


def test_a_referral_pays_both_sides_once_the_first_order_has_lasted():
    rules = [
        EarningRule(name=one.type, wallet="cash", trigger=one, award=Fixed(amount=5))
        for one in (ReferralMade(), ReferralReceived())
    ]
    data = shop(
        (7, "2025-01-10 12:00", 100, {"referrer_id": None}),
        (8, "2025-01-11 12:00", 100, {"referrer_id": 7}),
    )
    found = simulate(data, program(rules=rules), as_of=AS_OF, redemption=NOBODY, keep_ledgers=True)
    earned = found.ledgers["Club"].filter(pl.col("kind") == "earn").sort("customer_id")
    assert earned["customer_id"].to_list() == [7, 8]
    assert earned["at"].dt.date().to_list() == [dt.date(2025, 1, 26)] * 2


def test_what_was_paid_in_points_before_counts_as_money_and_that_is_said():
    data = shop((7, "2025-01-10 12:00", 100, {"points_paid": 40}))
    found = simulate(data, program(), as_of=AS_OF, redemption=NOBODY)
    assert totals(found)["issued"] == 10
    assert any("earlier programme" in one for one in found.assumptions)
    assert not any("earlier programme" in one for one in _of_two().assumptions)


def _of_two(**more):
    return simulate(TWO, program(), as_of=AS_OF, **more)


def test_unchanged_behaviour_is_said_unless_a_response_is_given():
    assert "nobody answers" in _of_two().summary()
    assert "5% more orders" in _of_two(response=Response(more_orders=0.05)).summary()


def test_a_response_repeats_sales_some_time_later():
    found = _of_two(response=Response(more_orders=1, after="30d"), redemption=NOBODY)
    row = totals(found)
    assert (row["orders"], row["revenue"], row["issued"]) == (4, 400, 40)
    assert found.by_month.filter(pl.col("orders") > 0)["month"].dt.month().to_list() == [1, 2, 3]


def test_the_report_may_begin_later_than_the_programme():
    since = dt.datetime(2025, 2, 1, tzinfo=ZoneInfo(ZONE))
    found = _of_two(since=since, redemption=EVERYBODY)
    row = totals(found)
    assert (row["opening"], row["issued"], row["redeemed"], row["orders"]) == (10, 9, 10, 1)
    assert found.by_month["month"][0] == dt.date(2025, 2, 1)


def test_a_history_changes_the_rules_on_its_day():
    history = ProgramHistory(
        versions=[
            (dt.date(2025, 1, 1), program()),
            (dt.date(2025, 2, 1), program(rate="0.2")),
        ]
    )
    found = simulate(TWO, {"both": history}, as_of=AS_OF, redemption=NOBODY)
    assert totals(found)["issued"] == 30
    assert found.programs == ("both",)


def test_two_programmes_stand_side_by_side():
    found = simulate(TWO, [program(), program("Double", "0.2")], as_of=AS_OF, redemption=NOBODY)
    assert found.compare().columns == ["figure", "Club", "Double"]
    issued = found.compare().filter(pl.col("figure") == "issued")
    assert issued.rows() == [("issued", 20.0, 40.0)]
    assert found.winners("Double", instead_of="Club").select("winners", "losers").rows() == [(0, 0)]
    with pytest.raises(DefinitionError, match="'Club', 'Double'"):
        found.winners("Dubble")


def test_a_programme_of_discounts_alone_has_a_cost_and_no_wallet():
    off = Discount(name="off", share="0.1")
    found = simulate(TWO, program(wallets=[], rules=[], discounts=[off]), as_of=AS_OF)
    row = totals(found)
    assert (row["discounts"], row["cost"], row["outstanding"], row["issued"]) == (20, 20, 0, 0)
    assert found.by_wallet.is_empty()
    assert found.by_month["discounts"].to_list()[:2] == [10, 10]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"programs": []}, "programs"),
        ({"programs": [program(), program()]}, "Two programmes"),
        ({"programs": program(currency="EUR")}, "currency"),
        ({"programs": ["Club"]}, "programs"),
        ({"programs": 5}, "a LoyaltyProgram or a ProgramHistory"),
        ({"programs": compile_program(program(), time_zone=ZONE)}, "compiled programme"),
        ({"programs": {"a": compile_program(program(), time_zone=ZONE)}}, "compiled programme"),
        ({"since": AS_OF}, "since"),
        ({"as_of": dt.datetime(2025, 1, 1)}, "as_of"),
        ({"as_of": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)}, "no sales"),
        ({"dataset": {"orders": pl.LazyFrame()}}, "dataset"),
    ],
)
def test_what_cannot_be_simulated_is_refused(arguments, word):
    given = {"dataset": TWO, "programs": program(), "as_of": AS_OF, **arguments}
    with pytest.raises(DefinitionError, match=word):
        simulate(given.pop("dataset"), given.pop("programs"), **given)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Redemption(share_of_customers=1.1),
        lambda: Redemption(share_of_orders=-0.1),
        lambda: Redemption(least=-1),
        lambda: Redemption(least=0.5),
        lambda: Response(more_orders=2),
        lambda: Response(more_orders=0.1, after="1mo"),
    ],
)
def test_assumptions_that_cannot_be_are_refused(wrong):
    with pytest.raises(DefinitionError):
        wrong()


YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def big():
    return make_dataset(300, seed=3)


def points(currency):
    wallet = Wallet(
        name="points",
        value="0.5",
        expiry=Rolling(length="60d"),
        spending=Spending(minimum=20, largest_share="0.5"),
    )
    rules = [
        EarningRule(
            name="orders", wallet="points", trigger=EachOrder(), award=Proportional(amount="0.1")
        ),
        EarningRule(name="gift", wallet="points", trigger=Birthday(), award=Fixed(amount=300)),
    ]
    return program("Points", currency=currency, wallets=[wallet], rules=rules)


def test_nothing_is_lost_or_made_to_the_last_unit(big):
    half = Redemption(share_of_customers=0.5, share_of_orders=0.7)
    found = simulate(big, points(big.currency), as_of=YEAR, redemption=half, keep_ledgers=True)
    sums = found.by_wallet.select(pl.col("^.*_units$").sum()).to_dicts()[0]
    end = found.by_wallet["outstanding_units"][-1]
    went = sums["redeemed_units"] - sums["restored_units"]
    went += sums["expired_units"] + sums["taken_back_units"]
    came = sums["issued_units"] + sums["adjusted_units"] + sums["transferred_units"]
    assert came == end + went
    for name in ("issued", "redeemed", "expired", "taken_back"):
        assert sums[f"{name}_units"] > 0
    # What customers hold is what is outstanding, and their tenths are the whole.
    row = totals(found)
    assert found.customers["held"].sum() == row["outstanding"]
    assert found.by_decile["received"].sum() == row["cost"]
    assert found.by_month["issued"].sum() == row["issued"]
    assert found.ledgers["Points"].height > 0


@pytest.mark.parametrize("preset", [bronze_silver_gold, cashback, short_points, gamified])
def test_every_ready_programme_accounts_for_every_unit_of_every_wallet(big, preset):
    since = dt.datetime(2025, 3, 15, tzinfo=dt.UTC)
    found = simulate(big, preset(currency=big.currency), as_of=YEAR, since=since, keep_ledgers=True)
    (ledger,) = found.ledgers.values()
    moving = ledger.filter(pl.col("kind").is_in([kind for kind, _ in FLOWS.values()]))
    end = moving.group_by("wallet").agg(pl.col("units").sum()).sort("wallet")
    last = found.by_wallet.filter(pl.col("month") == pl.col("month").max()).sort("wallet")
    assert last.select("wallet", "outstanding_units").rows() == end.rows()
    row = totals(found)
    signs = dict.fromkeys(("issued", "restored", "adjusted", "transferred", "revalued"), 1)
    change = sum(row[name] * signs.get(name, -1) for name in FLOWS)
    assert row["opening"] + change == row["outstanding"] == found.customers["held"].sum()
    assert found.customers["discounts"].sum() == row["discounts"]
    assert (found.by_month["cost"].sum(), found.by_decile["received"].sum()) == (row["cost"],) * 2


def test_where_nobody_redeems_it_is_what_accrue_says(big):
    club = points(big.currency)
    found = simulate(big, club, as_of=YEAR, redemption=NOBODY)
    of_old = [pl.lit(None, dtype=MONEY).alias(name) for name in ("points_paid", "discount")]
    plain = replace(big, orders=big.orders.with_columns(of_old))
    made = accrue(plain, club, as_of=YEAR)
    assert made.balances["held"].sum() == found.by_wallet["outstanding_units"][-1]
    assert found.totals["refused"].item() == made.refused.height


def test_a_customer_s_part_does_not_depend_on_the_others(big):
    whole = simulate(big, points(big.currency), as_of=YEAR).customers
    ids = big.orders.select(pl.col("customer_id").unique().sort()).collect().to_series()
    own = pl.col("customer_id").is_in(ids.gather_every(2).implode())
    some = replace(
        big, **{name: getattr(big, name).filter(own) for name in ("orders", "customers", "events")}
    )
    part = simulate(some, points(big.currency), as_of=YEAR).customers
    columns = ["customer_id", "received", "held", "tier"]
    assert part.height > 50
    assert_frame_equal(part.select(columns), whole.filter(own).select(columns))


def test_the_same_assumption_gives_the_same_answer_whatever_the_order_of_rows(big):
    first = simulate(big, points(big.currency), as_of=YEAR)
    turned = replace(big, orders=big.orders.reverse())
    again = simulate(turned, points(big.currency), as_of=YEAR)
    assert_frame_equal(first.totals, again.totals)
    assert_frame_equal(first.customers, again.customers)


def test_the_more_redeem_the_more_it_costs(big):
    costs = [
        totals(
            simulate(
                big, points(big.currency), as_of=YEAR, redemption=Redemption(share_of_customers=one)
            )
        )["cost"]
        for one in (0, 0.3, 1)
    ]
    assert 0 == costs[0] < costs[1] < costs[2]


def worth(value, name="Points"):
    wallet = Wallet(name="points", value=value, spending=Spending())
    rule = EarningRule(name="all", wallet="points", trigger=EachOrder(), award=Fixed(amount=10))
    return program(name, wallets=[wallet], rules=[rule])


def test_points_whose_worth_changed_are_outstanding_at_what_they_are_worth_now():
    history = ProgramHistory(
        versions=[(dt.date(2025, 1, 1), worth("1")), (dt.date(2025, 2, 1), worth("0.5"))]
    )
    data = shop((7, "2025-01-10 12:00", 100), (8, "2025-01-11 12:00", 100))
    found = simulate(data, history, as_of=AS_OF, redemption=NOBODY)
    row = totals(found)
    assert (row["issued"], row["revalued"], row["outstanding"]) == (20, -10, 10)
    assert found.customers["held"].to_list() == [5, 5]
    assert found.by_month["outstanding"].to_list()[:2] == [20, 10]
    assert row["liability"] == 10


def test_points_spent_after_their_worth_changed_leave_nothing_behind():
    history = ProgramHistory(
        versions=[(dt.date(2025, 1, 1), worth("1")), (dt.date(2025, 2, 1), worth("0.5"))]
    )
    row = totals(simulate(TWO, history, as_of=AS_OF, redemption=EVERYBODY))
    # Ten points earned in January at a pound, spent in February at half; ten more are left.
    assert (row["issued"], row["redeemed"], row["revalued"]) == (15, 5, -5)
    assert row["outstanding"] == 5


def rule_on(trigger, **fields):
    return EarningRule(
        name=trigger.type, wallet="cash", trigger=trigger, award=Fixed(amount=5), **fields
    )


CANNOT = {
    "birthday": (rule_on(Birthday()), "customers.birthday is not there"),
    "registration": (rule_on(Registration()), "customers.registered_at is not there"),
    "referral_made": (rule_on(ReferralMade()), "orders.referrer_id is not there"),
    "activity": (rule_on(Activity(name="Review")), "no event is named 'Review'"),
    "each_line": (rule_on(EachLine()), "the table order_items is not there"),
    "each_order": (
        rule_on(EachOrder(), promo=PromoCode(code="TEA")),
        "no order has the promo code 'TEA'",
    ),
}


@pytest.mark.parametrize("name", CANNOT)
def test_a_rule_that_the_data_cannot_make_pay_is_named(name):
    rule, why = CANNOT[name]
    found = simulate(TWO, program(rules=[rule]), as_of=AS_OF)
    said = f"Rule '{name}' never paid: {why}"
    assert any(one.startswith(said) for one in found.assumptions)
    assert said in found.summary()
    (note,) = accrue(TWO, program(rules=[rule]), as_of=AS_OF).notes
    assert note.startswith(said)


def test_of_several_programmes_the_one_is_named_whose_rule_cannot_pay():
    silent = program("Silent", rules=[rule_on(Birthday())])
    said = simulate(TWO, [program(), silent], as_of=AS_OF).assumptions
    assert [one for one in said if "never paid" in one] == [
        "Silent: rule 'birthday' never paid: customers.birthday is not there or empty."
    ]


def test_nothing_is_noted_of_rules_that_can_pay():
    assert accrue(TWO, program(), as_of=AS_OF).notes == ()
    assert not any("never" in one and "paid" in one for one in _of_two().assumptions[5:])


def test_where_everything_is_told_besides_the_dataset_nothing_is_derived_of_it():
    data = shop(
        (7, "2025-01-10 12:00", 100), customers=[{"customer_id": 7, "birthday": "1990-02-01"}]
    )
    club = program(rules=[rule_on(Birthday())])
    told = derive_events(data, club, as_of=AS_OF).clear()
    assert accrue(data, club, as_of=AS_OF).notes == ()
    assert accrue(data, club, as_of=AS_OF, derived=told).notes == (
        "Rule 'birthday' never paid: no activity of the loyalty events is named 'Birthday'.",
    )


def test_what_was_told_besides_the_dataset_makes_a_rule_pay():
    told = derive_events(
        shop(
            (7, "2025-01-10 12:00", 100),
            customers=[{"customer_id": 7, "birthday": "1990-02-01"}],
        ),
        program(rules=[rule_on(Birthday())]),
        as_of=AS_OF,
    )
    made = accrue(TWO, program(rules=[rule_on(Birthday())]), as_of=AS_OF, derived=told)
    assert made.notes == ()
    assert made.ledger.filter(pl.col("kind") == "earn")["units"].to_list() == [500]


def test_returns_that_name_no_order_are_counted_in_words():
    data = shop(
        (7, "2025-01-10 12:00", 100, {"original_order_id": None}),
        (7, "2025-01-12 12:00", -50, {"original_order_id": None}),
    )
    found = simulate(data, program(), as_of=AS_OF, redemption=NOBODY)
    assert totals(found)["refused"] == 1
    assert any("no order of their customer: 1." in one for one in found.assumptions)


def test_with_a_response_the_revenue_is_said_to_have_the_repeated_orders_in_it():
    found = _of_two(response=Response(more_orders=1), redemption=NOBODY)
    assert any("again in the repeated orders" in one for one in found.assumptions)
    assert found.compare().row(0) == ("revenue", 400.0)


@pytest.mark.parametrize(
    "wrong", [{"redemption": 0.5}, {"redemption": EventRedemption}, {"response": 0.05}]
)
def test_assumptions_of_another_type_are_refused(wrong):
    with pytest.raises(DefinitionError, match="Next step: Re"):
        simulate(TWO, program(), as_of=AS_OF, **wrong)


def test_ledgers_that_are_not_there_say_how_to_get_them():
    with pytest.raises(DefinitionError, match="keep_ledgers=True"):
        _of_two().ledgers["Club"]
    with pytest.raises(DefinitionError, match="Allowed: 'Club'"):
        _of_two(keep_ledgers=True).ledgers["Cub"]
    assert list(_of_two().ledgers) == []


def test_a_simulation_and_an_accrual_print_what_they_are():
    found = simulate(TWO, [program(), program("Double", "0.2")], as_of=AS_OF, redemption=NOBODY)
    assert repr(found) == "Simulation('Club', 'Double', 2025-01-10 to 2025-07-01)"
    lines = str(found).splitlines()
    assert len(lines) == found.compare().height + 1
    assert [line.split() for line in lines if line.startswith("issued")] == [["issued", "20", "40"]]
    made = repr(accrue(TWO, program(), as_of=AS_OF))
    assert made.startswith("Accrual(rows of ledger: ")
    assert len(made) < 120


def test_after_a_change_of_worth_what_is_outstanding_is_what_accrue_says_it_is_worth(big):
    club = points(big.currency)
    cheaper = club.wallets[0].with_fields(value=Decimal("0.2"))
    history = ProgramHistory(
        versions=[
            (dt.date(2024, 1, 1), club),
            (dt.date(2025, 12, 1), club.with_fields(wallets=[cheaper])),
        ]
    )
    found = simulate(big, history, as_of=YEAR, redemption=NOBODY)
    of_old = [pl.lit(None, dtype=MONEY).alias(name) for name in ("points_paid", "discount")]
    made = accrue(replace(big, orders=big.orders.with_columns(of_old)), history, as_of=YEAR)
    row = totals(found)
    assert row["outstanding"] == made.balances["value"].sum() == found.customers["held"].sum()
    assert row["revalued"] < 0
    change = sum(row[name] for name in ("issued", "restored", "revalued"))
    assert change - row["expired"] - row["taken_back"] == row["outstanding"]


def test_gifts_for_friends_that_last_are_wholly_owed_in_a_ready_programme(big):
    found = simulate(big, bronze_silver_gold(currency=big.currency), as_of=YEAR, keep_ledgers=True)
    (ledger,) = found.ledgers.values()
    moves = pl.col("kind").is_in([kind for kind, _ in FLOWS.values()])
    lasting = ledger.filter(moves & pl.col("expires_at").is_null())["value"].sum()
    assert lasting > 0
    assert totals(found)["liability"] >= float(lasting)
