"""The real shop: retention, gaps and lifecycle beside hand-written SQL over the published rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest

from retention_kit.datasets import ONLINE_RETAIL_AS_OF as AS_OF
from retention_kit.datasets import online_retail, raw_online_retail
from retention_kit.metrics.lifecycle.figures import lifecycle_flow, lifecycle_shares
from retention_kit.metrics.lifecycle.gap_distribution import gap_totals, gap_totals_by_order
from retention_kit.metrics.lifecycle.gap_figures import gap_summary, gaps_by_order
from retention_kit.metrics.lifecycle.rhythm import usual_gap
from retention_kit.metrics.lifecycle.states import (
    lifecycle_flow_totals,
    lifecycle_states,
    lifecycle_totals,
)
from retention_kit.metrics.retention.churned import churned_customers
from retention_kit.metrics.retention.counts import retention_totals
from retention_kit.metrics.retention.next_purchase import next_purchase_curve, next_purchase_totals
from retention_kit.metrics.retention.order_numbers import order_conversion, order_number_totals
from retention_kit.metrics.retention.shares import retention_rates

HERE = Path(__file__).parent / "sql"
LONDON = ZoneInfo("Europe/London")
SEPTEMBER = dt.datetime(2011, 9, 1, tzinfo=LONDON)
STATES = ["new", "active", "loyal", "sleeping", "lost", "returned"]


def query(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def orders() -> pl.LazyFrame:
    return online_retail().orders


@pytest.fixture(scope="module")
def sql():
    connection = duckdb.connect()
    connection.execute("set timezone = 'Europe/London'")
    connection.register("raw", raw_online_retail().collect().to_arrow())
    connection.execute(query("sales"))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def gap_days(orders) -> float:
    return usual_gap(gap_totals(orders, as_of=AS_OF)).gap_days


def rates(orders, **arguments):
    totals = retention_totals(orders, as_of=AS_OF, **arguments)
    return retention_rates(totals, as_of=AS_OF, time_zone="Europe/London", **arguments).collect()


def test_monthly_retention_equals_hand_written_sql(orders, sql):
    ours = retention_totals(orders, as_of=AS_OF).sort("period").collect()
    assert ours.rows() == sql.execute(query("monthly_retention")).fetchall()
    assert ours.height == 13


def test_in_september_2011_the_textbooks_formula_says_more_than_everybody_stayed(orders):
    september = rates(orders).filter(pl.col("period") == SEPTEMBER.date()).row(0, named=True)
    assert september["start_customers"] == 935
    assert september["end_customers"] == 1_266
    assert september["retained"] == 425
    assert september["reactivated"] == 542
    assert september["contract_retention_rate"] == pytest.approx(1.034, abs=5e-4)
    assert september["customer_retention_rate"] == pytest.approx(0.455, abs=5e-4)
    assert september["is_complete"]


def test_the_last_month_of_the_real_shop_is_cut_short_and_the_first_is_left_censored(orders):
    table = rates(orders)
    assert table["is_complete"].to_list() == [True] * 12 + [False]
    assert table["is_left_censored"].to_list() == [True] + [False] * 12


def test_gaps_equal_hand_written_sql(orders, sql):
    ours = gap_summary(gap_totals(orders, as_of=AS_OF)).collect()
    theirs = sql.execute(query("gaps")).fetchone()
    assert ours.row(0)[:3] == theirs[:3]
    assert ours.row(0)[3:] == pytest.approx(theirs[3:], rel=1e-12)
    assert ours["gaps"].item() == 18_532 - 4_338


def test_the_median_of_all_gaps_is_shorter_than_that_of_customers(orders):
    row = gap_summary(gap_totals(orders, as_of=AS_OF)).collect().row(0, named=True)
    assert row["median_days"] < row["median_of_customer_medians_days"]


def test_gaps_by_order_equal_hand_written_sql(orders, sql):
    ours = gaps_by_order(gap_totals_by_order(orders, as_of=AS_OF)).collect()
    theirs = sql.execute(query("gaps_by_order")).fetchall()
    assert ours.select("order_number", "gaps").rows() == [row[:2] for row in theirs]
    assert ours["median_days"].to_list() == pytest.approx([row[2] for row in theirs], rel=1e-12)
    assert ours["gaps"][0] == 2_845


def test_the_states_of_all_customers_equal_hand_written_sql(orders, sql, gap_days):
    sql.execute(query("lifecycle"))
    theirs = sql.execute(
        "select * from states($until, $gap) order by customer_id",
        {"until": AS_OF, "gap": gap_days * 86_400e6},
    ).fetchall()
    ours = lifecycle_states(orders, as_of=AS_OF, gap_days=gap_days).sort("customer_id")
    assert ours.select("customer_id", "orders", "state").collect().rows() == theirs
    assert {row[2] for row in theirs} == set(STATES)


def test_the_flow_between_states_equals_hand_written_sql(orders, sql, gap_days):
    sql.execute(query("lifecycle"))
    theirs = sql.execute(
        "select before.state, now.state, count(*) from states($until, $gap) as now "
        "left join states($since, $gap) as before using (customer_id) group by all",
        {"until": AS_OF, "since": SEPTEMBER, "gap": gap_days * 86_400e6},
    ).fetchall()
    totals = lifecycle_flow_totals(orders, since=SEPTEMBER, as_of=AS_OF, gap_days=gap_days)
    assert set(totals.collect().rows()) == set(theirs)
    flow = lifecycle_flow(totals).collect()
    out = flow.group_by("state_before").agg(pl.col("share_of_state_before").sum())
    assert out["share_of_state_before"].to_list() == pytest.approx([1.0] * out.height)
    at_first = lifecycle_totals(orders, as_of=SEPTEMBER, gap_days=gap_days).collect()
    left = flow.drop_nulls("state_before").group_by("state_before")
    assert dict(left.agg(pl.col("customers").sum()).rows()) == dict(
        at_first.select("state", "customers").rows()
    )


def test_the_shares_of_the_states_make_up_the_shop(orders, gap_days):
    shares = lifecycle_shares(lifecycle_totals(orders, as_of=AS_OF, gap_days=gap_days)).collect()
    assert shares["state"].to_list() == STATES
    assert shares["customers"].sum() == 4_338
    assert shares["share_of_customers"].sum() == pytest.approx(1)
    assert shares["share_of_net_revenue"].sum() == pytest.approx(1)


def test_the_wait_for_the_second_order_equals_hand_written_sql(orders, sql):
    ours = next_purchase_curve(next_purchase_totals(orders, as_of=AS_OF)).collect()
    theirs = sql.execute(query("next_purchase")).fetchall()
    assert ours.drop("share_bought_again").rows() == [row[:4] for row in theirs]
    shares = ours["share_bought_again"].to_list()
    assert shares == pytest.approx([row[4] for row in theirs], rel=1e-9)


def test_more_buy_again_than_the_repeat_purchase_rate_has_seen_yet(orders):
    curve = next_purchase_curve(next_purchase_totals(orders, as_of=AS_OF)).collect()
    assert curve["share_bought_again"].max() > 0.655832


def test_the_first_step_of_the_conversion_is_the_repeat_purchase_rate(orders):
    steps = order_conversion(order_number_totals(orders, as_of=AS_OF)).collect()
    assert steps.row(0)[:3] == (1, 4_338, 2_845)
    assert steps["conversion"][0] == pytest.approx(0.655832, abs=5e-7)
    assert steps.height == 10


@pytest.mark.parametrize("active_within", ["31d", "90d", "3mo"])
def test_the_churned_are_those_whom_retention_counts_as_lost(orders, active_within):
    end = dt.datetime(2011, 12, 1, tzinfo=LONDON)
    churned = churned_customers(
        orders, as_of=end, active_within=active_within, period="1mo"
    ).collect()
    months = retention_totals(orders, as_of=end, active_within=active_within).collect()
    november = months.filter(pl.col("period") == dt.date(2011, 11, 1))
    assert churned.height == november["lost"].item() > 0
    assert churned["customer_id"].n_unique() == churned.height
    assert churned["net_revenue"].is_sorted(descending=True)
