"""What to do next: each rule fires at its threshold, for the money it says is at stake."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.audit.actions import actions


def months(**columns) -> pl.DataFrame:
    """Twenty-six months, the last of them cut short; columns are repeated, or given as lists.

    Twelve of the twenty-five whole ones are the year.
    """
    given = {
        name: value if isinstance(value, list) else [value] * 26 for name, value in columns.items()
    }
    periods = [dt.date(2023 + month // 12, month % 12 + 1, 1) for month in range(26)]
    return pl.DataFrame({"period": periods, **given, "is_complete": [True] * 25 + [False]})


def order_values(net_revenue: str = "100") -> pl.DataFrame:
    """Twelve of all twenty-four orders lie in the year."""
    return months(
        orders=[0] * 2 + [1] * 24,
        revenue=Decimal(100),
        net_revenue=Decimal(net_revenue),
        repeat_orders=10,
        repeat_average_order_value=50.0,
        first_orders=4,
        first_average_order_value=40.0,
    )


ORDER_VALUES = order_values()
RETENTION = months(new_customers=4, is_left_censored=False)
BUYERS = pl.DataFrame({"buyer_type": ["one_time", "repeat"], "customers": [60, 40]})


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
    assert (row["points"], row["months"]) == (0.05, 12)


def test_months_in_which_known_customers_look_new_are_none_of_the_years():
    steps = pl.DataFrame({"order_number": [1, 2], "conversion": [0.25, 0.5]})
    retention = months(new_customers=4, is_left_censored=[True] * 15 + [False] * 11)
    tables = {"order_conversion": steps, "retention": retention, "order_values": ORDER_VALUES}
    row = only(tables, "second_purchase")
    assert (row["customers"], row["months"]) == (40, 10)
    assert row["money_at_stake"] == pytest.approx(0.05 * 40 * 50)


def test_no_more_customers_can_buy_again_than_there_are():
    def tables(conversion):
        steps = pl.DataFrame({"order_number": [1, 2], "conversion": [conversion, 0.5]})
        return {"order_conversion": steps, "retention": RETENTION, "order_values": ORDER_VALUES}

    row = only(tables(0.98), "second_purchase")
    assert row["points"] == pytest.approx(0.02)
    assert row["money_at_stake"] == pytest.approx(0.02 * 48 * 50)
    assert fired(tables(1.0)) == []


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


def channels(**rows: tuple) -> dict[str, pl.DataFrame]:
    """Channels by name, and a year in which each won twelve customers for 1,200 a month."""
    columns = ("verdict", "lifetime_value", "fully_loaded_cac", "new_customers", "reason")
    table = [dict(zip(columns, row, strict=True)) for row in rows.values()]
    names = [None if name == "unknown" else name for name in rows]
    ratios = [row["lifetime_value"] / row["fully_loaded_cac"] for row in table]
    won = months(new_customers=12, fully_loaded_cost=1_200.0)
    return {
        "channels": pl.DataFrame(table, infer_schema_length=None).with_columns(
            pl.Series("channel", names, dtype=pl.String), pl.Series("ltv_to_cac", ratios)
        ),
        "acquisition": pl.concat(
            won.with_columns(pl.lit(name, dtype=pl.String).alias("channel")) for name in names
        ),
        "order_values": ORDER_VALUES,
    }


def test_a_tenth_of_a_years_spending_is_at_stake_in_a_channel_that_is_not_good():
    tables = channels(
        good=("good", 400.0, 100.0, 300, None),
        weak=("needs_work", 240.0, 100.0, 300, None),
        bad=("loses_money", 60.0, 100.0, 300, None),
    )
    assert fired(tables) == ["channel_loses_money", "channel_needs_work"]
    for rule, channel in (("channel_loses_money", "bad"), ("channel_needs_work", "weak")):
        row = only(tables, rule)
        assert row["money_at_stake"] == pytest.approx(0.1 * 12 * 1_200)
        assert (row["channel"], row["customers"], row["cost"]) == (channel, 144, 14_400.0)


def test_no_more_is_at_stake_in_a_channel_than_it_falls_short():
    tables = channels(
        weak=("needs_work", 288.0, 100.0, 300, None),
        bad=("loses_money", 94.0, 100.0, 300, None),
    )
    weak, bad = only(tables, "channel_needs_work"), only(tables, "channel_loses_money")
    assert weak["money_at_stake"] == pytest.approx((100 - 288 / 3) * 144)
    assert bad["money_at_stake"] == pytest.approx((100 - 94) * 144)


@pytest.mark.parametrize(("customers", "fires"), [(30, True), (29, False)])
def test_a_channel_is_judged_from_thirty_customers_on(customers, fires):
    tables = channels(bad=("loses_money", 60.0, 100.0, customers, None))
    assert fired(tables) == (["channel_loses_money"] if fires else [])


def test_customers_of_no_channel_and_salaries_alone_are_no_reason_to_work_on_a_channel():
    tables = channels(
        unknown=("loses_money", 60.0, 100.0, 300, None),
        friends=("needs_work", 240.0, 100.0, 300, "no_advertising"),
    )
    assert fired(tables) == []


def test_a_channel_that_won_nobody_in_the_year_has_nothing_at_stake():
    tables = channels(bad=("loses_money", 60.0, 100.0, 300, None))
    assert fired({**tables, "acquisition": tables["acquisition"].head(13)}) == []


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
        assert only(tables, "slow_delivery")["money_at_stake"] == pytest.approx(
            0.2 * 100 * 0.5 * 50
        )
        assert only(tables, "slow_delivery")["days"] == 8


@pytest.mark.parametrize(("net", "fires"), [("95", True), ("96", False)])
def test_returns_count_from_five_hundredths_of_a_years_sales(net, fires):
    tables = {"order_values": order_values(net)}
    assert fired(tables) == (["return_rate"] if fires else [])
    if fires:
        assert only(tables, "return_rate")["money_at_stake"] == pytest.approx(0.1 * 12 * 5)
        assert only(tables, "return_rate")["share"] == pytest.approx(0.05)


def test_returns_before_the_year_are_past():
    early = order_values().with_columns(
        pl.when(pl.col("period") < dt.date(2024, 2, 1))
        .then(pl.lit(Decimal(0)))
        .otherwise("net_revenue")
        .alias("net_revenue")
    )
    assert fired({"order_values": early}) == []


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
    tables = {"concentration": concentration, "buyers": BUYERS, "order_values": ORDER_VALUES}
    found = actions(tables)
    assert found["rule"].to_list() == (["concentration_risk"] if fires else [])
    assert not fires or found["money_at_stake"].item() == pytest.approx(0.1 * 300 * 0.5)
    few = BUYERS.with_columns(pl.Series("customers", [60, 39]))
    assert fired({**tables, "buyers": few}) == [], "a hundred customers are needed"


@pytest.mark.parametrize(("with_guests", "fires"), [("1100", True), ("1050", False)])
def test_nameless_sales_count_from_five_hundredths_of_all(with_guests, fires):
    tables = {"views": views("1000", "1000", with_guests), "order_values": ORDER_VALUES}
    assert fired(tables) == (["name_guests"] if fires else [])
    if fires:
        row = only(tables, "name_guests")
        assert (row["orders"], row["money_at_stake"]) == (30, pytest.approx(0.1 * 100 * 0.5))


def funnel(cart: float, order: float, lost: tuple[int, int], skipped: int = 0) -> dict:
    table = pl.DataFrame(
        {
            "step": ["viewed", "added_to_cart", "ordered", "ordered_again"],
            "conversion_from_previous": [None, cart, order, 0.1],
            "lost": [None, *lost, 90],
            "skipped_customers": [0, 0, skipped, 0],
        }
    )
    return {"funnel": table, "order_values": ORDER_VALUES}


def test_the_widest_leak_before_the_order_is_worth_the_orders_it_would_become():
    row = only(funnel(0.2, 0.5, (800, 100)), "funnel_leak")
    assert (row["step"], row["lost"]) == ("added_to_cart", 800)
    assert row["money_at_stake"] == pytest.approx(0.1 * 800 * 0.5 * 0.5 * 40)


def test_who_ordered_without_a_cart_on_record_is_not_lost():
    row = only(funnel(0.2, 0.5, (800, 100), skipped=300), "funnel_leak")
    assert (row["step"], row["lost"]) == ("added_to_cart", 500)
    assert row["money_at_stake"] == pytest.approx(0.1 * 500 * 0.5 * 0.5 * 40)
    row = only(funnel(0.8, 0.5, (200, 400), skipped=30), "funnel_leak")
    assert (row["step"], row["lost"]) == ("ordered", 400)


def test_where_nobody_is_lost_there_is_no_leak():
    assert fired(funnel(1.0, 1.0, (0, 0))) == []
    assert fired(funnel(0.0, None, (800, 0), skipped=300)) == [], "no carts are on record"
    row = only(funnel(0.2, 0.5, (800, 100), skipped=800), "funnel_leak")
    assert (row["step"], row["lost"]) == ("ordered", 100)


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
    growing = pl.Series("revenue", [Decimal(100 + month) for month in range(26)])
    values = order_values("126").with_columns(growing)
    tables = {"seasonality": peak, "order_values": values}
    row = only(tables, "seasonal_peak")
    assert (row["month"], row["money_at_stake"]) == (11, pytest.approx(0.1 * 122))
    assert fired({**tables, "seasonality": peak.head(11)}) == []


def test_rejected_rows_come_last_since_nobody_knows_their_worth():
    health = pl.DataFrame(
        {
            "table": ["orders", "orders", "costs", "costs"],
            "outcome": ["read", "rejected", "read", "rejected"],
            "rows": [100, 1, 1000, 9],
        }
    )
    tables = {"data_health": health, "order_values": order_values("90")}
    assert fired(tables) == ["return_rate", "fix_data"]
    assert only(tables, "fix_data")["table"] == "orders"


@pytest.mark.parametrize(("whole", "told"), [(25, 12), (12, 12), (7, 7)])
def test_every_rule_says_how_many_months_its_year_has(whole, told):
    totals = pl.DataFrame({"customers": [40], "net_revenue": [9000.0], "one_order_each": [3000.0]})
    tables = {"order_values": order_values("90").tail(whole + 1), "churned_totals": totals}
    assert only(tables, "return_rate")["months"] == told
    assert only(tables, "call_churned")["months"] == told


def test_a_shop_without_a_whole_month_has_no_years_money():
    tables = {
        "views": views("1000", "1000", "1100"),
        "order_values": order_values("90").tail(1),
        "buyers": BUYERS,
    }
    assert fired(tables) == []


def test_no_tables_give_no_advice_and_the_same_columns():
    assert actions({}).schema == actions({"order_values": order_values("90")}).schema
    assert actions({}).is_empty()
