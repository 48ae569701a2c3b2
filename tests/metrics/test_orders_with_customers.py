"""Columns of customers beside their orders: every order once, and nothing silently."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given

from retention_kit import DefinitionError, MissingColumnError
from retention_kit.datasets import make_dataset
from retention_kit.metrics.base.customer_columns import orders_with_customers
from retention_kit.testing import shops

ORDERS = pl.LazyFrame({"order_id": [1, 2, 3], "customer_id": [7, 8, 7], "channel": ["a", "b", "c"]})
CUSTOMERS = pl.LazyFrame(
    {"customer_id": [7, 9], "city": ["Tver", "Perm"], "channel": ["x", "y"], "gender": ["f", None]}
)


def test_each_order_gets_the_columns_of_its_customer():
    got = orders_with_customers(ORDERS, CUSTOMERS, columns=("city", "gender"))
    assert got.sort("order_id").collect().to_dicts() == [
        {"order_id": 1, "customer_id": 7, "channel": "a", "city": "Tver", "gender": "f"},
        {"order_id": 2, "customer_id": 8, "channel": "b", "city": None, "gender": None},
        {"order_id": 3, "customer_id": 7, "channel": "c", "city": "Tver", "gender": "f"},
    ]


def test_one_column_may_be_named_without_a_list():
    got = orders_with_customers(ORDERS, CUSTOMERS, columns="city")
    assert got.collect_schema().names() == ["order_id", "customer_id", "channel", "city"]


def test_no_columns_leave_the_orders_as_they_are():
    got = orders_with_customers(ORDERS, CUSTOMERS, columns=())
    assert got.collect().equals(ORDERS.collect())


def test_a_column_that_orders_has_already_is_refused():
    with pytest.raises(DefinitionError, match="'channel'") as caught:
        orders_with_customers(ORDERS, CUSTOMERS, columns=["channel"])
    assert caught.value.parameter == "columns"


def test_an_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(DefinitionError, match="Nearest: city") as caught:
        orders_with_customers(ORDERS, CUSTOMERS, columns=["citi"])
    assert caught.value.parameter == "columns"


def test_a_column_named_twice_is_refused():
    with pytest.raises(DefinitionError, match="each column once"):
        orders_with_customers(ORDERS, CUSTOMERS, columns=["city", "city"])


def test_a_table_without_customers_is_refused():
    with pytest.raises(MissingColumnError, match="customer_id"):
        orders_with_customers(ORDERS.drop("customer_id"), CUSTOMERS, columns=["city"])


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_customer_who_stands_twice_in_the_table_cannot_double_an_order(engine):
    moved = CUSTOMERS.with_columns(city=pl.lit("Omsk"))
    twice = pl.concat([CUSTOMERS, moved])
    got = orders_with_customers(ORDERS, twice, columns=["city"]).collect(engine=engine)
    assert got.sort("order_id")["city"].to_list() == ["Omsk", None, "Omsk"]


@given(shops(("orders", "customers")))
def test_all_orders_stay_and_none_is_doubled(shop):
    got = orders_with_customers(**shop.tables, columns=["city", "acquisition_channel"])
    orders = shop.tables["orders"]
    same = got.select(orders.columns)
    assert same.sort(orders.columns).equals(orders.sort(orders.columns))


def test_the_invented_shop_knows_the_city_of_its_buyers():
    shop = make_dataset(200, seed=3, tables=("orders", "customers"))
    got = orders_with_customers(shop.orders, shop.customers, columns=["city"]).collect()
    of = dict(shop.customers.select("customer_id", "city").collect().rows())
    assert got["city"].to_list() == [of[one] for one in got["customer_id"]]
