"""Lifetime value four ways: the worked example, horizons, reasons, and adding by hand."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit import Dataset, DefinitionError
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.metrics.economics.lifetime import lifetime_value, value_totals
from retention_kit.testing import shops

ZONE = "Europe/Moscow"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(ZONE))


def orders(*rows: tuple, **more) -> pl.LazyFrame:
    """Orders of (customer_id, day of 2025, amount, margin)."""
    names = ("customer_id", "ordered_at", "amount", "margin")
    return Dataset.from_frames(
        orders=[
            {
                "order_id": place,
                **dict(zip(names, (row[0], f"2025-{row[1]}", *row[2:]), strict=False)),
                **{name: values[place] for name, values in more.items()},
            }
            for place, row in enumerate(rows)
        ],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=ZONE,
        currency="RUB",
    ).orders


def ways(table: pl.LazyFrame, *, by=(), totals_horizon=None, **more) -> dict:
    totals = value_totals(table, as_of=AS_OF, horizon=totals_horizon, by=by)
    values = lifetime_value(totals, horizon=totals_horizon, **more).collect()
    return {row["method"]: row for row in values.to_dicts()}


def test_1_500_times_2_orders_is_3_000():
    rows = [(who, f"0{month}-05", 1_500) for who in (1, 2) for month in (1, 3)]
    by_way = ways(orders(*rows))
    assert by_way["aov_orders"]["value"] == 3_000.0
    assert by_way["historic"]["value"] == 3_000.0
    assert by_way["aov_orders"]["customers"] == 2


def test_the_four_ways_differ_as_they_should():
    table = orders((1, "01-05", 1_000, 400), (1, "02-05", 2_000, 900), (1, "02-09", -500, -200))
    by_way = ways(
        table,
        orders_per_period=0.5,
        churn_per_period=0.1,
        acquisition_cost=300,
        retention_cost=50,
    )
    assert {name: row["value"] for name, row in by_way.items()} == {
        "historic": 2_500.0,
        "aov_orders": 3_000.0,
        "aov_frequency_lifespan": pytest.approx(1_500 * 0.5 / 0.1),
        "profit": 1_100.0 - 350.0,
    }
    assert [row["basis"] for row in by_way.values()] == ["revenue"] * 3 + ["margin"]
    assert all(row["reason"] is None for row in by_way.values())


def test_what_cannot_be_told_is_null_with_the_reason():
    by_way = ways(orders((1, "01-05", 1_000)), acquisition_cost=10)
    assert by_way["aov_frequency_lifespan"]["reason"] == "no_frequency"
    assert by_way["profit"]["reason"] == "no_margin"
    assert by_way["profit"]["value"] is None
    priced = orders((1, "01-05", 1_000, 400))
    by_way = ways(priced, orders_per_period=1.5, churn_per_period=0.0)
    assert by_way["aov_frequency_lifespan"]["reason"] == "no_churn"
    assert by_way["aov_frequency_lifespan"]["value"] is None
    assert by_way["profit"]["reason"] == "no_costs"


def test_nobody_is_worth_nothing_known():
    by_way = ways(orders((1, "01-05", -10)), orders_per_period=1.0, churn_per_period=0.5)
    assert {row["reason"] for row in by_way.values()} == {"no_customers"}
    assert {row["value"] for row in by_way.values()} == {None}


def test_of_a_horizon_customers_whose_time_has_not_run_out_do_not_count():
    table = orders((1, "01-05", 100), (1, "02-04", 20), (1, "02-05", 40), (2, "05-10", 900))
    totals = value_totals(table, as_of=AS_OF, horizon="1mo").collect().row(0, named=True)
    assert (totals["customers"], totals["complete_customers"]) == (2, 1)
    assert (totals["orders"], totals["revenue"]) == (2, Decimal(120))
    assert ways(table, totals_horizon="1mo")["historic"]["value"] == 120.0
    assert ways(table, totals_horizon="1mo")["historic"]["horizon"] == "1mo"


def test_a_horizon_that_ends_with_the_day_before_the_instant_is_complete():
    table = orders((1, "05-02", 100))
    for horizon, complete in (("30d", 1), ("31d", 0)):
        totals = value_totals(table, as_of=AS_OF, horizon=horizon).collect()
        assert totals["complete_customers"].item() == complete


def test_a_month_from_the_31st_ends_with_february():
    table = orders((1, "01-31", 100), (1, "02-27 23:59", 1), (1, "02-28", 10))
    totals = value_totals(table, as_of=AS_OF, horizon="1mo").collect()
    assert totals["revenue"].item() == Decimal(101)


@pytest.mark.parametrize("horizon", ["12h", "1.5mo", "", "mo", "0d", 90])
def test_a_horizon_that_is_no_length_is_refused(horizon):
    with pytest.raises(DefinitionError) as caught:
        value_totals(orders((1, "01-05", 1)), as_of=AS_OF, horizon=horizon)
    assert caught.value.parameter == "horizon"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("churn_per_period", 1.5),
        ("churn_per_period", -0.1),
        ("orders_per_period", float("nan")),
        ("acquisition_cost", float("inf")),
        ("retention_cost", -1.0),
        ("orders_per_period", True),
    ],
)
def test_a_number_that_cannot_be_is_refused(name, value):
    totals = value_totals(orders((1, "01-05", 1)), as_of=AS_OF)
    with pytest.raises(DefinitionError) as caught:
        lifetime_value(totals, **{name: value})
    assert caught.value.parameter == name


def test_groups_are_those_of_the_first_sale():
    table = orders((1, "01-05", 100), (1, "02-05", 50), (2, "01-05", 7), channel=["a", "b", None])
    totals = value_totals(table, as_of=AS_OF, by="channel").collect()
    shown = totals.select("channel", "customers", "net_revenue")
    assert sorted(shown.rows(), key=str) == [("a", 1, Decimal(150)), (None, 1, Decimal(7))]
    values = lifetime_value(totals)
    assert values.height == 8
    assert values.columns[0] == "channel"


def test_historic_value_of_the_real_shop_is_its_net_revenue_per_customer():
    shop = online_retail()
    totals = value_totals(shop.orders, as_of=ONLINE_RETAIL_AS_OF).collect().row(0, named=True)
    assert totals["customers"] == totals["complete_customers"] == 4_338
    assert (totals["orders"], totals["revenue"]) == (18_532, Decimal("8911407.9040"))


@settings(max_examples=min(40, settings.default.max_examples))
@given(shops(("orders",)), st.sampled_from([None, 1, 30, 400]))
def test_sums_within_a_horizon_equal_adding_by_hand(shop, days):
    zone = ZoneInfo(shop.time_zone)
    as_of = dt.datetime(2012, 3, 1, tzinfo=zone)
    lives = defaultdict(list)
    for row in shop.tables["orders"].sort("ordered_at", "order_id").to_dicts():
        if (
            row["status"] in (None, "completed")
            and row["ordered_at"].timestamp() < as_of.timestamp()
        ):
            lives[row["customer_id"]].append(row)
    wanted = [0, 0, 0, Decimal(0), Decimal(0)]
    for rows in lives.values():
        sales = [row for row in rows if row["kind"] != "return"]
        if not sales:
            continue
        wanted[0] += 1
        first = sales[0]["ordered_at"].date()
        end = dt.date.max if days is None else first + dt.timedelta(days=days)
        if days is not None and end > as_of.date():
            continue
        wanted[1] += 1
        within = [row for row in rows if row["ordered_at"].date() < end]
        wanted[2] += sum(row["kind"] != "return" for row in within)
        wanted[3] += sum(row["amount"] for row in within)
        wanted[4] += sum(row["margin"] or 0 for row in within)
    horizon = None if days is None else f"{days}d"
    got = value_totals(shop.tables["orders"], as_of=as_of, horizon=horizon)
    columns = ("customers", "complete_customers", "orders", "net_revenue", "margin")
    assert list(got.select(columns).row(0)) == wanted


@settings(max_examples=min(15, settings.default.max_examples))
@given(shops(("orders",)), st.sampled_from([None, "30d", "1y"]))
def test_groups_add_up_to_the_whole(shop, horizon):
    as_of = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
    table = shop.tables["orders"]
    whole = value_totals(table, as_of=as_of, horizon=horizon)
    split = value_totals(table, as_of=as_of, horizon=horizon, by=["channel", "promo_code"])
    assert split.drop("channel", "promo_code").sum().equals(whole)
