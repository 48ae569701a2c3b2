"""Rows in turn as one column of numbers, beside the same asked of each customer in plain Python."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts.packed import fits_packed
from retention_kit.metrics.base.periods import period_index
from retention_kit.smart_segments.definitions.lengths import EPOCH, microseconds, read_length
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.sequences import Sequence, Step
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.frame.evaluate import segment_table
from retention_kit.smart_segments.frame.given import given_tables
from retention_kit.smart_segments.frame.instants import as_instant, period_edges
from retention_kit.smart_segments.frame.turns import following, following_first
from retention_kit.smart_segments.lowered.spans import LastPeriods

DAY = 86_400_000_000
ZONE = "Europe/Berlin"
# Around a change of the clock in 2025, and the turn of 1970, where instants change their sign.
INSTANTS = st.sampled_from((20_356 * DAY, -2 * DAY)).flatmap(
    lambda start: st.integers(0, 16).map(lambda quarter: start + quarter * DAY // 4)
)
ROWS = st.lists(st.tuples(st.sampled_from((-128, -1, 0, 1, 127)), INSTANTS), max_size=14)
LENGTHS = st.sampled_from(("1d", "12h", "2d", "1mo"))


FARTHEST = {pl.Int8: (-128, -1, 0, 127), pl.Int64: (-(2**63), 2**63 - 1), pl.UInt64: (0, 2**64 - 1)}


def table(rows, dtype=pl.Int8):
    return pl.LazyFrame(rows, schema={"customer_id": dtype, "t": pl.Int64}, orient="row")


def until(at, length):
    clock = (EPOCH + dt.timedelta(microseconds=at)).astimezone(ZoneInfo(ZONE))
    return microseconds(read_length("within", length).after(clock, ZoneInfo(ZONE)))


@given(matches=ROWS, rows=ROWS, length=LENGTHS)
def test_rows_follow_any_of_the_earlier_matches_of_their_customer(matches, rows, length):
    found = following(
        table(matches),
        table(rows),
        read_length("within", length),
        at="t",
        zone=ZONE,
        id_type=pl.Int8(),
    )
    wanted = [
        (who, at)
        for who, at in rows
        if any(who == other and t < at < until(t, length) for other, t in matches)
    ]
    assert found.collect_schema() == table([]).collect_schema()
    assert sorted(found.collect().rows()) == sorted(wanted)


@given(rows=ROWS, length=st.none() | LENGTHS)
def test_rows_follow_the_first_of_their_customer(rows, length):
    given_length = None if length is None else read_length("within", length)
    found = following_first(table(rows), given_length, at="t", zone=ZONE, id_type=pl.Int8())
    first = {who: min(at for other, at in rows if other == who) for who, _ in rows}
    wanted = [
        (who, at)
        for who, at in rows
        if first[who] < at and (length is None or at < until(first[who], length))
    ]
    assert found.collect_schema() == table([]).collect_schema()
    assert sorted(found.collect().rows()) == sorted(wanted)


@pytest.mark.parametrize("dtype", FARTHEST)
def test_the_farthest_customers_are_kept_apart_before_1970_too(dtype):
    rows = [(who, day * DAY) for day in (5, -5, 2, -3) for who in FARTHEST[dtype]]
    kept = {"at": "t", "zone": ZONE, "id_type": dtype()}
    length = read_length("within", "4d")
    following_any = following(table(rows, dtype), table(rows, dtype), length, **kept)
    after_first = following_first(table(rows, dtype), length, **kept)
    for found, days in ((following_any, (-3, 5)), (after_first, (-3,))):
        wanted = [(who, day * DAY) for who in FARTHEST[dtype] for day in days]
        assert found.collect_schema() == table([], dtype).collect_schema()
        assert found.sort("customer_id", "t").collect().rows() == wanted


def test_ids_that_leave_no_room_for_an_instant_do_not_fit():
    assert not any(fits_packed(one) for one in (pl.Int128(), pl.String(), pl.Categorical()))
    assert all(fits_packed(one()) for one in FARTHEST)


def shop(zone, as_of):
    orders = pl.LazyFrame(
        {"order_id": [1], "customer_id": [1], "ordered_at": [as_of], "amount": [1]},
        schema_overrides={"ordered_at": pl.Datetime("us", zone), "amount": pl.Decimal(18, 4)},
    )
    return given_tables({"orders": orders}, as_of=as_of, taken=None, conditions=())


@pytest.mark.parametrize("zone", ["Europe/Moscow", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("every", ["1d", "1w", "1mo", "1q"])
@pytest.mark.parametrize("current", [False, True])
def test_periods_begin_where_their_numbers_change(zone, every, current):
    as_of = dt.datetime(2025, 4, 10, 15, tzinfo=ZoneInfo(zone))
    edges = period_edges(LastPeriods(every, 14, current), shop(zone, as_of))
    instants = pl.Series([edge + shift for edge in edges for shift in (-1, 0)])
    numbers = (
        pl.select(period_index(as_instant(pl.lit(instants), zone), every)).to_series().to_list()
    )
    before, begun = numbers[:-2:2], numbers[1:-2:2]
    assert [last + 1 for last in before] == begun
    assert all(one + 1 == other for one, other in pairwise(begun))
    assert len(begun) == 14
    assert numbers[-2] == begun[-1]
    if current:
        assert edges[-1] == microseconds(as_of)
    else:
        running = pl.select(period_index(pl.lit(as_of), every)).item()
        assert numbers[-2:] == [running - 1, running]


def test_a_clock_that_shows_a_midnight_twice_has_no_edges():
    # Until 2011 clocks in Newfoundland went back at one minute past midnight.
    zone = "America/St_Johns"
    as_of = dt.datetime(2010, 11, 20, tzinfo=ZoneInfo(zone))
    given_shop = shop(zone, as_of)
    assert period_edges(LastPeriods("1d", 30, current=False), given_shop) is None
    assert period_edges(LastPeriods("1mo", 3, current=False), given_shop) is not None


SHOP = st.lists(
    st.tuples(st.integers(1, 3), INSTANTS, st.integers(1, 3), st.sampled_from(("sale", "return"))),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("which", ["any", "first"])
@given(rows=SHOP, length=LENGTHS, large=st.booleans())
def test_a_sequence_is_found_alike_whatever_ids_are(which, rows, length, large):
    where = (Where(column="amount", operator="at_least", value=2),) if large else ()
    steps = (Step(rows=Rows(where=where)), Step(rows=Rows(), within=length))
    segment = Segment(name="again", condition=Sequence(steps=steps, which=which))
    orders = pl.LazyFrame(
        [(number, *row) for number, row in enumerate(rows)],
        schema={
            "order_id": pl.Int64,
            "customer_id": pl.Int64,
            "ordered_at": pl.Int64,
            "amount": pl.Decimal(18, 4),
            "kind": pl.String,
        },
        orient="row",
    ).with_columns(pl.col("ordered_at").cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(ZONE))
    as_of = dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(ZONE))
    numbered, written = (
        segment_table(
            orders.with_columns(pl.col("customer_id").cast(dtype)), segments=[segment], as_of=as_of
        )
        .with_columns(pl.col("customer_id").cast(pl.Int64))
        .sort("customer_id")
        .collect()
        .rows()
        for dtype in (pl.Int64, pl.String)
    )
    wanted = []
    for who in sorted({row[0] for row in rows}):
        sales = sorted(row[1:3] for row in rows if row[0] == who and row[3] == "sale")
        begun = [at for at, amount in sales if amount >= 2 or not large]
        begun = begun[:1] if which == "first" else begun
        found = any(one < at < until(one, length) for one in begun for at, _ in sales)
        wanted.append((who, found))
    assert numbered == written == wanted
