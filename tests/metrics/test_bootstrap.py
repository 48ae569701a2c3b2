"""The bootstrap of customers: weights that are specified, sums that add up, ends that hold."""

from __future__ import annotations

import datetime as dt
from math import exp, factorial, sqrt
from statistics import fmean
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention_kit.datasets import (
    ONLINE_RETAIL_AS_OF,
    example_orders,
    make_dataset,
    online_retail,
)
from retention_kit.errors import DefinitionError
from retention_kit.hashing import stable_hash
from retention_kit.metrics.orders.bootstrap import (
    SALT,
    SLOTS,
    bootstrap_intervals,
    bootstrap_order_totals,
    poisson_edges,
    weight_expression,
)
from retention_kit.metrics.orders.customers import customer_summary
from retention_kit.metrics.orders.totals import (
    average_order_value,
    order_totals,
    purchase_frequency,
    share_of_repeat_sales,
)
from retention_kit.testing import shops

AFTER_ALL = dt.datetime(2030, 1, 1, tzinfo=ZoneInfo("Europe/London"))
SUMS = (
    "customers",
    "orders",
    "first_orders",
    "repeat_orders",
    "revenue",
    "net_revenue",
    "first_revenue",
    "repeat_revenue",
)
# Outputs 1, 2 and 3 of SplitMix64 with the seed 0, as Vigna's splitmix64.c gives them.
SPLITMIX64 = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def splitmix64(place: int) -> int:
    whole = 2**64
    mixed = place * 0x9E3779B97F4A7C15 % whole
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 % whole
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB % whole
    return mixed ^ mixed >> 31


def weight(replicate: int, slot: int) -> int:
    upper = splitmix64(replicate * SLOTS + slot + 1) >> 32
    return sum(upper >= edge for edge in poisson_edges()) if replicate else 1


def weights(replicates: int) -> pl.DataFrame:
    slots = pl.LazyFrame({"slot": range(SLOTS)})
    numbers = pl.LazyFrame({"replicate": range(1, replicates + 1)})
    expression = weight_expression(pl.col("replicate"), pl.col("slot"))
    return slots.join(numbers, how="cross").with_columns(expression.alias("weight")).collect()


class TestWeights:
    def test_the_generator_is_the_published_one(self):
        assert [splitmix64(place) for place in (1, 2, 3)] == SPLITMIX64

    @given(st.integers(0, 10_000), st.integers(0, SLOTS - 1))
    def test_columns_have_the_weights_that_the_specification_gives(self, replicate, slot):
        expression = weight_expression(pl.lit(replicate), pl.lit(slot))
        assert pl.select(expression).item() == weight(replicate, slot)

    def test_known_weights_stay_what_they_are(self):
        known = {(1, 0): 1, (1, 1): 1, (2, 0): 2, (2, 4095): 0, (200, 17): 0}
        assert {place: weight(*place) for place in known} == known

    def test_edges_are_those_of_poisson_with_mean_1(self):
        edges = poisson_edges()
        assert edges[0] == round(2**32 / 2.718281828459045)
        assert edges == sorted(set(edges))
        assert sum(2**32 - edge for edge in edges) / 2**32 == pytest.approx(1, abs=1e-8)

    def test_their_mean_their_variance_and_their_shares_are_poissons(self):
        drawn = weights(200)["weight"]
        assert drawn.mean() == pytest.approx(1, abs=0.005)
        assert drawn.var() == pytest.approx(1, abs=0.01)
        for count in range(5):
            share = (drawn == count).mean()
            assert share == pytest.approx(exp(-1) / factorial(count), abs=0.003)

    def test_neither_slots_nor_replicates_hang_together(self):
        table = weights(100).pivot("replicate", index="slot", values="weight").drop("slot")
        one, other = table.to_series(0), table.to_series(1)
        assert abs(pl.DataFrame({"a": one, "b": other}).select(pl.corr("a", "b")).item()) < 0.05
        # The sum over all slots varies as a sum of independent weights does.
        sums = table.sum().row(0)
        spread = sqrt(fmean((total - SLOTS) ** 2 for total in sums))
        assert spread == pytest.approx(sqrt(SLOTS), rel=0.25)


class TestTotals:
    @settings(max_examples=min(20, settings.default.max_examples))
    @given(shops(("orders",)), st.sampled_from([(), "channel"]))
    def test_replicate_0_is_the_data_as_they_are(self, shop, by):
        frame = shop.tables["orders"]
        totals = bootstrap_order_totals(frame, as_of=AFTER_ALL, replicates=2, by=by)
        names = [by, *SUMS] if by else list(SUMS)
        whole = order_totals(frame, as_of=AFTER_ALL, by=by).select(names)
        if frame.is_empty():
            assert totals.is_empty()
            return
        got = totals.filter(pl.col("replicate") == 0).select(names)
        counted = whole.filter(pl.any_horizontal(pl.col(*SUMS) != 0))
        assert got.sort(names).equals(counted.sort(names))

    @settings(max_examples=min(20, settings.default.max_examples))
    @given(shops(("orders",)))
    def test_a_replicate_is_the_sum_over_customers_times_their_weights(self, shop):
        frame = shop.tables["orders"]
        summary = customer_summary(frame, as_of=AFTER_ALL)
        totals = bootstrap_order_totals(frame, as_of=AFTER_ALL, replicates=4)
        for row in totals.to_dicts():
            weighed = [
                (weight(row["replicate"], stable_hash(one["customer_id"], salt=SALT) % SLOTS), one)
                for one in summary.to_dicts()
            ]
            assert row["orders"] == sum(times * one["orders"] for times, one in weighed)
            assert row["customers"] == sum(times * (one["orders"] > 0) for times, one in weighed)
            assert row["revenue"] == sum(times * one["revenue"] for times, one in weighed)
            assert row["net_revenue"] == sum(times * one["net_revenue"] for times, one in weighed)

    def test_groups_add_up_to_the_whole_in_every_replicate(self):
        shop = make_dataset(customers=200, seed=3)
        as_of = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
        names = [name for name in SUMS if name != "customers"]
        whole = bootstrap_order_totals(shop.orders, as_of=as_of, replicates=20)
        parts = bootstrap_order_totals(shop.orders, as_of=as_of, replicates=20, by="channel")
        added = parts.group_by("replicate").agg(pl.col(names).sum()).sort("replicate")
        wanted = whole.select("replicate", *names).sort("replicate")
        assert added.collect().equals(wanted.collect())

    @pytest.mark.parametrize("replicates", [0, -1, 1.5, True])
    def test_a_number_of_replicates_that_is_none_is_refused(self, replicates):
        orders, as_of = example_orders()
        with pytest.raises(DefinitionError, match="'replicates'"):
            bootstrap_order_totals(orders, as_of=as_of, replicates=replicates)


def intervals(orders: pl.LazyFrame, as_of: dt.datetime, **more) -> dict[str, dict]:
    totals = bootstrap_order_totals(orders, as_of=as_of, **more)
    return {row["name"]: row for row in bootstrap_intervals(totals).collect().to_dicts()}


def delta_ends(above: list[float], below: list[float]) -> tuple[float, float]:
    """The ends by the delta method: a ratio of means over customers (Deng et al. 2018)."""
    value = sum(above) / sum(below)
    residuals = [one - value * other for one, other in zip(above, below, strict=True)]
    half = 1.959964 * sqrt(sum(each**2 for each in residuals)) / sum(below)
    return value - half, value + half


class TestIntervals:
    def test_the_values_are_those_of_the_figures_themselves(self):
        orders, as_of = online_retail().orders, ONLINE_RETAIL_AS_OF
        totals = order_totals(orders, as_of=as_of)
        got = intervals(orders, as_of)
        figures = pl.concat(
            [
                average_order_value(totals).select(pl.selectors.contains("average")),
                purchase_frequency(totals).select("purchase_frequency"),
                share_of_repeat_sales(totals).select("share_of_repeat_sales"),
            ],
            how="horizontal",
        ).collect()
        for name, value in figures.row(0, named=True).items():
            assert got[name]["value"] == value
            assert got[name]["low"] < value < got[name]["high"]
        assert {row["customers"] for row in got.values()} == {4_338}

    @pytest.mark.parametrize("customers", [400, 6_000])
    def test_the_ends_are_those_of_the_delta_method(self, customers):
        # Of 6,000 customers most share their slot with another: it does not matter.
        orders = make_dataset(customers=customers, seed=7).orders
        as_of = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
        rows = customer_summary(orders, as_of=as_of).filter(pl.col("orders") > 0).collect()
        paid, bought = rows["revenue"].cast(float).to_list(), rows["orders"].to_list()
        got = intervals(orders, as_of, replicates=1_000)
        for name, above, below in (
            ("average_order_value", paid, bought),
            ("purchase_frequency", bought, [1] * len(bought)),
            ("revenue_per_customer", paid, [1] * len(bought)),
        ):
            low, high = delta_ends(above, below)
            assert got[name]["high"] - got[name]["low"] == pytest.approx(high - low, rel=0.12)
            assert got[name]["low"] == pytest.approx(low, abs=0.12 * (high - low))
            assert got[name]["high"] == pytest.approx(high, abs=0.12 * (high - low))

    def test_more_confidence_makes_them_wider(self):
        orders, as_of = online_retail().orders, ONLINE_RETAIL_AS_OF
        totals = bootstrap_order_totals(orders, as_of=as_of).collect()
        narrow, wide = (bootstrap_intervals(totals, confidence=each) for each in (0.8, 0.99))
        assert (wide["low"] < narrow["low"]).all()
        assert (narrow["high"] < wide["high"]).all()

    def test_one_customer_alone_has_no_interval(self):
        orders, as_of = example_orders()
        alone = intervals(orders.filter(pl.col("customer_id") == 1), as_of)
        assert alone["average_order_value"]["value"] == 200
        assert alone["average_order_value"]["low"] is None
        assert alone["average_order_value"]["high"] is None

    def test_groups_have_intervals_of_their_own(self):
        shop = make_dataset(customers=300, seed=3)
        as_of = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
        totals = bootstrap_order_totals(shop.orders, as_of=as_of, by="channel")
        got = bootstrap_intervals(totals).collect()
        values = average_order_value(order_totals(shop.orders, as_of=as_of, by="channel"))
        wanted = dict(values.select("channel", "average_order_value").collect().rows())
        names = got.filter(pl.col("name") == "average_order_value")
        assert dict(names.select("channel", "value").rows()) == wanted

    def test_a_confidence_that_is_none_is_refused(self):
        orders, as_of = example_orders()
        with pytest.raises(DefinitionError, match="'confidence'"):
            bootstrap_intervals(bootstrap_order_totals(orders, as_of=as_of), confidence=95)
