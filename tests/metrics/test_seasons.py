"""Seasonality: how often each month, weekday and hour came, where clocks change as well."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts import Dataset
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.errors import DefinitionError
from retention_kit.metrics.orders.seasons import seasonality, seasonality_totals
from retention_kit.metrics.orders.totals import order_totals
from retention_kit.testing import shops

LONDON = "Europe/London"
AFTER_ALL = dt.datetime(2030, 1, 1, tzinfo=ZoneInfo(LONDON))


def at(text: str, zone: str = LONDON) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def orders(*rows: tuple, zone: str = LONDON) -> pl.LazyFrame:
    columns = ("order_id", "customer_id", "ordered_at", "amount", "channel")
    return Dataset.from_frames(
        orders=[dict(zip(columns, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=zone,
        currency="GBP",
    ).orders


SHOP = (
    (1, 1, "2025-01-06 10:00", 100, "shop"),  # a Monday
    (2, 1, "2025-02-03 10:30", 200, "site"),
    (3, 2, "2025-02-09 00:10", 50, "site"),  # a Sunday
    (4, 2, "2025-02-10 12:00", -20, "site"),
)


def season(table, as_of, data_from, unit, zone=LONDON, by=()) -> pl.DataFrame:
    totals = seasonality_totals(table, as_of=as_of, unit=unit, by=by)
    return seasonality(
        totals, as_of=as_of, time_zone=zone, data_from=data_from, unit=unit
    ).collect()


def came(data_from, as_of, unit, zone=LONDON) -> dict[int, float]:
    got = season(orders(*SHOP, zone=zone).clear(), as_of, data_from, unit, zone)
    return dict(got.select("slot", "occurrences").rows())


def test_sales_stand_under_the_clock_of_the_shop_and_returns_under_none():
    table, as_of = orders(*SHOP), at("2025-03-01")
    for unit, want in (
        ("month", {1: 1, 2: 2}),
        ("weekday", {1: 2, 7: 1}),
        ("hour", {0: 1, 10: 2}),
    ):
        totals = seasonality_totals(table, as_of=as_of, unit=unit).collect()
        assert dict(totals.select("slot", "orders").rows()) == want


def test_every_slot_is_there_with_zeros():
    table, as_of = orders(*SHOP), at("2025-03-01")
    for unit, slots in (("month", range(1, 13)), ("weekday", range(1, 8)), ("hour", range(24))):
        got = season(table, as_of, dt.date(2025, 1, 1), unit)
        assert got["slot"].to_list() == list(slots)
        assert got["orders"].sum() == 3
        assert got["revenue"].sum() == Decimal(350)


def test_the_index_is_1_on_average():
    got = season(orders(*SHOP), at("2025-03-01"), dt.date(2025, 1, 1), "month")
    assert got["index"].to_list()[:3] == [1 / 1.5, 2 / 1.5, None]
    weekdays = season(orders(*SHOP), at("2025-02-20"), dt.date(2025, 1, 3), "weekday")
    weighed = (weekdays["index"] * weekdays["occurrences"]).sum() / weekdays["occurrences"].sum()
    assert weighed == pytest.approx(1)


def test_part_of_a_month_counts_in_part():
    got = came(dt.date(2023, 12, 1), at("2024-12-11"), "month")
    assert got[12] == 1 + 10 / 31
    assert [got[month] for month in range(1, 12)] == [1.0] * 11
    assert came(dt.date(2024, 2, 15), at("2024-02-20"), "month")[2] == 5 / 29


def test_weekdays_are_counted_and_part_of_one_in_part():
    # 2025-01-06 is a Monday; the last day is a Thursday of which 6 hours had passed.
    got = came(dt.date(2025, 1, 6), at("2025-01-16 06:00"), "weekday")
    assert got == {1: 2, 2: 2, 3: 2, 4: 1.25, 5: 1, 6: 1, 7: 1}


def test_an_hour_that_is_skipped_did_not_come_and_one_there_twice_came_twice():
    spring = came(dt.date(2025, 3, 30), at("2025-03-31"), "hour")
    assert spring == {**dict.fromkeys(range(24), 1.0), 1: 0.0}
    autumn = came(dt.date(2025, 10, 26), at("2025-10-27"), "hour")
    assert autumn == {**dict.fromkeys(range(24), 1.0), 1: 2.0}
    # Both days are one Sunday each, of 23 and of 25 hours.
    assert came(dt.date(2025, 3, 30), at("2025-03-31"), "weekday")[7] == 1
    assert came(dt.date(2025, 10, 26), at("2025-10-27"), "weekday")[7] == 1


def test_half_an_hour_of_daylight_saving_is_half_an_hour():
    zone = "Australia/Lord_Howe"  # on 5 April 2026 clocks went from 02:00 back to 01:30
    got = came(dt.date(2026, 4, 5), at("2026-04-06", zone), "hour", zone)
    assert got == {**dict.fromkeys(range(24), 1.0), 1: 1.5}


def test_a_day_without_midnight_and_a_day_that_never_was():
    santiago = "America/Santiago"  # on 8 September 2024 clocks went from 00:00 to 01:00
    got = came(dt.date(2024, 9, 8), at("2024-09-09", santiago), "hour", santiago)
    assert got == {**dict.fromkeys(range(24), 1.0), 0: 0.0}
    apia = "Pacific/Apia"  # there was no Friday, 30 December 2011
    got = came(dt.date(2011, 12, 26), at("2012-01-02", apia), "weekday", apia)
    assert got == {**dict.fromkeys(range(1, 8), 1.0), 5: 0.0}


def test_an_hour_is_cut_by_the_instant_of_observation():
    got = came(dt.date(2025, 1, 6), at("2025-01-06 02:45"), "hour")
    assert (got[0], got[1], got[2], got[3]) == (1, 1, 0.75, 0)


def test_before_the_data_begin_nothing_came():
    got = season(orders(*SHOP), at("2025-03-01"), dt.date(2025, 3, 5), "month")
    assert got["occurrences"].sum() == 0
    assert got["orders_per_occurrence"].null_count() == got["index"].null_count() == 12


@given(
    st.dates(dt.date(2020, 1, 1), dt.date(2022, 1, 1)),
    st.integers(0, 1_000 * 24),
    st.sampled_from([LONDON, "Australia/Lord_Howe", "America/Santiago", "UTC"]),
)
def test_hours_that_came_are_all_the_hours_that_passed(data_from, hours, zone):
    start = dt.datetime.combine(data_from, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)
    as_of = (start + dt.timedelta(hours=hours)).astimezone(ZoneInfo(zone))
    assert sum(came(data_from, as_of, "hour", zone).values()) == pytest.approx(hours)


@given(shops(("orders",)), st.sampled_from(["month", "weekday", "hour"]))
def test_slots_and_groups_add_up_to_all_sales(shop, unit):
    frame = shop.tables["orders"]
    whole = order_totals(frame, as_of=AFTER_ALL).select("orders", "revenue")
    for by in ((), "channel"):
        parts = seasonality_totals(frame, as_of=AFTER_ALL, unit=unit, by=by)
        assert parts.select(pl.col("orders", "revenue").sum()).equals(whole)
    slots = {"month": "%m", "weekday": "%u", "hour": "%H"}
    totals = seasonality_totals(frame, as_of=AFTER_ALL, unit=unit)
    for slot, count in totals.select("slot", "orders").rows():
        sold = [
            row
            for row in frame.to_dicts()
            if row["kind"] != "return" and row["status"] in (None, "completed")
        ]
        assert count == sum(int(row["ordered_at"].strftime(slots[unit])) == slot for row in sold)


def test_groups_have_an_index_of_their_own():
    got = season(orders(*SHOP), at("2025-03-01"), dt.date(2025, 1, 1), "month", by="channel")
    assert got.height == 24
    shop = got.filter(pl.col("channel") == "shop")
    assert shop["index"].to_list()[:2] == [2.0, 0.0]


def test_a_unit_that_is_none_is_refused():
    with pytest.raises(DefinitionError, match="'unit'"):
        seasonality_totals(orders(*SHOP), as_of=AFTER_ALL, unit="week")


def test_online_retail_sold_most_in_november_and_never_on_a_saturday():
    shop, data_from = online_retail(), dt.date(2010, 12, 1)
    months = season(shop.orders, ONLINE_RETAIL_AS_OF, data_from, "month")
    assert months.sort("index", descending=True)["slot"].first() == 11
    assert months["orders"].sum() == 18_532
    weekdays = season(shop.orders, ONLINE_RETAIL_AS_OF, data_from, "weekday")
    assert weekdays.filter(pl.col("orders") == 0)["slot"].to_list() == [6]
