"""A metric in one call: what it sums for, and what it makes of the sums."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention_kit import Dataset, DefinitionError, make_dataset
from retention_kit.contracts import additive, finisher
from retention_kit.metrics import (
    acquisition_costs,
    acquisition_totals,
    average_order_value,
    customer_summary,
    gap_totals,
    measure,
    order_totals,
    orders_with_customers,
    repeat_purchase_rate,
    repeat_purchase_totals,
    retention_rates,
    retention_totals,
    usual_gap,
)

ZONE = "Europe/Moscow"
AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo(ZONE))


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return make_dataset(customers=300, seed=11)


def test_it_is_both_steps_at_once(shop):
    both = retention_rates(
        retention_totals(shop.orders, as_of=AS_OF, every="1q", by="channel"),
        as_of=AS_OF,
        time_zone=shop.time_zone,
        every="1q",
        confidence=0.9,
    )
    at_once = measure(retention_rates, shop, as_of=AS_OF, every="1q", by="channel", confidence=0.9)
    assert isinstance(at_once, pl.LazyFrame)
    assert_frame_equal(at_once.collect(), both.collect())


def test_costs_join_after_the_sums(shop):
    both = acquisition_costs(
        acquisition_totals(shop.orders, shop.customers, as_of=AS_OF),
        shop.costs,
        as_of=AS_OF,
        time_zone=shop.time_zone,
    )
    assert_frame_equal(measure(acquisition_costs, shop, as_of=AS_OF).collect(), both.collect())


def test_buckets_give_what_the_whole_gives(shop, tmp_path):
    buckets = shop.bucket(tmp_path / "buckets", buckets=3)
    for metric in (retention_rates, acquisition_costs):
        in_buckets = measure(metric, buckets, as_of=AS_OF)
        whole = measure(metric, shop, as_of=AS_OF).collect()
        assert_frame_equal(in_buckets, whole, rel_tol=1e-12)


def test_tables_by_name_serve_lazy_and_eager(shop):
    lazy = measure(average_order_value, {"orders": shop.orders}, as_of=AS_OF)
    eager = measure(average_order_value, {"orders": shop.orders.collect()}, as_of=AS_OF)
    assert isinstance(eager, pl.DataFrame)
    assert_frame_equal(lazy.collect(), eager)
    rates = measure(retention_rates, {"orders": shop.orders}, as_of=AS_OF)
    assert_frame_equal(rates.collect(), measure(retention_rates, shop, as_of=AS_OF).collect())


def test_a_dimension_of_customers_is_joined_before(shop):
    orders = orders_with_customers(shop.orders, shop.customers, columns=["city"])
    rates = measure(repeat_purchase_rate, {"orders": orders}, as_of=AS_OF, by="city")
    counts = repeat_purchase_totals(shop.orders, as_of=AS_OF).collect()
    assert rates.select(pl.col("customers").sum()).collect().item() == counts["customers"].item()


def test_a_fit_gives_its_model(shop):
    assert measure(usual_gap, shop, as_of=AS_OF) == usual_gap(gap_totals(shop.orders, as_of=AS_OF))


def test_a_metric_of_ones_own_is_served_as_well(shop):
    @additive(keys=())
    def sales(orders, *, channel: str):
        return orders.select((pl.col("channel") == channel).sum().cast(pl.Int64).alias("orders"))

    @finisher(of=sales)
    def doubled(totals, *, times: int = 2):
        return totals.select(pl.col("orders") * times)

    found = measure(doubled, shop, channel="online", times=3).collect().item()
    assert found == 3 * sales(shop.orders, channel="online").collect().item()


@pytest.mark.parametrize("function", [customer_summary, order_totals, len])
def test_what_makes_no_figures_of_sums_is_refused(shop, function):
    with pytest.raises(DefinitionError, match="a finisher or a fit"):
        measure(function, shop, as_of=AS_OF)


def test_an_argument_of_neither_is_refused_with_the_nearest(shop):
    with pytest.raises(DefinitionError, match="no argument 'everyy'.*Nearest: every"):
        measure(retention_rates, shop, as_of=AS_OF, everyy="1mo")


def test_a_missing_table_is_named(shop):
    with pytest.raises(DefinitionError, match="needs the table 'costs'. Given: orders"):
        measure(acquisition_costs, {"orders": shop.orders}, as_of=AS_OF, time_zone=ZONE)


def test_without_a_zone_it_asks_for_one():
    frame = pl.DataFrame({"ordered_at": [dt.datetime(2025, 1, 1)]})
    with pytest.raises(DefinitionError, match="time zone is not known"):
        measure(retention_rates, {"orders": frame}, as_of=AS_OF)
