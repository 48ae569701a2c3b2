"""The sums of the parts put together by Spark, in the types that the function gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retention_kit.errors import DefinitionError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


def merged(parts: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Add up what an additive function gave for parts of the customers.

    Null keys are one group, and sums of nothing but nulls are zero, as they are in Polars. Without
    keys there is one row. A sum that its type does not hold is an error; where
    `spark.sql.ansi.enabled` is false, one of decimals is null, and one of whole numbers is wrong.

    Args:
        parts: Its answers, one after another.
        keys: The columns to add by.

    Returns:
        A table of the same schema, notes of types included.

    Raises:
        DefinitionError: Spark cannot tell its columns from one another.
    """
    from pyspark.sql import functions

    schema = parts.schema
    if not is_case_sensitive(parts.sparkSession):
        _check_names(schema.names)
    names = [quoted(name) for name in keys]
    sums: list[Column] = []
    for field in schema.fields:
        if field.name in keys:
            continue
        total = functions.sum(quoted(field.name)).cast(field.dataType)
        if type(field.dataType).__name__ == "DayTimeIntervalType":
            zero = functions.expr("INTERVAL '0' SECOND")
        else:
            zero = functions.lit(0).cast("bigint").cast(field.dataType)
        # Counted: the sum may also be null because its type does not hold it.
        nothing = functions.count(quoted(field.name)) == 0
        sums.append(functions.when(nothing, zero).otherwise(total).alias(field.name))
    if not sums:
        return parts.distinct()
    together = parts.groupBy(*names).agg(*sums)
    return together.select(
        [
            functions.col(quoted(field.name)).alias(field.name, metadata=field.metadata)
            for field in schema.fields
        ]
    )


def is_case_sensitive(session: SparkSession) -> bool:
    """Tell whether names that differ by case alone are two names."""
    return str(session.conf.get("spark.sql.caseSensitive")).lower() == "true"


def quoted(name: str) -> str:
    """Write a column's name so that Spark takes all of it for a name, points included."""
    return f"`{name.replace('`', '``')}`"


def _check_names(names: Sequence[str]) -> None:
    lower = [name.lower() for name in names]
    same = [name for name in names if lower.count(name.lower()) > 1]
    if same:
        raise DefinitionError(
            f"The result has columns that Spark takes for one: {', '.join(same)}. Next step: "
            "rename the column in its table, withColumnRenamed(…), or set spark.sql.caseSensitive."
        )
