"""The made-up shop at sizes that do not fit into memory, with sizes that do."""

import polars as pl
import pytest
from benchmarks import data, large_data
from benchmarks.settings import path_of

from retention_kit.contracts import Buckets

ROWS = 10_500


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_data, "PART", 2_000)
        patch.setattr(large_data, "STRETCH", 1_000)
        patch.setattr(data, "LARGE", 10_000)
        wanted = ["raw", "orders", "customers", "costs", "order_items", "points"]
        data.make_files(made, ROWS, [*wanted, "buckets_orders", "buckets_points"])
    return made


def read(folder, name):
    return pl.read_parquet(path_of(folder, name, ROWS))


def test_parts_share_no_customer_and_no_id(folder):
    orders = read(folder, "orders")
    assert orders.height == orders["order_id"].n_unique() == ROWS
    assert orders["customer_id"].n_unique() == ROWS // 5


def test_the_rows_of_a_customer_lie_apart(folder):
    orders = read(folder, "orders")
    assert (orders["customer_id"] == orders["customer_id"].shift()).sum() < ROWS / 100
    assert not orders["ordered_at"].is_sorted()


def test_what_stands_beside_the_orders_is_of_the_same_customers(folder):
    orders = read(folder, "orders")
    assert (
        read(folder, "points").drop("points_paid").sort("order_id").equals(orders.sort("order_id"))
    )
    assert set(read(folder, "customers")["customer_id"]) == set(orders["customer_id"])
    lines = read(folder, "order_items").group_by("order_id").agg(pl.col("amount").sum())
    assert lines.sort("order_id").equals(orders.select("order_id", "amount").sort("order_id"))


def test_raw_rows_are_the_orders_before_the_door(folder):
    raw = read(folder, "raw")
    assert raw["amount"].dtype == pl.Float64
    assert 0 < raw["customer_id"].null_count() < ROWS / 100
    assert raw["order_id"].equals(read(folder, "orders")["order_id"])


def test_buckets_hold_every_order_once(folder):
    for source in ("orders", "points"):
        buckets = Buckets.open(folder / f"buckets_{source}-{ROWS}-g3")
        ids = pl.concat(one.orders.select("order_id") for one in buckets).collect().to_series()
        assert sorted(ids) == sorted(read(folder, "orders")["order_id"])


def test_nothing_is_left_of_the_work(folder):
    assert not [file for file in folder.iterdir() if file.name.endswith((".work", ".part"))]
