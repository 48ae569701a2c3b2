"""The real shop: figures that two other engines agree on, and hand-written SQL beside ours."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import polars as pl
import pytest

from retention_kit import (
    average_order_value,
    cohort_retention,
    cohort_totals,
    customer_summary,
    order_totals,
    purchase_frequency,
    repeat_purchase_rate,
    repeat_purchase_totals,
)
from retention_kit.datasets import ONLINE_RETAIL_AS_OF as AS_OF
from retention_kit.datasets import online_retail, raw_online_retail


@pytest.fixture(scope="module")
def shop():
    return online_retail()


@pytest.fixture(scope="module")
def sql():
    """Hand-written SQL over the published rows, which never went through the door."""
    connection = duckdb.connect()
    connection.register("raw", raw_online_retail().collect().to_arrow())
    connection.execute(
        """
        create view sales as
        select InvoiceNo, CustomerID, min(InvoiceDate) as bought_at,
               sum(Quantity * UnitPrice::decimal(18, 4))::decimal(38, 4) as amount
        from raw
        where CustomerID is not null and InvoiceNo not like 'C%' and Quantity > 0 and UnitPrice > 0
        group by all
        """
    )
    yield connection
    connection.close()


def test_the_sales_view_has_the_figures_that_duckdb_and_pandas_agree_on(shop):
    totals = order_totals(shop.orders, as_of=AS_OF).collect().row(0, named=True)
    assert totals["customers"] == 4_338
    assert totals["orders"] == 18_532
    assert totals["revenue"] == Decimal("8911407.9040")


def test_net_of_returns_the_revenue_is_lower_and_the_orders_are_the_same(shop):
    totals = order_totals(shop.orders, as_of=AS_OF).collect().row(0, named=True)
    assert totals["net_revenue"] == Decimal("8300065.8140")
    assert totals["returns"] == 3_654
    assert totals["orders"] == 18_532


def test_first_and_repeat_orders_differ_in_value(shop):
    values = average_order_value(order_totals(shop.orders, as_of=AS_OF)).collect()
    row = values.row(0, named=True)
    assert row["average_order_value"] == pytest.approx(480.866, abs=5e-4)
    assert row["first_average_order_value"] == pytest.approx(425.6565, abs=5e-5)
    assert row["repeat_average_order_value"] == pytest.approx(497.7392, abs=5e-5)


def test_two_customers_of_three_come_back(shop):
    rate = repeat_purchase_rate(repeat_purchase_totals(shop.orders, as_of=AS_OF)).collect()
    assert rate.rows()[0][:2] == (4_338, 2_845)
    assert rate["repeat_purchase_rate"].item() == pytest.approx(0.655832, abs=5e-7)


def test_by_day_fewer_customers_come_back_than_by_order(shop):
    totals = repeat_purchase_totals(shop.orders, as_of=AS_OF, unit="day")
    rate = repeat_purchase_rate(totals).collect()["repeat_purchase_rate"].item()
    assert rate == pytest.approx(0.6432, abs=5e-5)


def test_a_customer_buys_a_little_over_four_times(shop):
    row = purchase_frequency(order_totals(shop.orders, as_of=AS_OF)).collect().row(0)
    assert row == (4_338, 18_532, pytest.approx(18_532 / 4_338))


def test_the_first_cohort_goes_on_as_published(shop):
    totals = cohort_totals(shop.orders, as_of=AS_OF)
    table = cohort_retention(totals, as_of=AS_OF, time_zone="Europe/London").collect()
    first = table.filter(pl.col("cohort") == pl.date(2010, 12, 1))
    assert first["customers"].to_list() == [
        885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235,
    ]  # fmt: skip


def test_cohorts_equal_hand_written_sql(shop, sql):
    ours = (
        cohort_totals(shop.orders, as_of=AS_OF)
        .select("cohort", "period", "customers", "orders", "revenue")
        .sort("cohort", "period")
        .collect()
    )
    theirs = sql.execute(
        """
        with firsts as (
            select CustomerID, date_trunc('month', min(bought_at))::date as cohort
            from sales group by all
        )
        select cohort, datediff('month', cohort, bought_at) as period,
               count(distinct CustomerID), count(*), sum(amount)
        from sales join firsts using (CustomerID)
        group by all order by all
        """
    ).fetchall()
    assert ours.rows() == theirs
    assert len(theirs) > 80


def test_customer_summaries_equal_hand_written_sql(shop, sql):
    ours = (
        customer_summary(shop.orders, as_of=AS_OF)
        .filter(pl.col("orders") > 0)
        .select(
            "customer_id",
            "orders",
            "revenue",
            pl.col("first_order_at", "last_order_at").dt.replace_time_zone(None),
        )
        .sort("customer_id")
        .collect()
    )
    theirs = sql.execute(
        "select CustomerID, count(*), sum(amount), min(bought_at), max(bought_at) from sales "
        "group by all order by all"
    ).fetchall()
    assert ours.rows() == theirs


def test_first_orders_equal_hand_written_sql_with_the_tie_rule(shop, sql):
    (theirs,) = sql.execute(
        """
        select sum(amount) from (
            select amount,
                   row_number() over (partition by CustomerID order by bought_at, InvoiceNo) as n
            from sales
        ) where n = 1
        """
    ).fetchone()
    ours = order_totals(shop.orders, as_of=AS_OF).collect()["first_revenue"].item()
    assert ours == theirs == Decimal("1846498.0030")


def test_customers_of_returns_alone_are_counted_and_in_no_cohort(shop):
    totals = order_totals(shop.orders, as_of=AS_OF).collect()
    assert totals["return_only_customers"].item() == 33
    cohorts = cohort_totals(shop.orders, as_of=AS_OF).filter(pl.col("period") == 0).collect()
    assert cohorts["customers"].sum() == 4_338
