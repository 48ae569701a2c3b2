"""Members, sizes, overlaps, previews, snapshots and explanations on shops checked by eye."""

import datetime as dt
import json
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

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
    column,
    consent,
    did,
    evaluate_many,
    explain,
    is_member,
    member_of,
    members,
    overlap,
    preview,
    returned,
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

    def test_two_rows_of_scores_that_differ_are_no_score(self, shop):
        scores = pl.LazyFrame(
            {"customer_id": ["ann", "ann", "bo", "bo"], "p": [0.1, 0.9, 0.2, 0.2]}
        )
        low = Segment(name="low", condition=score("p") < 0.5)
        assert ids(members(low, shop, AS_OF, scores=scores)) == ["bo"]
        for who, is_low in (("ann", False), ("bo", True)):
            rows = rows_of_customer(shop, who, scores=scores)
            assert is_member(low, rows, AS_OF) is is_low

    def test_the_rows_of_a_customer_are_asked_for_where_a_shop_is_given(self, shop):
        with pytest.raises(DefinitionError):
            explain(ONCE, shop, AS_OF)

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


class TestWhatIsHandedInBeside:
    @pytest.mark.parametrize("ask", [members, preview, take_snapshot])
    def test_a_name_that_nobody_takes_is_refused_with_the_nearest(self, shop, ask):
        with pytest.raises(DefinitionError, match="'score'.*Nearest: 'scores'"):
            ask(ONCE, shop, AS_OF, score=pl.DataFrame())
        with pytest.raises(DefinitionError, match="'taken'"):
            ask(ONCE, shop, AS_OF, taken={})

    @pytest.mark.parametrize("ask", [evaluate_many, sizes, overlap])
    def test_so_it_is_where_several_are_asked(self, shop, ask):
        with pytest.raises(DefinitionError, match="'other'.*Nearest: 'others'"):
            ask([ONCE], shop, AS_OF, other=[OFTEN])
        with pytest.raises(DefinitionError, match=r"\[segment\]"):
            ask(ONCE, shop, AS_OF)

    def test_a_snapshot_holds_members_alone(self, shop):
        with pytest.raises(DefinitionError, match="'unknown'"):
            take_snapshot(ONCE, shop, AS_OF, unknown="keep")

    @pytest.mark.parametrize("name", ["custmers", "scores"])
    def test_a_table_of_an_unknown_name_is_refused(self, shop, name):
        with pytest.raises(DefinitionError, match=name):
            members(ONCE, {"orders": shop.orders, name: shop.customers}, AS_OF)


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

    def test_a_name_that_looks_like_a_pattern_is_a_name(self, shop):
        named = [ONCE.with_fields(name="^customer_id$"), OFTEN.with_fields(name="*")]
        assert sizes(named, shop, AS_OF)["customers"].to_list() == [1, 1]
        assert overlap(named, shop, AS_OF)["customers"].to_list() == [1, 0, 0, 1]

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

    @pytest.mark.parametrize(
        ("condition", "said"),
        [
            (attribute("city") != "Omks", "'Omks'.*'Omsk'"),
            (attribute("city").not_in(["Omsk", "Tvre"]), "'Tvre'.*'Tver'"),
            (~consent("emial"), "'emial'"),
            (score("rfm") == "champoin", "'champoin'.*'champion'"),
            (was_member_of("onec", "never"), "'onec'.*'once'"),
        ],
    )
    def test_what_would_mean_everybody_where_it_is_misspelt_is_found(self, shop, condition, said):
        tables = {
            "orders": shop.orders.collect(),
            "customers": shop.customers.collect().with_columns(pl.col("city").cast(pl.Categorical)),
            "consents": pl.DataFrame({"customer_id": ["ann"], "channel": ["email"]}),
        }
        beside = {
            "scores": pl.DataFrame({"customer_id": ["ann"], "rfm": ["champion"]}),
            "history": SnapshotHistory().add(take_snapshot(ONCE, shop, day(2))),
        }
        with pytest.raises(DefinitionError, match=said):
            check_segment(Segment(name="s", condition=condition), tables, **beside)

    def test_what_must_not_follow_may_never_have_happened(self, shop):
        left = bought(channel="site").not_followed_by(bought(channel="fair"))
        assert preview(Segment(name="s", condition=left), shop, AS_OF).height == 1

    def test_a_value_of_another_type_is_told_as_such(self, shop):
        segment = Segment(name="s", condition=bought(column("order_id") == "1"))
        with pytest.raises(DefinitionError, match="Int64"):
            preview(segment, shop, AS_OF)

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

    def test_a_history_that_was_opened_is_added_to_and_saved_every_night(self, shop, tmp_path):
        SnapshotHistory().save(tmp_path)
        for number in (2, 6, 10):
            history = SnapshotHistory.open(tmp_path).add(take_snapshot(ONCE, shop, day(number)))
            history.save(tmp_path)
            left = Segment(name="asked", condition=was_member_of("once", "left"))
            found = ids(members(left, shop, AS_OF, history=history))
            assert found == (["ann"] if number == 10 else [])
        assert SnapshotHistory.open(tmp_path).rows.collect().height == 4

    def test_before_the_first_night_nobody_was_in(self, shop):
        asked = {"ever": [], "never": ["ann", "bo", "cy", "di"], "left": [], "entered": []}
        for when, found in asked.items():
            segment = Segment(name="asked", condition=was_member_of("once", when))
            if when in ("ever", "never"):
                assert ids(members(segment, shop, AS_OF, history=SnapshotHistory())) == found
        rows = rows_of_customer(shop, "ann", history=SnapshotHistory())
        never = Segment(name="asked", condition=was_member_of("once", "never"))
        assert is_member(never, rows, AS_OF, taken={})

    def test_the_hour_that_comes_twice_has_two_snapshots(self, shop):
        london = ZoneInfo("Europe/London")
        early, late = (
            take_snapshot(ONCE, shop, dt.datetime(2025, 10, 26, 1, 30, tzinfo=london, fold=fold))
            for fold in (0, 1)
        )
        history = SnapshotHistory().add(late, early)
        assert [at.hour for at in history.taken["once"]] == [0, 1]
        with pytest.raises(DefinitionError, match="one snapshot"):
            history.add(
                SegmentSnapshot("once", "v", early.as_of.astimezone(dt.UTC), early.customers)
            )

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

    def test_a_time_is_explained_by_its_window(self, shop):
        segment = Segment(name="s", condition=attribute("registered_at").within("60d"))
        (fact,) = explain(segment, rows_of_customer(shop, "ann"), AS_OF).condition.facts
        assert (fact.answer, fact.shown) == (True, "2025-12-01 12:00")
        assert fact.required.startswith("from 2025-11-01 00:00")

    def test_since_when_a_customer_is_known_has_a_mark_of_its_own(self, shop):
        rows = rows_of_customer(shop, "ann")
        for too_new, length, known in (("unknown", "7d", True), ("true", "60d", False)):
            condition = bought().within(length).at_least(9).if_too_new(too_new)
            told = explain(Segment(name="s", condition=condition), rows, AS_OF)
            assert next(fact.answer for fact in told.condition.facts) is known

    def test_a_sequence_is_explained_step_by_step(self, shop):
        chain = bought(channel="site").followed_by(bought(), within="30d", without=returned())
        told = explain(Segment(name="s", condition=chain), rows_of_customer(shop, "ann"), AS_OF)
        facts = {fact.fact: fact.shown for fact in told.condition.facts}
        assert facts["a match was found"] == "yes"
        assert facts["step 1, how many (sales, channel = site)"] == "2"
        assert facts["step 2, the last (sales)"] == "2025-12-09 12:00"
        assert facts["not after step 1, the last (returns)"] == "never"

    def test_a_segment_that_is_not_asked_for_asks_for_no_table(self, shop):
        other = Segment(name="other", condition=did("a").followed_by(did("b")))
        assert explain(ONCE, rows_of_customer(shop, "bo"), AS_OF, others=[other]).answer

    def test_the_population_of_another_segment_is_told(self, shop):
        other = Segment(name="other", condition=bought().never(), population="buyers")
        asking = Segment(name="s", condition=member_of(other))
        told = explain(asking, rows_of_customer(shop, "cy"), AS_OF, others=[other])
        assert [fact.answer for fact in told.condition.facts] == [False, True]

    def test_who_is_not_of_the_population_is_told(self, shop):
        segment = Segment(name="s", condition=bought().never(), population="buyers")
        told = explain(segment, rows_of_customer(shop, "cy"), AS_OF)
        assert (told.answer, told.population, told.condition.answer) == (False, False, True)
        assert "population" in told.text()
