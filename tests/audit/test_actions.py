"""What to do next: each rule fires at its threshold, for the money it says is at stake."""

from __future__ import annotations

import json
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.audit.actions import actions


def months(**columns) -> pl.DataFrame:
    """Thirteen months, the last of them cut short; columns are repeated, or given as lists."""
    given = {
        name: value if isinstance(value, list) else [value] * 13 for name, value in columns.items()
    }
    return pl.DataFrame({**given, "is_complete": [True] * 12 + [False]})


ORDER_VALUES = months(
    repeat_orders=10,
    repeat_average_order_value=50.0,
    first_orders=4,
    first_average_order_value=40.0,
)
RETENTION = months(new_customers=4)


def only(tables: dict[str, pl.DataFrame], rule: str) -> dict:
    (row,) = [row for row in actions(tables).to_dicts() if row["rule"] == rule]
    return {**row, **json.loads(row["parameters"])}


def fired(tables: dict[str, pl.DataFrame]) -> list[str]:
    return actions(tables)["rule"].to_list()


def views(sales: str, net: str, with_guests: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "view": ["sales", "net", "with_guests"],
            "orders": [100, 100, 130],
            "revenue": [Decimal(sales), Decimal(net), Decimal(with_guests)],
        }
    )


def test_one_in_ten_of_those_who_stopped_orders_once_more_at_their_own_average():
    totals = pl.DataFrame({"customers": [40], "net_revenue": [9000.0], "one_order_each": [3000.0]})
    row = only({"churned_totals": totals}, "call_churned")
    assert (row["money_at_stake"], row["customers"], row["net_revenue"]) == (300.0, 40, 9000.0)


def test_five_points_more_of_a_years_new_customers_buy_again():
    steps = pl.DataFrame({"order_number": [1, 2], "conversion": [0.25, 0.5]})
    tables = {"order_conversion": steps, "retention": RETENTION, "order_values": ORDER_VALUES}
    row = only(tables, "second_purchase")
    assert row["customers"] == 48, "twelve complete months, the unfinished one left out"
    assert row["money_at_stake"] == pytest.approx(0.05 * 48 * 50)


def test_one_in_ten_of_the_sleeping_orders_once_more():
    states = pl.DataFrame({"state": ["active", "sleeping"], "customers": [60, 40]})
    row = only({"lifecycle": states, "order_values": ORDER_VALUES}, "reactivate_sleeping")
    assert row["money_at_stake"] == pytest.approx(0.1 * 40 * 50)
    assert row["figure"] == pytest.approx(0.4)


def test_what_ifs_are_worth_what_they_say():
    what_if = pl.DataFrame(
        {
            "scenario": ["retention_plus_5_points", "average_order_value_plus_10_percent"],
            "change": [0.05, 0.1],
            "extra_customers": [12.4, None],
            "extra_revenue": [700.0, 900.0],
        }
    )
    found = actions({"what_if": what_if})
    assert found["rule"].to_list() == ["raise_average_order_value", "keep_five_points"]
    assert found["money_at_stake"].to_list() == [900.0, 700.0]
    assert found["customers"].to_list() == [None, 12]


def test_a_channel_below_three_to_one_is_short_of_its_third_and_a_losing_one_of_its_cost():
    channels = pl.DataFrame(
        {
            "channel": ["good", "weak", "bad", "free"],
            "verdict": ["good", "needs_work", "loses_money", None],
            "lifetime_value": [400.0, 240.0, 60.0, 90.0],
            "fully_loaded_cac": [100.0, 100.0, 100.0, None],
            "fully_loaded_cost": [1000.0, 1000.0, 1000.0, None],
            "ltv_to_cac": [4.0, 2.4, 0.6, None],
            "new_customers": [10, 10, 10, 10],
        }
    )
    found = {row["rule"]: row for row in actions({"channels": channels}).to_dicts()}
    assert set(found) == {"channel_needs_work", "channel_loses_money"}
    assert found["channel_needs_work"]["money_at_stake"] == pytest.approx((100 - 80) * 10)
    assert found["channel_loses_money"]["money_at_stake"] == pytest.approx((100 - 60) * 10)


@pytest.mark.parametrize(("high", "fires"), [(0.29, True), (0.31, False)])
def test_slow_delivery_counts_where_the_intervals_lie_apart(high, fires):
    delivery = pl.DataFrame(
        {
            "delivery_days_from": [0, 8],
            "customers": [200, 100],
            "share_came_back": [0.4, 0.2],
            "share_came_back_low": [0.3, 0.1],
            "share_came_back_high": [0.5, high],
        }
    )
    tables = {"delivery": delivery, "order_values": ORDER_VALUES}
    assert fired(tables) == (["slow_delivery"] if fires else [])
    if fires:
        assert only(tables, "slow_delivery")["money_at_stake"] == pytest.approx(0.2 * 100 * 50)


@pytest.mark.parametrize(("net", "fires"), [("950", True), ("951", False)])
def test_returns_count_from_five_hundredths_of_sales(net, fires):
    tables = {"views": views("1000", net, "1000")}
    assert fired(tables) == (["return_rate"] if fires else [])
    if fires:
        assert only(tables, "return_rate")["money_at_stake"] == pytest.approx(5.0)


@pytest.mark.parametrize(("share", "fires"), [(0.30, True), (0.29, False)])
def test_a_few_customers_with_much_of_the_revenue_are_a_risk(share, fires):
    concentration = pl.DataFrame(
        {
            "top_share": [0.01, 0.05],
            "customers": [1, 5],
            "revenue": [Decimal(100), Decimal(300)],
            "share_of_revenue": [0.9, share],
        }
    )
    found = actions({"concentration": concentration})
    assert found["rule"].to_list() == (["concentration_risk"] if fires else [])
    assert not fires or found["money_at_stake"].item() == pytest.approx(30.0)


@pytest.mark.parametrize(("with_guests", "fires"), [("1100", True), ("1050", False)])
def test_nameless_sales_count_from_five_hundredths_of_all(with_guests, fires):
    tables = {"views": views("1000", "1000", with_guests)}
    assert fired(tables) == (["name_guests"] if fires else [])
    if fires:
        row = only(tables, "name_guests")
        assert (row["orders"], row["money_at_stake"]) == (30, pytest.approx(10.0))


def test_the_widest_leak_before_the_order_is_worth_the_orders_it_would_become():
    funnel = pl.DataFrame(
        {
            "step": ["viewed", "added_to_cart", "ordered", "ordered_again"],
            "conversion_from_previous": [None, 0.2, 0.5, 0.1],
            "lost": [None, 800, 100, 90],
        }
    )
    row = only({"funnel": funnel, "order_values": ORDER_VALUES}, "funnel_leak")
    assert (row["step"], row["lost"]) == ("added_to_cart", 800)
    assert row["money_at_stake"] == pytest.approx(0.1 * 800 * 0.5 * 40)


def test_a_peak_needs_all_twelve_months_of_the_year():
    peak = pl.DataFrame(
        {
            "unit": ["month"] * 12,
            "slot": list(range(1, 13)),
            "index": [0.9] * 10 + [1.4, 1.3],
            "occurrences": [2.0] * 12,
            "revenue": [Decimal(600)] * 12,
        }
    )
    row = only({"seasonality": peak}, "seasonal_peak")
    assert (row["month"], row["money_at_stake"]) == (11, pytest.approx(30.0))
    assert fired({"seasonality": peak.head(11)}) == []


def test_rejected_rows_come_last_since_nobody_knows_their_worth():
    health = pl.DataFrame(
        {
            "table": ["orders", "orders", "costs", "costs"],
            "outcome": ["read", "rejected", "read", "rejected"],
            "rows": [100, 1, 1000, 9],
        }
    )
    tables = {"data_health": health, "views": views("1000", "900", "1000")}
    assert fired(tables) == ["return_rate", "fix_data"]
    assert only(tables, "fix_data")["table"] == "orders"


def test_no_tables_give_no_advice_and_the_same_columns():
    assert actions({}).schema == actions({"views": views("1000", "900", "1000")}).schema
    assert actions({}).is_empty()
