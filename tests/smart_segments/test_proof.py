"""Whole segments over whole shops, drawn: both evaluators agree, and the laws of segments hold.

How many are drawn is a multiple of the profile's number; the nightly profile draws thousands:
`HYPOTHESIS_PROFILE=nightly pytest tests/smart_segments/test_proof.py --hypothesis-show-statistics`.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import polars as pl
import pydantic
import pytest
from hypothesis import HealthCheck, Phase, event, find, given, settings
from hypothesis import strategies as st

from retention_kit.contracts import tables
from retention_kit.smart_segments.definitions.base import All, AnyOf, Not
from retention_kit.smart_segments.definitions.counting import EventCount
from retention_kit.smart_segments.definitions.customers import Member
from retention_kit.smart_segments.definitions.moments import FirstEvent
from retention_kit.smart_segments.definitions.plugins import ConditionSpec, PluginCondition
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment, segment_schema
from retention_kit.smart_segments.definitions.sequences import Same, Sequence, Step, Without
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import Since
from retention_kit.smart_segments.frame.evaluate import segment_members, segment_table
from retention_kit.smart_segments.person.compiled import compile_segment
from retention_kit.testing import (
    SegmentCase,
    customer_rows_of,
    instants,
    prove,
    segment_cases,
    segments,
    shops,
)

pytestmark = pytest.mark.once

KINDS = (
    "event_count",
    "event_aggregate",
    "sequence",
    "end_event",
    "attribute",
    "anniversary",
    "regularity",
    "lapsed",
    "reactivated",
    "score",
    "member",
    "consent",
    "message_engagement",
    "bucket",
    "plugin",
)
TABLES = ("orders", "order_items", "customers", "consents", "events")
VALIDATOR = jsonschema.Draft202012Validator(segment_schema())


class SpentSettings(pydantic.BaseModel):
    """The settings of a plugin's condition."""

    at_least: int
    if_nothing: bool | None = None


def _spent_of_all(
    asked: SpentSettings, tables: Mapping[str, pl.LazyFrame], as_of: dt.datetime, zone: str
) -> pl.LazyFrame:
    at = pl.lit(as_of).dt.convert_time_zone(zone).cast(pl.Datetime("us", zone))
    spent = pl.col("amount").sum() >= asked.at_least
    return (
        tables["orders"]
        .filter(pl.col("ordered_at") < at, pl.col("customer_id").is_not_null())
        .group_by("customer_id")
        .agg(
            pl.when(pl.col("amount").sum() == 0)
            .then(pl.lit(asked.if_nothing, dtype=pl.Boolean))
            .otherwise(spent)
            .alias("result")
        )
    )


def _spent_of_one(
    asked: SpentSettings, rows: Mapping[str, Any], as_of: dt.datetime, zone: str
) -> bool | None:
    # Of two instants in one zone Python would compare the clocks.
    until = as_of.timestamp()
    orders = [one for one in rows["orders"] if one["ordered_at"].timestamp() < until]
    if not orders:
        return None
    spent = sum(one["amount"] for one in orders)
    return asked.if_nothing if spent == 0 else bool(spent >= asked.at_least)


SPENT = ConditionSpec(
    name="example.spent",
    summary="what all orders, whatever their status, add up to",
    distribution="example-conditions",
    settings=SpentSettings,
    frame=_spent_of_all,
    person=_spent_of_one,
    sentence=lambda asked, language: f"{language}: {asked.at_least}",
    absent=None,
)
PLUGINS = st.builds(
    lambda least, nothing: PluginCondition(
        name="example.spent",
        distribution="example-conditions",
        settings={"at_least": least, "if_nothing": nothing},
    ),
    st.sampled_from((0, 1, 40)),
    st.sampled_from((None, True, False)),
)


def times(share: float) -> settings:
    """Draw so many times the number of examples that the profile says."""
    return settings(
        max_examples=max(2, round(settings.default.max_examples * share)),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def cases(**arguments: Any) -> st.SearchStrategy[SegmentCase]:
    return segment_cases(plugins=PLUGINS, specs=(SPENT,), **arguments)


def by_frame(case: SegmentCase, *, lazy: bool = False, **changed: Any) -> dict[Any, list[Any]]:
    """What the frame evaluator says of everybody, in the order of the segments."""
    arguments = {"segments": case.segments, "as_of": case.as_of, **case.besides}
    tables = {name: frame.lazy() if lazy else frame for name, frame in case.tables.items()}
    table = segment_table(**tables, **{**arguments, "unknown": "keep", **changed}).lazy().collect()
    assert table["customer_id"].is_unique().all()
    return {who: list(told) for who, *told in table.rows()}


def by_person(case: SegmentCase) -> dict[Any, list[Any]]:
    """What the evaluator of one customer says of each of them."""
    compiled = [
        compile_segment(one, unknown="keep", **{**case.besides, "others": _handed_in(case, one)})
        for one in case.segments
    ]
    rows = customer_rows_of(case.tables, case.time_zone)
    return {who: [one.is_member(own, case.as_of) for one in compiled] for who, own in rows.items()}


def _handed_in(case: SegmentCase, own: Segment) -> tuple[Segment, ...]:
    return (*case.others, *(one for one in case.segments if one != own))


def note(case: SegmentCase, answers: Mapping[Any, list[Any]]) -> None:
    """Count for the statistics what was asked, and what came of it."""
    for kind in {one.TYPE for segment in case.segments for one in segment.conditions()}:
        event(f"asked: {kind}")
    for answer in {one for told in answers.values() for one in told}:
        event(f"answered: {answer}")


class TestTheTwoEvaluators:
    @times(5)
    @given(case=cases())
    def test_agree_on_every_customer(self, case):
        people, everybody = by_person(case), by_frame(case)
        note(case, everybody)
        assert everybody == {who: people[who] for who in everybody}
        # Who is of no population is in no segment.
        strangers = people.keys() - everybody.keys()
        assert {who: people[who] for who in strangers} == {
            who: [False] * len(case.segments) for who in strangers
        }

    @pytest.mark.parametrize("kind", KINDS)
    @times(0.5)
    @given(data=st.data())
    def test_agree_on_each_kind_of_condition(self, kind, data):
        case = data.draw(cases(kinds=(kind,), max_segments=4, max_depth=1))
        people, everybody = by_person(case), by_frame(case)
        note(case, everybody)
        assert everybody == {who: people[who] for who in everybody}

    @times(0.5)
    @given(data=st.data())
    def test_agree_where_a_zone_repeats_an_hour_and_leaves_one_out(self, data):
        zone = data.draw(st.sampled_from(("Europe/London", "Australia/Lord_Howe")))
        kinds = ("sequence", "event_count", "end_event", "lapsed", "regularity", "anniversary")
        case = data.draw(cases(time_zone=zone, kinds=kinds))
        people, everybody = by_person(case), by_frame(case)
        assert everybody == {who: people[who] for who in everybody}

    @times(1)
    @given(case=cases(kinds=("bucket",), max_segments=1, max_depth=0))
    def test_agree_on_what_still_counts_after_returns(self, case):
        asked = tuple(
            Segment(
                name=f"{least} {source}{' net' if net else ''}",
                condition=EventCount(rows=Rows(source=source, net=net), at_least=least),
            )
            for least in (1, 2, 3, 5)
            for source in ("orders", "order_items")
            for net in (False, True)
        )
        counted = replace(case, segments=asked)
        people, everybody = by_person(counted), by_frame(counted)
        event(f"returns count: {any(told[::2] != told[1::2] for told in everybody.values())}")
        assert everybody == {who: people[who] for who in everybody}

    @times(3)
    @given(case=cases(kinds=("bucket",), max_segments=1, max_depth=0))
    def test_agree_on_what_is_the_same_in_two_steps(self, case):
        people, everybody = (
            answer(replace(case, segments=_of_the_same())) for answer in (by_person, by_frame)
        )
        event(f"found: {any(True in told for told in everybody.values())}")
        assert everybody == {who: people[who] for who in everybody}

    @times(0.5)
    @given(case=cases(max_segments=1), unknown=st.sampled_from(("exclude", "include", "keep")))
    def test_take_unknown_as_they_are_told(self, case, unknown):
        (segment,) = case.segments
        told = by_frame(case, unknown=unknown)
        compiled = compile_segment(segment, unknown=unknown, **case.besides)
        rows = customer_rows_of(case.tables, case.time_zone)
        assert told == {who: [compiled.is_member(rows[who], case.as_of)] for who in told}


class TestTheFrameEvaluator:
    @times(0.5)
    @given(case=cases(), parts=st.integers(2, 5), seed=st.integers(0, 99))
    def test_keeps_the_law_of_what_is_customer_local(self, case, parts, seed):
        arguments = {"segments": case.segments, "as_of": case.as_of, **case.besides}
        for unknown in ("keep", "exclude"):
            whole = {**arguments, "unknown": unknown}
            prove(segment_table, case.tables, parts=parts, arguments=whole, seed=seed)

    @times(0.5)
    @given(case=cases(max_segments=1), data=st.data())
    def test_keeps_the_law_where_it_finds_members(self, case, data):
        (segment,) = case.segments
        arguments = {
            "segment": segment,
            "as_of": case.as_of,
            "unknown": data.draw(st.sampled_from(("exclude", "include", "keep"))),
            "values": data.draw(st.booleans()),
            **case.besides,
        }
        parts, seed = data.draw(st.integers(2, 5)), data.draw(st.integers(0, 99))
        prove(segment_members, case.tables, parts=parts, arguments=arguments, seed=seed)

    @times(1)
    @given(case=cases(max_segments=1), engine=st.sampled_from(("in-memory", "streaming")))
    def test_finds_the_members_that_the_whole_table_tells(self, case, engine):
        (segment,) = case.segments
        told = {who: one for who, (one,) in by_frame(case, lazy=True).items()}
        wanted = {
            "exclude": {who for who, one in told.items() if one},
            "include": {who for who, one in told.items() if one is not False},
            "keep": {(who, one) for who, one in told.items() if one is not False},
        }
        for unknown, members in wanted.items():
            found = segment_members(
                **{name: frame.lazy() for name, frame in case.tables.items()},
                segment=segment,
                as_of=case.as_of,
                unknown=unknown,
                **case.besides,
            ).collect(engine=engine)
            rows = found.rows() if unknown == "keep" else found["customer_id"].to_list()
            assert len(rows) == len(members)
            assert set(rows) == members

    @times(2.5)
    @given(case=cases(kinds=("sequence",), max_segments=2, max_depth=1))
    def test_finds_the_members_where_two_sequences_are_joined(self, case):
        a, b = case.segments[0].condition, case.segments[-1].condition
        for condition in (All(conditions=(a, b)), All(conditions=(b, a))):
            both = replace(case, segments=(Segment(name="Both", condition=condition),))
            told = by_frame(both)
            found = segment_members(
                **case.tables, segment=both.segments[0], as_of=case.as_of, **case.besides
            )
            members = {who for who, (one,) in told.items() if one}
            assert sorted(found["customer_id"]) == sorted(members)

    @times(0.5)
    @given(case=cases(max_segments=4))
    def test_says_of_many_segments_what_it_says_of_each_alone(self, case):
        together = by_frame(case)
        for place, segment in enumerate(case.segments):
            alone = by_frame(case, segments=(segment,), others=_handed_in(case, segment))
            assert alone == {who: [told[place]] for who, told in together.items()}

    @times(0.5)
    @given(case=cases())
    def test_says_the_same_where_columns_that_are_never_filled_are_absent(self, case):
        wanted = by_frame(case)
        fewer = {name: _without_empty_columns(name, one) for name, one in case.tables.items()}
        changed = replace(case, tables=fewer)
        assert by_frame(changed) == wanted
        people = by_person(changed)
        assert {who: people[who] for who in wanted} == wanted


class TestBothEvaluators:
    @times(0.5)
    @given(case=cases(), data=st.data())
    def test_do_not_see_what_happens_at_or_after_the_instant_of_observation(self, case, data):
        seed = data.draw(st.integers(0, 99))
        more = {
            name: _with_later_rows(name, frame, case.as_of, seed)
            for name, frame in case.tables.items()
        }
        later = replace(
            case,
            tables=more,
            taken={name: (*when, case.as_of) for name, when in case.taken.items()},
        )
        wanted = by_frame(case)
        assert by_frame(later) == wanted
        people = by_person(later)
        assert {who: people[who] for who in wanted} == wanted

    @times(0.5)
    @given(case=cases(), zone=st.sampled_from((dt.UTC, dt.timezone(dt.timedelta(hours=-9)))))
    def test_give_the_same_where_the_instant_stands_in_another_zone(self, case, zone):
        elsewhere = replace(case, as_of=case.as_of.astimezone(zone))
        assert by_frame(elsewhere) == by_frame(case)
        assert by_person(elsewhere) == by_person(case)


class TestThreeValuedLogic:
    @pytest.mark.parametrize("answer", [by_frame, by_person])
    @times(0.5)
    @given(case=cases(max_segments=2, max_depth=1))
    def test_keeps_the_laws_of_de_morgan(self, answer, case):
        a, b = case.segments[0].condition, case.segments[-1].condition
        pairs = [
            (Not(condition=All(conditions=(a, b))), AnyOf(conditions=(_no(a), _no(b)))),
            (Not(condition=AnyOf(conditions=(a, b))), All(conditions=(_no(a), _no(b)))),
            (_no(_no(a)), a),
            (All(conditions=(a, b)), All(conditions=(b, a))),
            (AnyOf(conditions=(a, All(conditions=(a, b)))), a),
        ]
        population = case.segments[0].population
        asked = tuple(
            Segment(name=f"{side}{place}", condition=condition, population=population)
            for place, pair in enumerate(pairs)
            for side, condition in zip("lr", pair, strict=True)
        )
        told = answer(replace(case, segments=asked))
        for row in told.values():
            assert row[::2] == row[1::2]


class TestTime:
    @times(0.5)
    @given(data=st.data())
    def test_takes_back_no_count_that_was_reached(self, data):
        case = data.draw(cases(kinds=("event_count",), max_segments=1, max_depth=0))
        rows = _that_stay(case.segments[0].condition.rows)
        segment = Segment(name="n", condition=EventCount(rows=rows, at_least=1))
        self._stays(case, segment, data.draw(instants(time_zone=case.time_zone)))

    @times(0.5)
    @given(data=st.data())
    def test_takes_back_no_first_event_of_a_window_that_is_over(self, data):
        case = data.draw(cases(kinds=("end_event",), max_segments=1, max_depth=0))
        condition = case.segments[0].condition
        rows = _that_stay(condition.rows)
        until = data.draw(instants(time_zone=case.time_zone)).astimezone(dt.UTC)
        window = Since(start=until - dt.timedelta(days=400), until=until)
        first = FirstEvent(rows=rows, window=window, has=_that_stay_true(condition.has))
        early, late = sorted((case.as_of.astimezone(dt.UTC), until))
        over = replace(case, as_of=late)
        assert early <= late
        segment = Segment(name="f", condition=first)
        self._stays(over, segment, data.draw(instants(time_zone=case.time_zone)))

    @times(0.5)
    @given(data=st.data())
    def test_takes_back_no_membership_that_ever_was(self, data):
        case = data.draw(cases(kinds=("member",), max_segments=1, max_depth=0))
        segment = Segment(name="m", condition=Member(segment="Alpha", when="ever"))
        self._stays(case, segment, data.draw(instants(time_zone=case.time_zone)))

    def _stays(self, case: SegmentCase, segment: Segment, other: dt.datetime) -> None:
        early, late = sorted((case.as_of.astimezone(dt.UTC), other.astimezone(dt.UTC)))
        for answer in (by_frame, by_person):
            before, after = (
                answer(replace(case, as_of=at, segments=(segment,))) for at in (early, late)
            )
            kept = {who for who, (told,) in before.items() if told}
            assert all(after[who] == [True] for who in kept)


class TestTheDefinition:
    @times(1)
    @given(segment=segments())
    def test_comes_back_from_json_and_fits_the_published_schema(self, segment):
        text = segment.to_json()
        VALIDATOR.validate(json.loads(text))
        back = Segment.from_json(text)
        assert back == segment
        assert hash(back) == hash(segment)
        assert back.to_json() == text

    @times(0.5)
    @given(case=cases(max_segments=1))
    def test_means_the_same_when_it_comes_back_from_json(self, case):
        back = tuple(Segment.from_json(one.to_json()) for one in case.segments)
        assert by_frame(case, segments=back) == by_frame(case)

    def test_is_drawn_of_every_kind(self):
        """The suite is worth what it draws: each kind of condition and each answer turns up."""
        wanted = {*KINDS, "all", "any", "not", "first_event", "last_event"} - {"end_event"}
        seen: set[Any] = set()

        def all_are_seen(case: SegmentCase) -> bool:
            seen.update(one.TYPE for own in case.segments for one in own.conditions())
            return seen >= wanted

        quick = settings(max_examples=500, database=None, derandomize=True, phases=[Phase.generate])
        find(cases(), all_are_seen, settings=quick)


class TestTheRowsOfEachCustomer:
    @times(0.5)
    @given(shop=shops(TABLES))
    def test_are_all_the_rows_of_the_tables(self, shop):
        people = customer_rows_of(shop.tables, shop.time_zone)
        for table in ("orders", "order_items", "events", "consents"):
            rows = [row for own in people.values() for row in own[table]]
            frame = pl.DataFrame(rows, schema=shop.tables[table].schema)
            assert frame.sort(pl.all()).equals(
                shop.tables[table].filter(pl.col("customer_id").is_not_null()).sort(pl.all())
            )
        known = {own["customer_id"] for own in people.values() if own["customer"] is not None}
        assert known == set(shop.tables["customers"]["customer_id"])
        assert all(own["customer_id"] == who for who, own in people.items())


def _of_the_same() -> tuple[Segment, ...]:
    """Sequences of two things that have something in common, which some rows do not have."""
    pairs = (
        ("events", "events", "product_id"),
        ("events", "order_items", "product_id"),
        ("order_items", "order_items", "category"),
        ("orders", "orders", "channel"),
    )
    found = []
    for which in ("any", "first", "last"):
        for one, other, column in pairs:
            then = Step(rows=Rows(source=other), same=(Same(column=column),))
            not_then = Without(rows=Rows(source=other), same=(Same(column=column),))
            first = Rows(source=one)
            # What is the same as itself would never match.
            kinds = {"then": (Step(rows=first), then)}
            if one != other:
                kinds["not then"] = (Step(rows=first, without=(not_then,)),)
            found += [
                Segment(
                    name=f"{which} of {one}, {name} {other} of one {column}",
                    condition=Sequence(steps=steps, which=which),
                )
                for name, steps in kinds.items()
            ]
    return tuple(found)


def _that_stay(rows: Rows) -> Rows:
    """Leave out what later takes back: returns, and windows that move with the observation."""
    return Rows(source=rows.source, where=_that_stay_true(rows.where))


def _that_stay_true(where: tuple[Where, ...]) -> tuple[Where, ...]:
    return tuple(one for one in where if one.operator != "during")


def _no(condition: Any) -> Not:
    return Not(condition=condition)


def _without_empty_columns(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out what a table describes, need not have, and has no value in."""
    if name not in tables.TABLES:
        return frame
    optional = {one.name for one in tables.TABLES[name].columns.values() if not one.required}
    empty = [one for one in optional & {*frame.columns} if frame[one].null_count() == frame.height]
    return frame.drop(empty)


_INSTANTS = {
    "orders": "ordered_at",
    "order_items": "ordered_at",
    "events": "occurred_at",
    "consents": "decided_at",
    "snapshots": "as_of",
}


def _with_later_rows(name: str, frame: pl.DataFrame, as_of: dt.datetime, seed: int) -> pl.DataFrame:
    """Repeat all rows at the instant of observation and after it, under new ids of orders."""
    if name not in _INSTANTS:
        return frame
    column = _INSTANTS[name]
    after = pl.lit(as_of.astimezone(dt.UTC)).dt.convert_time_zone(frame[column].dtype.time_zone)
    later = frame.with_columns(
        (after + pl.duration(days=(pl.int_range(pl.len()) + seed) % 3))
        .cast(frame[column].dtype)
        .alias(column)
    )
    if "order_id" in frame.columns and name != "events":
        fresh = pl.col("order_id") + (
            1_000 if frame["order_id"].dtype.is_integer() else pl.lit("+")
        )
        later = later.with_columns(fresh)
    return pl.concat([frame, later])
