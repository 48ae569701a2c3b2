"""What the driver decides by itself, without a session of Spark."""

import datetime as dt
import sys
from typing import NamedTuple

import polars as pl
import pytest

from retention_kit import spark
from retention_kit.contracts import additive, customer_local, finisher
from retention_kit.contracts.schemas import table_schema
from retention_kit.errors import DefinitionError, MissingDependencyError
from retention_kit.metrics import average_order_value, order_totals, retention_rates
from retention_kit.smart_segments import members
from retention_kit.spark.asked import asked_of
from retention_kit.spark.shipped import shipped

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


@pytest.mark.spark
def test_what_a_metric_needs_is_asked_for_before_its_tables_are_looked_at(pyspark):
    @finisher(of=order_totals)
    def scaled(totals: pl.LazyFrame, *, times: int) -> pl.LazyFrame:
        return totals.select(pl.col("orders") * times)

    with pytest.raises(DefinitionError, match="retention_rates needs the argument 'as_of'"):
        spark.measure(retention_rates, {}, time_zone="UTC")
    with pytest.raises(DefinitionError, match=r"scaled needs the argument 'times'.*times=…"):
        spark.measure(scaled, {}, time_zone="UTC", as_of=AS_OF)
    with pytest.raises(DefinitionError, match="order_totals needs the argument 'as_of'"):
        spark.run(order_totals, {}, time_zone="UTC")


@pytest.mark.spark
@pytest.mark.parametrize("data", [pl.LazyFrame(schema=ORDERS), None, [1], {}])
def test_data_that_are_no_tables_by_name_are_told(pyspark, data):
    message = rf"'data' is '{type(data).__name__}'.*\{{\"orders\": orders\}}, for example"
    with pytest.raises(DefinitionError, match=message):
        spark.measure(average_order_value, data, time_zone="UTC", as_of=AS_OF)
    with pytest.raises(DefinitionError, match=message):
        spark.run(order_totals, data, time_zone="UTC", as_of=AS_OF)


@pytest.mark.spark
@pytest.mark.parametrize("name", ["data", "partitions", "session"])
def test_a_metric_whose_argument_would_not_reach_it_is_refused(pyspark, name):
    space = {}
    exec(f"def of_sums(totals, *, {name}=None): return totals", space)
    exec(f"def of_rows(orders, *, {name}=None): return orders", space)
    swallowed = f"has a parameter '{name}'.*data, partitions, session are taken.*rename it"
    with pytest.raises(DefinitionError, match=f"of_sums {swallowed}"):
        spark.measure(finisher(of=order_totals)(space["of_sums"]), {}, as_of=AS_OF)
    summed = additive(keys=())(space["of_rows"])
    with pytest.raises(DefinitionError, match=f"of_rows {swallowed}"):
        spark.measure(finisher(of=summed)(lambda totals: totals), {})
    with pytest.raises(DefinitionError, match=f"of_rows {swallowed}"):
        spark.run(summed, {})


@pytest.mark.spark
def test_without_java_it_is_told_that_a_session_needs_it(pyspark, monkeypatch, tmp_path):
    from pyspark.sql import SparkSession

    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    frame = pl.DataFrame({"customer_id": [1]})
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(DefinitionError, match=r"is active\. Next step: session=SparkSession"):
        spark.from_polars(frame)
    java.unlink()
    no_java = r"has no Java to start one with.*install Java 17.*set JAVA_HOME.*session=Spark"
    with pytest.raises(DefinitionError, match=no_java) as caught:
        spark.from_polars(frame)
    assert caught.value.parameter == "session"
    monkeypatch.delenv("JAVA_HOME")
    with pytest.raises(DefinitionError, match=no_java):
        spark.from_polars(frame)


class Packed:
    """A task that asks for a module when it is unpacked, or in the midst of its work."""

    def __init__(self, module, *, late=False, name=None):
        self.module, self.late, self.name = module, late, name

    def __reduce__(self):
        call = f"getattr(__import__('importlib').import_module({self.module!r}), {self.name!r})"
        if self.late:
            call = (
                "__import__('types').SimpleNamespace(run=lambda batches: "
                f"(__import__({self.module!r}) for batch in batches))"
            )
        return eval, (call,)


@pytest.mark.spark
@pytest.mark.parametrize(
    ("task", "said"),
    [
        (Packed("retention_kit.spark.tasks", name="OfRows"), "retention_kit.spark.tasks"),
        (Packed("numba", late=True), "numba"),
        (Packed("retention_kit.errors", name="NewerError"), "NewerError"),
    ],
    ids=["the library", "what a function imports late", "a name of a newer version"],
)
def test_a_worker_that_lacks_something_says_to_install_or_ship_it(pyspark, monkeypatch, task, said):
    monkeypatch.setitem(sys.modules, "retention_kit.spark.tasks", None)
    monkeypatch.setitem(sys.modules, "numba", None)
    wanted = f"could not load the task: .*{said}.*install retention-kit.*of every worker.*ship"
    with pytest.raises(RuntimeError, match=wanted):
        list(shipped(task)(iter([1])))


@pytest.mark.spark
def test_an_error_of_the_function_itself_comes_out_as_it_is(pyspark):
    class Failing:
        def run(self, batches):
            yield from batches
            raise AttributeError("of the function")

    ran = shipped(Failing())(iter([1]))
    assert next(ran) == 1
    with pytest.raises(AttributeError, match="of the function"):
        next(ran)
