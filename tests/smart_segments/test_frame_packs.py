"""Many small facts in few numbers, and checks that ask for rows instead of numbers."""

import datetime as dt
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.smart_segments.definitions.counting import EventAggregate, EventCount
from retention_kit.smart_segments.definitions.moments import FirstEvent, LastEvent
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.windows import AllTime, BetweenAges, Last, Since
from retention_kit.smart_segments.frame.existence import Exists, by_existence
from retention_kit.smart_segments.frame.given import given_tables
from retention_kit.smart_segments.frame.packs import Packs
from retention_kit.smart_segments.lowered.checks import IsTrue, Opposite, facts_of
from retention_kit.smart_segments.lowered.facts import Count, Greatest, LastAt
from retention_kit.smart_segments.lowered.lowering import lower

AS_OF = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COLUMNS = "abcde"
BOUNDS = ((None, 12), (5, 31), (5, 12), (12, 12), (20, 12), (30, 31))
EDGES = (0, 5, 12, 13, 25)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), *[st.none() | st.booleans() for _ in COLUMNS], st.integers(0, 30)
        ),
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_counts_bits_and_kinds_share_numbers_and_stay_apart(rows, used):
    names = COLUMNS[:used]
    frame = pl.DataFrame(
        rows,
        schema={"who": pl.Int64, **dict.fromkeys(COLUMNS, pl.Boolean), "number": pl.Int64},
        orient="row",
    )
    packs = Packs("p_", pl.col("number"), 31)
    answers = {}
    for name in names:
        mask = pl.col(name)
        answers[f"{name}_count"] = packs.count(mask)
        answers[f"{name}_exists"] = packs.exists(mask)
        answers[f"{name}_kinds"] = packs.kinds(mask, pl.col("number"), 31)
        for start, end in BOUNDS:
            key = f"{name}_{start}_{end}"
            answers[f"{key}_count"] = packs.count(mask, (start, end))
            answers[f"{key}_exists"] = packs.exists(mask, (start, end))
        answers[f"{name}_spans"] = packs.spans(mask, EDGES)
        answers[f"{name}_some"] = packs.spans(mask, EDGES[1:4])
    packed = frame.lazy().group_by("who").agg(packs.sums())
    everybody = pl.LazyFrame({"who": [0, 1, 2, 9]})
    got = everybody.join(packed, on="who", how="left").select(
        "who", *(answer.alias(name) for name, answer in answers.items())
    )
    for told in got.collect().to_dicts():
        own = [dict(zip(frame.columns, row, strict=True)) for row in rows if row[0] == told["who"]]
        for name in names:
            left = [row for row in own if row[name]]
            assert told[f"{name}_count"] == len(left)
            assert told[f"{name}_exists"] is bool(left)
            assert told[f"{name}_kinds"] == len({row["number"] for row in left})
            for start, end in BOUNDS:
                inside = [row for row in left if (start or 0) <= row["number"] < end]
                assert told[f"{name}_{start}_{end}_count"] == len(inside)
                assert told[f"{name}_{start}_{end}_exists"] is bool(inside)
            for kind, edges in (("spans", EDGES), ("some", EDGES[1:4])):
                spans = [
                    number
                    for number, (start, end) in enumerate(pairwise(edges))
                    if any(start <= row["number"] < end for row in left)
                ]
                assert told[f"{name}_{kind}"] == len(spans)


def shop():
    orders = pl.LazyFrame(
        {"order_id": [1], "customer_id": [1], "ordered_at": [AS_OF], "amount": [1]},
        schema_overrides={"ordered_at": pl.Datetime("us", "UTC"), "amount": pl.Decimal(18, 4)},
    )
    return given_tables({"orders": orders}, as_of=AS_OF, taken=None, conditions=())


class TestRowsInsteadOfNumbers:
    def test_a_count_that_asks_for_one_or_none_is_a_bit(self):
        month = Last(length="1mo")
        one, none = EventCount(window=month, at_least=1), EventCount(window=month, at_most=0)
        exists = IsTrue(Exists(Rows(), month))
        assert by_existence([lower(one), lower(none)], shop()) == [exists, Opposite(exists)]

    def test_a_count_that_is_needed_besides_stays_a_count(self):
        one, two = EventCount(at_least=1), EventCount(at_least=2)
        asked = by_existence([lower(one), lower(two)], shop())
        assert {fact for check in asked for fact in facts_of(check)} == {Count(Rows(), AllTime())}

    def test_the_greatest_of_a_column_that_may_be_missing_stays_a_number(self):
        for column, kinds in (("amount", {Exists}), ("margin", {Greatest})):
            check = lower(EventAggregate(aggregate="max", column=column, value=5))
            (asked,) = by_existence([check], shop())
            assert {type(fact) for fact in facts_of(asked)} == kinds

    def test_when_the_last_row_was_is_two_bits(self):
        ended = BetweenAges(oldest="60d", youngest="30d")
        (asked,) = by_existence([lower(LastEvent(window=ended))], shop())
        assert [type(fact) for fact in facts_of(asked)] == [Exists, Exists]
        assert not any(isinstance(fact, LastAt) for fact in facts_of(asked))


@pytest.mark.parametrize("kind", [FirstEvent, LastEvent])
@pytest.mark.parametrize(
    "window",
    [
        Last(length="20d"),
        BetweenAges(oldest="20d", youngest="10d"),
        Since(start=dt.date(2025, 12, 5), until=dt.date(2025, 12, 12)),
        Since(start=dt.date(2027, 1, 1)),
    ],
)
def test_the_end_of_all_rows_lies_in_a_window_or_not(shop_in, kind, window):
    little = shop_in("UTC")
    days = (1, 5, 11, 12, 13, 21, 22, 25, 31)
    for first in days:
        for last in days:
            if first <= last:
                little.sale(f"{first}-{last}", f"2025-12-{first:02}", "tea")
                little.sale(f"{first}-{last}", f"2025-12-{last:02}", "tea")
    as_of = little.at("2026-01-01")
    start, end = window.bounds(AS_OF, dt.UTC)
    table = little.tables["orders"]
    asked = Segment(name="end", condition=kind(window=window))
    got = segment_of(table, asked, as_of)
    at = pl.col("ordered_at").dt.epoch("us")
    wanted = (
        table.group_by("customer_id")
        .agg(at.min() if kind is FirstEvent else at.max())
        .filter((pl.col("ordered_at") >= start) & (pl.col("ordered_at") < end))
    )
    assert got == set(wanted["customer_id"])


def segment_of(table, asked, as_of):
    from retention_kit.smart_segments.frame.evaluate import segment_table

    told = segment_table(table, segments=[asked], as_of=as_of)
    return {who for who, one in told.rows() if one}
