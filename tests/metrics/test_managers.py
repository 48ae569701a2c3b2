"""Managers: whose customers are whose, and what becomes of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings

from retention_kit import Dataset, DefinitionError, repeat_purchase_totals
from retention_kit.metrics.base.intervals import wilson_interval
from retention_kit.metrics.orders.people_in_charge import manager_performance, manager_totals
from retention_kit.testing import shops

ZONE = ZoneInfo("Europe/London")
AS_OF = dt.datetime(2025, 7, 1, tzinfo=ZONE)
SINCE = dt.datetime(2025, 4, 1, tzinfo=ZONE)
EXAMPLE = (
    (1, 1, "2025-01-05", 100, "Ann"),
    (2, 1, "2025-05-05", 300, "Bo"),
    (3, 2, "2025-02-05", 50, "Bo"),
    (4, 3, "2025-02-01", 80, "Ann"),
    (5, 3, "2025-03-01", 70, "Ann"),
    (6, 3, "2025-05-01", -20, "Bo"),
    (7, 4, "2025-06-01", 10, None),
)


def orders(*rows: tuple) -> pl.LazyFrame:
    names = ("order_id", "customer_id", "ordered_at", "amount", "manager")
    return Dataset.from_frames(
        orders=[dict(zip(names, row, strict=True)) for row in rows],
        negative_amounts="return",
        date_format="iso8601",
        time_zone="Europe/London",
        currency="GBP",
    ).orders


def totals(*rows: tuple, **more) -> dict:
    given = {"as_of": AS_OF, "since": SINCE, **more}
    table = manager_totals(orders(*rows), **given).collect()
    return {row["manager"]: row for row in table.to_dicts()}


def test_a_customer_stands_with_the_manager_of_the_last_sale_and_a_return_moves_nobody():
    by_name = totals(*EXAMPLE)
    assert {name: row["customers"] for name, row in by_name.items()} == {"Ann": 1, "Bo": 2, None: 1}
    assert by_name["Bo"]["revenue"] == Decimal(450)
    assert by_name["Bo"]["repeat_revenue"] == Decimal(300)
    assert by_name["Ann"]["repeat_orders"] == 1
    assert by_name["Ann"]["net_revenue"] == Decimal(130)


def test_of_two_last_sales_at_one_instant_the_greater_id_counts():
    tied = [("b", 1, "2025-05-05", 1, "Bo"), ("a", 1, "2025-05-05", 1, "Ann")]
    assert set(totals(*tied)) == {"Bo"}
    assert set(totals((2, 1, "2025-05-05", 1, "Bo"), (1, 1, "2025-05-05", 1, "Ann"))) == {"Bo"}


def test_who_was_a_customer_at_the_start_and_still_is_was_retained():
    by_name = totals(*EXAMPLE)
    assert (by_name["Bo"]["start_customers"], by_name["Bo"]["retained"]) == (2, 1)
    assert (by_name["Ann"]["start_customers"], by_name["Ann"]["retained"]) == (1, 0)
    assert (by_name[None]["start_customers"], by_name[None]["retained"]) == (0, 0)
    narrow = totals(*EXAMPLE, active_within="30d")
    assert (narrow["Bo"]["start_customers"], narrow["Ann"]["start_customers"]) == (0, 0)
    wide = totals(*EXAMPLE, active_within="1y")
    assert (wide["Ann"]["start_customers"], wide["Ann"]["retained"]) == (1, 1)


def test_value_before_is_of_those_who_had_bought_by_then():
    table = manager_totals(orders(*EXAMPLE), as_of=AS_OF, since=SINCE)
    rows = {row["manager"]: row for row in manager_performance(table).collect().to_dicts()}
    bo = rows["Bo"]
    assert (bo["lifetime_value_before"], bo["lifetime_value"]) == (75.0, 225.0)
    assert bo["lifetime_value_growth"] == 2.0
    assert rows["Ann"]["lifetime_value_growth"] == pytest.approx(130 / 150 - 1)
    assert rows[None]["lifetime_value_before"] is None
    assert rows[None]["lifetime_value_growth"] is None
    assert rows[None]["customer_retention_rate"] is None


def test_managers_come_by_repeat_revenue_greatest_first():
    table = manager_performance(manager_totals(orders(*EXAMPLE), as_of=AS_OF, since=SINCE))
    assert table.collect()["manager"].to_list() == ["Bo", "Ann", None]
    assert table.collect()["share_of_repeat_sales"].to_list() == [300 / 450, 70 / 150, 0.0]


def test_intervals_are_those_of_wilson():
    table = manager_totals(orders(*EXAMPLE), as_of=AS_OF, since=SINCE)
    row = manager_performance(table, confidence=0.95).collect().row(0, named=True)
    low, high = wilson_interval(1, 2)
    assert row["repeat_purchase_rate_low"] == pytest.approx(low)
    assert row["customer_retention_rate_high"] == pytest.approx(high)


def test_orders_without_managers_are_nobodys():
    table = orders(*EXAMPLE).drop("manager")
    rows = manager_totals(table, as_of=AS_OF, since=SINCE).collect()
    assert rows.select("manager", "customers").rows() == [(None, 4)]


def test_the_time_to_compare_with_must_be_before():
    for since in (AS_OF, AS_OF + dt.timedelta(days=1)):
        with pytest.raises(DefinitionError) as caught:
            manager_totals(orders(*EXAMPLE), as_of=AS_OF, since=since)
        assert caught.value.parameter == "since"
    with pytest.raises(DefinitionError, match="with a time zone"):
        manager_totals(orders(*EXAMPLE), as_of=AS_OF, since=dt.datetime(2025, 4, 1))


def test_a_window_that_is_no_length_is_refused():
    with pytest.raises(DefinitionError) as caught:
        manager_totals(orders(*EXAMPLE), as_of=AS_OF, since=SINCE, active_within="12h")
    assert caught.value.parameter == "active_within"


@settings(max_examples=min(30, settings.default.max_examples))
@given(shops(("orders",)))
def test_managers_equal_counting_by_hand_and_add_up_to_the_whole(shop):
    zone = ZoneInfo(shop.time_zone)
    as_of, since = (
        dt.datetime(*day, tzinfo=zone).astimezone(dt.UTC) for day in ((2012, 3, 1), (2011, 9, 1))
    )
    length = as_of - since
    lives = defaultdict(list)
    for row in shop.tables["orders"].sort("ordered_at", "order_id").to_dicts():
        if row["status"] in (None, "completed") and row["ordered_at"].astimezone(dt.UTC) < as_of:
            lives[row["customer_id"]].append(row)
    wanted = defaultdict(lambda: [0, 0, Decimal(0), Decimal(0), 0, Decimal(0), 0, 0])
    for rows in lives.values():
        sales = [row for row in rows if row["kind"] != "return"]
        if not sales:
            continue
        at = [row["ordered_at"].astimezone(dt.UTC) for row in sales]
        cell = wanted[sales[-1]["manager"]]
        cell[0] += 1
        cell[1] += len(sales) > 1
        cell[2] += sum(row["amount"] for row in sales[1:])
        cell[3] += sum(row["amount"] for row in rows)
        if at[0] < since:
            cell[4] += 1
            cell[5] += sum(
                row["amount"] for row in rows if row["ordered_at"].astimezone(dt.UTC) < since
            )
        start = any(since - length <= one < since for one in at)
        cell[6] += start
        cell[7] += start and any(one >= since for one in at)
    table = shop.tables["orders"]
    got = manager_totals(table, as_of=as_of, since=since)
    columns = (
        "customers",
        "repeat_customers",
        "repeat_revenue",
        "net_revenue",
        "customers_before",
        "net_revenue_before",
        "start_customers",
        "retained",
    )
    assert {row["manager"]: [row[name] for name in columns] for row in got.to_dicts()} == wanted
    whole = repeat_purchase_totals(table, as_of=as_of).row(0)
    assert (got["customers"].sum(), got["repeat_customers"].sum()) == whole


def test_an_instant_in_the_hour_that_comes_twice_may_lie_before_the_other():
    zone = ZoneInfo("America/Santiago")
    # On 7 May 2011 the hour from 23:00 came twice; the first of them is the earlier one.
    since = dt.datetime(2011, 5, 7, 23, 59, 59, tzinfo=zone)
    as_of = dt.datetime(2011, 5, 7, 23, 0, tzinfo=zone, fold=1)
    orders = pl.LazyFrame(
        {"order_id": [1], "customer_id": [1], "ordered_at": [since], "amount": ["10"]}
    ).with_columns(
        pl.col("ordered_at").cast(pl.Datetime("us", "America/Santiago")),
        pl.col("amount").cast(pl.Decimal(18, 4)),
        manager=pl.lit("Ann"),
    )
    totals = manager_totals(orders, as_of=as_of, since=since).collect()
    assert totals["customers"].to_list() == [1]
