"""Sales as one number each: the tables made of them are those made by joining and counting."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retention_kit.metrics import cohort_totals, customer_periods, retention_totals
from retention_kit.metrics.base.sales_in_turn import fits_one_number
from retention_kit.metrics.retention.counts import retention_totals_of

ZONE = "America/New_York"
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
SCHEMA = {
    "order_id": pl.Int64,
    "customer_id": pl.Int64,
    "ordered_at": pl.Datetime("us", ZONE),
    "amount": pl.Decimal(18, 4),
}
IDS = st.sampled_from([-(2**63), -1, 0, 1, 2, 2**63 - 2, 2**63 - 1])
FARTHEST = {pl.Int64: (-(2**63), 2**63 - 1), pl.UInt64: (0, 2**63 - 1, 2**63, 2**64 - 1)}
LARGE = Decimal("99999999999999.9999")
AMOUNTS = st.one_of(
    st.none(),
    st.sampled_from([LARGE, -LARGE, Decimal("-0.0001"), Decimal("109951162.7776")]),
    st.integers(0, 10_000).map(lambda units: Decimal(units) / 10_000),
)
HOURS = st.one_of(st.integers(0, 24 * 400), st.integers(0, 24 * 400).map(lambda at: at - at % 24))


def table(rows: list[tuple[int, int, Decimal]]) -> pl.LazyFrame:
    numbered = [
        (number, who, START + dt.timedelta(hours=hours), amount)
        for number, (who, hours, amount) in enumerate(rows)
    ]
    return pl.LazyFrame(numbered, schema=SCHEMA, orient="row")


sales = st.lists(st.tuples(IDS, HOURS, AMOUNTS), max_size=25).map(table)
moments = st.one_of(
    st.integers(24, 24 * 420).map(lambda hours: START + dt.timedelta(hours=hours)),
    st.integers(1, 12).map(lambda month: dt.datetime(2024, month, 1, tzinfo=ZoneInfo(ZONE))),
)
CALENDAR = st.sampled_from(
    [
        ("1mo", None),
        ("1mo", "3mo"),
        ("1mo", "1q"),
        ("1w", "2w"),
        ("1d", "3d"),
        ("1d", "2w"),
        ("1q", "1y"),
        ("1y", None),
    ]
)
TWICE_LARGE = table([(1, 10, LARGE), (1, 20, Decimal(1)), (1, 900, LARGE), (2, 5, -LARGE)])


@given(sales, moments, CALENDAR)
@example(TWICE_LARGE, START + dt.timedelta(days=70), ("1mo", None))
@example(TWICE_LARGE, START + dt.timedelta(hours=30), ("1d", "1w"))
def test_retention_is_that_of_the_customers_periods(orders, as_of, calendar):
    every, within = calendar
    assert fits_one_number(orders, as_of=as_of)
    periods = customer_periods(orders, as_of=as_of, every=every)
    asked = {"as_of": as_of, "every": every, "active_within": within}
    joined = retention_totals_of(periods, **asked).collect()
    assert retention_totals(orders, **asked).collect().sort("period").equals(joined.sort("period"))


@given(sales, moments, st.sampled_from(["1d", "1w", "1mo", "1q", "1y"]))
@example(TWICE_LARGE, START + dt.timedelta(days=70), "1mo")
def test_cohorts_are_those_of_one_group(orders, as_of, every):
    one_group = orders.with_columns(pl.lit("all").alias("group"))
    joined = cohort_totals(one_group, as_of=as_of, every=every, by="group").drop("group")
    totals = cohort_totals(orders, as_of=as_of, every=every)
    keys = ("cohort", "period")
    assert totals.sort(keys).collect().equals(joined.sort(keys).collect())


@pytest.mark.parametrize("dtype", [pl.String, pl.UInt64, pl.Int32, pl.UInt8])
def test_other_ids_give_the_same_tables(dtype):
    orders = table([(1, 10, Decimal(5)), (1, 2_000, LARGE), (2, 30, Decimal(7)), (2, 31, LARGE)])
    other = orders.with_columns(pl.col("customer_id").cast(dtype))
    as_of = START + dt.timedelta(days=120)
    for function, keys in ((retention_totals, ["period"]), (cohort_totals, ["cohort", "period"])):
        numbers, others = (
            function(frame, as_of=as_of).sort(keys).collect() for frame in (orders, other)
        )
        assert numbers.equals(others)


@pytest.mark.parametrize("dtype", FARTHEST)
def test_the_farthest_customers_before_1970_are_counted_as_any(dtype):
    hours = [-24 * 365 * 60, -24 * 365 * 60 + 800, -24 * 365 * 53, 10]
    farthest, near = (
        pl.LazyFrame(
            [
                (number * 10 + place, who, START + dt.timedelta(hours=at), LARGE)
                for place, who in enumerate(ids)
                for number, at in enumerate(hours)
            ],
            schema={**SCHEMA, "customer_id": dtype},
            orient="row",
        )
        for ids in (FARTHEST[dtype], range(len(FARTHEST[dtype])))
    )
    as_of = START + dt.timedelta(days=120)
    assert fits_one_number(farthest, as_of=as_of)
    for function, keys in ((retention_totals, ["period"]), (cohort_totals, ["cohort", "period"])):
        found, wanted = (
            function(frame, as_of=as_of, every="1y").sort(keys).collect()
            for frame in (farthest, near.with_columns(pl.col("customer_id").cast(pl.String)))
        )
        assert found.height > 1
        assert found.equals(wanted)


def test_amounts_of_more_digits_do_not_fit_and_are_summed_otherwise():
    orders = table([(1, 10, LARGE), (1, 2_000, LARGE)])
    as_of = START + dt.timedelta(days=120)
    wide = orders.with_columns(pl.col("amount").cast(pl.Decimal(38, 4)))
    assert not fits_one_number(wide, as_of=as_of)
    revenue = [
        retention_totals(frame, as_of=as_of).sort("period").collect()["revenue"].to_list()
        for frame in (orders, wide)
    ]
    assert revenue[0] == revenue[1] == [LARGE, Decimal(0), LARGE, Decimal(0)]
