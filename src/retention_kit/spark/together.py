"""Tables of Spark split by customer, so that all rows of a customer come to one task."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from retention_kit.errors import DefinitionError
from retention_kit.spark.given import CUSTOMER, knows_its_customers
from retention_kit.spark.merging import is_case_sensitive, quoted
from retention_kit.spark.tasks import KEY, sent

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_HERE = "__here"
"""A field of those rows of which nothing but the customer is read."""


def together(
    frames: Mapping[str, DataFrame],
    types: Mapping[str, pl.Schema],
    columns: Mapping[str, tuple[str, ...]],
    partitions: int | None,
) -> DataFrame:
    """Bring the rows of each customer together, whichever tables they are of.

    One table stays as it is. Of several, each becomes a column of structs beside the customer,
    and its rows are null in the columns of the others: one shuffle serves all.

    Args:
        frames: Tables of Spark that have customers.
        types: Their schemas, as the function gets them.
        columns: The columns that are read.
        partitions: Into how many parts; None leaves it to Spark.

    Raises:
        DefinitionError: Spark cannot tell a column that is read from another.
    """
    from pyspark.sql.functions import col

    for name, frame in frames.items():
        _check_names(name, frame, sent(columns[name]))
    known = {name: _with_customers(name, frame) for name, frame in frames.items()}
    if len(known) == 1:
        ((name, frame),) = known.items()
        wanted = enumerate(sent(columns[name]))
        aliases = [col(quoted(column)).alias(f"__{place}") for place, column in wanted]
        rows, key = frame.select(*aliases), "__0"
    else:
        kind = _key_type(known, types)
        parts = [_tagged(name, frame, columns[name], kind) for name, frame in known.items()]
        rows, key = functools.reduce(_union, parts), KEY
    if partitions is None:
        return rows.repartition(key)
    return rows.repartition(partitions, key)


def _with_customers(name: str, frame: DataFrame) -> DataFrame:
    return frame.dropna(subset=[CUSTOMER]) if knows_its_customers(name) else frame


def _check_names(name: str, frame: DataFrame, columns: Iterable[str]) -> None:
    if is_case_sensitive(frame.sparkSession):
        return
    for column in columns:
        same = [one for one in frame.columns if one.lower() == column.lower()]
        if len(same) > 1:
            raise DefinitionError(
                f"Table {name!r} has columns that Spark takes for one: {', '.join(same)}. Next "
                "step: leave one out or rename it by toDF(…), or set spark.sql.caseSensitive.",
                parameter="data",
            )


def _key_type(frames: Mapping[str, DataFrame], types: Mapping[str, pl.Schema]) -> str:
    if any(types[name][CUSTOMER] == pl.String for name in frames):
        return "string"
    decimals = any(
        type(frame.schema[CUSTOMER].dataType).__name__ == "DecimalType" for frame in frames.values()
    )
    # Spark's message of a number that bigint cannot hold would quote it; the worker's does not.
    return "decimal(38,0)" if decimals else "bigint"


def _tagged(name: str, frame: DataFrame, columns: Iterable[str], kind: str) -> DataFrame:
    from pyspark.sql import functions

    fields: list[Column] = [
        functions.col(quoted(one)).alias(one) for one in columns if one != CUSTOMER
    ]
    held = functions.struct(*(fields or [functions.lit(True).alias(_HERE)]))
    return frame.select(functions.col(CUSTOMER).cast(kind).alias(KEY), held.alias(name))


def _union(one: DataFrame, other: DataFrame) -> DataFrame:
    return one.unionByName(other, allowMissingColumns=True)
