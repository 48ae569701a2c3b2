"""Payback, and channels side by side: worked examples, verdicts, and a shop beside plain Python."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings

from retention_kit import Dataset, DefinitionError
from retention_kit.datasets import make_dataset
from retention_kit.metrics.economics.acquisition import acquisition_totals
from retention_kit.metrics.economics.channels import channel_economics
from retention_kit.metrics.economics.payback import payback_curve, payback_months
from retention_kit.testing import shops

ZONE = "Europe/Moscow"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(ZONE))


def shop(orders: list[dict], costs: list[dict]) -> Dataset:
    return Dataset.from_frames(
        orders=[{"order_id": place, **row} for place, row in enumerate(orders)],
        costs=costs,
        negative_amounts="return",
        date_format="iso8601",
        time_zone=ZONE,
        currency="RUB",
    )


def sale(who: int, day: str, amount: float = 100, **more) -> dict:
    return {"customer_id": who, "ordered_at": f"2025-{day} 12:00", "amount": amount, **more}


def cost(month: str, amount: float, **more) -> dict:
    return {"month": f"2025-{month}-01", "amount": amount, **more}


def run(function, data: Dataset, *, as_of=AS_OF, every="1mo", **more) -> pl.DataFrame:
    totals = acquisition_totals(data.orders, as_of=as_of, every=every)
    return function(totals, data.costs, as_of=as_of, time_zone=ZONE, every=every, **more).collect()


class TestPayback:
    def test_a_customer_has_paid_back_in_the_month_that_reaches_the_cost(self):
        orders = [sale(1, f"0{month}-05", 1_000) for month in range(1, 6)]
        row = run(payback_months, shop(orders, [cost("01", 3_077)])).row(0, named=True)
        assert row["payback_months"] == 4
        assert row["periods_observed"] == 5
        assert row["value_per_customer"] == 5_000.0
        assert (row["basis"], row["reason"]) == ("revenue", None)

    def test_margin_is_what_counts_where_it_is_known(self):
        orders = [sale(1, f"0{month}-05", 1_000, margin=400) for month in range(1, 6)]
        row = run(payback_months, shop(orders, [cost("01", 800)])).row(0, named=True)
        assert (row["payback_months"], row["basis"]) == (2, "margin")

    def test_returns_put_payback_off(self):
        orders = [sale(1, "01-05", 1_000), sale(1, "01-20", -600), sale(1, "03-05", 700)]
        row = run(payback_months, shop(orders, [cost("01", 1_000)])).row(0, named=True)
        assert row["payback_months"] == 3

    def test_what_was_not_reached_is_null_with_the_reason(self):
        row = run(payback_months, shop([sale(1, "01-05")], [cost("01", 101)])).row(0, named=True)
        assert (row["payback_months"], row["reason"]) == (None, "not_reached")

    def test_no_costs_no_customers_and_no_whole_period_have_their_reasons(self):
        data = shop(
            [sale(1, "01-05", channel="a"), sale(2, "05-05", channel="b")],
            [cost("05", 10, channel="b"), cost("01", 10, channel="c")],
        )
        middle = dt.datetime(2025, 5, 20, tzinfo=ZoneInfo(ZONE))
        table = run(payback_months, data, as_of=middle, per="channel")
        assert dict(table.select("channel", "reason").rows()) == {
            "a": "no_costs",
            "b": "not_observed",
            "c": "no_new_customers",
        }
        assert table["payback_months"].null_count() == 3

    def test_a_month_that_has_begun_meets_neither_its_whole_cost_nor_its_few_customers(self):
        orders = [sale(1, "02-05"), sale(2, "02-06"), sale(3, "03-02")]
        data = shop(orders, [cost("02", 100), cost("03", 310)])
        third_of_march = dt.datetime(2025, 3, 3, tzinfo=ZoneInfo(ZONE))
        row = run(payback_months, data, as_of=third_of_march).row(0, named=True)
        assert (row["new_customers"], row["fully_loaded_cost"]) == (2, 100.0)
        assert (row["fully_loaded_cac"], row["payback_months"]) == (50.0, 1)
        curve = run(payback_curve, data, as_of=third_of_march)
        assert curve.select("period", "customers", "share_of_cac").rows() == [(0, 2, 2.0)]
        april = dt.datetime(2025, 4, 1, tzinfo=ZoneInfo(ZONE))
        whole = run(payback_months, data, as_of=april).row(0, named=True)
        assert (whole["new_customers"], whole["fully_loaded_cost"]) == (3, 410.0)

    def test_costs_of_a_month_that_has_begun_alone_are_not_observed_yet(self):
        data = shop([sale(1, "02-05"), sale(2, "03-02")], [cost("03", 310)])
        third_of_march = dt.datetime(2025, 3, 3, tzinfo=ZoneInfo(ZONE))
        for function in (payback_months, channel_economics):
            row = run(function, data, as_of=third_of_march).row(0, named=True)
            assert (row["new_customers"], row["reason"]) == (0, "not_observed")
            assert (row["fully_loaded_cac"], row["payback_months"]) == (None, None)

    def test_young_cohorts_do_not_pull_the_curve_down(self):
        orders = [
            sale(1, "01-05", 100),
            sale(1, "02-05", 60),
            sale(2, "05-05", 200),
        ]
        data = shop(orders, [cost("01", 400), cost("05", 0)])
        curve = run(payback_curve, data)
        assert curve["customers"].to_list() == [2, 1, 1, 1, 1]
        assert curve["value_per_customer"].to_list() == [150.0, 210.0, 210.0, 210.0, 210.0]
        assert curve["share_of_cac"].to_list() == pytest.approx([0.75, 1.05, 1.05, 1.05, 1.05])

    def test_each_cohort_is_followed_against_its_own_cost(self):
        orders = [sale(1, "01-05", 50), sale(1, "02-05", 60), sale(2, "02-05", 200)]
        data = shop(orders, [cost("01", 100), cost("02", 150)])
        table = run(payback_months, data, per="cohort")
        assert table.select("cohort", "fully_loaded_cac", "payback_months").rows() == [
            (dt.date(2025, 1, 1), 100.0, 2),
            (dt.date(2025, 2, 1), 150.0, 1),
        ]
        curve = run(payback_curve, data, per="cohort")
        january = curve.filter(pl.col("cohort") == pl.date(2025, 1, 1))
        assert january["share_of_cac"].to_list() == [0.5, 1.1, 1.1, 1.1, 1.1]

    def test_cohorts_of_months_without_costs_make_nobody_cheaper(self):
        orders = [sale(who, "01-05") for who in range(9)] + [sale(10, "03-05")]
        row = run(payback_months, shop(orders, [cost("03", 50)])).row(0, named=True)
        assert (row["new_customers"], row["fully_loaded_cac"]) == (1, 50.0)

    def test_quarters_are_told_in_months(self):
        orders = [sale(1, "01-05", 50), sale(1, "04-05", 60)]
        data = shop(orders, [cost("01", 100)])
        late = dt.datetime(2025, 7, 1, tzinfo=ZoneInfo(ZONE))
        table = run(payback_months, data, as_of=late, every="1q")
        assert table["payback_months"].item() == 6

    def test_an_unknown_cut_is_refused(self):
        with pytest.raises(DefinitionError, match="'cohort'"):
            run(payback_months, shop([sale(1, "01-05")], [cost("01", 1)]), per="city")

    @settings(max_examples=min(20, settings.default.max_examples))
    @given(shops(("orders", "costs")))
    def test_payback_is_the_first_age_at_which_the_curve_reaches_the_cost(self, drawn):
        as_of = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
        totals = acquisition_totals(drawn.tables["orders"], as_of=as_of)
        costs, time = drawn.tables["costs"], {"as_of": as_of, "time_zone": drawn.time_zone}
        curve = payback_curve(totals, costs, per="channel", **time)
        reached: dict = {}
        for row in curve.to_dicts():
            cac = row["fully_loaded_cac"]
            if cac is not None and row["value_per_customer"] >= cac:
                reached.setdefault(row["channel"], row["period"] + 1)
        table = payback_months(totals, costs, per="channel", **time)
        for row in table.to_dicts():
            assert row["payback_months"] == reached.get(row["channel"])
            assert (row["reason"] is None) == (row["payback_months"] is not None)


class TestChannels:
    def test_3_000_for_3_077_is_about_1_to_1_and_needs_work(self):
        orders = [sale(who, "01-05", 3_000) for who in range(13)]
        row = run(channel_economics, shop(orders, [cost("01", 40_000)])).row(0, named=True)
        assert row["lifetime_value"] == 3_000.0
        assert round(row["fully_loaded_cac"]) == 3_077
        assert row["ltv_to_cac"] == pytest.approx(0.975)
        assert row["verdict"] == "needs_work"
        assert row["lifetime_value_basis"] == "revenue"

    @pytest.mark.parametrize(
        ("value", "verdict"),
        [
            (3_000, "good"),
            (2_950, "good"),
            (2_949, "needs_work"),
            (950, "needs_work"),
            (949, "loses_money"),
            (-100, "loses_money"),
        ],
    )
    def test_the_verdict_is_of_the_ratio_with_one_decimal(self, value, verdict):
        data = shop([sale(1, "01-05", 9_000, margin=value)], [cost("01", 1_000)])
        assert run(channel_economics, data)["verdict"].to_list() == [verdict]

    def test_a_month_that_has_begun_counts_on_neither_side(self):
        orders = [sale(1, "02-05"), sale(2, "02-06"), sale(3, "03-02"), sale(1, "03-02")]
        costs = [cost("02", 100), cost("03", 310), cost("03", 900, purpose="retention")]
        third_of_march = dt.datetime(2025, 3, 3, tzinfo=ZoneInfo(ZONE))
        row = run(channel_economics, shop(orders, costs), as_of=third_of_march).row(0, named=True)
        assert (row["new_customers"], row["fully_loaded_cac"]) == (2, 50.0)
        # What the customers of February bought in March so far is theirs.
        assert (row["lifetime_value"], row["ltv_to_cac"], row["verdict"]) == (150.0, 3.0, "good")
        assert (row["retention_cost"], row["retention_roi"]) == (0.0, None)

    @pytest.mark.parametrize("day", [(2025, 3, 1), (2025, 3, 3), (2025, 7, 31)])
    def test_costs_of_a_month_that_has_begun_change_no_figure(self, day):
        data = make_dataset(200, seed=3, tables=("orders", "customers", "costs"))
        as_of = dt.datetime(*day, 9, tzinfo=ZoneInfo(data.time_zone))
        totals = acquisition_totals(data.orders, data.customers, as_of=as_of)
        ended = data.costs.filter(pl.col("month") < as_of.date().replace(day=1))
        with_begun, without = (
            channel_economics(totals, costs, as_of=as_of, time_zone=data.time_zone).collect()
            for costs in (data.costs, ended)
        )
        assert with_begun["new_customers"].sum() > 0
        assert with_begun.drop("reason").equals(without.drop("reason"))

    def test_with_margins_the_cost_of_keeping_comes_off_and_that_of_winning_does_not(self):
        orders = [
            sale(1, "01-05", 1_000, margin=500, channel="a"),
            sale(1, "02-05", 1_000, margin=500, channel="b"),
            sale(2, "01-05", 1_000, margin=300, channel="b"),
        ]
        costs = [
            cost("01", 200, channel="a", category="advertising"),
            cost("01", 100),
            cost("02", 90, channel="letters", purpose="retention"),
        ]
        table = run(channel_economics, shop(orders, costs))
        assert table["channel"].to_list() == ["a", "b"]
        first = table.row(0, named=True)
        assert (first["paid_cost"], first["fully_loaded_cost"]) == (200.0, 250.0)
        assert first["retention_cost"] == 90.0
        assert first["lifetime_value"] == 1_000 - 90
        assert first["ltv_to_cac"] == pytest.approx(910 / 250)
        assert first["acquisition_roi"] == pytest.approx((1_000 - 250) / 250)
        assert first["retention_roi"] == pytest.approx((500 - 90) / 90)
        assert first["lifetime_value_basis"] == "margin"
        assert first["payback_months"] == 1
        second = table.row(1, named=True)
        assert (second["retention_cost"], second["retention_roi"]) == (0.0, None)
        assert second["lifetime_value"] == 300.0
        assert second["reason"] == "no_advertising"

    def test_channels_that_never_occur_and_channels_without_costs_are_rows(self):
        data = shop([sale(1, "01-05", channel="a")], [cost("01", 50, channel="c")])
        rows = {row["channel"]: row for row in run(channel_economics, data).to_dicts()}
        assert rows["c"]["reason"] == "no_new_customers"
        assert rows["c"]["fully_loaded_cac"] is None
        assert rows["c"]["lifetime_value"] is None
        assert rows["c"]["acquisition_roi"] == -1.0
        assert rows["a"]["reason"] == "no_costs"
        assert rows["a"]["lifetime_value"] == 100.0
        assert rows["a"]["verdict"] is None

    def test_without_any_costs_channels_still_have_their_value(self):
        data = shop([sale(1, "01-05", channel="a")], [cost("01", 50, purpose="retention")])
        nobody, row = run(channel_economics, data).to_dicts()
        assert (row["new_customers"], row["lifetime_value"]) == (1, 100.0)
        assert (row["ltv_to_cac"], row["reason"]) == (None, "no_costs")
        # Nobody came back in January, so that its cost of keeping customers is no channel's.
        assert (nobody["channel"], nobody["retention_cost"]) == (None, 50.0)

    def test_a_free_channel_has_no_ratio_and_not_infinity(self):
        data = shop([sale(1, "01-05", channel="a")], [cost("01", 0, channel="a")])
        row = run(channel_economics, data).row(0, named=True)
        assert row["fully_loaded_cac"] == 0.0
        assert row["ltv_to_cac"] is None
        assert row["acquisition_roi"] is None

    @settings(max_examples=min(20, settings.default.max_examples))
    @given(shops(("orders", "customers", "costs")))
    def test_channels_bear_all_costs_and_nothing_is_infinite(self, drawn):
        as_of = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
        costs = drawn.tables["costs"]
        totals = acquisition_totals(drawn.tables["orders"], drawn.tables["customers"], as_of=as_of)
        table = channel_economics(totals, costs, as_of=as_of, time_zone=drawn.time_zone)
        spent = dict(costs.group_by("purpose").agg(pl.col("amount").cast(float).sum()).rows())
        for column, purpose in (
            ("fully_loaded_cost", "acquisition"),
            ("retention_cost", "retention"),
        ):
            assert table[column].sum() == pytest.approx(spent.get(purpose, 0.0))
        numbers = table.select(pl.col(pl.Float64))
        assert all(column.is_finite().all() for column in numbers.iter_columns())

    def test_an_invented_shop_stands_as_plain_python_says(self):
        data = make_dataset(400, seed=8, tables=("orders", "customers", "costs"))
        zone = ZoneInfo(data.time_zone)
        as_of = dt.datetime(2026, 1, 1, tzinfo=zone)
        known = dict(data.customers.select("customer_id", "acquisition_channel").collect().rows())
        lives = defaultdict(list)
        for row in data.orders.sort("ordered_at", "order_id").collect().to_dicts():
            if row["status"] == "completed":
                lives[row["customer_id"]].append(row)
        margin, people = defaultdict(float), defaultdict(int)
        new, back = defaultdict(int), defaultdict(set)
        for who, rows in lives.items():
            sales = [row for row in rows if row["kind"] == "sale"]
            if not sales:
                continue
            channel = known.get(who) or sales[0]["channel"]
            first = sales[0]["ordered_at"].date().replace(day=1)
            people[channel] += 1
            new[first, channel] += 1
            margin[channel] += float(sum(row["margin"] for row in rows))
            for row in sales:
                month = row["ordered_at"].date().replace(day=1)
                if month > first:
                    back[month, channel].add(who)
        cac, keeping = defaultdict(float), defaultdict(float)
        for row in data.costs.collect().to_dicts():
            month, amount = row["month"], float(row["amount"])
            weights = {
                channel: new[month, channel]
                if row["purpose"] == "acquisition"
                else len(back[month, channel])
                for channel in people
            }
            bears = cac if row["purpose"] == "acquisition" else keeping
            if row["purpose"] == "acquisition" and row["channel"] is not None:
                bears[row["channel"]] += amount
                continue
            whole = sum(weights.values())
            for channel, weight in weights.items():
                if whole:
                    bears[channel] += amount * weight / whole
        totals = acquisition_totals(data.orders, data.customers, as_of=as_of)
        table = channel_economics(
            totals, data.costs, as_of=as_of, time_zone=data.time_zone
        ).collect()
        rows = [row for row in table.to_dicts() if row["new_customers"]]
        assert {row["channel"]: row["new_customers"] for row in rows} == people
        for row in rows:
            channel = row["channel"]
            value = (margin[channel] - keeping[channel]) / people[channel]
            assert row["lifetime_value_basis"] == "margin"
            assert row["fully_loaded_cost"] == pytest.approx(cac[channel])
            assert row["retention_cost"] == pytest.approx(keeping[channel])
            assert row["lifetime_value"] == pytest.approx(value)
            assert row["ltv_to_cac"] == pytest.approx(value / (cac[channel] / people[channel]))
            assert row["acquisition_roi"] == pytest.approx(margin[channel] / cac[channel] - 1)
