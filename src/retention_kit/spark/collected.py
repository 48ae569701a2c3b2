"""Tables brought from Spark to this machine as Polars tables, and the other way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.contracts.law import report
from retention_kit.errors import DefinitionError
from retention_kit.spark.column_types import noted_type, polars_type, spark_schema, wire_type
from retention_kit.spark.incoming import incoming
from retention_kit.spark.installed import check_spark, finds_java
from retention_kit.spark.outgoing import narrowed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@report
def to_polars(frame: DataFrame, *, time_zone: str = "UTC") -> pl.DataFrame:
    """Bring a table of Spark to this machine.

    It must fit into memory here: reduced tables do, lists of customers may not.

    Args:
        frame: A table of Spark.
        time_zone: The zone to show instants in; what `run` gave is in the shop's.

    Returns:
        An eager table. What `run` gave has the types that the function gives; other columns have
        the nearest ones.

    Raises:
        DefinitionError: `frame` is not a table of Spark.
        ColumnTypeError: Polars cannot hold a column's type.
        MissingDependencyError: pyspark or pyarrow is not installed.
    """
    check_spark()
    check_frame("frame", frame)
    types = {}
    for field in frame.schema.fields:
        noted = noted_type(field)
        types[field.name] = polars_type("the table", field, time_zone) if noted is None else noted
    return incoming(frame.toArrow()).cast(pl.Schema(types))


@report
def from_polars(
    frame: pl.DataFrame | pl.LazyFrame, *, session: SparkSession | None = None
) -> DataFrame:
    """Hand a table of this machine to Spark.

    It goes through the driver's memory: write large tables to Parquet instead, or into buckets.

    Args:
        frame: A Polars table; a lazy one is collected.
        session: The session; by default the active one.

    Returns:
        A table of Spark. Unsigned integers, categories and times of day become what Spark has;
        `to_polars` turns them back.

    Raises:
        DefinitionError: No session is active.
        ColumnTypeError: Spark cannot hold a column's type.
        MissingDependencyError: pyspark or pyarrow is not installed.
    """
    check_spark()
    came = frame.lazy().collect(engine="streaming")
    wire = pl.Schema({name: wire_type(dtype) for name, dtype in came.schema.items()})
    table = narrowed(came.cast(wire))
    return active_session(session).createDataFrame(table, spark_schema("the table", came.schema))


def active_session(session: SparkSession | None) -> SparkSession:
    """Give the session that was given, or the active one.

    Raises:
        DefinitionError: There is none; where Java is missing too, the message says so.
    """
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession() if session is None else session
    if active is None:
        made = "session=SparkSession.builder.getOrCreate()"
        raise DefinitionError(
            f"No session of Spark is active. Next step: {made}."
            if finds_java()
            else "No session of Spark is active, and this machine has no Java to start one with. "
            f"Next step: install Java 17 or later, or set JAVA_HOME to where it is; then {made}. "
            "A server of Spark Connect needs none here: SparkSession.builder.remote(…).",
            parameter="session",
        )
    return active


def check_frame(parameter: str, frame: Any) -> None:
    """Check that something is a table of Spark whose rows are all there.

    Raises:
        DefinitionError: It is not.
    """
    from pyspark.sql import DataFrame

    if isinstance(frame, DataFrame):
        if frame.isStreaming:
            raise DefinitionError(
                f"{parameter!r} is a stream, each of whose batches has some of a customer's rows. "
                "Allowed: a table of Spark that is all there. Next step: write the stream to a "
                "table and read that, session.read.table(…).",
                parameter=parameter,
            )
        return
    step = (
        "retention_kit.spark.from_polars(frame), or call the function here."
        if isinstance(frame, pl.DataFrame | pl.LazyFrame)
        else "pass a pyspark.sql.DataFrame."
    )
    raise DefinitionError(
        f"{parameter!r} is a {type(frame).__module__}.{type(frame).__name__}. Allowed: a table of "
        f"Spark. Next step: {step}",
        parameter=parameter,
    )
