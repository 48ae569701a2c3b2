"""Tables of Spark split by customer, so that all rows of a customer come to one task."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from retention_kit.spark.given import CUSTOMER, knows_its_customers
from retention_kit.spark.merging import quoted
from retention_kit.spark.tasks import KEY

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
    """
    known = {name: _with_customers(name, frame) for name, frame in frames.items()}
    if len(known) == 1:
        ((name, frame),) = known.items()
        wanted = dict.fromkeys([CUSTOMER, *columns[name]])
        rows, key = frame.select(*map(quoted, wanted)), CUSTOMER
    else:
        parts = [_tagged(name, frame, columns[name], types[name]) for name, frame in known.items()]
        rows, key = functools.reduce(_union, parts), KEY
    if partitions is None:
        return rows.repartition(key)
    return rows.repartition(partitions, key)


def _with_customers(name: str, frame: DataFrame) -> DataFrame:
    return frame.dropna(subset=[CUSTOMER]) if knows_its_customers(name) else frame


def _tagged(
    name: str, frame: DataFrame, columns: Iterable[str], types: Mapping[str, pl.DataType]
) -> DataFrame:
    from pyspark.sql import functions

    kind = "string" if types[CUSTOMER] == pl.String else "bigint"
    fields: list[Column] = [
        functions.col(quoted(one)).alias(one) for one in columns if one != CUSTOMER
    ]
    held = functions.struct(*(fields or [functions.lit(True).alias(_HERE)]))
    return frame.select(functions.col(CUSTOMER).cast(kind).alias(KEY), held.alias(name))


def _union(one: DataFrame, other: DataFrame) -> DataFrame:
    return one.unionByName(other, allowMissingColumns=True)
