"""Cohorts: who bought in a period, who from it on, and what they brought; SQL beside it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings

from retention_kit import Dataset, DefinitionError, cohort_retention, cohort_totals
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail, raw_online_retail
from retention_kit.metrics.base.customer_columns import orders_with_customers
from retention_kit.metrics.base.intervals import wilson_interval
from retention_kit.metrics.cohorts.values import (
    cohort_lifetime_value,
    cohort_value_totals,
    lifetime_value_trend,
)
from retention_kit.metrics.economics.lifetime import value_totals
from retention_kit.testing import shops

LONDON = "Europe/London"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(LONDON))
LATE = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)


def orders(*rows: tuple, **more) -> pl.LazyFrame:
    """Orders of (order_id, customer_id, instant, amount); a negative amount is a return."""
    names = ("order_id", "customer_id", "ordered_at", "amount", *more)
    return Dataset.from_frames(
        orders=[
            dict(zip(names, [*row, *(values[place] for values in more.values())], strict=True))
            for place, row in enumerate(rows)
        ],
        negative_amounts="return",
        date_format="iso8601",
        time_zone=LONDON,
        currency="GBP",
    ).orders


EXAMPLE = (
    (1, 1, "2025-01-10", 10),
    (2, 1, "2025-03-01", 20),
    (3, 1, "2025-03-31", 30),
    (4, 2, "2025-01-31", 40),
    (5, 3, "2025-03-05", 50),
    (6, 2, "2025-02-03", 70),
    (7, 2, "2025-02-04", -15),
)


def retention(table: pl.LazyFrame, *, by=(), every="1mo", **more) -> pl.DataFrame:
    totals = cohort_totals(table, as_of=AS_OF, every=every, by=by)
    return cohort_retention(totals, as_of=AS_OF, time_zone=LONDON, every=every, **more).collect()


def test_who_bought_in_a_period_and_who_bought_from_it_on_are_different():
    january = retention(orders(*EXAMPLE)).filter(pl.col("cohort") == pl.date(2025, 1, 1))
    assert january["customers"].to_list() == [2, 1, 1, 0, 0]
    assert january["customers_from_period"].to_list() == [2, 2, 1, 0, 0]
    assert january["retained_in_period"].to_list() == [1.0, 0.5, 0.5, 0.0, 0.0]
    assert january["retained_from_period"].to_list() == [1.0, 1.0, 0.5, 0.0, 0.0]


def test_revenue_per_customer_is_of_the_whole_cohort_and_cumulates():
    january = retention(orders(*EXAMPLE)).filter(pl.col("cohort") == pl.date(2025, 1, 1))
    assert january["revenue_per_customer"].to_list() == [25.0, 35.0, 25.0, 0.0, 0.0]
    assert january["cumulative_revenue_per_customer"].to_list() == [25.0, 60.0, 85.0, 85.0, 85.0]


def test_both_shares_get_wilson_intervals_on_request():
    row = retention(orders(*EXAMPLE), confidence=0.9).row(1, named=True)
    low, high = wilson_interval(1, 2, confidence=0.9)
    assert row["retained_in_period_low"] == pytest.approx(low)
    assert row["retained_in_period_high"] == pytest.approx(high)
    assert row["retained_from_period_high"] == 1.0
    with pytest.raises(DefinitionError, match="confidence"):
        retention(orders(*EXAMPLE), confidence=2.0)


@pytest.mark.parametrize(
    ("every", "periods"), [("1w", [0, 7, 12]), ("1mo", [0, 2]), ("1q", [0]), ("1y", [0])]
)
def test_cohorts_may_be_weeks_months_quarters_and_years(every, periods):
    table = orders(*EXAMPLE[:3])
    totals = cohort_totals(table, as_of=AS_OF, every=every).sort("period").collect()
    assert totals["period"].to_list() == periods


def test_a_customer_stands_in_the_group_of_the_first_sale_and_null_is_a_group():
    table = orders(*EXAMPLE, channel=["a", "b", "b", None, "b", "a", "a"])
    split = retention(table, by="channel")
    first = split.filter(pl.col("period") == 0).select("channel", "cohort", "cohort_customers")
    assert sorted(first.rows(), key=str) == [
        ("a", dt.date(2025, 1, 1), 1),
        ("b", dt.date(2025, 3, 1), 1),
        (None, dt.date(2025, 1, 1), 1),
    ]
    keys = ["channel", "cohort", "period"]
    assert split.select(keys).equals(split.select(keys).sort(keys))
    nobody_knows = split.filter(pl.col("channel").is_null())
    assert nobody_knows["customers_from_period"].to_list() == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("function", [cohort_totals, cohort_value_totals, value_totals])
@pytest.mark.parametrize("name", ["first", "last", "bought", "sold", "in", "buyer", "from"])
def test_a_dimension_may_have_any_name_that_is_not_the_results(function, name):
    table = orders(*EXAMPLE).with_columns(pl.col("customer_id").cast(pl.String).alias(name))
    split = function(table, as_of=AS_OF, by=[name, "customer_id", "amount"]).collect()
    assert split.columns[:3] == [name, "customer_id", "amount"]
    assert split[name].cast(pl.Int64).equals(split["customer_id"].rename(name))
    assert set(split.select("customer_id", "amount").rows()) == {(1, 10), (2, 40), (3, 50)}


@pytest.mark.parametrize("function", [cohort_totals, cohort_value_totals])
def test_an_unknown_dimension_is_refused(function):
    with pytest.raises(DefinitionError, match="no dimension 'chann'") as caught:
        function(orders(*EXAMPLE), as_of=AS_OF, by="chann")
    assert caught.value.parameter == "by"


def test_value_counts_a_return_in_its_own_period():
    totals = cohort_value_totals(orders(*EXAMPLE, (8, 3, "2025-05-02", -50)), as_of=AS_OF)
    table = cohort_lifetime_value(totals, as_of=AS_OF, time_zone=LONDON).collect()
    march = table.filter(pl.col("cohort") == pl.date(2025, 3, 1))
    assert march["customers"].to_list() == [1, 0, 0]
    assert march["revenue"].to_list() == [50, 0, 0]
    assert march["net_revenue"].to_list() == [50, 0, -50]
    assert march["cumulative_net_revenue_per_customer"].to_list() == [50.0, 50.0, 0.0]
    assert march["cumulative_revenue_per_customer"].to_list() == [50.0, 50.0, 50.0]


def test_a_return_before_the_first_sale_counts_with_it_and_returns_alone_nowhere():
    table = orders((1, 1, "2025-01-05", -3), (2, 1, "2025-03-05", 10), (3, 2, "2025-02-01", -7))
    totals = cohort_value_totals(table, as_of=AS_OF).collect()
    assert totals.select("cohort", "period", "customers", "net_revenue").rows() == [
        (dt.date(2025, 3, 1), 0, 1, Decimal(7))
    ]


def test_a_margin_that_nobody_knows_is_null_and_not_zero():
    without = cohort_value_totals(orders(*EXAMPLE).drop("margin"), as_of=AS_OF)
    table = cohort_lifetime_value(without, as_of=AS_OF, time_zone=LONDON).collect()
    assert table["margin"].sum() == 0
    assert table["cumulative_margin_per_customer"].null_count() == table.height
    known = orders(*EXAMPLE, margin=[4, 8, None, 16, 20, 28, -6])
    given_some = cohort_lifetime_value(
        cohort_value_totals(known, as_of=AS_OF), as_of=AS_OF, time_zone=LONDON
    ).collect()
    january = given_some.filter(pl.col("cohort") == pl.date(2025, 1, 1))
    assert january["cumulative_margin_per_customer"].to_list() == [10.0, 21.0, 25.0, 25.0, 25.0]
    assert january["orders_with_margin"].to_list() == [2, 1, 1, 0, 0]


def test_the_trend_of_lifetime_value_divides_all_paid_so_far_by_all_won_so_far():
    totals = cohort_value_totals(orders(*EXAMPLE), as_of=AS_OF)
    trend = lifetime_value_trend(totals, as_of=AS_OF, time_zone=LONDON).collect()
    assert trend.drop("is_complete", "is_left_censored").rows() == [
        (dt.date(2025, 1, 1), 2, Decimal(50), 25.0),
        (dt.date(2025, 2, 1), 2, Decimal(105), 52.5),
        (dt.date(2025, 3, 1), 3, Decimal(205), pytest.approx(205 / 3)),
        (dt.date(2025, 4, 1), 3, Decimal(205), pytest.approx(205 / 3)),
        (dt.date(2025, 5, 1), 3, Decimal(205), pytest.approx(205 / 3)),
    ]
    assert trend["is_complete"].all()


def test_the_period_that_the_instant_cuts_short_is_not_complete_in_the_trend():
    middle = AS_OF - dt.timedelta(days=3)
    totals = cohort_value_totals(orders(*EXAMPLE), as_of=middle, by="channel")
    trend = lifetime_value_trend(totals, as_of=middle, time_zone=LONDON).collect()
    assert trend["is_complete"].to_list() == [True] * 4 + [False]
    assert trend.columns[0] == "channel"


def _sales(frame: pl.DataFrame) -> dict:
    """By customer, completed sales and returns in the order of (instant, id)."""
    found = defaultdict(list)
    for row in frame.sort("ordered_at", "order_id").to_dicts():
        if row["status"] in (None, "completed"):
            found[row["customer_id"]].append(row)
    return {
        who: rows for who, rows in found.items() if any(one["kind"] != "return" for one in rows)
    }


def _month(at: dt.datetime) -> int:
    return at.year * 12 + at.month - 1


@settings(max_examples=min(25, settings.default.max_examples))
@given(shops(("orders",)))
def test_cohorts_equal_counting_by_hand(shop):
    counted = defaultdict(lambda: [set(), 0, Decimal(0), set()])
    for who, rows in _sales(shop.tables["orders"]).items():
        sales = [one for one in rows if one["kind"] != "return"]
        first, last = _month(sales[0]["ordered_at"]), _month(sales[-1]["ordered_at"])
        for one in sales:
            at = _month(one["ordered_at"])
            cell = counted[(sales[0]["channel"], first, at - first)]
            cell[0].add(who)
            cell[1] += 1
            cell[2] += one["amount"]
            if at == last:
                cell[3].add(who)
    got = cohort_totals(shop.tables["orders"], as_of=LATE, by="channel")
    assert {
        (row["channel"], _month(row["cohort"]), row["period"]): [
            row["customers"],
            row["orders"],
            row["revenue"],
            row["last_customers"],
        ]
        for row in got.to_dicts()
    } == {key: [len(a), b, c, len(d)] for key, (a, b, c, d) in counted.items()}


@settings(max_examples=min(25, settings.default.max_examples))
@given(shops(("orders",)))
def test_values_of_cohorts_equal_adding_by_hand(shop):
    counted = defaultdict(lambda: [0, Decimal(0), Decimal(0), 0])
    for rows in _sales(shop.tables["orders"]).values():
        sales = [one for one in rows if one["kind"] != "return"]
        first = _month(sales[0]["ordered_at"])
        for one in rows:
            cell = counted[(first, max(_month(one["ordered_at"]) - first, 0))]
            is_sale = one["kind"] != "return"
            cell[0] += is_sale
            cell[1] += one["amount"]
            cell[2] += one["margin"] or 0
            cell[3] += is_sale and one["margin"] is not None
    got = cohort_value_totals(shop.tables["orders"], as_of=LATE)
    columns = ("orders", "net_revenue", "margin", "orders_with_margin")
    assert {
        (_month(row["cohort"]), row["period"]): [row[name] for name in columns]
        for row in got.to_dicts()
    } == counted


@settings(max_examples=min(15, settings.default.max_examples))
@given(shops(("orders",)))
def test_groups_of_cohorts_add_up_to_the_whole(shop):
    table = shop.tables["orders"]
    for function in (cohort_totals, cohort_value_totals):
        whole = function(table, as_of=LATE, every="1q")
        split = function(table, as_of=LATE, every="1q", by=["channel", "manager"])
        keys = ["cohort", "period"]
        together = split.drop("channel", "manager").group_by(keys).agg(pl.all().sum())
        assert together.sort(keys).equals(whole.sort(keys))


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
        where CustomerID is not null and InvoiceNo not like 'C%'
          and Quantity > 0 and UnitPrice > 0
        group by all
        """
    )
    yield connection
    connection.close()


class TestTheRealShop:
    def test_monthly_cohorts_by_count_and_by_revenue_equal_hand_written_sql(self, shop, sql):
        ours = cohort_retention(
            cohort_totals(shop.orders, as_of=ONLINE_RETAIL_AS_OF),
            as_of=ONLINE_RETAIL_AS_OF,
            time_zone=LONDON,
        ).collect()
        theirs = sql.execute(
            """
            with lives as (
                select CustomerID, date_trunc('month', min(bought_at))::date as cohort,
                       date_trunc('month', max(bought_at))::date as last_month
                from sales group by all
            ), sizes as (
                select cohort, count(*) as size from lives group by all
            ), grid as (
                select cohort, size, unnest(
                    range(datediff('month', cohort, date '2011-12-01') + 1)
                ) as period
                from sizes
            ), bought as (
                select cohort, datediff('month', cohort, bought_at) as period,
                       count(distinct CustomerID) as customers, count(*) as orders,
                       sum(amount) as revenue
                from sales join lives using (CustomerID) group by all
            )
            select cohort, period, size, coalesce(customers, 0), coalesce(orders, 0),
                   coalesce(revenue, 0)::decimal(38, 4),
                   (select count(*) from lives
                    where lives.cohort = grid.cohort
                      and datediff('month', lives.cohort, last_month) >= grid.period),
                   coalesce(customers, 0) / size,
                   sum(coalesce(revenue, 0)) over (partition by cohort order by period)::double
                   / size
            from grid left join bought using (cohort, period)
            order by all
            """
        ).fetchall()
        names = (
            "cohort",
            "period",
            "cohort_customers",
            "customers",
            "orders",
            "revenue",
            "customers_from_period",
            "retained_in_period",
        )
        assert ours.select(names).rows() == [row[:-1] for row in theirs]
        assert ours["cumulative_revenue_per_customer"].to_list() == pytest.approx(
            [row[-1] for row in theirs]
        )
        assert len(theirs) == 91

    def test_the_first_cohort_is_the_published_one(self, shop):
        table = retention_of(shop)
        first = table.filter(pl.col("cohort") == pl.date(2010, 12, 1))
        assert first["customers"].to_list() == [
            885, 324, 286, 340, 321, 352, 321, 309, 313, 350, 331, 445, 235,
        ]  # fmt: skip
        assert first["customers_from_period"].to_list()[0] == 885
        assert first["customers_from_period"].is_sorted(descending=True)

    @pytest.mark.parametrize("every", ["week", "quarter"])
    def test_weekly_and_quarterly_cohorts_equal_hand_written_sql(self, shop, sql, every):
        short = {"week": "1w", "quarter": "1q"}[every]
        ours = (
            cohort_totals(shop.orders, as_of=ONLINE_RETAIL_AS_OF, every=short)
            .select("cohort", "period", "customers", "orders", "revenue")
            .sort("cohort", "period")
            .collect()
        )
        theirs = sql.execute(
            f"""
            with firsts as (
                select CustomerID, date_trunc('{every}', min(bought_at))::date as cohort
                from sales group by all
            )
            select cohort,
                   datediff('{every}', cohort, date_trunc('{every}', bought_at)::date) as period,
                   count(distinct CustomerID), count(*), sum(amount)
            from sales join firsts using (CustomerID) group by all order by all
            """
        ).fetchall()
        assert ours.rows() == theirs

    def test_cohorts_by_country_add_up_to_the_whole(self, shop):
        table = orders_with_customers(shop.orders, shop.customers, columns=["country"])
        split = cohort_totals(table, as_of=ONLINE_RETAIL_AS_OF, by="country").collect()
        whole = cohort_totals(shop.orders, as_of=ONLINE_RETAIL_AS_OF).collect()
        keys = ["cohort", "period"]
        together = split.drop("country").group_by(keys).agg(pl.all().sum())
        assert together.sort(keys).equals(whole.sort(keys))
        assert split["country"].n_unique() > 30

    def test_net_revenue_of_all_cohorts_is_that_of_all_who_ever_bought(self, shop):
        totals = cohort_value_totals(shop.orders, as_of=ONLINE_RETAIL_AS_OF).collect()
        buyers = shop.orders.filter(pl.col("kind") == "sale").select("customer_id").unique()
        theirs = shop.orders.join(buyers, on="customer_id", how="semi").collect()
        assert totals["net_revenue"].sum() == theirs["amount"].sum()
        assert totals.filter(pl.col("period") == 0)["customers"].sum() == 4_338


def retention_of(shop: Dataset) -> pl.DataFrame:
    return cohort_retention(
        cohort_totals(shop.orders, as_of=ONLINE_RETAIL_AS_OF),
        as_of=ONLINE_RETAIL_AS_OF,
        time_zone=LONDON,
    ).collect()
