"""Periods of instants looked up by day: the same as the clock of the zone says, everywhere."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.metrics import cohort_totals
from retention_kit.metrics.base.local_periods import local_day, period_number
from retention_kit.metrics.base.periods import Every, period_index

UNTIL = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
ZONES = (
    "UTC",
    "Europe/Moscow",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/St_Johns",
)
QUARTER_HOUR = 900_000_000
LATEST = 1_735_689_600_000_000


def instants(microseconds: list[int], zone: str) -> pl.DataFrame:
    at = pl.Series("at", microseconds, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    return at.dt.convert_time_zone(zone).to_frame()


def both(frame: pl.DataFrame, zone: str, every: Every) -> pl.DataFrame:
    return (
        frame.lazy()
        .select(
            period_number(pl.col("at"), every, zone=zone, until=UNTIL).alias("looked_up"),
            period_index(pl.col("at"), every).alias("asked"),
        )
        .collect(engine="streaming")
    )


# About the changes of a clock and of a day, for these are at whole quarters of an hour.
near = st.builds(
    lambda quarter, beside: quarter * QUARTER_HOUR + beside,
    st.integers(0, LATEST // QUARTER_HOUR - 1),
    st.sampled_from([-1, 0, 1]),
)
anywhere = st.integers(-62_135_500_000_000_000, LATEST - 1)


@given(
    st.lists(st.one_of(near, anywhere), min_size=1, max_size=50),
    st.sampled_from(ZONES),
    st.sampled_from(["1d", "1w", "1mo", "1q", "1y"]),
)
def test_periods_are_those_that_the_clock_shows(microseconds, zone, every):
    numbers = both(instants(microseconds, zone), zone, every)
    assert numbers["looked_up"].to_list() == numbers["asked"].to_list()


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Pacific/Apia", "2011-12-30T10:00"),  # the 30th was left out
        ("America/St_Johns", "2009-11-01T02:31"),  # back across midnight, into October
        ("Europe/Moscow", "1981-03-31T21:00"),  # the month began at one o'clock
        ("Africa/Monrovia", "1972-01-07T00:44:30"),
        ("Australia/Lord_Howe", "2024-04-06T15:00"),
    ],
)
def test_hours_around_a_strange_night_are_in_the_right_periods(zone, around):
    middle = int(dt.datetime.fromisoformat(around).replace(tzinfo=dt.UTC).timestamp())
    minutes = [(middle + minute * 60) * 1_000_000 for minute in range(-1_600, 1_600)]
    frame = instants(minutes, zone)
    for every in ("1d", "1w", "1mo"):
        numbers = both(frame, zone, every)
        assert numbers["looked_up"].equals(numbers["asked"])
    days = frame.select(local_day(pl.col("at"), zone=zone, until=UNTIL)).to_series()
    assert days.dtype == pl.Date
    assert days.to_list() == frame["at"].dt.date().to_list()


def test_an_instant_that_is_not_known_has_no_period():
    frame = pl.DataFrame({"at": [None]}, schema={"at": pl.Datetime("us", "Europe/Moscow")})
    assert both(frame, "Europe/Moscow", "1mo").row(0) == (None, None)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_instants_of_any_unit_fall_in_the_same_periods(unit):
    orders = pl.LazyFrame(
        {
            "order_id": [1, 2, 3],
            "customer_id": [1, 1, 2],
            "ordered_at": [
                dt.datetime(2024, 1, 31, 20, 30, tzinfo=dt.UTC),
                dt.datetime(2024, 1, 31, 21, 30, tzinfo=dt.UTC),
                dt.datetime(2024, 3, 1, tzinfo=dt.UTC),
            ],
            "amount": [1, 2, 3],
        }
    ).with_columns(
        pl.col("amount").cast(pl.Decimal(18, 4)),
        pl.col("ordered_at").dt.cast_time_unit(unit).dt.convert_time_zone("Europe/Moscow"),
    )
    totals = cohort_totals(orders, as_of=dt.datetime(2024, 4, 1, tzinfo=dt.UTC))
    assert totals.select("cohort", "period", "orders").sort(pl.all()).collect().rows() == [
        (dt.date(2024, 1, 1), 0, 1),
        (dt.date(2024, 1, 1), 1, 1),
        (dt.date(2024, 3, 1), 0, 1),
    ]
