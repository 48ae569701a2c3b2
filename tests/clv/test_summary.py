"""The summary for the models: what is a purchase, when time ends, and what returns do."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.clv import clv_patterns, clv_summary
from retention_kit.testing import arguments_for
from retention_kit.testing import orders as drawn_orders

LONDON = "Europe/London"
DAY = dt.timedelta(days=1)


def at(text: str, zone: str = LONDON) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def orders(*rows: tuple, zone: str = LONDON) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount)."""
    names = ("order_id", "customer_id", "ordered_at", "amount")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in rows],
        date_format="iso8601",
        negative_amounts="return",
        time_zone=zone,
        currency="GBP",
    ).orders


def rows(table: pl.LazyFrame) -> list[tuple]:
    return table.drop("first_order_at").sort("customer_id").collect().rows()


AS_OF = at("2025-12-01")
SHOP = (
    (1, 1, "2025-01-01 10:00", 10),
    (2, 1, "2025-01-03 09:00", 20),
    (3, 1, "2025-01-03 21:00", 30),
    (4, 1, "2025-01-11 10:00", 40),
    (5, 2, "2025-11-30 23:59", 7),
)


def test_by_day_the_orders_of_a_day_are_one_purchase():
    found = clv_summary(orders(*SHOP), as_of=AS_OF)
    assert rows(found) == [(1, 2, 10.0, 333.0, 45.0), (2, 0, 0.0, 0.0, None)]


def test_by_order_each_is_one_and_time_is_what_has_passed():
    found = rows(clv_summary(orders(*SHOP), as_of=AS_OF, unit="order"))
    assert found[0] == (1, 3, 10.0, pytest.approx(333 + 14 / 24), 30.0)
    assert found[1] == (2, 0, 0.0, 1 / 1440, None)


def test_time_ends_on_the_last_day_before_the_instant_of_observation():
    shop = orders((1, 1, "2025-01-01 10:00", 10))
    ages = [
        clv_summary(shop, as_of=at(text)).collect()["T_days"].item()
        for text in ("2025-01-02", "2025-01-02 00:00:01", "2025-01-03")
    ]
    assert ages == [0.0, 1.0, 1.0]


def test_an_hour_that_comes_twice_and_one_that_is_missing_leave_days_whole():
    spring = orders((1, 1, "2025-03-29 12:00", 1), (2, 1, "2025-03-30 12:00", 1))
    assert rows(clv_summary(spring, as_of=at("2025-03-31")))[0][2:4] == (1.0, 1.0)
    by_order = rows(clv_summary(spring, as_of=at("2025-03-31"), unit="order"))
    assert by_order[0][2] == pytest.approx(23 / 24)
    autumn = orders((1, 1, "2025-10-25 12:00", 1), (2, 1, "2025-10-26 12:00", 1))
    assert rows(clv_summary(autumn, as_of=at("2025-10-27")))[0][2:4] == (1.0, 1.0)


def test_where_the_clock_goes_back_over_midnight_nobody_buys_after_the_end():
    # St John's set its clock back at one minute past midnight, to 23:01 of the day before.
    zone = "America/St_Johns"
    first = dt.datetime(2010, 11, 7, 2, 30, 30, tzinfo=dt.UTC)
    frame = pl.DataFrame(
        {
            "order_id": [1, 2],
            "customer_id": [1, 1],
            "ordered_at": [first - 3 * DAY, first],
            "amount": [1, 1],
        }
    )
    shop = Dataset.from_frames(orders=frame, time_zone=zone, currency="CAD").orders
    as_of = dt.datetime(2010, 11, 7, 2, 40, tzinfo=dt.UTC)
    found = clv_summary(shop, as_of=as_of).collect()
    assert found["t_x_days"].item() <= found["T_days"].item()


def test_the_first_of_two_orders_at_one_instant_is_that_of_the_smaller_id():
    shop = orders((2, 1, "2025-01-01", 20), (1, 1, "2025-01-01", 10))
    assert rows(clv_summary(shop, as_of=AS_OF, unit="order"))[0][1:] == (1, 0.0, 334.0, 20.0)


RETURNED = (
    (1, 1, "2025-01-01 10:00", 100),
    (2, 1, "2025-01-02 10:00", -5),
    (3, 1, "2025-02-01 10:00", 60),
    (4, 1, "2025-02-01 18:00", -20),
    (5, 1, "2025-03-01 10:00", 40),
    (6, 1, "2025-04-01 10:00", -90),
    (7, 2, "2025-01-01 10:00", 100),
    (8, 2, "2025-01-02 10:00", -100),
    (9, 3, "2025-01-02 10:00", -1),
)


def test_returns_are_no_purchases_and_are_ignored_unless_asked_for():
    found = rows(clv_summary(orders(*RETURNED), as_of=AS_OF))
    assert [(row[0], row[1], row[4]) for row in found] == [(1, 2, 50.0), (2, 0, None)]


@pytest.mark.parametrize("unit", ["day", "order"])
def test_returns_from_the_second_purchase_on_are_taken_off_the_repeat_purchases(unit):
    shop = orders(*RETURNED)
    found = rows(clv_summary(shop, as_of=AS_OF, unit=unit, returns="subtract"))
    assert [(row[0], row[1], row[4]) for row in found] == [(1, 2, -5.0), (2, 0, None)]
    earlier = rows(clv_summary(shop, as_of=at("2025-03-15"), unit=unit, returns="subtract"))
    assert earlier[0][4] == 40.0


def test_no_sales_give_no_rows_of_the_same_schema():
    shop = orders(*SHOP)
    whole, empty = (clv_summary(shop, as_of=moment) for moment in (AS_OF, at("2024-01-01")))
    assert empty.collect().height == 0
    assert empty.collect().schema == whole.collect_schema() == whole.collect().schema
    assert clv_patterns(shop, as_of=at("2024-01-01")).collect().height == 0


def test_ids_may_be_text():
    texts = orders(*SHOP).with_columns(pl.col("order_id", "customer_id").cast(pl.String))
    found = rows(clv_summary(texts, as_of=AS_OF, unit="order"))
    assert [row[1:] for row in found] == [
        row[1:] for row in rows(clv_summary(orders(*SHOP), as_of=AS_OF, unit="order"))
    ]


def test_what_is_not_allowed_says_what_is():
    shop = orders(*SHOP)
    with pytest.raises(DefinitionError, match="'week'.*Allowed: 'day' or 'order'"):
        clv_summary(shop, as_of=AS_OF, unit="week")
    with pytest.raises(DefinitionError, match="'net'.*Allowed: 'ignore' or 'subtract'"):
        clv_summary(shop, as_of=AS_OF, returns="net")
    with pytest.raises(DefinitionError, match="time zone"):
        clv_patterns(shop, as_of=dt.datetime(2025, 1, 1))
    with pytest.raises(MissingColumnError, match="amount"):
        clv_summary(shop.drop("amount"), as_of=AS_OF)


@given(st.data())
def test_the_summary_is_that_of_a_loop_over_customers(data):
    zone = data.draw(st.sampled_from(["UTC", LONDON, "America/Santiago"]))
    table = data.draw(drawn_orders(time_zone=zone))
    arguments = data.draw(arguments_for(clv_summary, time_zone=zone))
    arguments.pop("returns", None)
    found = clv_summary(table, **arguments)
    wanted = dict(looped(table, zone, **arguments))
    got = {row[0]: row[1:5] for row in found.iter_rows()}
    assert got.keys() == wanted.keys()
    for customer, values in wanted.items():
        assert got[customer][:3] == pytest.approx(values[:3], rel=1e-12)
        mean = values[3]
        assert got[customer][3] == (mean if mean is None else pytest.approx(mean, rel=1e-12))
    counted = Counter(values[:3] for values in got.values())
    patterns = clv_patterns(table, **arguments)
    assert {row[:3]: row[3] for row in patterns.iter_rows()} == counted


def looped(table, zone, *, as_of, unit="day"):
    zone = ZoneInfo(zone)
    by_customer: dict[object, list] = {}
    for row in table.iter_rows(named=True):
        is_sale = row.get("kind") in (None, "sale") and row.get("status") in (None, "completed")
        if is_sale and row["ordered_at"].timestamp() < as_of.timestamp():
            by_customer.setdefault(row["customer_id"], []).append(row)
    end = (as_of.astimezone(dt.UTC) - dt.timedelta(microseconds=1)).astimezone(zone).date()
    for customer, bought in by_customer.items():
        bought.sort(key=lambda row: (row["ordered_at"].timestamp(), row["order_id"]))
        if unit == "order":
            instants = [row["ordered_at"].astimezone(dt.UTC) for row in bought]
            spent = [Fraction(row["amount"]) for row in bought]
            last, age = instants[-1] - instants[0], as_of.astimezone(dt.UTC) - instants[0]
        else:
            days: dict[dt.date, Fraction] = {}
            for row in bought:
                day = row["ordered_at"].astimezone(zone).date()
                days[day] = days.get(day, Fraction(0)) + Fraction(row["amount"])
            spent = [days[day] for day in sorted(days)]
            last, age = max(days) - min(days), max(end, *days) - min(days)
        mean = float(sum(spent[1:]) / (len(spent) - 1)) if len(spent) > 1 else None
        yield customer, (len(spent) - 1, last / DAY, age / DAY, mean)
