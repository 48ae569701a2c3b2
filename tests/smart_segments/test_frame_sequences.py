"""Sequences over tables against a search through all rows, and by eye where it is subtle."""

import datetime as dt
from itertools import product
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.lengths import EPOCH, microseconds, read_length
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.sequences import Same, Sequence, Step, Without
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import AllTime, Last
from retention_kit.smart_segments.frame.evaluate import segment_members, segment_table
from retention_kit.smart_segments.frame.instants import is_passed, moved
from retention_kit.smart_segments.lowered.checks import IsTrue
from retention_kit.smart_segments.lowered.facts import Found
from retention_kit.smart_segments.lowered.lowering import lower

ZONE = "Europe/London"
LONDON = ZoneInfo(ZONE)
NOON = dt.datetime(2025, 3, 28, 12, tzinfo=LONDON)  # two days before the clocks change
AS_OF = NOON + dt.timedelta(days=6)
HOUR = dt.timedelta(hours=1)
NAMES = "abc"


def named(name: str) -> Rows:
    return Rows(source="events", where=(Where(column="name", value=name),))


def table(rows) -> pl.LazyFrame:
    """Events of name, hours after noon, product and campaign; all of one customer."""
    return pl.LazyFrame(
        {
            "customer_id": [1] * len(rows),
            "name": [row[0] for row in rows],
            "occurred_at": [NOON.astimezone(dt.UTC) + row[1] * HOUR for row in rows],
            "product_id": [row[2] for row in rows],
            "campaign": [row[3] for row in rows],
        },
        schema={
            "customer_id": pl.Int64,
            "name": pl.String,
            "occurred_at": pl.Datetime("us", "UTC"),
            "product_id": pl.Int64,
            "campaign": pl.String,
        },
    )


def told(rows, sequence, as_of=AS_OF):
    orders = pl.LazyFrame(
        {"order_id": [1], "customer_id": [1], "ordered_at": [NOON], "amount": [1]},
        schema_overrides={"ordered_at": pl.Datetime("us", ZONE)},
    )
    segment = Segment(name="found", condition=sequence)
    frame = segment_table(
        orders, events=table(rows), segments=[segment], as_of=as_of, unknown="keep"
    )
    return dict(frame.collect().rows())[1]


def searched(rows, sequence, as_of=AS_OF):
    """Try every row for every step, as the docstring of `Sequence` reads."""
    keyed = [
        {
            "name": row[0],
            "at": microseconds(NOON) + row[1] * 3_600_000_000,
            "product_id": row[2],
            "campaign": row[3],
        }
        for row in rows
    ]
    now = microseconds(as_of)
    keyed = [row for row in keyed if row["at"] < now]
    start, end = sequence.window.bounds(as_of, LONDON)

    def are_of(which):
        return [row for row in keyed if row["name"] == which.where[0].value]

    def agree(row, sames, chosen):
        return all(
            row[same.column] is not None and row[same.column] == chosen[same.step][same.of_column]
            for same in sames
        )

    def after(at, text):
        return microseconds(
            read_length("x", text).after(EPOCH + dt.timedelta(microseconds=at), LONDON)
        )

    def stopped(place, chosen, until, *, included):
        at = chosen[place]["at"]
        return any(
            agree(row, without.same, chosen)
            and at <= row["at"]
            and (row["at"] <= until if included else row["at"] < until)
            for without in sequence.steps[place].without
            for row in are_of(without.rows)
        )

    def inside(row):
        return (start is None or start <= row["at"]) and row["at"] < end

    firsts = are_of(sequence.steps[0].rows)
    if sequence.among == "window":
        firsts = [row for row in firsts if inside(row)]
    if sequence.which != "any" and firsts:
        best = (min if sequence.which == "first" else max)(row["at"] for row in firsts)
        firsts = [row for row in firsts if row["at"] == best]
    firsts = [row for row in firsts if inside(row)]
    found = set()
    for chosen in product(firsts, *(are_of(step.rows) for step in sequence.steps[1:])):
        fits = True
        for place, step in enumerate(sequence.steps):
            if not place:
                continue
            before, row = chosen[place - 1], chosen[place]
            fits = fits and before["at"] < row["at"] and agree(row, step.same, chosen)
            fits = fits and (step.within is None or row["at"] < after(before["at"], step.within))
            fits = fits and not stopped(place - 1, chosen, row["at"], included=True)
        if not fits:
            continue
        last = chosen[-1]["at"]
        ends = now if sequence.quiet_for is None else after(last, sequence.quiet_for)
        if stopped(len(chosen) - 1, chosen, min(ends, now), included=False):
            continue
        found.add("complete" if ends <= now else sequence.unfinished)
    if found & {"complete", "yes"}:
        return True
    return None if "unknown" in found else False


ROWS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from((0, 1, 2, 23, 24, 25, 36, 47, 48, 49, 71, 72)),
        st.sampled_from((None, 1, 2)),
        st.sampled_from((None, "x", "y")),
    ),
    max_size=8,
)
LENGTHS = st.sampled_from(("1h", "1d", "2d", "25h", "1d1h"))


@st.composite
def sames(draw, below):
    return tuple(
        draw(
            st.lists(
                st.builds(
                    Same,
                    column=st.sampled_from(("product_id", "campaign")),
                    step=st.integers(0, below - 1),
                ),
                max_size=2,
            )
        )
        if below
        else ()
    )


@st.composite
def sequences(draw):
    count = draw(st.integers(1, 3))
    steps = []
    for place in range(count):
        must = count == 1
        name = draw(st.sampled_from(NAMES))
        without = []
        for _ in range(draw(st.integers(int(must), 2))):
            same = draw(sames(place + 1))
            # Where nothing tells it apart, the row of the step itself would be what stops it.
            other = draw(st.sampled_from(NAMES if same else NAMES.replace(name, "")))
            without.append(Without(rows=named(other), same=same))
        steps.append(
            Step(
                rows=named(name),
                within=draw(st.none() | LENGTHS) if place else None,
                same=draw(sames(place)),
                without=tuple(without),
            )
        )
    which = draw(st.sampled_from(("any", "first", "last")))
    return Sequence(
        steps=tuple(steps),
        window=draw(st.sampled_from((AllTime(), Last(length="5d"), Last(length="100h")))),
        which=which,
        among=draw(st.sampled_from(("window", "all"))) if which != "any" else "window",
        quiet_for=draw(st.none() | LENGTHS) if steps[-1].without else None,
        unfinished=draw(st.sampled_from(("no", "yes", "unknown"))),
    )


@given(ROWS, sequences(), st.sampled_from((AS_OF, NOON + 49 * HOUR, NOON + 72 * HOUR)))
def test_a_sequence_is_found_where_a_search_through_all_rows_finds_it(rows, sequence, as_of):
    assert told(rows, sequence, as_of) is searched(rows, sequence, as_of)


@given(
    st.integers(-400, 400),
    st.sampled_from(("1d", "2d", "1mo", "1mo1d", "3h", "1y")),
    st.integers(-3, 3),
    st.sampled_from((ZONE, "Australia/Lord_Howe", "Pacific/Apia")),
)
def test_an_instant_is_moved_as_a_length_moves_it(hours, text, more, zone):
    length = read_length("x", text)
    clocks = {ZONE: (2025, 3, 30, 1), "Australia/Lord_Howe": (2025, 4, 5, 15)}
    near = dt.datetime(*clocks.get(zone, (2011, 12, 30, 10)), tzinfo=dt.UTC)
    at = near + hours * HOUR / 2
    wanted = microseconds(length.after(at, ZoneInfo(zone)))
    frame = pl.DataFrame({"at": [microseconds(at)], "later": [wanted + more]})
    got = frame.select(
        moved(pl.col("at"), length, zone),
        is_passed(pl.col("at"), length, pl.col("later"), zone).alias("passed"),
    )
    assert got.row(0) == (wanted, more >= 0)


class TestByEye:
    def test_a_shorter_month_lets_an_earlier_row_reach_further(self):
        # 30 January 23:00 and a month is 28 February 23:00; 31 January 01:00 and a month 01:00.
        start = dt.datetime(2025, 1, 30, 23, tzinfo=LONDON)
        late = dt.datetime(2025, 2, 28, 12, tzinfo=LONDON)
        rows = [
            ("a", (start - NOON) // HOUR, 1, None),
            ("a", (start - NOON) // HOUR + 2, 1, None),
            ("b", (late - NOON) // HOUR, 1, None),
        ]
        steps = (Step(rows=named("a")), Step(rows=named("b"), within="1mo"))
        assert told(rows, Sequence(steps=steps)) is True
        assert told(rows[1:], Sequence(steps=steps)) is False

    def test_what_a_step_has_in_common_is_carried_past_one_that_has_nothing(self):
        steps = (
            Step(rows=named("a")),
            Step(rows=named("b")),
            Step(rows=named("c"), same=("product_id",)),
        )
        assert told([("a", 0, 1, "x"), ("b", 1, 9, "y"), ("c", 2, 1, "z")], Sequence(steps=steps))
        rows = [("a", 0, 1, "x"), ("a", 0, 2, "x"), ("b", 1, 1, "y"), ("c", 2, 2, "z")]
        assert told(rows, Sequence(steps=steps)) is True
        rows = [("a", 0, 1, "x"), ("b", 1, 2, "y"), ("a", 2, 2, "x"), ("c", 3, 2, "z")]
        assert told(rows, Sequence(steps=steps)) is False

    def test_the_last_of_several_that_nothing_may_follow_is_two_instants_and_no_search(self):
        step = Step(rows=named("a"), without=(Without(rows=named("b")),))
        simple = Sequence(steps=(step,), which="last")
        assert not isinstance(lower(simple), IsTrue)
        searched_for = Sequence(steps=(step,), which="last", quiet_for="2d")
        assert lower(searched_for) == IsTrue(Found(searched_for))

    def test_columns_that_are_never_equal_are_refused(self):
        same = Same(column="campaign", of="product_id")
        steps = (Step(rows=named("a")), Step(rows=named("b"), same=(same,)))
        with pytest.raises(DefinitionError, match="columns of one kind"):
            told([], Sequence(steps=steps))


def test_two_sequences_of_one_segment_do_not_mix():
    near = Sequence(steps=(Step(rows=named("a")), Step(rows=named("b"), within="2h")))
    far = Sequence(steps=(Step(rows=named("a")), Step(rows=named("b"), within="9h")))
    orders = pl.LazyFrame(
        {"order_id": [1], "customer_id": [1], "ordered_at": [NOON], "amount": [1]},
        schema_overrides={"ordered_at": pl.Datetime("us", ZONE)},
    )
    events = table([("a", 0, None, None), ("b", 5, None, None)])
    for condition, is_member in (
        (near & far, False),
        (far & near, False),
        (far & ~near, True),
        (~near & far, True),
    ):
        segment = Segment(name="s", condition=condition)
        found = segment_members(orders, events=events, segment=segment, as_of=AS_OF).collect()
        assert (found.height == 1) is is_member, condition


@pytest.mark.parametrize(("which", "found"), [("last", False), ("first", True)])
def test_the_end_that_has_nothing_to_refer_to_is_the_end_all_the_same(which, found):
    rows = [("a", 0, 5, None), ("a", 1, None, None), ("b", 9, 5, None)]
    steps = (Step(rows=named("a")), Step(rows=named("b"), same="product_id"))
    for among in ("window", "all"):
        assert told(rows, Sequence(steps=steps, which=which, among=among)) is found
