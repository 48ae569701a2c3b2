"""The strategies draw what they promise: the door's own tables, and the hard cases among them."""

import datetime as dt
import random
import warnings
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from retention_kit import testing
from retention_kit.contracts import Dataset, table_schema
from retention_kit.contracts.items import FROM_ORDER
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DataWarning, DefinitionError
from retention_kit.testing import datasets, instants, shops, time_zones

ROLES = ("customer_id", "order_id", "product_id", "line_id", "review_id")


def draws(strategy: st.SearchStrategy[Any], holds: Callable[[Any], bool]) -> bool:
    """Whether one of 1,500 draws has a property; it is the same on every run."""
    looked = settings(max_examples=1_500, database=None, phases=[Phase.generate])
    return find(strategy, holds, settings=looked, random=random.Random(1)) is not None


class TestATable:
    @pytest.mark.parametrize("id_type", [int, str])
    @pytest.mark.parametrize("table", TABLES)
    @settings(max_examples=min(15, settings.default.max_examples))
    @given(data=st.data())
    def test_has_exactly_the_columns_and_types_of_the_door(self, table, id_type, data):
        zone = data.draw(time_zones())
        frame = data.draw(getattr(testing, table)(time_zone=zone, id_type=id_type))
        dtype = pl.Int64() if id_type is int else pl.String()
        assert frame.schema == table_schema(
            table, time_zone=zone, id_types=dict.fromkeys(ROLES, dtype)
        )

    @pytest.mark.parametrize("table", TABLES)
    def test_may_be_empty_and_may_have_rows(self, table):
        strategy = getattr(testing, table)()
        assert draws(strategy, lambda frame: frame.height == 0)
        assert draws(strategy, lambda frame: frame.height > 2)

    @pytest.mark.parametrize(
        ("table", "column"),
        [
            (table.name, column.name)
            for table in TABLES.values()
            for column in table.columns.values()
            if not column.required and column.default is None and column.default_column is None
        ],
    )
    def test_an_optional_column_is_null_in_one_row_and_not_in_another(self, table, column):
        strategy = getattr(testing, table)()
        assert draws(strategy, lambda frame: 0 < frame[column].null_count() < frame.height)

    def test_rows_are_limited(self):
        @given(testing.orders(max_rows=3))
        def holds(frame):
            assert frame.height <= 3

        holds()
        with pytest.raises(DefinitionError, match="max_rows"):
            shops(max_rows=91)

    def test_a_table_that_does_not_exist_is_named(self):
        with pytest.raises(DefinitionError, match="'invoices'"):
            shops(["orders", "invoices"])


def _same_customer_and_instant(frame: pl.DataFrame) -> bool:
    sales = frame.filter(pl.col("kind") == "sale")
    return sales.select("customer_id", "ordered_at").is_duplicated().any()


def _return_before_any_sale(frame: pl.DataFrame) -> bool:
    first = frame.group_by("customer_id", "kind").agg(pl.col("ordered_at").min())
    sales, returns = (first.filter(pl.col("kind") == kind) for kind in ("sale", "return"))
    both = returns.join(sales, on="customer_id", suffix="_of_sale")
    return both.filter(pl.col("ordered_at") < pl.col("ordered_at_of_sale")).height > 0


def _returns_alone(frame: pl.DataFrame) -> bool:
    return frame.group_by("customer_id").agg((pl.col("kind") == "return").all())["kind"].any()


def _shared_id(frame: pl.DataFrame) -> bool:
    return frame["order_id"].is_duplicated().any()


def _has(expression: pl.Expr) -> Callable[[pl.DataFrame], bool]:
    return lambda frame: frame.filter(expression).height > 0


AT = pl.col("ordered_at")
HARD = {
    "two sales of one customer at one instant": _same_customer_and_instant,
    "a return before any sale": _return_before_any_sale,
    "a customer of returns alone": _returns_alone,
    "a return under its sale's id": _shared_id,
    "a return that names a sale": _has(pl.col("original_order_id").is_not_null()),
    "a cancelled order": _has(pl.col("status") == "cancelled"),
    "an open order": _has(pl.col("status") == "open"),
    "an amount of 0": _has(pl.col("amount") == 0),
    "the largest amount": _has(pl.col("amount") > 10**13),
    "the smallest amount": _has(pl.col("amount") == pl.lit("0.0001").cast(pl.Decimal(18, 4))),
    "29 February": _has((AT.dt.month() == 2) & (AT.dt.day() == 29)),
    "the last microsecond of a month": _has(
        AT.dt.month() != AT.dt.offset_by("1us").dt.month(),
    ),
    "midnight": _has(AT.dt.truncate("1d") == AT),
    "an hour before the clocks go on": _has(
        AT.dt.dst_offset() < AT.dt.offset_by("1h").dt.dst_offset()
    ),
    "an hour before the clocks go back": _has(
        AT.dt.dst_offset() > AT.dt.offset_by("1h").dt.dst_offset()
    ),
    "an order on a day of 23 hours": _has((AT.dt.month() == 3) & (AT.dt.day() == 27)),
    "an order on a day of 25 hours": _has((AT.dt.month() == 10) & (AT.dt.day() == 30)),
}


class TestOrders:
    @pytest.mark.parametrize("case", HARD)
    def test_a_hard_case_is_drawn(self, case):
        assert draws(testing.orders(), HARD[case])

    def test_text_ids_are_drawn_that_look_alike(self):
        def holds(frame):
            ids = set(frame["customer_id"])
            return {"1", "01"} <= ids or {"é", "e\u0301"} <= ids

        assert draws(testing.orders(id_type=str), holds)

    @given(testing.orders())
    def test_ids_of_sales_are_unique_and_amounts_have_their_kinds_sign(self, frame):
        sales, returns = (frame.filter(pl.col("kind") == kind) for kind in ("sale", "return"))
        assert sales["order_id"].is_unique().all()
        assert (sales["amount"] >= 0).all()
        assert (returns["amount"] <= 0).all()


class TestInstants:
    @given(data=st.data())
    def test_they_are_in_the_zone_that_was_asked_for(self, data):
        zone = data.draw(time_zones())
        at = data.draw(instants(time_zone=zone))
        assert at.tzinfo == ZoneInfo(zone)
        assert dt.datetime(2009, 1, 1, tzinfo=dt.UTC) < at < dt.datetime(2014, 1, 1, tzinfo=dt.UTC)

    def test_both_readings_of_a_time_that_occurs_twice_are_drawn(self):
        wall = dt.datetime(2011, 10, 30, 1, 30)
        for fold in (0, 1):
            assert draws(
                instants(),
                lambda at, fold=fold: at.replace(tzinfo=None) == wall and at.fold == fold,
            )

    @pytest.mark.parametrize("zone", ["America/Santiago", "Australia/Lord_Howe", "Pacific/Apia"])
    def test_both_sides_of_a_change_of_the_clocks_are_drawn(self, zone):
        before, after = set(), set()

        @settings(max_examples=300, derandomize=True, database=None)
        @given(instants(time_zone=zone))
        def look(at):
            tick = dt.timedelta(microseconds=1)
            utc = at.astimezone(dt.UTC)
            offsets = [
                (utc + by).astimezone(at.tzinfo).utcoffset() for by in (-tick, 0 * tick, tick)
            ]
            if offsets[0] != offsets[1]:
                after.add(utc)
            if offsets[1] != offsets[2]:
                before.add(utc)

        look()
        assert before
        assert after


class TestShops:
    @given(shops(("orders", "order_items")))
    def test_lines_sum_to_the_amount_of_their_order(self, shop):
        orders, lines = shop.tables["orders"], shop.tables["order_items"]
        summed = lines.group_by("order_id", "kind").agg(pl.col("amount").sum())
        wanted = orders.select("order_id", "kind", pl.col("amount").cast(pl.Decimal(38, 4)))
        order = ["order_id", "kind"]
        assert summed.sort(order).rows() == wanted.sort(order).rows()

    def test_some_customers_have_no_orders_and_some_orders_no_customer_row(self):
        def ids(shop, table):
            return set(shop.tables[table]["customer_id"])

        strategy = shops(("orders", "customers", "events"))
        assert draws(strategy, lambda shop: bool(ids(shop, "customers") - ids(shop, "orders")))
        assert draws(strategy, lambda shop: bool(ids(shop, "orders") - ids(shop, "customers")))
        assert draws(strategy, lambda shop: bool(ids(shop, "orders") & ids(shop, "events")))

    def test_ids_of_customers_and_of_orders_may_differ_in_type(self):
        def differ(shop):
            orders = shop.tables["orders"]
            return orders.schema["order_id"] != orders.schema["customer_id"]

        assert draws(shops(("orders",)), differ)

    def test_only_the_tables_that_were_asked_for_are_drawn(self):
        @settings(max_examples=5)
        @given(shops(("order_items",)))
        def holds(shop):
            assert list(shop.tables) == ["order_items"]
            assert isinstance(shop.lazy()["order_items"], pl.LazyFrame)

        holds()

    @settings(max_examples=min(25, settings.default.max_examples))
    @given(shops())
    def test_the_door_accepts_every_table_unchanged(self, shop):
        came = {**shop.tables, "order_items": shop.tables["order_items"].drop(FROM_ORDER)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            dataset = Dataset.from_frames(**came, time_zone=shop.time_zone, currency=shop.currency)
        for name, frame in shop.tables.items():
            health = dataset.health.tables[name]
            assert (health.read, health.accepted) == (frame.height, frame.height), name
            accepted = getattr(dataset, name).collect()
            assert accepted.schema == frame.schema
            assert accepted.sort(accepted.columns).equals(frame.sort(frame.columns))


class TestDatasets:
    def test_orders_of_guests_and_of_customers_are_drawn(self):
        def holds(dataset):
            health = dataset.health.tables["orders"]
            return 0 < health.guests < health.accepted

        looked = settings(max_examples=200, database=None, phases=[Phase.generate])
        assert find(datasets(), holds, settings=looked, random=random.Random(1)) is not None

    @settings(max_examples=10)
    @given(datasets())
    def test_no_customer_of_the_tables_is_a_guest(self, dataset):
        for name in ("orders", "order_items", "customers", "consents", "events"):
            assert getattr(dataset, name).collect()["customer_id"].null_count() == 0
        assert dataset.given == set(TABLES)
