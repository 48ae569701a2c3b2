"""Members, sizes, overlaps, previews, snapshots and explanations on shops checked by eye."""

import datetime as dt
import json
from html.parser import HTMLParser

import polars as pl
import pytest

from retention_kit import Dataset
from retention_kit.errors import DefinitionError, FileFormatError
from retention_kit.smart_segments import (
    Member,
    Segment,
    SegmentSnapshot,
    SnapshotHistory,
    attribute,
    birthday,
    bought,
    changes,
    check_segment,
    did,
    evaluate_many,
    explain,
    member_of,
    members,
    overlap,
    preview,
    rows_of_customer,
    rows_of_customers,
    score,
    segment_version,
    sizes,
    take_snapshot,
    was_member_of,
)

AS_OF = dt.datetime(2025, 12, 31, tzinfo=dt.UTC)
ONCE = Segment(name="once", condition=bought().exactly(1))
OFTEN = Segment(name="often", condition=bought().at_least(2))
OMSK = Segment(name="Omsk", condition=attribute("city") == "Omsk")
SITE = Segment(name="site", condition=bought(channel="site"))


def day(number, month=12):
    return dt.datetime(2025, month, number, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def shop():
    """Ann bought twice, Bo once in the shop, Cy never; Di cancelled; Ed comes later."""
    return Dataset.from_frames(
        orders=[
            {
                "order_id": 1,
                "customer_id": "ann",
                "ordered_at": day(1),
                "amount": 10,
                "channel": "site",
            },
            {
                "order_id": 2,
                "customer_id": "ann",
                "ordered_at": day(9),
                "amount": 20,
                "channel": "site",
            },
            {
                "order_id": 3,
                "customer_id": "bo",
                "ordered_at": day(5),
                "amount": 30,
                "channel": "shop",
            },
            {
                "order_id": 4,
                "customer_id": "di",
                "ordered_at": day(5),
                "amount": 30,
                "channel": "shop",
                "status": "cancelled",
            },
        ],
        customers=[
            {"customer_id": "ann", "city": "Omsk", "registered_at": day(1), "birthday": None},
            {
                "customer_id": "cy",
                "city": "Tver",
                "registered_at": None,
                "birthday": dt.date(1990, 1, 3),
            },
            {
                "customer_id": "ed",
                "city": "Omsk",
                "registered_at": dt.datetime(2026, 2, 1, tzinfo=dt.UTC),
                "birthday": None,
            },
        ],
        currency="RUB",
        time_zone="UTC",
    )


def ids(table):
    return sorted(table.lazy().collect()["customer_id"].to_list())


class TestMembers:
    def test_the_members_are_who_meets_the_condition(self, shop):
        assert isinstance(members(OFTEN, shop, AS_OF), pl.LazyFrame)
        assert ids(members(OFTEN, shop, AS_OF)) == ["ann"]
        assert ids(members(ONCE, shop, AS_OF)) == ["bo"]
        assert ids(members(OMSK, shop, AS_OF)) == ["ann"], "Ed registers later"

    def test_who_never_bought_is_everybody_else_the_shop_knows(self, shop):
        never = Segment(name="never", condition=bought().never())
        assert ids(members(never, shop, AS_OF)) == ["cy", "di"]
        buyers = never.with_fields(population="buyers")
        assert ids(members(buyers, shop, AS_OF)) == []
        registered = never.with_fields(population="registered")
        assert ids(members(registered, shop, AS_OF)) == ["cy"]

    def test_what_is_unknown_is_left_out_taken_in_or_kept(self, shop):
        soon = Segment(name="soon", condition=birthday(days=7))
        assert ids(members(soon, shop, AS_OF)) == ["cy"]
        assert ids(members(soon, shop, AS_OF, unknown="include")) == ["ann", "bo", "cy", "di"]
        kept = members(soon, shop, AS_OF, unknown="keep").collect()
        assert dict(kept.select("customer_id", "is_member").rows()) == {
            "ann": None,
            "bo": None,
            "cy": True,
            "di": None,
        }

    def test_a_table_that_is_not_given_is_named_with_the_condition_that_needs_it(self, shop):
        looked = Segment(name="looked", condition=did("Product Viewed"))
        with pytest.raises(DefinitionError, match="'looked'.*'events'.*'event_count'.*orders"):
            members(looked, shop, AS_OF)

    def test_eager_tables_give_an_eager_table(self, shop):
        tables = {"orders": shop.orders.collect(), "customers": shop.customers.collect()}
        found = members(ONCE, tables, AS_OF)
        assert isinstance(found, pl.DataFrame)
        assert ids(found) == ["bo"]

    def test_buckets_give_what_the_whole_gives(self, shop, tmp_path):
        buckets = shop.bucket(tmp_path / "buckets", buckets=3)
        together = evaluate_many([ONCE, OFTEN, OMSK], buckets, AS_OF).sort("customer_id")
        whole = evaluate_many([ONCE, OFTEN, OMSK], shop, AS_OF).collect().sort("customer_id")
        assert together.equals(whole)
        assert sizes([ONCE, OFTEN], buckets, AS_OF).equals(sizes([ONCE, OFTEN], shop, AS_OF))

    def test_scores_come_beside_the_tables(self, shop):
        lazy = pl.LazyFrame({"customer_id": ["ann", "bo", "zoe"], "p_alive": [0.9, 0.2, 0.1]})
        at_risk = Segment(name="at risk", condition=score("p_alive") < 0.5)
        assert ids(members(at_risk, shop, AS_OF, scores=lazy)) == ["bo"]
        assert ids(members(at_risk, shop, AS_OF, scores=lazy.collect())) == ["bo"]
        tables = {"orders": shop.orders.collect()}
        assert ids(members(at_risk, tables, AS_OF, scores=lazy)) == ["bo"]

    @pytest.mark.parametrize(
        ("data", "said"),
        [({}, "need the table 'orders'"), ({"order": None}, "'order'"), ("shop", "a Dataset")],
    )
    def test_data_without_orders_are_refused(self, data, said):
        with pytest.raises(DefinitionError, match=said):
            members(ONCE, data, AS_OF)

    def test_a_condition_is_no_segment(self, shop):
        with pytest.raises(DefinitionError, match="Segment\\(name="):
            members(bought(), shop, AS_OF)


class TestSizes:
    def test_sizes_count_members_and_unknown(self, shop):
        soon = Segment(name="soon", condition=birthday(days=7))
        found = sizes([ONCE, soon], shop, AS_OF)
        assert found.rows() == [("once", 1, 0.25, 0), ("soon", 1, 0.25, 3)]

    def test_of_nobody_there_is_no_share(self, shop):
        found = sizes([ONCE], shop, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        # Cy has no date of registration, and was there from the beginning.
        assert found.rows() == [("once", 0, 0.0, 0)]
        empty = {"orders": shop.orders.collect().clear()}
        assert sizes([ONCE], empty, AS_OF).rows() == [("once", 0, None, 0)]

    def test_overlap_counts_who_is_in_both(self, shop):
        found = overlap([OFTEN, OMSK, SITE, ONCE], shop, AS_OF)
        assert found.height == 16
        shared = {(one, other): count for one, other, count, *_ in found.rows()}
        assert shared["often", "Omsk"] == shared["Omsk", "often"] == shared["site", "often"] == 1
        assert shared["once", "often"] == 0
        row = found.filter(segment="often", other="site").row(0, named=True)
        assert (row["share"], row["jaccard"]) == (1.0, 1.0)


class TestPreviews:
    def test_a_preview_shows_members_with_their_facts(self, shop):
        found = preview(OFTEN, shop, AS_OF)
        assert found.rows() == [("ann", 2)]
        assert found.columns == ["customer_id", "orders_count"]

    def test_a_value_that_never_occurs_is_named_with_the_nearest(self, shop):
        misspelt = Segment(
            name="s", condition=bought(channel="sit") | (attribute("city") == "Omsk")
        )
        with pytest.raises(DefinitionError, match="'sit' in column 'channel'.*Nearest.*'site'"):
            preview(misspelt, shop, AS_OF)
        assert preview(misspelt, shop, AS_OF, check=False).height == 1

    def test_a_city_that_never_occurs_is_found_behind_another_segment(self, shop):
        asking = Segment(name="s", condition=~member_of("t"))
        other = Segment(name="t", condition=bought(channel=["site", "schop"]))
        with pytest.raises(DefinitionError, match="'schop'"):
            check_segment(asking, shop, others=[other])
        with pytest.raises(DefinitionError, match="'Omks'.*'Omsk'"):
            check_segment(Segment(name="s", condition=attribute("city") == "Omks"), shop)

    def test_capitals_do_not_matter_where_they_are_folded(self, shop):
        check_segment(Segment(name="s", condition=attribute("city", fold=True) == "OMSK"), shop)

    @pytest.mark.parametrize("n", [0, -1, 2.5, True])
    def test_a_number_of_members_is_at_least_one(self, shop, n):
        with pytest.raises(DefinitionError, match="from 1"):
            preview(OFTEN, shop, AS_OF, n=n)


class TestSnapshots:
    def test_changes_tell_who_entered_left_and_stayed(self, shop):
        before = take_snapshot(ONCE, shop, day(6))
        after = take_snapshot(ONCE, shop, AS_OF)
        assert ids(before.customers) == ["ann", "bo"]
        assert dict(changes(before, after).rows()) == {"ann": "left", "bo": "stayed"}
        assert dict(changes(take_snapshot(ONCE, shop, day(2)), after).rows()) == {
            "ann": "left",
            "bo": "entered",
        }
        assert repr(before) == "SegmentSnapshot('once', 2025-12-06T12:00:00+00:00, customers=2)"

    def test_snapshots_of_two_segments_are_not_compared(self, shop):
        with pytest.raises(DefinitionError, match="a snapshot of 'once'"):
            changes(take_snapshot(ONCE, shop, day(6)), take_snapshot(OFTEN, shop, AS_OF))
        with pytest.raises(DefinitionError, match="at or after"):
            changes(take_snapshot(ONCE, shop, AS_OF), take_snapshot(ONCE, shop, day(6)))

    def test_a_version_tells_definitions_apart_and_not_names(self):
        assert segment_version(ONCE) == segment_version(ONCE.with_fields(name="other"))
        assert segment_version(ONCE) != segment_version(OFTEN)
        assert len(segment_version(ONCE)) == 12

    def test_who_left_and_entered_is_asked_of_the_history(self, shop):
        history = SnapshotHistory().add(
            *(take_snapshot(one, shop, day(at)) for one in (ONCE, OFTEN) for at in (2, 6, 10))
        )
        cases = {
            ("once", "ever"): ["ann", "bo"],
            ("once", "never"): ["cy", "di"],
            ("once", "left"): ["ann"],
            ("once", "entered"): ["bo"],
            ("often", "entered"): ["ann"],
        }
        for (name, when), found in cases.items():
            asked = Segment(name="asked", condition=was_member_of(name, when))
            assert ids(members(asked, shop, AS_OF, history=history)) == found, (name, when)
        lately = Segment(name="asked", condition=was_member_of("once", "entered", within="21d"))
        assert ids(members(lately, shop, AS_OF, history=history)) == []

    def test_a_history_is_kept_in_a_folder(self, shop, tmp_path):
        empty = Segment(name="nobody", condition=bought().at_least(9))
        history = SnapshotHistory().add(
            take_snapshot(ONCE, shop, day(6)), take_snapshot(empty, shop, day(6))
        )
        history.save(tmp_path)
        again = SnapshotHistory.open(tmp_path)
        assert dict(again.taken) == {"once": (day(6),), "nobody": (day(6),)}
        longer = again.add(take_snapshot(ONCE, shop, AS_OF))
        longer.save(tmp_path)
        last = SnapshotHistory.open(tmp_path)
        assert last.taken["once"] == (day(6), AS_OF)
        assert last.rows.collect().height == 3
        assert repr(last) == "SnapshotHistory({'once': 2, 'nobody': 1})"

    def test_a_snapshot_is_not_taken_twice(self, shop):
        history = SnapshotHistory().add(take_snapshot(ONCE, shop, day(6)))
        with pytest.raises(DefinitionError, match="one snapshot of a segment at an instant"):
            history.add(take_snapshot(ONCE, shop, day(6)))

    def test_a_folder_without_history_is_refused(self, tmp_path):
        with pytest.raises(FileFormatError, match=r"taken\.json"):
            SnapshotHistory.open(tmp_path)

    def test_without_history_a_segment_that_asks_of_it_is_refused(self, shop):
        asked = Segment(name="asked", condition=was_member_of("once", "left"))
        with pytest.raises(DefinitionError, match="snapshots"):
            members(asked, shop, AS_OF)
        with pytest.raises(DefinitionError, match="SnapshotHistory"):
            members(asked, shop, AS_OF, history="folder")

    def test_a_snapshot_of_rows_has_its_columns(self):
        rows = SegmentSnapshot("a", "v", AS_OF, pl.DataFrame({"customer_id": [1]})).rows()
        assert rows.rows() == [("a", "v", AS_OF, 1)]


class TestExplanations:
    def test_the_rows_of_a_customer_come_out_of_the_tables(self, shop):
        rows = rows_of_customer(shop, "ann")
        assert [order["order_id"] for order in rows["orders"]] == [1, 2]
        assert rows["customer"]["city"] == "Omsk"
        assert "events" not in rows
        assert rows_of_customers(shop, ["zoe"])["zoe"]["orders"] == []

    def test_the_rows_of_a_customer_come_out_of_buckets(self, shop, tmp_path):
        buckets = shop.bucket(tmp_path / "buckets", buckets=3)
        wanted = ["ann", "cy", "bo", "zoe"]
        assert rows_of_customers(buckets, wanted) == rows_of_customers(shop, wanted)

    def test_nobody_is_not_explained(self, shop):
        with pytest.raises(DefinitionError, match="a known customer"):
            rows_of_customer(shop, "zoe")
        with pytest.raises(DefinitionError, match="ids of type String"):
            rows_of_customer(shop, 17)

    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_an_explanation_shows_every_fact_and_what_was_asked(self, shop, language):
        segment = Segment(
            name="s",
            condition=bought().within("30d").at_least(2)
            & ((bought().mean("amount") >= 40) | birthday(days=7))
            & Member(segment="Omsk"),
        )
        told = explain(
            segment, rows_of_customer(shop, "ann"), AS_OF, language=language, others=[OMSK]
        )
        assert told.answer is None
        assert [child.answer for child in told.condition.children] == [True, None, True]
        facts = told.to_dict()["condition"]["children"][0]["facts"]
        assert [(fact["value"], fact["answer"]) for fact in facts] == [(2, True)]
        mean = told.condition.children[1].children[0].facts[0]
        assert (mean.value, mean.answer) == (15.0, False)
        assert json.loads(json.dumps(told.to_dict())) == told.to_dict()
        text = told.text()
        assert "Omsk" in text
        assert "None" not in text
        assert repr(told) == "Explanation('s', answer=None)"

    def test_the_page_of_an_explanation_is_well_formed_and_escaped(self, shop):
        class Tags(HTMLParser):
            def __init__(self):
                super().__init__()
                self.open = []

            def handle_starttag(self, tag, attrs):
                assert tag not in ("script", "b<i>")
                self.open.append(tag)

            def handle_endtag(self, tag):
                assert self.open.pop() == tag

        segment = Segment(name="<script>", condition=attribute("city") == "<b>")
        page = explain(segment, rows_of_customer(shop, "ann"), AS_OF).to_html()
        tags = Tags()
        tags.feed(page)
        assert tags.open == []
        assert "&lt;script&gt;" in page

    def test_who_is_not_of_the_population_is_told(self, shop):
        segment = Segment(name="s", condition=bought().never(), population="buyers")
        told = explain(segment, rows_of_customer(shop, "cy"), AS_OF)
        assert (told.answer, told.population, told.condition.answer) == (False, False, True)
        assert "population" in told.text()
