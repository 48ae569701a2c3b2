"""What is said to a person on the first day: which mistake it was, and what to do instead."""

import dataclasses
import datetime as dt
import json
from decimal import Decimal

import pytest

from retention_kit import loyalty_rules
from retention_kit.datasets import make_dataset
from retention_kit.errors import DataError, DefinitionError
from retention_kit.loyalty_rules import (
    Account,
    Benefits,
    Cap,
    Discount,
    EachOrder,
    EarningRule,
    Fixed,
    LoyaltyProgram,
    Multiplier,
    PromoCode,
    Proportional,
    Redemption,
    Rolling,
    Spending,
    Tier,
    TieredRate,
    TierLadder,
    Wallet,
    accrue,
    cashback,
    compile_program,
    explain,
    fold,
    post,
    quote,
)
from retention_kit.loyalty_rules.ledger import Entry
from retention_kit.loyalty_rules.online import Issue, Order, Return, event_from_dict
from retention_kit.loyalty_rules.online.posting import grow_older, try_post
from retention_kit.loyalty_rules.online.replaying import post_late
from retention_kit.loyalty_rules.store import SqlLedgerStore

POINTS = Wallet(name="points", spending=Spending(minimum=100))
FIVE = EarningRule(
    name="Five", wallet="points", trigger=EachOrder(), award=Proportional(amount=5, per=100)
)


def programme(**fields):
    own = {
        "name": "Club",
        "currency": "RUB",
        "rounding": "down",
        "wallets": [POINTS],
        "rules": [FIVE],
    }
    return LoyaltyProgram(**{**own, **fields})


def compiled(**fields):
    return compile_program(programme(**fields), time_zone="Europe/Moscow")


def at(day, hour=12):
    return dt.datetime(2025, 5, day, hour, tzinfo=dt.UTC)


def order(number=1, day=1, **fields):
    return Order(**{"order_id": number, "at": at(day), "amount": 1000, **fields})


def posted(program, *events):
    account = Account.new(1)
    for event in events:
        account = post(account, event, program).account
    return account


class TestProgrammes:
    def test_a_misspelt_field_is_told_the_fields_and_the_nearest(self):
        with pytest.raises(DefinitionError) as caught:
            Proportional(amountt=5, per=100)
        said = str(caught.value)
        assert "amount, per, full_steps, before_discount, with_points" in said
        assert "(nearest: 'amount')" in said
        assert "type" not in said

    def test_a_misspelt_field_inside_json_is_told_so_too(self):
        written = json.loads(programme().to_json())
        written["wallets"][0]["knd"] = "points"
        with pytest.raises(DefinitionError, match=r"Wallet cannot be made: knd.*nearest: 'kind'"):
            LoyaltyProgram.from_json(json.dumps(written))

    def test_a_word_that_is_not_allowed_is_shown_with_those_that_are(self):
        with pytest.raises(DefinitionError, match="per: it is 'fortnight'. Allowed: 'order', 'day"):
            Cap(limit=5, per="fortnight", beyond="reduce")
        with pytest.raises(DefinitionError, match="rounding: it is 'nearest'. Allowed: 'down', 'h"):
            programme(rounding="nearest")

    def test_a_part_that_is_no_part_is_told_which_there_are(self):
        with pytest.raises(DefinitionError, match=r"expiry: it is a str\. Allowed: .*Rolling"):
            Wallet(name="points", expiry="30d")

    def test_a_currency_is_no_regular_expression(self):
        with pytest.raises(DefinitionError, match="three capital letters") as caught:
            programme(currency="rub")
        assert "^" not in str(caught.value)

    @pytest.mark.parametrize(("fields", "which"), [({}, "neither"), ({"amount": 5}, "both")])
    def test_a_discount_says_which_of_its_two_fields_it_has(self, fields, which):
        share = {"share": "0.1"} if fields else {}
        with pytest.raises(DefinitionError, match=f"'d' has {which} of share and amount"):
            Discount(name="d", **fields, **share)

    def test_the_json_of_a_later_version_is_not_to_be_fitted(self):
        written = {**json.loads(programme().to_json()), "version": 9}
        with pytest.raises(DefinitionError, match="write the definition again") as caught:
            LoyaltyProgram.from_json(json.dumps(written))
        assert "fit" not in str(caught.value)

    def test_one_letter_is_near_to_nothing(self):
        ladder = TierLadder(by="orders", tiers=[Tier(name="A", at=1)])
        named = FIVE.with_fields(tiers=["Platinum"])
        with pytest.raises(DefinitionError) as caught:
            programme(tiers=ladder, rules=[named])
        assert "Nearest" not in str(caught.value)


class TestLargestRate:
    def test_rules_that_multiply_count_towards_it(self):
        twice = EarningRule(
            name="Hundredfold", wallet="points", trigger=EachOrder(), award=Multiplier(factor=100)
        )
        with pytest.raises(DefinitionError, match="'Five' gives 5 per 1 of money") as caught:
            programme(rules=[FIVE, twice])
        assert caught.value.parameter == "largest_rate"
        assert programme(rules=[FIVE, twice], largest_rate=5)
        assert programme(rules=[FIVE, twice], wallets=[Wallet(name="points")])

    def test_a_tier_that_multiplies_counts_towards_it(self):
        ladder = TierLadder(
            by="orders", tiers=[Tier(name="A", at=1, benefits=Benefits(multiplier=50))]
        )
        steps = TieredRate(mode="whole", steps=[(0, "0.01"), (100, "0.02")])
        for award in (FIVE.award, steps):
            with pytest.raises(DefinitionError, match="largest_rate"):
                programme(rules=[FIVE.with_fields(award=award)], tiers=ladder)
        assert programme(rules=[FIVE.with_fields(award=Fixed(amount=500))], tiers=ladder)

    def test_ten_times_five_per_cent_is_a_half_exactly(self):
        tenfold = EarningRule(
            name="Tenfold", wallet="points", trigger=EachOrder(), award=Multiplier(factor=10)
        )
        assert programme(rules=[FIVE, tenfold])


class TestAccrue:
    SHOP = make_dataset(20, seed=1)
    AS_OF = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)

    def test_a_programme_in_another_currency_is_refused(self):
        assert self.SHOP.currency != "XXX"
        with pytest.raises(DefinitionError, match=f"'XXX'. Allowed: '{self.SHOP.currency}', the"):
            accrue(self.SHOP, cashback(currency="XXX"), as_of=self.AS_OF)

    def test_a_compiled_programme_is_not_what_it_takes(self):
        ready = compile_program(cashback(currency=self.SHOP.currency), time_zone="UTC")
        with pytest.raises(DefinitionError, match="pass the programme itself"):
            accrue(self.SHOP, ready, as_of=self.AS_OF)
        with pytest.raises(DefinitionError, match="a LoyaltyProgram or a ProgramHistory"):
            accrue(self.SHOP, "cashback", as_of=self.AS_OF)


class TestOneCustomer:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda raw: quote(Account.new(1), order(), raw),
            lambda raw: post(Account.new(1), order(), raw),
            lambda raw: try_post(Account.new(1), order(), raw),
            lambda raw: post_late(Account.new(1), [], order(), Account.new(1), raw),
            lambda raw: fold(1, [order()], raw, as_of=at(9)),
            lambda raw: grow_older(Account.new(1), raw, as_of=at(9)),
            lambda raw: Account.new(1).balances(raw, at(9)),
            lambda raw: Account.new(1).lots(raw, at(9)),
            lambda raw: Account.new(1).tier(raw, at(9)),
            lambda raw: Account.new(1).next_tier(raw, at(9)),
            lambda raw: explain(Entry(1, at(1), "earn"), raw),
            lambda raw: SqlLedgerStore("sqlite://", raw),
        ],
    )
    def test_a_programme_that_is_not_compiled_is_told_how(self, ask):
        with pytest.raises(DefinitionError, match=r"compile_program\(program, time_zone="):
            ask(programme())

    def test_a_namesake_of_an_event_is_told_where_the_event_is(self):
        trigger = loyalty_rules.Activity(name="Reviewed")
        for ask in (
            lambda event: post(Account.new(1), event, compiled()),
            lambda event: fold(1, [event], compiled(), as_of=at(9)),
        ):
            with pytest.raises(DefinitionError, match="loyalty_rules.online import Activity"):
                ask(trigger)
        with pytest.raises(DefinitionError, match="loyalty_rules.online import Redemption"):
            post(Account.new(1), Redemption(), compiled())

    def test_what_is_no_event_no_order_and_no_account_is_said(self):
        with pytest.raises(DefinitionError, match="an event of"):
            post(Account.new(1), {"type": "order"}, compiled())
        with pytest.raises(DefinitionError, match="'Issue'. Allowed: an Order"):
            quote(Account.new(1), Issue("i", at(1), 5, "points"), compiled())
        with pytest.raises(DefinitionError, match=r"Account\.new"):
            post(7, order(), compiled())

    def test_as_of_is_a_parameter_and_no_field(self):
        for ask in (
            lambda day: fold(1, [order()], compiled(), as_of=day),
            lambda day: Account.new(1).balances(compiled(), day),
        ):
            with pytest.raises(DataError, match=r"Parameter 'as_of' is a date.*combine\(as_of"):
                ask(dt.date(2025, 5, 1))

    def test_a_wrong_wallet_has_a_next_step_where_no_name_is_near(self):
        with pytest.raises(DataError, match=r"no wallet 'zzz'.*Next step"):
            post(Account.new(1), Issue("i", at(1), 5, "zzz"), compiled())

    def test_a_folder_that_is_not_there_is_said(self, tmp_path):
        with pytest.raises(DefinitionError, match="make the folder") as caught:
            SqlLedgerStore(f"sqlite:///{tmp_path}/none/points.db", compiled())
        assert str(tmp_path) not in str(caught.value)


class TestEvents:
    def test_money_may_be_the_text_of_a_number(self):
        assert order(amount="1990.00", discount="10.50") == order(
            amount=Decimal("1990.00"), discount=Decimal("10.50")
        )
        back = Return(order_id=2, original_order_id=1, at=at(2), amount="0.01")
        assert back.amount == Decimal("0.01")

    @pytest.mark.parametrize("amount", ["ten", "", "1_000", "NaN", "1e3", "٣", " 5"])
    def test_a_text_that_is_no_number_is_refused_by_its_field(self, amount):
        with pytest.raises(DataError, match="'amount' of an event holds a text that is no number"):
            order(amount=amount)

    @pytest.mark.parametrize("amount", [-1, 10**12, Decimal("-0.01")])
    def test_what_is_out_of_bounds_is_shown(self, amount):
        with pytest.raises(DataError, match=f"holds {amount}, out of bounds"):
            order(amount=amount)

    def test_each_kind_of_what_is_no_instant_has_its_own_next_step(self):
        for wrong, says in (
            (dt.datetime(2025, 5, 1), r"at\.replace"),
            (dt.date(2025, 5, 1), r"combine\(at"),
            ("2025-05-01", "fromisoformat"),
        ):
            with pytest.raises(DataError, match=says):
                order(at=wrong)

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({"amount": "ten"}, "'amount' of an event holds a text that is no number"),
            ({"at": "yesterday"}, "'at' of an event holds a text. Allowed: an instant in ISO 8601"),
            ({"lines": 5}, "'lines' of an event holds int"),
            ({"lines": ["tea"]}, "'lines' of an event holds list"),
            ({"columns": {"x": {"y": "1", "z": "2"}}}, "'columns' of an event holds dict"),
        ],
    )
    def test_a_field_that_cannot_be_read_is_named(self, fields, says):
        plain = {"type": "order", "order_id": 1, "at": at(1).isoformat(), "amount": "1"}
        with pytest.raises(DataError, match=says):
            event_from_dict({**plain, **fields})

    def test_fields_that_are_missing_are_named(self):
        with pytest.raises(DataError, match=r"missing: at\. Required of Order: order_id, at, am"):
            event_from_dict({"type": "order", "order_id": 1, "amount": "1"})


class TestQuotes:
    def test_a_used_up_code_is_said_with_what_it_would_give(self):
        code = PromoCode(code="HELLO", per_customer=1)
        gift = EarningRule(
            name="Hello", wallet="points", trigger=EachOrder(), award=Fixed(amount=30), promo=code
        )
        program = compiled(rules=[FIVE, gift])
        account = posted(program, order(promo_code="HELLO"))
        second = order(2, 2, promo_code="HELLO")
        for found in (
            quote(account, second, program),
            quote(Account.new(1), dataclasses.replace(second, promo_refused=True), program),
        ):
            assert [(one.rule, one.uncapped, one.because) for one in found.withheld] == [
                ("Hello", 30, "promo")
            ]
            assert found.promo_used_up
            assert found.to_dict()["promo_used_up"] is True
            assert "The promo code has been used as often as it may be." in explain(found, program)
            assert "Промокод уже использован" in explain(found, program, "ru")
        for fresh in (order(2, 2), second):
            assert not quote(Account.new(1), fresh, program).promo_used_up

    def test_a_used_up_code_of_a_discount_is_said(self):
        code = PromoCode(code="HELLO", per_customer=1)
        program = compiled(discounts=[Discount(name="Welcome", amount=100, promo=code)])
        account = posted(program, order(promo_code="OTHER"))
        refused = order(2, 2, promo_code="HELLO", promo_refused=True)
        assert quote(account, refused, program).promo_used_up
        assert not quote(account, order(2, 2, promo_code="HELLO"), program).promo_used_up

    def test_a_cooldown_is_said_with_what_the_rule_would_give(self):
        visit = EarningRule(
            name="Once a day",
            wallet="points",
            trigger=EachOrder(),
            award=Fixed(amount=30),
            cooldown="1d",
        )
        program = compiled(rules=[FIVE, visit])
        account = posted(program, order())
        found = quote(account, order(2, at=at(1, 13)), program)
        assert [(one.rule, one.uncapped, one.because) for one in found.withheld] == [
            ("Once a day", 30, "cooldown")
        ]
        assert not found.promo_used_up
        assert "too early for it to pay again" in explain(found, program)
        assert "снова сработает позже" in explain(found, program, "ru")
        assert quote(account, order(2, 2), program).withheld == ()

    def test_a_cap_of_times_is_said(self):
        twice = FIVE.with_fields(caps=[Cap(limit=1, of="times", per="month", beyond="reject")])
        program = compiled(rules=[twice])
        found = quote(posted(program, order()), order(2, 2), program)
        assert [(one.rule, one.uncapped, one.because) for one in found.withheld] == [
            ("Five", 50, "cap")
        ]

    def test_of_an_empty_wallet_no_least_amount_is_spoken(self):
        said = explain(quote(Account.new(1), order(), compiled()), compiled())
        assert "there is nothing to spend in it" in said
        some = posted(compiled(), order())
        said = explain(quote(some, order(2, 2), compiled()), compiled())
        assert "50 points could be, and the least that may be spent is 100 points" in said

    def test_what_is_missing_to_a_tier_is_a_sentence(self):
        ladder = TierLadder(
            by="orders", tiers=[Tier(name="A", at=0), Tier(name="B", at=2), Tier(name="C", at=3)]
        )
        program = compiled(tiers=ladder)
        said = explain(quote(Account.new(1), order(), program), program)
        assert "Before this order, 2 orders are missing to the tier “B”." in said


class TestExplanations:
    def test_a_cap_on_what_was_multiplied_is_said_once(self):
        double = EarningRule(
            name="Double", wallet="points", trigger=EachOrder(), award=Multiplier(factor=2)
        )
        capped = FIVE.with_fields(caps=[Cap(limit=60, beyond="reduce")])
        program = compiled(rules=[capped, double])
        (entry,) = post(Account.new(1), order(), program).entries
        said = explain(entry, program)
        assert "rules that multiply make it 100 points, which caps or other rules lower;" in said
        assert said.count("100 points") == 1

    def test_russian_says_what_a_cap_left_of_what(self):
        program = compiled(rules=[FIVE.with_fields(caps=[Cap(limit=20, beyond="reduce")])])
        (entry,) = post(Account.new(1), order(amount=1640), program).entries
        assert "уменьшили это: было бы 82\u00a0балла" in explain(entry, program, "ru")
        found = quote(Account.new(1), order(amount=1640), program)
        assert "было бы 82\u00a0балла, но ограничение оставляет 20\u00a0баллов" in explain(
            found, program, "ru"
        )

    def test_what_a_late_event_put_right_names_the_event_and_the_rule(self):
        program = compiled()
        first, second = order(1, 2), order(2, 3)
        account = posted(program, first, second)
        late = Return(order_id="r", original_order_id=1, at=at(2, 13), amount=1000)
        (entry,) = post_late(Account.new(1), [first, second], late, account, program).entries
        assert (entry.kind, entry.units, entry.rule) == ("adjust", -50, "Five")
        assert (entry.source, entry.order_id) == ("return:r", 1)
        said = explain(entry, program)
        assert "since the return r was recorded late; what the rule “Five” gives" in said
        assert "поздняя запись (возврат r), пересчитано" in explain(entry, program, "ru")

    def test_a_tier_that_a_late_event_changed_names_the_event(self):
        ladder = TierLadder(by="orders", tiers=[Tier(name="A", at=0), Tier(name="B", at=2)])
        program = compiled(tiers=ladder)
        account = posted(program, order(1, 2))
        entries = post_late(Account.new(1), [order(1, 2)], order("L", 1), account, program).entries
        said = explain(entries[-1], program)
        assert said.startswith("From 2 May 2025 on the tier is “B”, since order L was recorded")
        assert "поздняя запись (заказ L)" in explain(entries[-1], program, "ru")

    def test_a_late_event_without_an_order_is_named_by_its_key(self):
        wallet = POINTS.with_fields(expiry=Rolling(length="1y"))
        program = compiled(wallets=[wallet])
        account = posted(program, order(1, 2))
        late = Issue("gift", at(1), 40, "points")
        entries = post_late(Account.new(1), [order(1, 2)], late, account, program).entries
        assert sum(entry.units for entry in entries) == 40
        assert all("the event “issue:gift” was" in explain(one, program) for one in entries)

    def test_a_row_of_a_ledger_is_explained_as_its_entry(self):
        program = compiled()
        (entry,) = post(Account.new(1), order(), program).entries
        row = {"customer_id": 1, **dataclasses.asdict(entry)}
        assert Entry.from_row(row) == entry
        assert explain(row, program) == explain(entry, program)
        with pytest.raises(DataError, match="no row of a ledger: it has no number, at"):
            explain({"kind": "earn", "wallet": "points", "units": 5}, program)
