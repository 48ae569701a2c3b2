"""Segments over tables: every kind of fact by eye, what is refused, and what is read."""

import datetime as dt
import re
from decimal import Decimal

import polars as pl
import pytest
from polars.io.plugins import register_io_source

from retention_kit import bought
from retention_kit.errors import ColumnTypeError, DefinitionError, MissingColumnError
from retention_kit.smart_segments.definitions.base import All, AnyOf, Not
from retention_kit.smart_segments.definitions.counting import (
    EventAggregate,
    EventCount,
    Lapsed,
    Reactivated,
    Regularity,
)
from retention_kit.smart_segments.definitions.customers import (
    Attribute,
    Bucket,
    Consent,
    Member,
    Score,
)
from retention_kit.smart_segments.definitions.moments import Anniversary, FirstEvent, LastEvent
from retention_kit.smart_segments.definitions.moments import OfCustomer as Column
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.sequences import Sequence, Step, Without
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import AllTime, BetweenAges, Last
from retention_kit.smart_segments.frame.emptiness import outcomes
from retention_kit.smart_segments.frame.evaluate import segment_members, segment_table
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.facts import Count, Distinct, InPopulation, LastAt
from retention_kit.smart_segments.lowered.labels import labels
from retention_kit.smart_segments.lowered.lowering import lower, lower_segment

NOW = "2026-01-01"
TEA = Rows(source="order_items", where=(Where(column="category", value="tea"),))
CUPS = Rows(source="order_items", where=(Where(column="category", value="cup"),))


def segment(condition, **fields):
    return Segment(name="asked", condition=condition, **fields)


def values(shop, condition, **more):
    """The facts behind a segment, by customer."""
    asked = condition if isinstance(condition, Segment) else segment(condition)
    found = segment_members(
        **shop.tables, segment=asked, as_of=shop.at(NOW), values=True, unknown="include", **more
    )
    return {row.pop("customer_id"): row for row in found.to_dicts()}


class TestFacts:
    def test_counts_and_sums_of_rows_in_a_window(self, shop):
        shop.sale("Ann", "2025-12-20", ("tea", 10), ("cup", 5))
        shop.sale("Ann", "2025-11-20", ("tea", 7))
        shop.sale("Ann", "2025-12-21", ("tea", 99), status="cancelled")
        shop.sale("Ann", "2025-12-22", ("tea", 99), status="open")
        shop.returned("Ann", "2025-12-23", ("tea", 10))
        shop.sale("Bob", "2026-01-01", ("tea", 10))
        shop.sale("Bob", "2025-12-31 23:59:59.999999", ("cup", 1))
        month = Last(length="1mo")
        any_of = AnyOf(
            conditions=(
                EventCount(window=month, at_least=0),
                EventAggregate(aggregate="sum", column="amount", value=0),
                EventAggregate(aggregate="max", column="amount", value=0, rows=TEA),
                EventAggregate(aggregate="min", column="amount", value=0, window=month),
                EventAggregate(aggregate="distinct", column="category", value=0, rows=TEA),
            )
        )
        got = values(shop, any_of)
        assert got["Ann"] == {
            "orders_count_1mo": 1,
            "orders_amount_sum": Decimal(22),
            "order_items_tea_amount_max": Decimal(10),
            "orders_amount_min_1mo": Decimal(15),
            "order_items_tea_category_distinct": 1,
        }
        assert got["Bob"] == {
            "orders_count_1mo": 1,
            "orders_amount_sum": Decimal(1),
            "order_items_tea_amount_max": None,
            "orders_amount_min_1mo": Decimal(1),
            "order_items_tea_category_distinct": 0,
        }

    def test_the_last_line_is_one_of_the_last_order_and_that_of_the_greatest_id(self, shop):
        shop.sale("Ann", "2025-12-20", "tea", order_id="10")
        shop.sale("Ann", "2025-12-20", "cup", order_id="9")
        cup = (Where(column="category", value="cup"),)
        assert shop.members(LastEvent(rows=Rows(source="order_items"), has=cup), NOW) == {"Ann"}
        assert shop.members(FirstEvent(rows=Rows(source="order_items"), has=cup), NOW) == set()

    def test_ids_that_are_numbers_are_ordered_as_numbers(self, shop):
        shop.sale("Ann", "2025-12-20", "tea", order_id="9", channel="site")
        shop.sale("Ann", "2025-12-20", "tea", order_id="-10", channel="app")
        orders = shop.tables["orders"].with_columns(pl.col("order_id").cast(pl.Int64))
        has = (Where(column="channel", value="site"),)
        for end, wanted in ((LastEvent, True), (FirstEvent, False)):
            asked = [segment(end(has=has))]
            got = segment_table(orders, segments=asked, as_of=shop.at(NOW))
            assert got.rows() == [("Ann", wanted)]

    def test_sums_of_large_whole_numbers_do_not_run_over(self, shop):
        for _ in range(3):
            shop.sale("Ann", "2025-12-20", "tea", bonus=2**62)
        table = shop.tables["orders"].with_columns(pl.col("bonus").cast(pl.Int64))
        asked = EventAggregate(aggregate="mean", column="bonus", operator="more_than", value=10**17)
        got = segment_table(table, segments=[segment(asked)], as_of=shop.at(NOW))
        assert got.rows() == [("Ann", True)]

    def test_periods_are_those_of_the_calendar(self, shop):
        for day in ("2025-10-01", "2025-10-31", "2025-12-31", "2025-09-30 23:59"):
            shop.sale("Ann", day, "tea")
        for periods, wanted in ((3, 2), (4, 3), (100, 3)):
            condition = Regularity(every="1mo", periods=periods, at_least=1)
            (got,) = values(shop, condition)["Ann"].values()
            assert got == wanted

    def test_many_facts_of_young_rows_are_added_up_apart(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        shop.sale("Bob", "2020-12-20", "tea")
        asked = [
            Segment(name=f"{days}", condition=EventCount(window=Last(length=f"{days}d"), at_most=0))
            for days in (1, 12, 13, 30, 3000)
        ]
        asked.append(Segment(name="ever", condition=EventCount(at_least=1)))
        table = segment_table(shop.tables["orders"], segments=asked, as_of=shop.at(NOW))
        rows = {row.pop("customer_id"): row for row in table.to_dicts()}
        assert [name for name, one in rows["Ann"].items() if one] == ["1", "ever"]
        assert [name for name, one in rows["Bob"].items() if one] == ["1", "12", "13", "30", "ever"]

    def test_what_was_brought_back_does_not_count_net(self, shop):
        sale = shop.sale("Ann", "2025-12-01", "tea", "tea", ("cup", 5))
        shop.returned("Ann", "2025-12-02", "tea", original_order_id=sale)
        net = Rows(source="order_items", where=TEA.where, net=True)
        assert shop.members(EventCount(rows=net, at_least=2), NOW) == {"Ann"}
        shop.returned("Ann", "2025-12-03", "tea", original_order_id=sale)
        assert shop.members(EventCount(rows=net, at_least=1), NOW) == set()
        assert shop.members(EventCount(rows=TEA, at_least=2), NOW) == {"Ann"}
        assert shop.members(EventCount(rows=Rows(net=True), at_least=1), NOW) == {"Ann"}
        shop.returned("Ann", "2025-12-04", ("cup", 5), original_order_id=sale)
        assert shop.members(EventCount(rows=Rows(net=True), at_least=1), NOW) == set()

    def test_columns_that_are_described_and_absent_are_missing(self, shop):
        shop.sale("Ann", "2025-12-01", "tea")
        bare = shop.tables["orders"].select("order_id", "customer_id", "ordered_at", "amount")
        channel = (Where(column="channel", operator="unknown"),)
        asked = [
            Segment(name="no_channel", condition=EventCount(rows=Rows(where=channel), at_least=1)),
            Segment(name="returns", condition=EventCount(rows=Rows(source="returns"), at_least=1)),
            Segment(
                name="margin",
                condition=EventAggregate(aggregate="max", column="margin", value=0),
            ),
            Segment(
                name="discount",
                condition=EventAggregate(aggregate="sum", column="discount", value=0),
            ),
        ]
        got = segment_table(bare, segments=asked, as_of=shop.at(NOW), unknown="keep")
        assert got.rows() == [("Ann", True, False, None, True)]


class TestPopulations:
    def test_who_is_of_which(self, shop):
        shop.customer("Ann")
        shop.customer("Bob", registered_at=shop.at("2026-01-01"))
        shop.customer("Cid", registered_at=shop.at("2026-01-01"), city="Omsk")
        shop.sale("Cid", "2025-12-01", "tea", status="cancelled")
        shop.sale("Dan", "2025-12-01", "tea")
        shop.sale("Eve", "2026-01-01", "tea")
        shop.did("Fay", "2025-12-01", "Product Viewed")
        anyone = Bucket(salt="x")
        wanted = {"everyone": {"Ann", "Cid", "Dan"}, "buyers": {"Dan"}, "registered": {"Ann"}}
        for population, who in wanted.items():
            assert shop.members(segment(anyone, population=population), NOW) == who
        city = Attribute(column="city", value="Omsk")
        assert shop.members(city, NOW) == {"Cid"}

    def test_who_only_did_something_is_no_customer(self, shop):
        shop.sale("Ann", "2025-12-01", "tea", status="open")
        shop.customer("Bob")
        for who in ("Ann", "Bob", "Fay"):
            shop.did(who, "2025-12-01", "Product Viewed")
        viewed = EventCount(rows=Rows(source="events"), at_least=1)
        assert shop.members(viewed, NOW) == {"Ann", "Bob"}
        assert shop.members(segment(viewed, population="buyers"), NOW) == set()

    def test_guests_are_nobody(self, shop):
        shop.sale(None, "2025-12-01", "tea")
        shop.sale("Ann", "2025-12-01", "tea")
        tables = shop.tables
        for asked in (EventCount(at_least=1), EventCount(rows=TEA, at_least=1)):
            got = segment_table(**tables, segments=[segment(asked)], as_of=shop.at(NOW))
            assert got.rows() == [("Ann", True)]
            got = segment_members(**tables, segment=segment(asked), as_of=shop.at(NOW))
            assert got.rows() == [("Ann",)]


class TestMembersAlone:
    """What the fast path leaves out can be no member."""

    @pytest.mark.parametrize(
        ("condition", "possible"),
        [
            (EventCount(at_least=1), {False}),
            (EventCount(at_most=2), {True}),
            (EventCount(at_least=0, at_most=0), {True}),
            (EventAggregate(aggregate="sum", column="amount", value=1), {False}),
            (EventAggregate(aggregate="sum", column="amount", operator="at_most", value=0), {True}),
            (EventAggregate(aggregate="mean", column="amount", value=1), {None}),
            (EventAggregate(aggregate="max", column="amount", value=1), {None}),
            (LastEvent(window=Last(length="1d")), {False}),
            (LastEvent(has=TEA.where), {False}),
            (Lapsed(silent="1d"), {False}),
            (Reactivated(gap="30d"), {False}),
            (Regularity(every="1d", periods=3, at_least=1), {False}),
            (Not(condition=EventCount(at_least=1)), {True}),
            (All(conditions=(EventCount(at_least=1), Bucket(salt="x"))), {False}),
            (AnyOf(conditions=(EventCount(at_least=1), Bucket(salt="x"))), {True, False}),
            (Attribute(column="city", value="Omsk"), {True, False, None}),
            (EventCount(at_least=1, window=Last(length="1d"), too_new="true"), {True, False}),
        ],
    )
    def test_what_a_condition_can_be_without_rows(self, condition, possible):
        check = lower(condition)
        rows = [fact for fact in facts_of(check) if hasattr(fact, "rows")]
        assert outcomes(check, frozenset(rows)) == possible

    def test_nothing_but_the_rows_is_read_where_no_one_else_can_be_a_member(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        shop.sale("Bob", "2025-12-20", "tea", "cup")
        shop.customer("Cid")
        read = []
        frames = {name: _noted(name, frame, read) for name, frame in shop.tables.items()}
        step = Step(rows=TEA, without=(Without(rows=CUPS),))
        bought = segment(Sequence(steps=(step,), which="last", window=Last(length="1mo")))
        got = segment_members(**frames, segment=bought, as_of=shop.at(NOW)).collect()
        assert got.rows() == [("Ann",)]
        assert sorted(read) == ["order_items", "orders"]  # the orders for which are cancelled

    def test_each_table_is_read_once_for_many_segments(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        read = []
        frames = {name: _noted(name, frame, read) for name, frame in shop.tables.items()}
        views = Rows(source="events", where=(Where(column="name", value="Product Viewed"),))
        conditions = (
            EventCount(at_least=1),
            EventAggregate(aggregate="mean", column="amount", value=1),
            EventCount(rows=views, at_least=1),
            EventCount(rows=Rows(source="events"), at_most=3),
            Attribute(column="city", value="Omsk"),
            Anniversary(of=Column(column="birthday")),
            Consent(channel="email"),
            Consent(channel="sms"),
        )
        asked = [Segment(name=f"s{n}", condition=one) for n, one in enumerate(conditions)]
        segment_table(**frames, segments=asked, as_of=shop.at(NOW)).collect()
        assert sorted(read) == ["consents", "customers", "events", "orders"]

    def test_an_unknown_member_is_found_too(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        shop.customer("Bob")
        mean = segment(EventAggregate(aggregate="mean", column="amount", value=1))
        for unknown, wanted in (("exclude", ["Ann"]), ("include", ["Ann", "Bob"])):
            got = segment_members(**shop.tables, segment=mean, as_of=shop.at(NOW), unknown=unknown)
            assert sorted(got["customer_id"]) == wanted
        got = segment_members(**shop.tables, segment=mean, as_of=shop.at(NOW), unknown="keep")
        assert sorted(got.rows()) == [("Ann", True), ("Bob", None)]


def _noted(name, frame, read):
    """A lazy table that notes each time it is read."""

    def scan(columns, predicate, rows, batch):
        read.append(name)
        kept = frame if predicate is None else frame.filter(predicate)
        yield kept if columns is None else kept.select(columns)

    return register_io_source(scan, schema=dict(frame.schema))


class TestLabels:
    def test_names_are_short_and_say_what_is_asked(self):
        facts = [
            Count(Rows(), AllTime()),
            Count(Rows(), Last(length="30d")),
            Count(Rows(), BetweenAges(oldest="60d", youngest="30d")),
            LastAt(TEA, AllTime()),
            Distinct(Rows(source="events"), AllTime(), "Product Id"),
        ]
        assert list(labels(facts).values()) == [
            "orders_count",
            "orders_count_30d",
            "orders_count_2",
            "order_items_tea_last_at",
            "events_product_id_distinct",
        ]

    def test_equal_facts_have_one_name_and_no_name_is_taken(self):
        columns = ("city", "City", "customer_id", "is_member", "—")
        facts = [
            fact
            for column in (*columns, "city")
            for fact in facts_of(lower(Attribute(column=column, operator="known")))
        ]
        assert list(labels(facts).values()) == [
            "city",
            "city_2",
            "customer_id_2",
            "is_member_2",
            "fact",
        ]

    def test_who_is_of_a_population_is_no_value(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        check = lower_segment(segment(EventCount(at_least=1)))
        assert InPopulation("everyone") in set(facts_of(check))
        assert values(shop, EventCount(at_least=1)) == {"Ann": {"orders_count": 1}}

    def test_instants_are_shown_on_the_clock_of_the_shop(self, shop):
        shop.sale("Ann", "2025-12-20 12:00", "tea")
        (at,) = values(shop, LastEvent(window=Last(length="1y")))["Ann"].values()
        assert at == shop.at("2025-12-20 12:00")
        assert at.utcoffset() == dt.timedelta(hours=3)


class TestRefused:
    @pytest.mark.parametrize(
        ("condition", "words"),
        [
            (Attribute(column="citty", value="Omsk"), "'citty'.*Nearest: 'city'"),
            (
                EventCount(rows=Rows(where=(Where(column="chanel", value=1),)), at_least=1),
                "channel",
            ),
            (EventAggregate(aggregate="sum", column="amuont", value=1), "Nearest: 'amount'"),
            (EventAggregate(aggregate="sum", column="channel", value=1), "whole numbers and"),
            (EventAggregate(aggregate="max", column="channel", value=1), "Allowed: numbers"),
            (EventAggregate(aggregate="mean", column="weight", value=1), "cast it to Decimal"),
            (Attribute(column="city", value=1), "Allowed: a text"),
            (Score(column="rfm", value=1), "'rfm'.*Nearest: 'rfm_score'"),
            (Anniversary(of=Column(column="city")), "comes round"),
        ],
    )
    def test_a_definition_that_the_tables_cannot_answer(self, shop, condition, words):
        shop.sale("Ann", "2025-12-20", "tea", weight=1.5)
        shop.scores = {"Ann": {"rfm_score": 1}}
        lazy = {name: frame.lazy() for name, frame in shop.tables.items()}
        with pytest.raises(DefinitionError, match=f"(?s){words}"):
            segment_table(**lazy, segments=[segment(condition)], as_of=shop.at(NOW))

    @pytest.mark.parametrize(
        ("condition", "kind", "table"),
        [
            (EventCount(rows=Rows(source="events"), at_least=1), "event_count", "events"),
            (LastEvent(rows=TEA, window=Last(length="1d")), "last_event", "order_items"),
            (Attribute(column="city", value="Omsk"), "attribute", "customers"),
            (Consent(channel="email"), "consent", "consents"),
            (Score(column="rfm", value=1), "score", "scores"),
            (Member(segment="asked", when="ever"), "member", "snapshots"),
        ],
    )
    def test_a_table_that_is_needed_and_not_given(self, shop, condition, kind, table):
        shop.sale("Ann", "2025-12-20", "tea")
        both = AnyOf(conditions=(EventCount(at_least=1), condition))
        with pytest.raises(DefinitionError, match=f"'asked' needs the table '{table}'.*'{kind}'"):
            segment_table(shop.tables["orders"], segments=[segment(both)], as_of=shop.at(NOW))

    def test_a_population_that_is_registered_nowhere(self, shop):
        asked = segment(EventCount(at_least=1), population="registered")
        with pytest.raises(DefinitionError, match="'customers' for its population 'registered'"):
            segment_members(shop.tables["orders"], segment=asked, as_of=shop.at(NOW))

    def test_names_that_make_no_table(self, shop):
        orders, as_of = shop.tables["orders"], shop.at(NOW)
        one = EventCount(at_least=1)
        for name, word in (("customer_id", "no column"), ("twice", "rename one")):
            asked = [Segment(name=name, condition=one), Segment(name=name, condition=one)]
            with pytest.raises(DefinitionError, match=word):
                segment_table(orders, segments=asked, as_of=as_of)
        with pytest.raises(DefinitionError, match="'segments' is 'str'"):
            segment_table(orders, segments=["twice"], as_of=as_of)
        with pytest.raises(DefinitionError, match="exclude"):
            segment_table(orders, segments=[segment(one)], as_of=as_of, unknown="maybe")

    def test_tables_that_do_not_fit(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        orders, asked, as_of = (
            shop.tables["orders"],
            [segment(EventCount(at_least=1))],
            shop.at(NOW),
        )
        scores = pl.DataFrame({"customer_id": [1], "rfm": [1]})
        with pytest.raises(ColumnTypeError, match="as in 'orders'"):
            segment_table(orders, scores=scores, segments=asked, as_of=as_of)
        with pytest.raises(MissingColumnError, match="ordered_at"):
            segment_table(orders.drop("ordered_at"), segments=asked, as_of=as_of)
        naive = orders.with_columns(pl.col("ordered_at").dt.replace_time_zone(None))
        with pytest.raises(ColumnTypeError, match="with a time zone"):
            segment_table(naive, segments=asked, as_of=as_of)
        with pytest.raises(DefinitionError, match="as_of"):
            segment_table(orders, segments=asked, as_of=as_of.replace(tzinfo=None))

    def test_who_entered_cannot_be_said_without_when_it_was_taken(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        asked = segment(Member(segment="gold", when="entered"))
        with pytest.raises(DefinitionError, match=r"taken=history\.taken"):
            segment_members(**shop.tables, segment=asked, as_of=shop.at(NOW))


class TestMessages:
    def test_of_two_conditions_of_one_type_the_one_that_lacks_its_table_is_said(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        opened = EventCount(rows=Rows(source="events"), at_least=3)
        both = segment(AnyOf(conditions=(EventCount(at_least=2), opened)))
        said = re.escape(f"'event_count' ({opened.sentence()[:-1]}); given: orders.")
        for ask, named in (
            (segment_table, {"segments": [both]}),
            (segment_members, {"segment": both}),
        ):
            with pytest.raises(DefinitionError, match=f"needs the table 'events'.*{said}"):
                ask(shop.tables["orders"], as_of=shop.at(NOW), **named)

    def test_a_score_that_is_not_there_is_told_of_scores(self, shop):
        shop.sale("Ann", "2025-12-20", "tea")
        shop.customer("Ann", city="Omsk")
        alive = segment(Score(column="probability_alive", operator="less_than", value=0.3))
        tables = {name: shop.tables[name] for name in ("orders", "customers")}
        said = "'customers' has no column 'probability_alive'.*hand in scores=…, a table"
        with pytest.raises(DefinitionError, match=said):
            segment_members(**tables, segment=alive, as_of=shop.at(NOW))
        scores = pl.DataFrame({"customer_id": ["Ann"], "probability_alife": [0.1]})
        with pytest.raises(DefinitionError, match="Nearest: 'probability_alife'") as caught:
            segment_members(**tables, scores=scores, segment=alive, as_of=shop.at(NOW))
        assert "hand in" not in str(caught.value)
        city = segment(Score(column="city", value="Omsk"))
        found = segment_members(**tables, segment=city, as_of=shop.at(NOW))
        assert found["customer_id"].to_list() == ["Ann"]

    def test_a_text_is_not_told_to_become_a_decimal(self, shop):
        shop.sale("Ann", "2025-12-20", "tea", channel="site", weight=1.5)
        for column, said in (("channel", "a column of numbers"), ("weight", "cast it to Decimal")):
            for aggregate in ("mean", "sum"):
                asked = EventAggregate(aggregate=aggregate, column=column, value=1)
                with pytest.raises(DefinitionError, match=said):
                    segment_members(
                        shop.tables["orders"], segment=segment(asked), as_of=shop.at(NOW)
                    )


@pytest.mark.parametrize("id_type", [pl.Int64, pl.Int128, pl.String])
@pytest.mark.parametrize("apart", [0, 10])
def test_orders_of_any_ids_are_in_the_order_of_instants_and_then_of_ids(id_type, apart):
    first = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    # Where the instants are the same, the smaller id is first.
    ids = [2**40, 1] if apart else [1, 2**40]
    if id_type is pl.Int128 and apart:
        ids = [2**70, 1]
    orders = pl.DataFrame(
        {
            "order_id": ids,
            "customer_id": [1, 1],
            "ordered_at": [first, first + dt.timedelta(microseconds=apart)],
            "amount": [1, 2],
            "channel": ["web", "shop"],
        },
        schema_overrides={
            "order_id": pl.Int128,
            "ordered_at": pl.Datetime("us", "UTC"),
            "amount": pl.Decimal(18, 4),
        },
    ).with_columns(pl.col("order_id").cast(id_type))
    segments = [
        Segment(name=name, condition=end.has(channel=channel))
        for name, end, channel in (
            ("first", bought().first(), "web"),
            ("last", bought().last(), "shop"),
        )
    ]
    table = segment_table(orders, segments=segments, as_of=first + dt.timedelta(days=1))
    assert table.row(0, named=True) == {"customer_id": 1, "first": True, "last": True}
