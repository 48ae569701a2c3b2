"""What customers cost: worked examples, costs that fit nothing, a shop beside plain Python."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings

from retention_kit import Dataset, DefinitionError, MissingColumnError
from retention_kit.datasets import make_dataset
from retention_kit.metrics.base.customer_columns import orders_with_customers
from retention_kit.metrics.economics.acquisition import (
    acquisition_costs,
    acquisition_totals,
    channel_values,
)
from retention_kit.metrics.economics.keeping import repeat_channel_totals, retention_costs
from retention_kit.metrics.economics.lifetime import lifetime_value, value_totals
from retention_kit.metrics.economics.payback import payback_curve
from retention_kit.testing import shops

ZONE = "Europe/Moscow"
AS_OF = dt.datetime(2025, 4, 1, tzinfo=ZoneInfo(ZONE))
JANUARY, FEBRUARY, MARCH = (dt.date(2025, month, 1) for month in (1, 2, 3))


def shop(orders: list[dict], costs: list[dict], customers: list[dict] | None = None) -> Dataset:
    return Dataset.from_frames(
        orders=[{"order_id": place, **row} for place, row in enumerate(orders)],
        costs=costs,
        customers=customers or [{"customer_id": 1}],
        date_format="iso8601",
        time_zone=ZONE,
        currency="RUB",
    )


def sale(who: int, day: str, amount: float = 100, **more) -> dict:
    return {"customer_id": who, "ordered_at": f"2025-{day} 12:00", "amount": amount, **more}


def cost(month: str, amount: float, **more) -> dict:
    return {"month": f"2025-{month}-01", "amount": amount, **more}


def won(data: Dataset, *, as_of=AS_OF, every="1mo") -> pl.DataFrame:
    totals = acquisition_totals(data.orders, data.customers, as_of=as_of, every=every)
    return acquisition_costs(totals, data.costs, as_of=as_of, time_zone=ZONE, every=every).collect()


def test_40_000_for_13_new_customers_is_3_077_each():
    data = shop([sale(who, "03-05") for who in range(13)], [cost("03", 40_000)])
    row = won(data).row(0, named=True)
    assert row["new_customers"] == 13
    assert round(row["fully_loaded_cac"]) == 3_077
    assert row["fully_loaded_cac"] == 40_000 / 13


def test_each_further_purchase_lowers_the_cost_per_order():
    once = shop([sale(1, "01-05")], [cost("01", 600)])
    assert won(once)["cost_per_order"].to_list() == [600.0]
    thrice = shop([sale(1, "01-05"), sale(1, "02-05"), sale(1, "03-05")], [cost("01", 600)])
    row = won(thrice).row(0, named=True)
    assert (row["orders"], row["cost_per_order"], row["fully_loaded_cac"]) == (3, 200.0, 600.0)


def test_paid_counts_advertising_and_fully_loaded_all():
    costs = [
        cost("01", 100, channel="ads", category="advertising"),
        cost("01", 50, channel="ads", category="salaries"),
        cost("01", 7, channel="ads", category="advertising", purpose="retention"),
    ]
    row = won(shop([sale(1, "01-05", channel="ads")], costs)).row(0, named=True)
    assert (row["paid_cac"], row["fully_loaded_cac"], row["reason"]) == (100.0, 150.0, None)


def test_costs_without_a_channel_are_spread_by_new_customers():
    orders = [sale(who, "01-05", channel="a" if who < 3 else "b") for who in range(4)]
    costs = [cost("01", 80, category="rent"), cost("01", 10, channel="b", category="advertising")]
    table = won(shop(orders, costs))
    shown = table.select("channel", "fully_loaded_cost", "paid_cac", "fully_loaded_cac", "reason")
    assert shown.rows() == [
        ("a", 60.0, None, 20.0, "no_advertising"),
        ("b", 30.0, 10.0, 30.0, None),
    ]


def test_a_channel_with_costs_that_never_occurs_is_a_row_with_the_reason():
    data = shop([sale(1, "01-05", channel="a")], [cost("01", 80, channel="billboard")])
    rows = {row["channel"]: row for row in won(data).to_dicts()}
    assert rows["billboard"]["fully_loaded_cost"] == 80.0
    assert rows["billboard"]["fully_loaded_cac"] is None
    assert rows["billboard"]["reason"] == "no_new_customers"
    assert rows["a"]["fully_loaded_cac"] is None
    assert rows["a"]["reason"] == "no_costs"


def test_a_cost_of_zero_is_a_cost_and_no_cost_is_none():
    data = shop([sale(1, "01-05", channel="a")], [cost("01", 0, channel="a")])
    row = won(data).row(0, named=True)
    assert row["fully_loaded_cac"] == 0.0
    assert row["reason"] == "no_advertising"


def test_a_period_without_new_customers_has_no_cac_and_keeps_its_costs():
    data = shop([sale(1, "01-05", channel="a")], [cost("01", 10), cost("02", 70)])
    february = won(data).filter(pl.col("period") == FEBRUARY).row(0, named=True)
    assert february["channel"] is None
    assert february["fully_loaded_cost"] == 70.0
    assert (february["fully_loaded_cac"], february["reason"]) == (None, "no_new_customers")


def test_customers_of_no_known_channel_are_a_row_of_their_own():
    data = shop([sale(1, "01-05"), sale(2, "01-05", channel="a")], [cost("01", 10)])
    assert won(data).select("channel", "fully_loaded_cac").rows() == [(None, 5.0), ("a", 5.0)]


def test_the_channel_is_what_is_known_of_the_customer_else_that_of_the_first_order():
    orders = [
        sale(1, "01-05", channel="site"),
        sale(2, "01-05", channel="site"),
        sale(2, "02-05", channel="store"),
        sale(3, "01-06", channel="store"),
    ]
    customers = [
        {"customer_id": 1, "acquisition_channel": "fair"},
        {"customer_id": 2, "acquisition_channel": None},
    ]
    data = shop(orders, [cost("01", 1)], customers)
    both = acquisition_totals(data.orders, data.customers, as_of=AS_OF).collect()
    new = both.filter(pl.col("period") == 0).select("channel", "customers")
    assert sorted(new.rows()) == [("fair", 1), ("site", 1), ("store", 1)]
    alone = acquisition_totals(data.orders, as_of=AS_OF).collect()
    new = alone.filter(pl.col("period") == 0).select("channel", "customers")
    assert sorted(new.rows()) == [("site", 2), ("store", 1)]


@pytest.mark.parametrize("ids", [pl.Int64, pl.String])
@pytest.mark.parametrize("ages", ["period", None])
def test_of_two_channels_known_of_a_customer_the_first_by_alphabet_counts(ids, ages):
    """And of customers without orders, or without an id, none does."""
    data = shop([sale(2, "01-05", channel="site"), sale(1, "01-06")], [cost("01", 1)])
    orders = data.orders.with_columns(pl.col("customer_id", "order_id").cast(ids))
    known = [(2, "zoo"), (3, "fair"), (2, "boat"), (None, "hall"), (1, None)]
    for rows in (known, known[::-1]):
        customers = pl.LazyFrame(
            rows, schema={"customer_id": pl.Int64, "acquisition_channel": pl.String}, orient="row"
        ).with_columns(pl.col("customer_id").cast(ids))
        totals = acquisition_totals(orders, customers, as_of=AS_OF, ages=ages).collect()
        assert totals.schema["channel"] == pl.String
        shown = totals.select("channel", "customers", "orders").sort("channel")
        assert shown.rows() == [(None, 1, 1), ("boat", 1, 1)]


def test_orders_without_channels_stand_under_null():
    data = shop([sale(1, "01-05")], [cost("01", 1)])
    totals = acquisition_totals(data.orders.drop("channel", "margin"), as_of=AS_OF).collect()
    assert totals.select("channel", "customers", "orders_with_margin").rows() == [(None, 1, 0)]


def test_costs_of_months_from_the_instant_on_do_not_exist_and_a_cut_month_is_not_complete():
    data = shop([sale(1, "03-05")], [cost("03", 10), cost("04", 99)])
    assert won(data).select("period", "is_complete").rows() == [(MARCH, True)]
    middle = dt.datetime(2025, 3, 20, tzinfo=ZoneInfo(ZONE))
    cut = won(data, as_of=middle)
    assert cut.select("fully_loaded_cac", "is_complete").rows() == [(10.0, False)]
    barely = dt.datetime(2025, 4, 1, 0, 1, tzinfo=ZoneInfo(ZONE))
    assert won(data, as_of=barely)["fully_loaded_cost"].sum() == 109.0


def test_quarters_take_the_costs_of_their_months():
    data = shop([sale(1, "01-05"), sale(2, "03-05")], [cost("01", 10), cost("02", 20)])
    row = won(data, every="1q").row(0, named=True)
    assert (row["period"], row["new_customers"], row["fully_loaded_cac"]) == (JANUARY, 2, 15.0)


@pytest.mark.parametrize("every", ["1w", "1d", "2mo"])
def test_a_period_finer_than_costs_is_refused(every):
    data = shop([sale(1, "01-05")], [cost("01", 10)])
    with pytest.raises(DefinitionError, match="costs are by month") as caught:
        acquisition_totals(data.orders, as_of=AS_OF, every=every)
    assert caught.value.parameter == "every"
    # Passed on as they are, the totals would remember that they are by month.
    totals = acquisition_totals(data.orders, as_of=AS_OF).select(pl.all())
    with pytest.raises(DefinitionError, match="costs are by month"):
        acquisition_costs(totals, data.costs, as_of=AS_OF, time_zone=ZONE, every=every)


def test_costs_may_lack_what_has_a_default_and_nothing_else():
    data = shop([sale(1, "01-05")], [cost("01", 10)])
    totals = acquisition_totals(data.orders, as_of=AS_OF)
    bare = data.costs.select("month", "amount")
    table = acquisition_costs(totals, bare, as_of=AS_OF, time_zone=ZONE).collect()
    assert table.select("fully_loaded_cac", "reason").rows() == [(10.0, "no_advertising")]
    with pytest.raises(MissingColumnError, match="'amount'"):
        acquisition_costs(totals, bare.drop("amount"), as_of=AS_OF, time_zone=ZONE)


def test_a_customers_table_without_channels_is_refused():
    data = shop([sale(1, "01-05")], [cost("01", 10)])
    customers = data.customers.drop("acquisition_channel")
    with pytest.raises(MissingColumnError, match="acquisition_channel"):
        acquisition_totals(data.orders, customers, as_of=AS_OF)


@settings(max_examples=min(30, settings.default.max_examples))
@given(shops(("orders", "customers", "costs")))
def test_costs_are_spread_whole_and_never_infinite(drawn):
    as_of = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
    totals = acquisition_totals(drawn.tables["orders"], drawn.tables["customers"], as_of=as_of)
    costs = drawn.tables["costs"]
    table = acquisition_costs(totals, costs, as_of=as_of, time_zone=drawn.time_zone)
    counted = costs.filter(pl.col("purpose") == "acquisition")
    by_month = counted.group_by("month").agg(pl.col("amount").cast(pl.Decimal(38, 4)).sum())
    spread = dict(table.group_by("period").agg(pl.col("fully_loaded_cost").sum()).rows())
    for month, amount in by_month.rows():
        assert spread[month] == pytest.approx(float(amount), rel=1e-12)
    assert table["fully_loaded_cost"].sum() == pytest.approx(float(counted["amount"].sum()))
    for name in ("paid_cac", "fully_loaded_cac", "cost_per_order"):
        assert table[name].is_finite().all()
    assert table["new_customers"].sum() == totals.filter(pl.col("period") == 0)["customers"].sum()


@settings(max_examples=min(20, settings.default.max_examples))
@given(shops(("orders", "customers")))
def test_without_ages_a_cohort_has_what_it_has_over_all_ages(drawn):
    as_of = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
    tables = drawn.tables["orders"], drawn.tables["customers"]
    keys = ["channel", "cohort"]
    whole = acquisition_totals(*tables, as_of=as_of, ages=None).sort(keys)
    followed = acquisition_totals(*tables, as_of=as_of)
    new = pl.col("customers").filter(pl.col("period") == 0).sum()
    sums = followed.group_by(keys).agg(new, pl.exclude("period", "customers", *keys).sum())
    assert whole.equals(sums.select(whole.columns).sort(keys))
    assert channel_values(whole).equals(channel_values(followed))
    bare = tables[0].drop("channel", strict=False)
    values = channel_values(acquisition_totals(bare, tables[1], as_of=as_of, ages=None))
    beside = orders_with_customers(bare, tables[1])
    by_channel = value_totals(beside, as_of=as_of, by="acquisition_channel")
    wanted = by_channel.rename({"acquisition_channel": "channel"}).sort("channel")
    assert values.equals(wanted)


def test_what_a_channel_won_is_worth_and_costs_the_same_with_and_without_ages():
    orders = [sale(1, "01-05"), sale(1, "02-05", 50), sale(2, "01-09", 30), sale(3, "02-01", 70)]
    who = [{"customer_id": one, "acquisition_channel": "ads"} for one in (1, 3)]
    data = shop(orders, [cost("01", 100, channel="ads")], who)
    whole = acquisition_totals(data.orders, data.customers, as_of=AS_OF, ages=None)
    rows = lifetime_value(channel_values(whole)).filter(pl.col("method") == "historic")
    shown = rows.select("channel", "customers", "value").collect().rows()
    assert shown == [(None, 1, 30.0), ("ads", 2, 110.0)]
    of_whole = acquisition_costs(whole, data.costs, as_of=AS_OF, time_zone=ZONE)
    assert of_whole.collect().equals(won(data))


def test_payback_needs_the_ages_and_says_so():
    data = shop([sale(1, "01-05")], [cost("01", 100)])
    totals = acquisition_totals(data.orders, as_of=AS_OF, ages=None)
    with pytest.raises(DefinitionError, match="'period'.*ages='period'"):
        payback_curve(totals, data.costs, as_of=AS_OF, time_zone=ZONE)
    with pytest.raises(DefinitionError, match="ages"):
        acquisition_totals(data.orders, as_of=AS_OF, ages="month")


class TestKeeping:
    def kept(self, data: Dataset, as_of=AS_OF) -> pl.DataFrame:
        totals = repeat_channel_totals(data.orders, as_of=as_of)
        return retention_costs(totals, data.costs, as_of=as_of, time_zone=ZONE).collect()

    def test_what_keeping_a_customer_costs_and_what_it_brings(self):
        orders = [
            sale(1, "01-05", margin=40, channel="site"),
            sale(1, "02-05", 200, margin=60, channel="email"),
            sale(1, "02-06", 200, margin=60, channel="email"),
            sale(2, "01-05", margin=40, channel="site"),
            sale(2, "02-07", 300, margin=90, channel="site"),
        ]
        costs = [
            cost("02", 50, channel="email", purpose="retention"),
            cost("02", 20, purpose="retention"),
            cost("02", 999, channel="email"),
        ]
        rows = self.kept(shop(orders, costs)).drop("period", "is_complete").rows()
        assert rows == [
            ("email", 1, 2, 60.0, 120.0, "margin", 60.0, 1.0, None),
            ("site", 1, 1, 10.0, 90.0, "margin", 10.0, 8.0, None),
        ]

    def test_without_margins_the_gain_is_revenue_and_says_so(self):
        data = shop(
            [sale(1, "01-05"), sale(1, "02-05", 200)], [cost("02", 50, purpose="retention")]
        )
        row = self.kept(data).row(0, named=True)
        assert (row["gain"], row["basis"], row["retention_roi"]) == (200.0, "revenue", 3.0)

    def test_costs_without_repeat_orders_and_repeat_orders_without_costs_have_reasons(self):
        orders = [sale(1, "01-05"), sale(1, "02-05", channel="site")]
        data = shop(orders, [cost("01", 5, purpose="retention")])
        table = self.kept(data).select("period", "channel", "retention_cost", "reason")
        assert table.rows() == [
            (JANUARY, None, 5.0, "no_returning_customers"),
            (FEBRUARY, "site", 0.0, "no_costs"),
        ]
        assert self.kept(data)["cost_per_retained_customer"].to_list() == [None, None]

    def test_the_first_of_two_sales_at_one_instant_is_no_repeat_order(self):
        data = shop([sale(1, "01-05", 10), sale(1, "01-05", 30)], [cost("01", 1)])
        totals = repeat_channel_totals(data.orders, as_of=AS_OF).collect()
        assert totals.select("orders", "revenue").rows() == [(1, Decimal(30))]

    def test_a_period_finer_than_costs_is_refused(self):
        data = shop([sale(1, "01-05")], [cost("01", 10)])
        with pytest.raises(DefinitionError, match="costs are by month"):
            repeat_channel_totals(data.orders, as_of=AS_OF, every="1w")


def test_an_invented_shop_costs_what_plain_python_says():
    data = make_dataset(300, seed=5, tables=("orders", "customers", "costs"))
    as_of = dt.datetime(2025, 7, 1, tzinfo=ZoneInfo(data.time_zone))
    known = dict(data.customers.select("customer_id", "acquisition_channel").collect().rows())
    orders = [
        row
        for row in data.orders.sort("ordered_at", "order_id").collect().to_dicts()
        if row["ordered_at"].timestamp() < as_of.timestamp()
        and row["status"] == "completed"
        and row["kind"] == "sale"
    ]
    first: dict = {}
    count: dict = defaultdict(int)
    for row in orders:
        who = row["customer_id"]
        first.setdefault(who, (row["ordered_at"].date().replace(day=1), row["channel"]))
        count[who] += 1
    new: dict = defaultdict(int)
    made: dict = defaultdict(int)
    for who, (month, channel) in first.items():
        new[month, known.get(who) or channel] += 1
        made[month, known.get(who) or channel] += count[who]
    spent: dict = defaultdict(float)
    for row in data.costs.collect().to_dicts():
        if row["purpose"] == "acquisition" and row["month"] < as_of.date():
            spent[row["month"], row["channel"]] += float(row["amount"])
    totals = acquisition_totals(data.orders, data.customers, as_of=as_of)
    table = acquisition_costs(totals, data.costs, as_of=as_of, time_zone=data.time_zone).collect()
    assert table.height > 100
    for row in table.to_dicts():
        key = row["period"], row["channel"]
        of_month = sum(number for (month, _), number in new.items() if month == row["period"])
        shared = spent[row["period"], None]
        own = spent[key] if row["channel"] is not None else 0.0
        part = new[key] / of_month if of_month else float(row["channel"] is None)
        expected = own + shared * part
        assert (row["new_customers"], row["orders"]) == (new[key], made[key])
        assert row["fully_loaded_cost"] == pytest.approx(expected)
        if new[key]:
            assert row["fully_loaded_cac"] == pytest.approx(expected / new[key])
            assert row["cost_per_order"] == pytest.approx(expected / made[key])
