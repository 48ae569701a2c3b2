"""Awards of plug-ins: one row after another and whole tables give the same, or say who is wrong."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.datasets import make_dataset
from retention_kit.errors import DefinitionError, PluginError
from retention_kit.loyalty_rules.batch.account_rows import key_of_event
from retention_kit.loyalty_rules.batch.accruing import accrue, ledger_entries, loyalty_balances
from retention_kit.loyalty_rules.definitions.awards import Fixed, Multiplier, PluginAward
from retention_kit.loyalty_rules.definitions.limits import Cap
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.triggers import Activity, Birthday, EachOrder
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.deriving.rows import loyalty_events_schema
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online import events as on
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.posting import fold, post
from retention_kit.loyalty_rules.online.quoting import quote
from retention_kit.loyalty_rules.simulation.simulating import simulate
from retention_kit.smart_segments import Where
from retention_kit.testing import LawBroken, check_earning_rule, prove

ZONE = "America/New_York"
CLOCK = ZoneInfo(ZONE)
START = dt.datetime(2025, 3, 7, 12, tzinfo=CLOCK)
AS_OF = dt.datetime(2025, 6, 1, tzinfo=CLOCK)
MONEY = pl.Decimal(18, 4)
INSTANT = pl.Datetime("us", ZONE)
ORDERS = {
    "order_id": pl.Int64,
    "customer_id": pl.Int64,
    "ordered_at": INSTANT,
    "amount": MONEY,
    "kind": pl.String,
    "original_order_id": pl.Int64,
    "points_paid": MONEY,
    "grams": pl.Int64,
}
EVENTS = {
    "customer_id": pl.Int64,
    "occurred_at": INSTANT,
    "name": pl.String,
    "value": MONEY,
    "stars": pl.Int64,
}


class PerKilo(pydantic.BaseModel):
    """What a shop of tea gives for weight."""

    points: int = pydantic.Field(gt=0)
    twice_at_weekends: bool = False


def kilos(settings: PerKilo, orders: pl.LazyFrame) -> pl.LazyFrame:
    points = pl.col("grams").cast(pl.Int64) // 1000 * settings.points
    if settings.twice_at_weekends:
        is_weekend = pl.col("ordered_at").dt.weekday() >= 6
        points = pl.when(is_weekend).then(points * 2).otherwise(points)
    return orders.select("order_id", units=points)


def kilos_of_one(settings: PerKilo, row: Mapping[str, Any]) -> int:
    points = row["grams"] // 1000 * settings.points
    is_weekend = row["ordered_at"].isoweekday() >= 6
    return points * 2 if settings.twice_at_weekends and is_weekend else points


PER_KILO = EarningRuleSpec(
    name="teahouse.per_kilo",
    summary="points for each full kilo of an order",
    distribution="teahouse-loyalty",
    settings=PerKilo,
    frame=kilos,
    units=kilos_of_one,
)


class PerStar(pydantic.BaseModel):
    """What a shop of tea gives for a review."""

    points: int = 1


PER_STAR = EarningRuleSpec(
    name="teahouse.per_star",
    summary="points for each star of a review, and for what belongs to it",
    distribution="teahouse-loyalty",
    settings=PerStar,
    frame=lambda settings, events: events.select(
        "customer_id",
        "key",
        units=pl.col("stars") * settings.points + pl.col("value").cast(pl.Int64),
    ),
    units=lambda settings, row: row["stars"] * settings.points + int(row["value"]),
)


def award(spec: EarningRuleSpec, **settings: Any) -> PluginAward:
    return PluginAward(name=spec.name, distribution=spec.distribution, settings=settings)


def rule(name: str = "By weight", **fields: Any) -> EarningRule:
    given_ = {"wallet": "points", "trigger": EachOrder(), "award": award(PER_KILO, points=20)}
    return EarningRule(name=name, **{**given_, **fields})


def club(*rules: EarningRule, **fields: Any) -> LoyaltyProgram:
    wallet = Wallet(name="points", spending=Spending())
    return LoyaltyProgram(
        name="Tea", currency="USD", rounding="down", wallets=[wallet], rules=rules, **fields
    )


def orders_of(*rows: Mapping[str, Any]) -> pl.DataFrame:
    plain = {"customer_id": 1, "ordered_at": START, "amount": Decimal(100), "kind": "sale"}
    return pl.DataFrame([{**plain, **row} for row in rows], schema=ORDERS, orient="row")


def events_of(*rows: Mapping[str, Any]) -> pl.DataFrame:
    plain = {"customer_id": 1, "occurred_at": START, "name": "Review"}
    return pl.DataFrame([{**plain, **row} for row in rows], schema=EVENTS, orient="row")


def posted(orders: pl.DataFrame, events: pl.DataFrame) -> dict[int, list[on.Event]]:
    """Give what stands in tables, as the checkout would have posted it."""
    found: dict[int, list[on.Event]] = defaultdict(list)
    for row in orders.iter_rows(named=True):
        told = {"order_id": row["order_id"], "at": row["ordered_at"], "amount": abs(row["amount"])}
        paid = None if row["points_paid"] is None else abs(int(row["points_paid"]))
        if row["kind"] == "return":
            original = row["original_order_id"]
            one = on.Return(**told, original_order_id=original, points_back=paid)
        else:
            one = on.Order(**told, points_paid=paid or 0, columns={"grams": row["grams"]})
        found[row["customer_id"]].append(one)
    # Of an event that is told twice, and not alike, the least row is taken.
    keyed = events.sort(pl.all()).with_columns(key=key_of_event(events.schema))
    keyed = keyed.unique(["customer_id", "key"], keep="first", maintain_order=True)
    for row in keyed.iter_rows(named=True):
        one = on.Activity(
            key=row["key"],
            name=row["name"],
            at=row["occurred_at"],
            value=row["value"] or 0,
            columns={"stars": row["stars"]},
        )
        found[row["customer_id"]].append(one)
    return {who: sorted(those, key=on.place_of) for who, those in found.items()}


def plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
        for name, value in entry.items()
    }


def ledger_that_agrees(
    program: Any, orders: pl.DataFrame, events: pl.DataFrame, specs: list[EarningRuleSpec]
) -> pl.DataFrame:
    """Give the ledger of tables, having shown that it is what posting writes."""
    ledger = ledger_entries(
        orders.lazy(), None, events.lazy(), program=program, as_of=AS_OF, specs=specs
    ).collect()
    plan = compile_program(program, time_zone=ZONE, specs=specs)
    seen = 0
    for who, those in posted(orders, events).items():
        folded = fold(who, those, plan, as_of=AS_OF)
        own = ledger.filter(pl.col("customer_id") == who).drop("customer_id")
        assert [plain(asdict(one)) for one in folded.entries] == [
            plain(row) for row in own.iter_rows(named=True)
        ]
        seen += own.height
    assert seen == ledger.height
    return ledger


def earned(ledger: pl.DataFrame) -> list[int]:
    return ledger.filter(pl.col("kind") == "earn")["units"].to_list()


class TestTheSameInBoth:
    def test_for_each_full_kilo_of_an_order(self):
        orders = orders_of({"order_id": 1, "grams": 2_600}, {"order_id": 2, "grams": 999})
        ledger = ledger_that_agrees(club(rule()), orders, events_of(), [PER_KILO])
        assert earned(ledger) == [40]

    def test_the_clock_is_the_shops(self):
        # Saturday in New York, when it is Sunday and later Monday in Greenwich.
        late = dt.datetime(2025, 3, 9, 22, tzinfo=CLOCK)
        orders = orders_of(
            {"order_id": 1, "grams": 1_000, "ordered_at": late},
            {"order_id": 2, "grams": 1_000, "ordered_at": late + dt.timedelta(hours=3)},
        )
        twice = rule(award=award(PER_KILO, points=5, twice_at_weekends=True))
        assert earned(ledger_that_agrees(club(twice), orders, events_of(), [PER_KILO])) == [10, 5]

    def test_a_return_takes_back_in_proportion(self):
        back = START + dt.timedelta(days=3)
        whole = START + dt.timedelta(days=4)
        refund = {"kind": "return", "original_order_id": 1, "grams": None}
        orders = orders_of(
            {"order_id": 1, "grams": 5_000},
            {"order_id": 2, "ordered_at": back, "amount": Decimal(-25), **refund},
            {"order_id": 3, "ordered_at": whole, "amount": Decimal(-75), **refund},
        )
        ledger = ledger_that_agrees(club(rule()), orders, events_of(), [PER_KILO])
        assert ledger["units"].to_list() == [100, -25, -75]
        assert ledger["kind"].to_list() == ["earn", "clawback", "clawback"]

    def test_for_what_customers_do(self):
        later = START + dt.timedelta(hours=1)
        events = events_of(
            {"stars": 4, "value": Decimal(7)},
            {"stars": 5, "occurred_at": later},
            {"stars": 3, "name": "Visit"},
        )
        reviewed = rule(trigger=Activity(name="Review"), award=award(PER_STAR, points=10))
        ledger = ledger_that_agrees(club(reviewed), orders_of(), events, [PER_STAR])
        assert earned(ledger) == [47, 50]

    def test_one_instant_and_two_names_are_two_events(self):
        events = events_of({"stars": 4}, {"stars": 1, "name": "Visit"})
        rules = [
            rule("A", trigger=Activity(name="Review"), award=award(PER_STAR, points=10)),
            rule("B", trigger=Activity(name="Visit"), award=award(PER_STAR, points=10)),
        ]
        ledger = ledger_that_agrees(club(*rules), orders_of(), events, [PER_STAR])
        assert earned(ledger) == [40, 10]

    def test_what_is_told_twice_earns_once(self):
        reviewed = rule(trigger=Activity(name="Review"), award=award(PER_STAR))
        events = events_of({"stars": 4}, {"stars": 4})
        assert earned(ledger_that_agrees(club(reviewed), orders_of(), events, [PER_STAR])) == [4]

    def test_a_row_that_no_rule_looks_at_is_not_asked_about(self):
        heavy = rule(where=[Where(column="grams", operator="at_least", value=1)])
        orders = orders_of({"order_id": 1, "grams": None}, {"order_id": 2, "grams": 3_000})
        assert earned(ledger_that_agrees(club(heavy), orders, events_of(), [PER_KILO])) == [60]

    def test_multipliers_caps_and_two_awards_of_one_plugin(self):
        rules = [
            rule(caps=[Cap(limit=30, per="order", beyond="reduce")]),
            rule("Twice", award=award(PER_KILO, points=3)),
            rule("Happy", award=Multiplier(factor=2)),
            rule("Plain", award=Fixed(amount=1)),
        ]
        orders = orders_of({"order_id": 1, "grams": 2_000})
        ledger = ledger_that_agrees(club(*rules), orders, events_of(), [PER_KILO])
        # What a plug-in gives is not multiplied, no more than a fixed award.
        assert earned(ledger) == [30, 6, 1]

    def test_a_version_that_begins_later(self):
        day = dt.date(2025, 4, 1)
        history = ProgramHistory(
            versions=(
                (dt.date(2025, 1, 1), club(rule("Flat", award=Fixed(amount=1)))),
                (day, club(rule())),
            )
        )
        then = dt.datetime(2025, 4, 2, tzinfo=CLOCK)
        orders = orders_of(
            # The first version's rows are not asked about, and so may lack what the award needs.
            {"order_id": 1, "grams": None},
            {"order_id": 2, "grams": 1_000, "ordered_at": then},
        )
        assert earned(ledger_that_agrees(history, orders, events_of(), [PER_KILO])) == [1, 20]

    def test_what_is_derived_is_shown_with_its_own_columns(self):
        seen: list[set[str]] = []

        def frame(settings: PerStar, events: pl.LazyFrame) -> pl.LazyFrame:
            seen.append(set(events.collect_schema()))
            return events.select("customer_id", "key", units=pl.lit(settings.points))

        gift = replace(PER_STAR, frame=frame, units=lambda settings, _: settings.points)
        program = club(rule(trigger=Birthday(), award=award(gift, points=9)))
        told = pl.DataFrame(
            {
                "customer_id": [1],
                "occurred_at": [START],
                "kind": ["activity"],
                "key": ["birthday:2025"],
                "name": ["Birthday"],
            },
            schema_overrides={"occurred_at": INSTANT},
        )
        balances = loyalty_balances(
            orders_of().lazy(), None, None, told.lazy(), program=program, as_of=AS_OF, specs=[gift]
        ).collect()
        assert balances["held"].to_list() == [9]
        assert {"customer_id", "key", "name", "occurred_at", "recorded_at", "value"} <= seen[0]

    @given(
        rows=st.lists(
            st.tuples(
                st.integers(1, 3), st.integers(0, 60), st.integers(1, 50), st.integers(0, 9_999)
            ),
            max_size=12,
        ),
        backs=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 60), st.integers(1, 60))),
        stars=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60), st.integers(1, 5))),
    )
    def test_whatever_happened(self, rows, backs, stars):
        day = dt.timedelta(hours=26)
        sales = [
            {
                "order_id": place,
                "customer_id": who,
                "ordered_at": START + at * day,
                "amount": Decimal(amount),
                "grams": grams,
            }
            for place, (who, at, amount, grams) in enumerate(rows)
        ]
        returns = [
            {
                "order_id": 100 + place,
                "customer_id": sales[of]["customer_id"],
                "ordered_at": START + at * day,
                "amount": Decimal(-amount),
                "kind": "return",
                "original_order_id": of,
            }
            for place, (of, at, amount) in enumerate(backs)
            if of < len(sales)
        ]
        events = [
            {"customer_id": who, "occurred_at": START + at * day, "stars": count}
            for who, at, count in stars
        ]
        twice = award(PER_KILO, points=3, twice_at_weekends=True)
        program = club(
            rule(),
            rule("Weekends", award=twice, cooldown="2d"),
            rule("Stars", trigger=Activity(name="Review"), award=award(PER_STAR, points=2)),
        )
        ledger_that_agrees(
            program, orders_of(*sales, *returns), events_of(*events), [PER_KILO, PER_STAR]
        )

    def test_keeps_the_law_of_tables(self):
        shop = make_dataset(30, seed=5)
        grams = pl.col("amount").cast(pl.Int64)
        orders = shop.orders.with_columns(grams=grams)
        events = shop.events.with_columns(stars=pl.lit(2)).collect()
        name = events["name"][0]
        program = club(
            rule(award=award(PER_KILO, points=3, twice_at_weekends=True)),
            rule("Did", trigger=Activity(name=name), award=award(PER_STAR)),
        ).with_fields(currency=shop.currency)
        arguments = {
            "program": program,
            "as_of": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "specs": (PER_KILO, PER_STAR),
        }
        told = pl.LazyFrame(schema=loyalty_events_schema(orders.collect_schema()))
        others = {"order_items": shop.order_items, "loyalty_events": told}
        tables = {"orders": orders, "events": events.lazy(), **others}
        assert ledger_entries(**tables, **arguments).collect().height > 30
        prove(ledger_entries, tables, arguments=arguments)

    def test_a_checkout_quotes_it(self):
        plan = compile_program(club(rule()), time_zone=ZONE, specs=[PER_KILO])
        order = on.Order(order_id=1, at=START, amount=10, columns={"grams": 3_100})
        assert quote(Account.new(1), order, plan).earned == {"points": 60}


def broken(**fields: Any) -> EarningRuleSpec:
    return replace(PER_KILO, **fields)


def raises(*_: Any) -> Any:
    raise ValueError("customer 4711, Ivan")


def giving(units: pl.Expr) -> EarningRuleSpec:
    return broken(frame=lambda _, orders: orders.select("order_id", units=units))


SALES = orders_of({"order_id": 1, "grams": 1_000}, {"order_id": 2, "grams": 2_000})


def in_batch(spec: EarningRuleSpec) -> pl.DataFrame:
    table = ledger_entries(SALES.lazy(), program=club(rule()), as_of=AS_OF, specs=[spec])
    return table.collect()


class TestBrokenPlugins:
    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            (broken(frame=raises), "raised a ValueError in its 'frame'"),
            (broken(frame=lambda _, orders: orders.select("nothing")), "raised a ColumnNotFound"),
            (broken(frame=lambda _, orders: orders.collect()), "gave a DataFrame"),
            (broken(frame=lambda _, orders: orders.select("order_id")), "no column 'units'"),
            (broken(frame=lambda *_: pl.LazyFrame({"units": [1]})), "no column 'order_id'"),
            (
                broken(frame=lambda *_: pl.LazyFrame({"order_id": ["1"], "units": [1]})),
                "String in the column 'order_id'",
            ),
            (giving(pl.lit(1.0)), "Float64 in the column 'units'"),
            (giving(pl.lit(value=True)), "Boolean in the column 'units'"),
            (giving(pl.lit(-1)), "units below 0"),
            (giving(pl.lit(None, dtype=pl.Int64)), "no units for a row"),
            (giving(pl.lit(10**12)), "too many units"),
            (giving(pl.lit(2**63, dtype=pl.UInt64)), "too many units"),
            (
                broken(
                    frame=lambda settings, orders: pl.concat(
                        [kilos(settings, orders), kilos(settings, orders)]
                    )
                ),
                "units more than once",
            ),
        ],
    )
    def test_in_tables_are_named_and_their_words_are_not_repeated(self, spec, said):
        with pytest.raises(PluginError) as caught:
            in_batch(spec)
        assert said in str(caught.value)
        assert "'teahouse.per_kilo' of 'teahouse-loyalty'" in str(caught.value)
        assert "4711" not in str(caught.value)

    @pytest.mark.parametrize(
        ("units", "said"),
        [
            (raises, "raised a ValueError in its 'units'"),
            (lambda *_: 1.0, "gave a float"),
            (lambda *_: True, "gave a bool"),
            (lambda *_: None, "gave a NoneType"),
            (lambda *_: -1, "out of bounds"),
            (lambda *_: 10**12, "out of bounds"),
        ],
    )
    def test_in_a_checkout_are_named_too(self, units, said):
        plan = compile_program(club(rule()), time_zone=ZONE, specs=[broken(units=units)])
        order = on.Order(order_id=1, at=START, amount=10, columns={"grams": 1})
        with pytest.raises(PluginError, match=said) as caught:
            post(Account.new(1), order, plan)
        assert "'teahouse.per_kilo' of 'teahouse-loyalty'" in str(caught.value)
        assert "4711" not in str(caught.value)

    def test_keys_that_were_not_asked_about_count_for_nothing(self):
        def more(settings: PerKilo, orders: pl.LazyFrame) -> pl.LazyFrame:
            other = pl.LazyFrame({"order_id": [99, None]}, schema={"order_id": pl.Int64})
            return pl.concat(
                [kilos(settings, orders), other.with_columns(units=pl.lit(5, dtype=pl.Int64))]
            )

        assert earned(in_batch(broken(frame=more))) == [20, 40]

    def test_rows_that_it_leaves_out_earn_nothing(self):
        one = broken(frame=lambda settings, rows: kilos(settings, rows).filter(order_id=2))
        assert earned(in_batch(one)) == [40]


SHOP = make_dataset(20, seed=1)


class TestWhatIsNotInstalled:
    @pytest.mark.parametrize(
        "use",
        [
            lambda program, specs: compile_program(program, time_zone=ZONE, specs=specs),
            lambda program, specs: accrue(SHOP, program, as_of=AS_OF, specs=specs),
            lambda program, specs: simulate(SHOP, program, as_of=AS_OF, specs=specs),
            lambda program, specs: loyalty_balances(
                SHOP.orders, program=program, as_of=AS_OF, specs=specs
            ),
        ],
        ids=["compile_program", "accrue", "simulate", "loyalty_balances"],
    )
    def test_is_named_by_its_distribution_everywhere(self, use):
        program = club(rule()).with_fields(currency=SHOP.currency)
        with pytest.raises(PluginError, match="pip install teahouse-loyalty"):
            use(program, [])
        with pytest.raises(PluginError, match="2 plug-ins give the award"):
            use(program, [PER_KILO, PER_KILO])
        with pytest.raises(PluginError, match="version 7 of the interface"):
            use(program, [broken(api_version=7)])
        bad = rule(award=award(PER_KILO, points=0))
        with pytest.raises(DefinitionError, match="points") as caught:
            use(club(bad).with_fields(currency=SHOP.currency), [PER_KILO])
        assert "teahouse-loyalty" in str(caught.value)

    def test_settings_that_cannot_be_checked_are_the_plugins_fault(self):
        class Careless(pydantic.BaseModel):
            points: int

            @pydantic.field_validator("points")
            @classmethod
            def _raises(cls, points: int) -> int:
                raise KeyError(points)

        with pytest.raises(PluginError, match="KeyError in its 'settings'"):
            compile_program(club(rule()), time_zone=ZONE, specs=[broken(settings=Careless)])

    def test_a_programme_of_it_can_still_be_read_and_written(self):
        program = club(rule())
        assert LoyaltyProgram.from_json(program.to_json()) == program


class TestTheProofForAuthors:
    def test_holds_where_both_say_the_same(self):
        check_earning_rule(PER_KILO, {"points": 3}, SALES)
        check_earning_rule(PER_KILO, {"points": 3, "twice_at_weekends": True}, SALES.lazy())
        events = events_of({"stars": 4}, {"stars": 4}, {"stars": 5, "customer_id": None})
        check_earning_rule(PER_STAR, {}, events, table="events")

    def test_finds_another_number(self):
        other = broken(units=lambda settings, row: kilos_of_one(settings, row) + 1)
        with pytest.raises(LawBroken, match="2 of 2 rows differ"):
            check_earning_rule(other, {"points": 3}, SALES)

    def test_finds_a_row_that_depends_on_others(self):
        counted = broken(
            frame=lambda _, orders: orders.select("order_id", units=pl.len()),
            units=lambda *_: 2,
        )
        with pytest.raises(LawBroken, match="among other rows"):
            check_earning_rule(counted, {"points": 3}, SALES)

    def test_finds_settings_and_units_that_are_none(self):
        with pytest.raises(DefinitionError, match="points"):
            check_earning_rule(PER_KILO, {"points": 0}, SALES)
        with pytest.raises(PluginError, match="below 0"):
            check_earning_rule(giving(pl.lit(-1)), {"points": 1}, SALES)
