"""The sums of the parts put together by Spark, in the types that the function gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def merged(parts: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Add up what an additive function gave for parts of the customers.

    Null keys are one group. Without keys there is one row, of zeros where nothing was summed.

    Args:
        parts: Its answers, one after another.
        keys: The columns to add by.

    Returns:
        A table of the same schema, notes of types included.
    """
    from pyspark.sql import functions

    schema = parts.schema
    names = [quoted(name) for name in keys]
    sums: list[Column] = []
    for field in schema.fields:
        if field.name in keys:
            continue
        total = functions.sum(quoted(field.name)).cast(field.dataType)
        if not keys:
            # Of no partition at all there is no row to sum.
            zero = functions.lit(0).cast("bigint")
            if type(field.dataType).__name__ == "DayTimeIntervalType":
                total = functions.coalesce(total, functions.expr("INTERVAL '0' SECOND"))
            else:
                total = functions.coalesce(total, zero.cast(field.dataType))
        sums.append(total.alias(field.name))
    if not sums:
        return parts.distinct()
    together = parts.groupBy(*names).agg(*sums)
    return together.select(
        [
            functions.col(quoted(field.name)).alias(field.name, metadata=field.metadata)
            for field in schema.fields
        ]
    )


def quoted(name: str) -> str:
    """Write a column's name so that Spark takes all of it for a name, points included."""
    return f"`{name.replace('`', '``')}`"
