"""What goes to Spark comes back as it was, and what Spark holds is read as at the door."""

import datetime as dt
import sys
import types
from decimal import Decimal
from typing import NamedTuple

import polars as pl
import pytest

from retention_kit import spark
from retention_kit.contracts import Dataset, additive, customer_local
from retention_kit.datasets import example_orders
from retention_kit.errors import ColumnTypeError, DataError, DefinitionError, MissingColumnError
from retention_kit.metrics import customer_summary, order_totals, orders_with_customers

pytestmark = [
    pytest.mark.spark,
    pytest.mark.once,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]
ZONE = "Europe/Moscow"
AT = dt.datetime(2024, 3, 31, 1, 30, tzinfo=dt.UTC)
EVERY_TYPE = {
    "small": pl.Series([255, 0, None], dtype=pl.UInt8),
    "unsigned": pl.Series([2**16 - 1, 0, None], dtype=pl.UInt16),
    "long": pl.Series([2**32 - 1, 0, None], dtype=pl.UInt32),
    "longest": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
    "huge": pl.Series([2**100, -1, None], dtype=pl.Int128),
    "byte": pl.Series([-128, 127, None], dtype=pl.Int8),
    "share": pl.Series([0.1, float("inf"), None], dtype=pl.Float32),
    "exact": pl.Series([0.1, float("nan"), None], dtype=pl.Float64),
    "money": pl.Series(["0.0001", "-99999999999999.9999", None]).cast(pl.Decimal(18, 4)),
    "sum": pl.Series(["1" + "0" * 33 + ".5", "0", None]).cast(pl.Decimal(38, 4)),
    "text": pl.Series(["Ж", "", None]),
    "bytes": pl.Series([b"\x00", b"", None]),
    "known": pl.Series([True, False, None]),
    "word": pl.Series(["low", "high", None], dtype=pl.Enum(["high", "low"])),
    "category": pl.Series(["tea", "", None], dtype=pl.Categorical),
    "day": pl.Series([dt.date(1969, 12, 31), dt.date(9999, 12, 31), None]),
    "at": pl.Series([AT, AT, None]).cast(pl.Datetime("us", ZONE)),
    "at_milliseconds": pl.Series([AT, AT, None]).cast(pl.Datetime("ms", "UTC")),
    "clock": pl.Series([dt.datetime(2024, 3, 31, 2, 30), dt.datetime(1960, 1, 1), None]),
    "length": pl.Series([dt.timedelta(days=-400, microseconds=1), dt.timedelta(), None]),
    "length_milliseconds": pl.Series([1, -1, None]).cast(pl.Duration("ms")),
    "time": pl.Series([dt.time(23, 59, 59, 999_999), dt.time(), None]),
    "list": pl.Series([[1, None], [], None], dtype=pl.List(pl.UInt8)),
    "pair": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    "struct": pl.Series([{"at": AT, "n": 1}, {"at": None, "n": None}, None]).cast(
        pl.Struct({"at": pl.Datetime("us", ZONE), "n": pl.UInt32})
    ),
    "texts": pl.Series([["a", "é"], [None], None], dtype=pl.List(pl.String)),
}


@pytest.fixture(scope="module")
def orders():
    return example_orders()[0].collect()


@pytest.fixture(scope="module")
def as_of():
    return example_orders()[1]


@pytest.fixture(scope="module")
def held(session, orders):
    """Give the example's orders as a table of Spark."""
    return spark.from_polars(orders, session=session)


def test_a_table_of_every_type_comes_back_as_it_was(session):
    frame = pl.DataFrame(EVERY_TYPE)
    assert_equal(spark.to_polars(spark.from_polars(frame, session=session)), frame)


def test_what_a_function_gives_comes_back_in_the_types_that_it_gives(session):
    rows = pl.DataFrame({"customer_id": [1, 2, 3], **EVERY_TYPE})

    table = spark.from_polars(rows.rename({"longest": "number"}), session=session)
    word = rows.schema["word"]

    @customer_local
    def returned(orders: pl.LazyFrame) -> pl.LazyFrame:
        return orders.select(
            "customer_id",
            pl.col("number").cast(pl.UInt64).alias("longest"),
            pl.col("word").cast(word),
            pl.col("time").cast(pl.Time),
            "length",
        )

    got = spark.to_polars(spark.run(returned, {"orders": table}, time_zone=ZONE))
    wanted = rows.select("customer_id", "longest", "word", "time", "length")
    assert_equal(got.sort("customer_id"), wanted)


def test_whole_numbers_of_any_width_are_ids_and_floats_become_money(session, orders, as_of):
    wanted = customer_summary(orders, as_of=as_of).sort("customer_id")
    raw = orders.select(
        pl.col("order_id").cast(pl.Int16),
        pl.col("customer_id").cast(pl.Int32),
        pl.col("ordered_at").dt.convert_time_zone("UTC"),
        pl.col("amount").cast(pl.Float64),
        pl.col("kind").cast(pl.String),
    )
    table = spark.from_polars(raw, session=session)
    zone = orders.schema["ordered_at"].time_zone
    got = spark.run(customer_summary, {"orders": table}, time_zone=zone, as_of=as_of)
    assert_equal(spark.to_polars(got).sort("customer_id"), wanted)


def test_customers_are_found_in_tables_that_write_them_in_other_widths(session, orders, as_of):
    customers = pl.DataFrame({"customer_id": [1, 2, 9], "city": ["Tver", None, "Omsk"]})
    tables = {
        "orders": spark.from_polars(orders, session=session),
        "customers": spark.from_polars(
            customers.with_columns(pl.col("customer_id").cast(pl.Int32)), session=session
        ),
    }
    zone = orders.schema["ordered_at"].time_zone
    got = spark.to_polars(
        spark.run(orders_with_customers, tables, time_zone=zone, columns=["city"])
    )
    wanted = orders_with_customers(orders, customers, columns=["city"])
    assert_equal(got.sort("order_id"), wanted.sort("order_id"))
    text = spark.from_polars(customers.with_columns(pl.col("customer_id").cast(pl.String)))
    with pytest.raises(ColumnTypeError, match="String.*Int64, as in 'orders'"):
        spark.run(
            orders_with_customers, {**tables, "customers": text}, time_zone=zone, columns=["city"]
        )


def test_guests_are_left_out(session, orders, held, as_of):
    guest = orders.head(1).with_columns(
        pl.lit(None, pl.Int64).alias("customer_id"), pl.lit(99, pl.Int64).alias("order_id")
    )
    table = held.union(spark.from_polars(guest, session=session))
    got = spark.run(order_totals, {"orders": table}, time_zone="UTC", as_of=as_of)
    assert_equal(spark.to_polars(got), order_totals(orders, as_of=as_of))


def test_a_named_tuple_of_tables_becomes_one_of_tables_of_spark(session, orders, held):
    class Two(NamedTuple):
        sums: pl.LazyFrame
        rows: pl.LazyFrame

    @customer_local
    def two(orders: pl.LazyFrame) -> Two:
        sums = orders.group_by("customer_id").agg(pl.col("amount").sum())
        return Two(sums, orders.select("order_id"))

    result = spark.run(two, {"orders": held}, time_zone="UTC")
    assert isinstance(result, Two)
    here = two(orders)
    assert_equal(spark.to_polars(result.sums).sort("customer_id"), here.sums.sort("customer_id"))
    assert_equal(spark.to_polars(result.rows).sort("order_id"), here.rows.sort("order_id"))


def test_durations_and_keys_that_are_null_are_added_up(session):
    @additive(keys=("channel",))
    def waited(orders: pl.LazyFrame) -> pl.LazyFrame:
        length = (pl.col("delivered_at") - pl.col("ordered_at")).fill_null(dt.timedelta())
        return orders.group_by("channel").agg(length.sum().alias("waited"), pl.len().cast(pl.Int64))

    frame = pl.DataFrame(
        {
            "customer_id": range(40),
            "ordered_at": [AT] * 40,
            "delivered_at": [AT + dt.timedelta(days=day, microseconds=1) for day in range(40)],
            "channel": [None, "site"] * 20,
        }
    ).cast({"ordered_at": pl.Datetime("us", ZONE), "delivered_at": pl.Datetime("us", ZONE)})
    table = spark.from_polars(frame, session=session)
    got = spark.to_polars(spark.run(waited, {"orders": table}, time_zone=ZONE, partitions=3))
    assert_equal(got.sort("channel"), waited(frame).sort("channel"))


def test_a_value_that_does_not_fit_is_told_without_showing_it(session, orders, as_of):
    wild = orders.with_columns(pl.col("kind").cast(pl.String).replace("sale", "secret-word"))
    table = spark.from_polars(wild, session=session)
    result = spark.run(customer_summary, {"orders": table}, time_zone="UTC", as_of=as_of)
    with pytest.raises(Exception, match="do not fit their columns: kind") as caught:
        result.collect()
    assert DataError.__name__ in str(caught.value)
    assert "secret-word" not in str(caught.value)


def test_a_column_of_a_wrong_type_is_refused_before_anything_runs(session, orders, held, as_of):
    naive = held.withColumn("ordered_at", held["ordered_at"].cast("timestamp_ntz"))
    with pytest.raises(ColumnTypeError, match="timestamp_ntz.*an instant"):
        spark.run(customer_summary, {"orders": naive}, time_zone="UTC", as_of=as_of)
    with pytest.raises(MissingColumnError, match="customer_id"):
        spark.run(
            customer_summary,
            {"orders": held.drop("customer_id")},
            time_zone="UTC",
            as_of=as_of,
        )
    texts = held.withColumn("amount", held["amount"].cast("string"))
    with pytest.raises(ColumnTypeError, match="'amount'.*numbers"):
        spark.run(customer_summary, {"orders": texts}, time_zone="UTC", as_of=as_of)
    mapped = held.selectExpr("*", "map('a', 1) AS mapping")
    with pytest.raises(ColumnTypeError, match="mapping.*map<string,int>"):
        spark.run(customer_summary, {"orders": mapped}, time_zone="UTC", as_of=as_of)
    with pytest.raises(DefinitionError, match="'Mars'"):
        spark.run(customer_summary, {"orders": held}, time_zone="Mars", as_of=as_of)


def test_a_worker_that_lacks_the_library_says_what_to_install(session, held, monkeypatch):
    # A module that the driver alone has stands for the library.
    alone = types.ModuleType("on_the_driver_alone")
    exec("def value(): return 1", vars(alone))
    monkeypatch.setitem(sys.modules, alone.__name__, alone)
    value = alone.value

    @customer_local
    def called(orders: pl.LazyFrame) -> pl.LazyFrame:
        return orders.select("customer_id", pl.lit(value()).alias("value"))

    result = spark.run(called, {"orders": held}, time_zone="UTC")
    with pytest.raises(Exception, match="could not load the task.*on_the_driver_alone") as caught:
        result.collect()
    assert "install retention-kit[spark]" in str(caught.value)


def test_buckets_that_a_worker_cannot_see_are_told(session, tmp_path, orders, as_of):
    dataset = Dataset.from_frames(orders=orders, currency="RUB", time_zone="UTC")
    buckets = dataset.bucket(tmp_path / "buckets", buckets=2)
    result = spark.run(order_totals, buckets, session=session, as_of=as_of)
    buckets.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="a worker of Spark finds no buckets there"):
        result.collect()


def assert_equal(got, wanted):
    assert got.schema == wanted.schema
    assert got.equals(wanted), [
        name for name in wanted.columns if not got[name].equals(wanted[name], null_equal=True)
    ]
    assert not any(isinstance(value, Decimal) and value.is_nan() for value in got.row(0))
