"""What the driver decides by itself, without a session of Spark."""

import datetime as dt
import sys
from typing import NamedTuple

import polars as pl
import pytest

from retention_kit import spark
from retention_kit.contracts import customer_local
from retention_kit.contracts.schemas import table_schema
from retention_kit.errors import DefinitionError, MissingDependencyError
from retention_kit.metrics import average_order_value, order_totals
from retention_kit.smart_segments import members
from retention_kit.spark.asked import asked_of

AS_OF = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ORDERS = table_schema("orders", time_zone="UTC")


def columns_read(function, **arguments):
    (asked,), _ = asked_of(function, {"orders": ORDERS}, arguments)
    return asked.columns["orders"]


def test_only_the_columns_that_a_function_reads_travel():
    read = set(columns_read(order_totals, as_of=AS_OF))
    assert {"ordered_at", "amount", "kind", "status"} <= read
    assert not read & {"promo_code", "referrer_id", "manager", "currency"}
    assert "channel" in columns_read(order_totals, as_of=AS_OF, by=("channel",))


def test_of_a_plan_that_calls_python_on_tables_all_columns_travel():
    @customer_local
    def opaque(orders: pl.LazyFrame) -> pl.LazyFrame:
        return orders.map_batches(lambda rows: rows).select("customer_id")

    assert columns_read(opaque) == tuple(ORDERS)


def test_of_each_table_that_is_given_only_its_own_columns_travel():
    class Two(NamedTuple):
        one: pl.LazyFrame
        other: pl.LazyFrame

    @customer_local
    def two(orders: pl.LazyFrame) -> Two:
        return Two(orders.select("order_id"), orders.select("amount"))

    asked, made_of = asked_of(two, {"orders": ORDERS}, {})
    assert made_of is Two
    assert [one.columns["orders"] for one in asked] == [("order_id",), ("amount",)]


@pytest.mark.spark
def test_functions_that_are_neither_local_nor_additive_are_refused(pyspark):
    with pytest.raises(DefinitionError, match="members is report"):
        spark.run(members, {})
    with pytest.raises(DefinitionError, match=r"finisher.*retention_kit.spark.measure"):
        spark.run(average_order_value, {})
    with pytest.raises(DefinitionError, match="<lambda> is undeclared"):
        spark.run(lambda orders: orders, {})
    with pytest.raises(DefinitionError, match="a finisher or a fit"):
        spark.measure(order_totals, {})
    with pytest.raises(DefinitionError, match="'evrey', nor has .* Nearest: every"):
        spark.measure(average_order_value, {}, evrey="1mo")


@pytest.mark.spark
def test_what_is_no_table_of_spark_is_refused(pyspark):
    with pytest.raises(DefinitionError, match="Parameter 'data' is 'dict'"):
        spark.run(order_totals, {}, time_zone="UTC", as_of=AS_OF)
    lazy = pl.LazyFrame(schema=ORDERS)
    with pytest.raises(DefinitionError, match=r"LazyFrame.*from_polars"):
        spark.run(order_totals, {"orders": lazy}, time_zone="UTC", as_of=AS_OF)
    with pytest.raises(DefinitionError, match="Allowed: a table of Spark"):
        spark.to_polars([1])


@pytest.mark.spark
@pytest.mark.parametrize("partitions", [0, True, 2.0])
def test_partitions_are_a_whole_number(pyspark, partitions):
    with pytest.raises(DefinitionError, match="'partitions'.*at least 1"):
        spark.run(order_totals, {}, partitions=partitions)


@pytest.mark.spark
@pytest.mark.parametrize("module", ["pyspark", "pyarrow"])
def test_a_library_that_is_not_installed_is_told_with_its_extra(pyspark, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"{module}.*retention-kit\[spark\]"):
        spark.run(order_totals, {}, as_of=AS_OF)


@pytest.mark.spark
def test_a_spark_that_is_too_old_is_refused(pyspark, monkeypatch):
    monkeypatch.setattr(pyspark, "__version__", "3.5.4")
    with pytest.raises(DefinitionError, match=r"pyspark is 3.5.4. Allowed: 4.0 or later"):
        spark.to_polars(None)
