"""How tables become events: batch makes of them what `fold` makes of the same events."""

import datetime as dt
from dataclasses import asdict
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import ColumnTypeError
from retention_kit.loyalty_rules import (
    Activity,
    Birthday,
    EachLine,
    EachOrder,
    EarningRule,
    Fixed,
    LoyaltyProgram,
    ProgramHistory,
    Proportional,
    Rolling,
    Spending,
    Wallet,
    WhenDelivered,
    compile_program,
    fold,
    ledger_entries,
    refused_events,
)
from retention_kit.loyalty_rules.batch.faults import FAULTS
from retention_kit.loyalty_rules.batch.making import made_of
from retention_kit.loyalty_rules.online import events as on
from retention_kit.smart_segments.definitions.values import Where

ZONE = "Europe/Moscow"
T = pl.Datetime("us", ZONE)
TABLES = {
    "orders": {
        "order_id": pl.Int64,
        "customer_id": pl.Int64,
        "ordered_at": T,
        "amount": MONEY,
        "kind": pl.String,
        "original_order_id": pl.Int64,
        "discount": MONEY,
        "points_paid": MONEY,
        "delivered_at": T,
    },
    "lines": {
        "order_id": pl.Int64,
        "product_id": pl.Int64,
        "quantity": MONEY,
        "amount": MONEY,
        "discount": MONEY,
        "category": pl.String,
        "kind": pl.String,
    },
    "events": {"customer_id": pl.Int64, "occurred_at": T, "name": pl.String, "value": MONEY},
    "account": {
        "customer_id": pl.Int64,
        "occurred_at": T,
        "kind": pl.String,
        "key": pl.String,
        "name": pl.String,
        "wallet": pl.String,
        "units": pl.Int64,
        "order_id": pl.Int64,
        "until": T,
    },
}
SPENT = Wallet(name="main", spending=Spending())


def at(day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2024, 3, day, hour, tzinfo=dt.UTC)


AS_OF = at(31)


def rows(table: str, *given: dict[str, object]) -> pl.DataFrame:
    schema = TABLES[table]
    told = [dict.fromkeys(schema, None) | {"customer_id": 1} | one for one in given]
    return pl.DataFrame([{name: one[name] for name in schema} for one in told], schema=schema)


def sale(number: int, day: int, amount: object, **more: object) -> dict[str, object]:
    return {"order_id": number, "ordered_at": at(day), "amount": Decimal(str(amount)), **more}


def back(
    number: int, of: int | None, day: int, amount: object, **more: object
) -> dict[str, object]:
    minus = {"kind": "return", "original_order_id": of}
    return sale(number, day, -Decimal(str(amount)), **minus, **more)


def line(of: int, amount: object, quantity: object = 1, **more: object) -> dict[str, object]:
    own = {"quantity": Decimal(str(quantity)), "amount": Decimal(str(amount)), "product_id": 1}
    return {"order_id": of, **own, **more}


def told(kind: str, key: str | None, day: int, **more: object) -> dict[str, object]:
    return {"kind": kind, "key": key, "occurred_at": at(day), **more}


def program(*rules: EarningRule, wallets: tuple[Wallet, ...] = (SPENT,)) -> LoyaltyProgram:
    return LoyaltyProgram(
        name="P",
        currency="RUB",
        rounding="down",
        wallets=wallets,
        rules=rules,
        largest_rate=10**6,
    )


def rule(award: object = None, **more: object) -> EarningRule:
    own = {"name": "r", "wallet": "main", "trigger": EachOrder()} | more
    return EarningRule(award=award or Proportional(amount=1, per=10), **own)


def where(column: str, operator: str, value: object) -> Where:
    return Where(column=column, operator=operator, value=value)


def made(given, orders, *, lines=None, events=None, account=None, as_of=AS_OF):
    found = made_of(
        rows("orders", *orders).lazy(),
        None if lines is None else rows("lines", *lines).lazy(),
        None if events is None else rows("events", *events).lazy(),
        None if account is None else rows("account", *account).lazy(),
        program=given,
        as_of=as_of,
    )
    return found["ledger"], found["refused"]


def check_same(given, found, *happened):
    """Compare every entry, and what was refused."""
    ledger, refused = found
    folded = fold(1, happened, compile_program(given, time_zone=ZONE), as_of=AS_OF)
    assert folded.entries
    columns = [name for name in ledger.columns if name != "customer_id"]
    mine = ledger.select(columns).to_dicts()
    for one in mine:
        for name, value in one.items():
            one[name] = value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
    theirs = [asdict(one) for one in folded.entries]
    for one in (*mine, *theirs):
        if str(one["source"]).startswith("activity:"):
            # Rows of `events` have no keys.
            one["source"] = "activity"
    assert mine == theirs
    assert refused.select("source", "reason").rows() == [
        (on.source_of(one.event), one.refusal) for one in folded.refused
    ]


class TestLinesOfReturns:
    @pytest.mark.parametrize(
        "asked",
        [where("quantity", "at_least", 2), where("amount", "at_least", 30)],
        ids=["quantity", "amount"],
    )
    def test_filters_see_what_came_back_as_they_see_what_was_sold(self, asked):
        given = program(rule(trigger=EachLine(), lines=[asked]))
        mine = made(
            given,
            [sale(1, 1, 70), back(2, 1, 5, 40)],
            lines=[line(1, 40, 2), line(1, 30), line(2, -40, -2)],
        )
        both = (on.Line(1, Decimal(40), 2), on.Line(1, Decimal(30)))
        check_same(
            given,
            mine,
            on.Order(1, at(1), Decimal(70), lines=both),
            on.Return(2, 1, at(5), Decimal(40), lines=both[:1]),
        )
        assert mine[0].filter(kind="clawback")["units"].to_list() == [-4]

    def test_so_do_filters_of_what_cannot_be_paid_for(self):
        wallet = Wallet(name="main", spending=Spending(excluded=[where("quantity", "at_least", 2)]))
        given = program(rule(), wallets=(wallet,))
        mine = made(
            given,
            [sale(1, 1, 70), back(2, 1, 5, 40)],
            lines=[line(1, 40, 2), line(1, 30), line(2, -40, -2)],
        )
        both = (on.Line(1, Decimal(40), 2), on.Line(1, Decimal(30)))
        check_same(
            given,
            mine,
            on.Order(1, at(1), Decimal(70), lines=both),
            on.Return(2, 1, at(5), Decimal(40), lines=both[:1]),
        )

    @pytest.mark.parametrize("has_kinds", [True, False])
    def test_a_return_under_the_id_of_its_sale_has_its_own_lines(self, has_kinds):
        given = program(rule(trigger=EachLine(), lines=[where("category", "equals", "food")]))
        kinds = [{"kind": "sale"}] * 2 + [{"kind": "return"}] if has_kinds else [{}] * 3
        food = {"category": "food"}
        lines = [line(1, 60, **food), line(1, 40), line(1, -50, -1, **food)]
        lines = [one | kind for one, kind in zip(lines, kinds, strict=True)]
        orders = rows("orders", sale(1, 1, 100), back(1, None, 5, 50))
        items = rows("lines", *lines)
        found = made_of(
            orders.lazy(),
            (items if has_kinds else items.drop("kind")).lazy(),
            None,
            None,
            program=given,
            as_of=AS_OF,
        )
        check_same(
            given,
            (found["ledger"], found["refused"]),
            on.Order(1, at(1), Decimal(100), lines=(on.Line(1, 60, 1, "food"), on.Line(1, 40))),
            on.Return(1, 1, at(5), Decimal(50), lines=(on.Line(1, 50, 1, "food"),)),
        )
        assert found["ledger"]["units"].to_list() == [6, -5]

    def test_without_lines_a_return_under_the_id_of_its_sale_is_in_proportion(self):
        given = program(rule(trigger=EachLine(), lines=[where("category", "equals", "food")]))
        mine = made(
            given,
            [sale(1, 1, 100), back(1, None, 5, 50)],
            lines=[line(1, 60, category="food", kind="sale"), line(1, 40, kind="sale")],
        )
        check_same(
            given,
            mine,
            on.Order(1, at(1), Decimal(100), lines=(on.Line(1, 60, 1, "food"), on.Line(1, 40))),
            on.Return(1, 1, at(5), Decimal(50)),
        )

    @pytest.mark.parametrize("off", [Decimal("-10"), Decimal(10), None], ids=str)
    def test_the_discount_of_lines_that_came_back_counts_before_discount(self, off):
        award = Proportional(amount=1, per=10, before_discount=True)
        asked = [where("category", "equals", "food")]
        given = program(rule(award, trigger=EachLine(), lines=asked))
        food = {"category": "food"}
        mine = made(
            given,
            [sale(1, 1, 100, discount=Decimal(20)), back(2, 1, 5, 50, discount=off)],
            lines=[
                line(1, 50, discount=Decimal(10), **food),
                line(1, 50, discount=Decimal(10), **food),
                line(2, -50, -1, discount=off, **food),
            ],
        )
        one = on.Line(1, 50, 1, "food", 10)
        came_back = on.Line(1, 50, 1, "food", abs(off or 0))
        check_same(
            given,
            mine,
            on.Order(1, at(1), Decimal(100), discount=Decimal(20), lines=(one, one)),
            on.Return(2, 1, at(5), Decimal(50), discount=abs(off or 0), lines=(came_back,)),
        )

    def test_the_discount_of_a_return_without_filters_of_lines_counts_too(self):
        given = program(rule(Proportional(amount=1, per=10, before_discount=True)))
        mine = made(
            given, [sale(1, 1, 100, discount=Decimal(20)), back(2, 1, 5, 50, discount=Decimal(-10))]
        )
        check_same(
            given,
            mine,
            on.Order(1, at(1), Decimal(100), discount=Decimal(20)),
            on.Return(2, 1, at(5), Decimal(50), discount=Decimal(10)),
        )


def test_what_comes_back_is_reckoned_by_what_a_point_was_worth_then():
    wallets = [Wallet(name="main", value=worth, spending=Spending()) for worth in ("1", "0.5")]
    dear, cheap = (program(rule(), wallets=(one,)) for one in wallets)
    given = ProgramHistory(versions=[(dt.date(2024, 1, 1), dear), (dt.date(2024, 3, 10), cheap)])
    mine = made(
        given,
        [
            sale(1, 1, 1000),
            sale(2, 3, 200, points_paid=Decimal(50)),
            back(3, 2, 12, 200, points_paid=Decimal(-50)),
        ],
    )
    check_same(
        given,
        mine,
        on.Order(1, at(1), Decimal(1000)),
        on.Order(2, at(3), Decimal(200), points_paid=50),
        on.Return(3, 2, at(12), Decimal(200), points_back=50),
    )
    assert mine[0].filter(kind="restore")["units"].to_list() == [50]


class TestToldTwice:
    def test_what_was_refused_may_come_again_under_its_key(self):
        given = program(rule())
        days = (1, 3, 4)
        mine = made(
            given,
            [sale(1, 2, 1000)],
            account=[told("redeem", "k", day, units=30) for day in days],
        )
        check_same(
            given,
            mine,
            on.Order(1, at(2), Decimal(1000)),
            *(on.Redemption("k", at(day), 30) for day in days),
        )
        assert mine[0].filter(kind="redeem")["units"].to_list() == [-30]
        assert mine[1]["reason"].to_list() == ["over_balance"]

    def test_what_was_taken_is_taken_once(self):
        given = program(rule())
        gifts = [told("issue", "k", 1, units=30, wallet="main")] * 2
        mine = made(given, [sale(1, 2, 1000)], account=gifts)
        gift = on.Issue("k", at(1), 30, "main")
        check_same(given, mine, gift, gift, on.Order(1, at(2), Decimal(1000)))

    def test_so_is_a_return_under_its_own_id(self):
        given = program(rule())
        mine = made(given, [sale(1, 2, 1000), back(2, 1, 4, 100), back(2, 1, 5, 100)])
        twice = (on.Return(2, 1, at(day), Decimal(100)) for day in (4, 5))
        check_same(given, mine, on.Order(1, at(2), Decimal(1000)), *twice)

    def test_a_sale_counts_as_it_was_told_first(self):
        given = program(rule())
        mine = made(given, [sale(1, 2, 1000), sale(1, 3, 500), sale(2, 4, 10), back(3, 2, 5, 10)])
        check_same(
            given,
            mine,
            on.Order(1, at(2), Decimal(1000)),
            on.Order(2, at(4), Decimal(10)),
            on.Return(3, 2, at(5), Decimal(10)),
        )

    @pytest.mark.parametrize("turned", [False, True])
    def test_which_of_one_instant_counts_is_not_chance(self, turned):
        sales = [sale(1, 2, 1000), sale(1, 2, 500), back(2, 1, 4, 100), back(2, 1, 4, 200)]
        ledger, _ = made(program(rule()), sales[::-1] if turned else sales)
        assert ledger["units"].to_list() == [50, -10]

    def test_kinds_and_customers_have_keys_of_their_own(self):
        account = [
            told("issue", "k", 1, units=30, wallet="main", customer_id=customer)
            for customer in (1, 2)
        ]
        account.append(told("adjust", "k", 2, units=5, wallet="main"))
        ledger, _ = made(program(rule()), [sale(1, 2, 10)], account=account)
        assert sorted(ledger["units"].to_list()) == [1, 5, 30, 30]


BROKEN = [
    (told("redem", "k", 3, units=5), "unknown_kind", "unknown:k"),
    (told(None, "k", 3, units=5), "unknown_kind", "unknown:k"),
    (told("redeem", None, 3, units=5), "no_key", "redeem:"),
    (told("redeem", "", 3, units=5), "no_key", "redeem:"),
    (told("adjust", "k", 3, units=5), "no_wallet", "adjust:k"),
    (told("issue", "k", 3, units=5), "no_wallet", "issue:k"),
    (told("transfer", "k", 3, units=-5), "no_wallet", "transfer:k"),
    (told("redeem", "k", 3, units=-5), "bad_units", "redeem:k"),
    (told("redeem", "k", 3), "bad_units", "redeem:k"),
    (told("reserve", "k", 3, units=0, until=at(4)), "bad_units", "reserve:k"),
    (told("issue", "k", 3, units=-5, wallet="main"), "bad_units", "issue:k"),
    (told("adjust", "k", 3, units=0, wallet="main"), "bad_units", "adjust:k"),
    (told("transfer", "k", 3, units=10**12, wallet="main"), "bad_units", "transfer:k"),
    (told("reserve", "k", 3, units=5), "bad_until", "reserve:k"),
    (told("issue", "k", 3, units=5, wallet="main", until=at(3)), "bad_until", "issue:k"),
    (told("activate", "k", 3), "no_order", None),
    (
        told("redeem", "k", 3, units=5) | {"occurred_at": dt.datetime(1960, 1, 1, tzinfo=dt.UTC)},
        "bad_instant",
        "redeem:k",
    ),
]


class TestRowsThatCannotBe:
    @pytest.mark.parametrize(("row", "reason", "source"), BROKEN, ids=lambda one: str(one)[:40])
    def test_are_refused_with_the_rule_that_they_break(self, row, reason, source):
        given = program(rule(), wallets=(SPENT, Wallet(name="other")))
        ledger, refused = made(given, [sale(1, 1, 100)], account=[row])
        assert ledger["units"].to_list() == [10]
        assert refused.select("customer_id", "reason", "available").rows() == [(1, reason, None)]
        assert source is None or refused["source"].to_list() == [source]
        assert reason in FAULTS

    def test_in_the_only_wallet_it_need_not_be_named(self):
        given = program(rule())
        mine = made(given, [sale(1, 1, 100)], account=[told("adjust", "k", 3, units=5)])
        check_same(
            given, mine, on.Order(1, at(1), Decimal(100)), on.Adjustment("k", at(3), 5, "main")
        )

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (sale(2, 2, -100), "bad_amount"),
            (sale(2, 2, 10**12), "bad_amount"),
            (sale(2, 2, 0) | {"amount": None}, "bad_amount"),
            (
                sale(2, 2, 5) | {"ordered_at": dt.datetime(1970, 12, 31, tzinfo=dt.UTC)},
                "bad_instant",
            ),
        ],
        ids=["negative", "huge", "none", "too early"],
    )
    def test_such_sales_earn_nothing(self, row, reason):
        ledger, refused = made(program(rule()), [sale(1, 1, 100), row])
        assert ledger["units"].to_list() == [10]
        assert refused.select("source", "reason").rows() == [("order:2", reason)]

    def test_nor_do_sales_after_the_years_of_programmes(self):
        late = sale(2, 2, 5) | {"ordered_at": dt.datetime(2190, 1, 2, tzinfo=dt.UTC)}
        wallet = Wallet(name="main", expiry=Rolling(length="30d"))
        end = dt.datetime(2191, 1, 1, tzinfo=dt.UTC)
        given = program(rule(), wallets=(wallet,))
        ledger, refused = made(given, [sale(1, 1, 100), late], as_of=end)
        assert ledger["kind"].to_list() == ["earn", "expire"]
        assert refused["reason"].to_list() == ["bad_instant"]

    def test_are_there_though_nothing_else_is(self):
        found = refused_events(
            rows("orders", sale(2, 2, -100)).lazy(), program=program(rule()), as_of=AS_OF
        )
        assert found.collect()["reason"].to_list() == ["bad_amount"]


class TestTypesOfIds:
    @pytest.mark.parametrize("table", ["events", "account"])
    def test_other_customers_are_told_by_their_types(self, table):
        given = program(rule(Fixed(amount=1), trigger=Activity(name="Visit")))
        own = {"events": rows("events", {"occurred_at": at(1), "name": "Visit"})}
        own["account"] = rows("account", told("adjust", "k", 1, units=5))
        named = own[table].with_columns(customer_id=pl.lit("Anna Smith"))
        tables = {"events": None, "account": None} | {table: named.lazy()}
        with pytest.raises(ColumnTypeError) as raised:
            ledger_entries(
                rows("orders", sale(1, 1, 5)).lazy(),
                None,
                tables["events"],
                tables["account"],
                program=given,
                as_of=AS_OF,
            ).collect()
        assert "String" in str(raised.value)
        assert "Int64" in str(raised.value)
        assert "Anna" not in str(raised.value)

    def test_other_orders_are_too(self):
        account = rows("account", told("redeem", "k", 1, units=5))
        named = account.with_columns(order_id=pl.lit("79161234567"))
        with pytest.raises(ColumnTypeError) as raised:
            ledger_entries(
                rows("orders", sale(1, 1, 5)).lazy(),
                loyalty_events=named.lazy(),
                program=program(rule()),
                as_of=AS_OF,
            )
        assert raised.value.column == "order_id"
        assert "7916" not in str(raised.value)

    @pytest.mark.parametrize(
        ("table", "column"), [("orders", "original_order_id"), ("lines", "order_id")]
    )
    def test_so_are_those_that_returns_and_lines_name(self, table, column):
        given = program(rule(trigger=EachLine(), lines=[where("amount", "at_least", 1)]))
        own = {"orders": rows("orders", sale(1, 1, 5)), "lines": rows("lines", line(1, 5))}
        own[table] = own[table].with_columns(pl.lit("79161234567").alias(column))
        with pytest.raises(ColumnTypeError) as raised:
            ledger_entries(
                own["orders"].lazy(), own["lines"].lazy(), program=given, as_of=AS_OF
            ).collect()
        assert raised.value.column == column
        assert "7916" not in str(raised.value)

    def test_whole_numbers_may_be_shorter(self):
        account = rows("account", told("adjust", "k", 1, units=5))
        short = account.with_columns(pl.col("customer_id").cast(pl.Int32))
        ledger = ledger_entries(
            rows("orders", sale(1, 1, 5)).lazy(),
            loyalty_events=short.lazy(),
            program=program(rule()),
            as_of=AS_OF,
        ).collect()
        assert ledger["units"].to_list() == [5]


def test_what_is_derived_is_not_paid_for_again_as_an_event():
    given = program(rule(Fixed(amount=7), trigger=Birthday()))
    mine = made(
        given,
        [sale(1, 1, 100)],
        events=[{"occurred_at": at(5), "name": "Birthday"}],
        account=[told("activity", "Birthday:2024", 5, name="Birthday")],
    )
    check_same(
        given,
        mine,
        on.Order(1, at(1), Decimal(100)),
        on.Activity("Birthday:2024", "Birthday", at(5)),
    )
    assert mine[0]["units"].to_list() == [7]


class TestWhatIsShown:
    def test_what_is_left_of_an_order_is_no_number_of_units(self):
        account = [told("redeem", "k", 9, units=50)]
        _, refused = made(
            program(rule()),
            [sale(1, 1, 100), back(2, 1, 5, 500), back(3, 7, 6, 500)],
            account=account,
        )
        assert refused.select("reason", "available").rows() == [
            ("more_than_bought", None),
            ("unknown_order", None),
            ("over_balance", 10),
        ]

    def test_an_activity_is_about_no_order(self):
        given = program(rule(Fixed(amount=7), trigger=Activity(name="Visit")))
        mine = made(
            given,
            [sale(1, 1, 100)],
            account=[
                told("activity", "k", 5, name="Visit", order_id=1),
                told("redeem", "r", 6, units=5, order_id=1),
            ],
        )
        check_same(
            given,
            mine,
            on.Order(1, at(1), Decimal(100)),
            on.Activity("k", "Visit", at(5)),
            on.Redemption("r", at(6), 5, order_id=1),
        )

    @pytest.mark.parametrize("column", ["discount", "points_paid"])
    @pytest.mark.parametrize("is_there", [True, False])
    def test_filters_see_money_that_is_not_told_as_none(self, column, is_there):
        given = program(rule(where=[where(column, "equals", 0)]))
        orders = rows("orders", sale(1, 1, 100))
        found = made_of(
            (orders if is_there else orders.drop(column)).lazy(),
            None,
            None,
            None,
            program=given,
            as_of=AS_OF,
        )
        mine = found["ledger"], found["refused"]
        check_same(given, mine, on.Order(1, at(1), Decimal(100)))

    def test_so_they_do_in_lines(self):
        given = program(rule(trigger=EachLine(), lines=[where("discount", "equals", 0)]))
        mine = made(given, [sale(1, 1, 100)], lines=[line(1, 100)])
        check_same(given, mine, on.Order(1, at(1), Decimal(100), lines=(on.Line(1, 100),)))


def test_a_delivery_told_twice_in_two_tables_happens_once():
    wallet = Wallet(name="main", pending=WhenDelivered(), spending=Spending())
    given = program(rule(), wallets=(wallet,))
    mine = made(
        given,
        [sale(1, 1, 100, delivered_at=at(4))],
        account=[told("activate", "k", 3, order_id=1)],
    )
    check_same(
        given,
        mine,
        on.Order(1, at(1), Decimal(100)),
        on.Delivery(1, at(3)),
        on.Delivery(1, at(4)),
    )


@pytest.mark.parametrize(
    ("dtype", "ids"),
    [
        (pl.Int64, (-(2**63), -1, 2**63 - 1)),
        (pl.UInt64, (0, 2**63, 2**64 - 1)),
        (pl.String, ("a", "b", "c")),
    ],
)
def test_the_farthest_customers_are_kept_apart_before_1970_too(dtype, ids):
    long_ago = at(1).replace(year=1931)
    sales = rows(
        "orders",
        *(
            sale(place * 10 + number, 1, 100 * (place + 1), ordered_at=moment, customer_id=place)
            for number, moment in enumerate((at(2), at(1), long_ago))
            for place in range(len(ids))
        ),
    )
    named = pl.DataFrame({"customer_id": range(len(ids)), "own": pl.Series(ids, dtype=dtype)})
    orders = sales.join(named, on="customer_id").with_columns(customer_id="own").drop("own")
    found = made_of(orders.lazy(), None, None, None, program=program(rule()), as_of=AS_OF)
    paid, refused = (found[name].sort("customer_id", "at") for name in ("ledger", "refused"))
    assert paid["customer_id"].dtype == dtype
    assert paid.select("customer_id", "at", "units").rows() == [
        (who, moment, 10 * (place + 1))
        for place, who in enumerate(ids)
        for moment in (at(1), at(2))
    ]
    assert refused.select("customer_id", "at", "reason").rows() == [
        (who, long_ago, "bad_instant") for who in ids
    ]
