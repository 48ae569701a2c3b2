"""What goes to Spark comes back as it was, and what Spark holds is read as at the door."""

import contextlib
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
from retention_kit.metrics import (
    acquisition_costs,
    customer_summary,
    order_totals,
    orders_with_customers,
)

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
    words = held.withColumn("ordered_at", held["ordered_at"].cast("string"))
    with pytest.raises(ColumnTypeError, match="string.*timestamp_ntz or date"):
        spark.run(customer_summary, {"orders": words}, time_zone="UTC", as_of=as_of)
    with pytest.raises(MissingColumnError, match="withColumnRenamed.*'customer_id'"):
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
        spark.run(order_totals, {"orders": mapped}, time_zone="UTC", as_of=as_of, by=("mapping",))
    for absent in ("amount", "ordered_at"):
        with pytest.raises(MissingColumnError, match=f"withColumnRenamed.*'{absent}'"):
            spark.run(order_totals, {"orders": held.drop(absent)}, time_zone="UTC", as_of=as_of)
    with pytest.raises(DefinitionError, match="'Mars'"):
        spark.run(customer_summary, {"orders": held}, time_zone="Mars", as_of=as_of)


def test_a_column_that_nothing_reads_may_be_of_any_type(session, orders, held, as_of):
    mapped = held.selectExpr("*", "map('a', 1) AS mapping", "INTERVAL '1' MONTH AS months")
    got = spark.run(order_totals, {"orders": mapped}, time_zone="UTC", as_of=as_of)
    assert_equal(spark.to_polars(got), order_totals(orders, as_of=as_of))


def test_a_stream_is_refused(session, as_of):
    stream = session.readStream.format("rate").load()
    with pytest.raises(DefinitionError, match="'orders' is a stream"):
        spark.run(order_totals, {"orders": stream}, time_zone="UTC", as_of=as_of)


@pytest.mark.parametrize("zone", ["GMT+3", "PST"])
def test_a_session_may_be_in_a_zone_that_spark_alone_knows(session, orders, held, as_of, zone):
    shop_zone = orders.schema["ordered_at"].time_zone
    customers = pl.DataFrame({"customer_id": [1, 2], "city": ["Tver", None]})
    tables = {"orders": held, "customers": spark.from_polars(customers, session=session)}
    with configured(session, "spark.sql.session.timeZone", zone):
        one = spark.run(customer_summary, {"orders": held}, time_zone=shop_zone, as_of=as_of)
        two = spark.run(orders_with_customers, tables, time_zone=shop_zone, columns=["city"])
        one, two = spark.to_polars(one), spark.to_polars(two)
    wanted = customer_summary(orders, as_of=as_of)
    assert_equal(one.sort("customer_id"), wanted.sort("customer_id"))
    wanted = orders_with_customers(orders, customers, columns=["city"])
    assert_equal(two.sort("order_id"), wanted.sort("order_id"))


@pytest.fixture
def instants():
    """Give a function that is made here: workers do not have this module."""

    @customer_local
    def instants(orders: pl.LazyFrame) -> pl.LazyFrame:
        return orders.select("customer_id", "ordered_at")

    return instants


@pytest.mark.parametrize("kind", ["timestamp_ntz", "date"])
def test_a_wall_clock_and_a_day_are_read_in_the_zone_of_the_shop(session, instants, kind):
    # Midnight is skipped in São Paulo on the first day, and 23:30 is there twice on the second.
    days = [dt.datetime(2018, 11, 4), dt.datetime(2018, 2, 17, 23, 30), None]
    if kind == "date":
        wall = pl.Series(days, dtype=pl.Datetime("us")).cast(pl.Date)
    else:
        wall = pl.Series([days[1], dt.datetime(2018, 11, 4, 1), None], dtype=pl.Datetime("us"))
    frame = pl.DataFrame({"customer_id": [1, 2, 3], "ordered_at": wall})
    table = spark.from_polars(frame, session=session)
    got = spark.run(instants, {"orders": table}, time_zone="America/Sao_Paulo")
    at = spark.to_polars(got).sort("customer_id")["ordered_at"].dt.convert_time_zone("UTC")
    day = {
        "date": [dt.datetime(2018, 11, 4, 3), dt.datetime(2018, 2, 17, 2)],
        "timestamp_ntz": [dt.datetime(2018, 2, 18, 1, 30), dt.datetime(2018, 11, 4, 3)],
    }[kind]
    assert [one and one.replace(tzinfo=None) for one in at] == [*day, None]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
def test_instants_and_clocks_stay_where_the_session_moves_its_clock(session, instants, zone):
    # In Berlin 2:30 is skipped on the first day, and is there twice on the second.
    at = [dt.datetime(2024, 3, 31, 1), *(dt.datetime(2024, 10, 27, hour, 30) for hour in (0, 1))]
    wall = [dt.datetime(2024, 3, 31, 2, 30), dt.datetime(2024, 10, 27, 2, 30)]
    rows = pl.DataFrame(
        {"customer_id": [1, 2, 3], "ordered_at": pl.Series(at).dt.replace_time_zone("UTC")}
    )
    clocks = pl.DataFrame({"customer_id": [1, 2], "ordered_at": wall})
    with configured(session, "spark.sql.session.timeZone", zone):

        def seen(frame, shop_zone):
            table = spark.from_polars(frame, session=session)
            got = spark.run(instants, {"orders": table}, time_zone=shop_zone)
            found = spark.to_polars(got, time_zone=shop_zone).sort("customer_id")["ordered_at"]
            return found.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_list()

        assert seen(rows, "Europe/Berlin") == at
        # Moscow, three hours before UTC all year, has both clocks once.
        assert seen(clocks, ZONE) == [one - dt.timedelta(hours=3) for one in wall]
        assert seen(clocks[1:], "Europe/Berlin") == [dt.datetime(2024, 10, 27, 0, 30)]


def test_a_time_that_the_clock_skips_stops_the_job(session, instants):
    wall = pl.Series([dt.datetime(2018, 11, 4, 0, 30)])
    frame = pl.DataFrame({"customer_id": [1], "ordered_at": wall})
    table = spark.from_polars(frame, session=session)
    got = spark.run(instants, {"orders": table}, time_zone="America/Sao_Paulo")
    with pytest.raises(Exception, match="do not fit their columns: ordered_at"):
        got.collect()


def test_a_sum_of_nulls_is_zero_and_one_that_overflows_is_not(session):
    @additive(keys=("channel",))
    def points(orders: pl.LazyFrame) -> pl.LazyFrame:
        return orders.group_by("channel").agg(pl.col("points").first())

    most = Decimal("9" * 37)
    frame = pl.DataFrame(
        {
            "customer_id": range(40),
            "channel": ["none", "much"] * 20,
            "points": pl.Series([None, most] * 20, dtype=pl.Decimal(37, 0)),
        }
    )
    table = spark.from_polars(frame, session=session)
    with configured(session, "spark.sql.ansi.enabled", "false"):
        got = spark.run(points, {"orders": table}, time_zone="UTC", partitions=20)
        rows = {row["channel"]: row["points"] for row in got.collect()}
    assert rows == {"none": 0, "much": None}


def test_columns_may_have_any_names(session, orders, as_of):
    frame = orders.with_columns(pl.lit("x").alias("a.b"), pl.lit("y").alias("c`d"))
    table = spark.from_polars(frame, session=session)
    by = ("a.b", "c`d")
    got = spark.run(order_totals, {"orders": table}, time_zone="UTC", as_of=as_of, by=by)
    assert_equal(spark.to_polars(got), order_totals(frame, as_of=as_of, by=by))


def test_names_that_spark_takes_for_one_are_told(session, held, as_of):
    twice = held.selectExpr("*", "1 AS Customer_ID")
    with pytest.raises(DefinitionError, match="takes for one: customer_id, Customer_ID"):
        spark.run(order_totals, {"orders": twice}, time_zone="UTC", as_of=as_of)
    shadow = held.selectExpr("*", "'x' AS Customers")
    with pytest.raises(DefinitionError, match="takes for one: .*Customers"):
        spark.run(order_totals, {"orders": shadow}, time_zone="UTC", as_of=as_of, by=("Customers",))


def test_names_that_differ_by_case_alone_are_two_where_spark_is_told_so(session, orders, as_of):
    by = ("Shop", "shop")
    frame = orders.with_columns(pl.lit("x").alias("Shop"), pl.col("order_id").alias("shop"))
    customers = pl.DataFrame(
        {"customer_id": [1, 2], "city": ["Tver", None], "City": ["Omsk", "Perm"]}
    )
    zone = orders.schema["ordered_at"].time_zone
    columns = ["City", "city"]
    with configured(session, "spark.sql.caseSensitive", "true"):
        tables = {
            "orders": spark.from_polars(frame, session=session),
            "customers": spark.from_polars(customers, session=session),
        }
        one = {"orders": tables["orders"]}
        sums = spark.to_polars(spark.run(order_totals, one, time_zone=zone, as_of=as_of, by=by))
        rows = spark.to_polars(
            spark.run(orders_with_customers, tables, time_zone=zone, columns=columns)
        )
    assert_equal(sums.sort(by), order_totals(frame, as_of=as_of, by=by).sort(by))
    wanted = orders_with_customers(frame, customers, columns=columns)
    assert_equal(rows.sort("order_id"), wanted.sort("order_id"))


def test_decimals_are_ids_as_far_as_int64_holds_them(session, orders, as_of):
    wide = orders.with_columns(pl.col("customer_id", "order_id").cast(pl.UInt64))
    zone = orders.schema["ordered_at"].time_zone
    table = spark.from_polars(wide, session=session)
    got = spark.run(customer_summary, {"orders": table}, time_zone=zone, as_of=as_of)
    wanted = customer_summary(orders, as_of=as_of)
    assert_equal(spark.to_polars(got).sort("customer_id"), wanted.sort("customer_id"))
    customers = pl.DataFrame({"customer_id": [1, 2**64 - 1], "city": ["Tver", None]}).cast(
        {"customer_id": pl.UInt64}
    )
    tables = {"orders": table, "customers": spark.from_polars(customers, session=session)}
    result = spark.run(orders_with_customers, tables, time_zone=zone, columns=["city"])
    with pytest.raises(Exception, match="do not fit their columns: customer_id") as caught:
        result.collect()
    assert str(2**64 - 1) not in str(caught.value)


def test_money_that_no_column_holds_is_told_without_showing_it(session, orders, as_of):
    wild = orders.with_columns(pl.lit(1e17).alias("amount"))
    table = spark.from_polars(wild, session=session)
    result = spark.run(customer_summary, {"orders": table}, time_zone="UTC", as_of=as_of)
    with pytest.raises(Exception, match="do not fit their columns: amount"):
        result.collect()


def test_the_arguments_of_a_call_are_checked_first(session, held, as_of):
    @customer_local
    def shared(orders: pl.LazyFrame, *, partitions: int) -> pl.LazyFrame:
        return orders.head(partitions)

    shop = {"data": {"orders": held}, "time_zone": "UTC"}
    with pytest.raises(DefinitionError, match="'asof'.*Nearest: as_of"):
        spark.run(order_totals, **shop, asof=as_of)
    with pytest.raises(DefinitionError, match="needs the argument 'as_of'"):
        spark.run(order_totals, **shop)
    with pytest.raises(DefinitionError, match="shared has a parameter 'partitions'"):
        spark.run(shared, **shop, partitions=2)
    with pytest.raises(DefinitionError, match=r"'data' is 'DataFrame'.*\{\"orders\": orders\}"):
        spark.run(order_totals, held, time_zone="UTC", as_of=as_of)
    with pytest.raises(DefinitionError, match="needs the table 'costs'. Given: orders"):
        spark.measure(acquisition_costs, **shop, as_of=as_of)


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


@contextlib.contextmanager
def configured(session, name, value):
    before = session.conf.get(name)
    session.conf.set(name, value)
    try:
        yield
    finally:
        session.conf.set(name, before)


def assert_equal(got, wanted):
    assert got.schema == wanted.schema
    assert got.equals(wanted), [
        name for name in wanted.columns if not got[name].equals(wanted[name], null_equal=True)
    ]
    assert not any(isinstance(value, Decimal) and value.is_nan() for value in got.row(0))
