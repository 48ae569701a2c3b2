"""Functions on tables run by Spark, each task on the rows of its own customers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.calls import check_call, missing_table, splittable
from retention_kit.contracts.law import Kind, report
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DataError, DefinitionError, MissingColumnError, bad_parameter
from retention_kit.spark.asked import Asked, asked_of
from retention_kit.spark.column_types import spark_schema, wire_type
from retention_kit.spark.given import missing_column
from retention_kit.spark.installed import check_spark
from retention_kit.spark.merging import merged
from retention_kit.spark.shipped import shipped
from retention_kit.spark.shop import Shop, shop_of
from retention_kit.spark.tasks import Call, OfBuckets, OfRows, Task
from retention_kit.spark.together import together

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TAKEN = ("data", "partitions", "session")
"""The parameters that a function cannot have besides: their arguments would not reach it."""


@report
def run(
    function: Callable[..., Any],
    /,
    data: Mapping[str, DataFrame] | Buckets | str | Path,
    *,
    time_zone: str | None = None,
    partitions: int | None = None,
    session: SparkSession | None = None,
    **arguments: Any,
) -> Any:
    """Run a function on tables where Spark keeps them, by customer.

    Of tables of Spark, the columns that the function reads are shuffled once by customer; rows
    without a customer are left out, as guests are at the door, and no row is checked. Over buckets
    nothing is shuffled: each task reads its own files. Only the sums of an additive function are
    shuffled besides. Nothing runs before the result is asked for.

    Args:
        function: A customer-local or an additive function, of the library or your own.
        data: Tables of Spark by name, those that the function takes; or what `Dataset.bucket`
            wrote, or its folder, which the driver and every worker must see under one path.
        time_zone: The shop's zone, in which days begin. Tables of Spark need it; buckets have it.
        partitions: Into how many parts the customers, or the buckets, are divided; by default Spark
            decides, and each bucket is a part. A part must fit into a worker's memory.
        session: The session, for buckets; by default the active one.
        **arguments: The function's other arguments. Models and segments go to the workers as they
            are; over buckets, so do further tables of customers, such as scores, as Polars tables.

    Returns:
        A table of Spark with the columns that the function gives, rows in no promised order. A
        function that gives a NamedTuple of tables gives one of tables of Spark, each of which is
        computed by itself. Unsigned integers, categories and times of day become what Spark has;
        `to_polars` turns them back.

    Raises:
        DefinitionError: The function is neither, a table that it needs is not given, an argument is
            not what it may be, or pyspark is older than 4.0.
        MissingColumnError: A required column is absent.
        ColumnTypeError: A column has a type that it may not have.
        MissingDependencyError: pyspark or pyarrow is not installed.
    """
    check_spark()
    kind = splittable(
        function,
        step="a finisher or a fit runs by retention_kit.spark.measure(…); a report runs on one "
        "machine.",
    )
    if partitions is not None and (
        isinstance(partitions, bool) or not isinstance(partitions, int) or partitions < 1
    ):
        raise bad_parameter("partitions", got=partitions, allowed="a whole number of at least 1")
    check_call(function, kind.tables, arguments, taken=TAKEN, filled=("time_zone",))
    shop = shop_of(data, time_zone=time_zone, session=session)
    further = _further(kind, shop, arguments)
    arguments = {name: value for name, value in arguments.items() if name not in further}
    shop = replace(shop, further=further)
    names = _tables(function, kind, shop, arguments)
    if "time_zone" in inspect.signature(function).parameters:
        arguments = {"time_zone": shop.time_zone, **arguments}
    shop = replace(
        shop,
        split={name: types for name, types in shop.split.items() if name in names},
        whole={name: frame for name, frame in shop.whole.items() if name in names},
    )
    here = {**shop.whole, **shop.further}
    schemas = {**shop.split, **{name: frame.schema for name, frame in here.items()}}
    _check_dimensions(shop, arguments)
    try:
        asked, made_of = asked_of(function, schemas, arguments)
    except MissingColumnError as error:
        if shop.buckets is not None:
            raise
        raise _missing(error, shop) from None
    keys = kind.keys_with(arguments) if kind.name == "additive" else None
    results = []
    for one in asked:
        wire = pl.Schema({name: wire_type(dtype) for name, dtype in one.result.items()})
        call = Call(function, arguments, one.field, wire)
        parts = _parts(shop, call, one, partitions).mapInArrow(
            shipped(_task(shop, call, one, names)),
            spark_schema(function.__name__, one.result),
        )
        results.append(parts if keys is None else merged(parts, keys))
    return results[0] if made_of is None else made_of(*results)


def _missing(error: MissingColumnError, shop: Shop) -> DataError:
    """Say of a column that is not there what to do in Spark, or why it was left out."""
    left_out = shop.left_out.get(error.table, {}).get(error.column)
    return left_out or missing_column(error.table, error.column, error.available)


def _check_dimensions(shop: Shop, arguments: Mapping[str, Any]) -> None:
    by = arguments.get("by", ())
    names = (by,) if isinstance(by, str) else by if isinstance(by, list | tuple) else ()
    for left_out in shop.left_out.values():
        for name, error in left_out.items():
            if name in names:
                raise error


def _further(kind: Kind, shop: Shop, arguments: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """Give the tables of this machine, such as scores, that go to the workers beside buckets."""
    return {
        name: arguments[name].lazy().collect()
        for name in kind.tables
        if shop.buckets is not None
        and name not in TABLES
        and isinstance(arguments.get(name), pl.DataFrame | pl.LazyFrame)
    }


def _tables(
    function: Callable[..., Any], kind: Kind, shop: Shop, arguments: Mapping[str, Any]
) -> tuple[str, ...]:
    """Give the tables that the function gets; what is not given it must be able to do without."""
    for name in shop.frames:
        if name not in kind.tables:
            raise DefinitionError(
                f"{function.__name__} takes no table {name!r}. Allowed: {', '.join(kind.tables)}. "
                "Next step: leave it out.",
                parameter="data",
            )
    given = {*shop.split, *shop.whole, *shop.further}
    parameters = inspect.signature(function).parameters
    for name in kind.tables:
        if arguments.get(name) is not None:
            raise DefinitionError(
                f"The table {name!r} stands among the arguments. Allowed: in data. Next step: "
                f"run({function.__name__}, {{…, {name!r}: frame}}, …).",
                parameter=name,
            )
        if name not in given and parameters[name].default is inspect.Parameter.empty:
            raise missing_table(function, name, sorted(given))
    return tuple(name for name in kind.tables if name in given)


def _parts(shop: Shop, call: Call, asked: Asked, partitions: int | None) -> DataFrame:
    if shop.buckets is not None:
        count = shop.buckets.count
        return shop.session.range(0, count, 1, min(partitions or count, count))
    columns = {name: asked.columns[name] for name in shop.split}
    if not columns:
        raise DefinitionError(
            f"{call.function.__name__} got no table with customers. Allowed: at least one, by "
            "whose customers the work is divided. Next step: run it on one machine.",
            parameter="data",
        )
    split = {name: shop.frames[name] for name in columns}
    return together(split, shop.split, columns, partitions)


def _task(shop: Shop, call: Call, asked: Asked, names: tuple[str, ...]) -> Task:
    if shop.buckets is not None:
        own = tuple(name for name in names if name not in shop.further)
        return OfBuckets(call, shop.buckets.folder, own, shop.further)
    columns = {name: asked.columns[name] for name in shop.split}
    return OfRows(call, shop.split, columns, shop.whole)
