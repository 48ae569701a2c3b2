"""What `run` and `measure` are given: tables of Spark, or buckets, as one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.contracts.buckets import Buckets
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import ColumnTypeError, DefinitionError, bad_parameter
from retention_kit.spark.collected import active_session, check_frame, to_polars
from retention_kit.spark.given import cast_table, check_customers, is_split, table_types
from retention_kit.spark.merging import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop's tables where Spark finds them.

    Attributes:
        session: The session that runs.
        time_zone: The shop's zone.
        split: By table that is split by customer, its schema as a function gets it.
        whole: Tables without customers, which go whole to every task.
        frames: The tables of Spark by name; none of buckets.
        buckets: The buckets, where that is what was given.
        further: Polars tables of customers that go to the workers beside buckets.
        left_out: By table, the columns that Polars cannot hold, with what to say of each.
    """

    session: SparkSession
    time_zone: str
    split: Mapping[str, pl.Schema]
    whole: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    frames: Mapping[str, DataFrame] = field(default_factory=dict)
    buckets: Buckets | None = None
    further: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    left_out: Mapping[str, Mapping[str, ColumnTypeError]] = field(default_factory=dict)


def shop_of(
    data: Mapping[str, DataFrame] | Buckets | str | Path,
    *,
    time_zone: str | None,
    session: SparkSession | None,
) -> Shop:
    """Look at what was given; tables without customers are brought to the driver.

    Args:
        data: Tables of Spark by name, buckets, or their folder.
        time_zone: The shop's zone; buckets have their own.
        session: The session, for buckets.

    Raises:
        DefinitionError: It is none of these, or the zone or the session is not known.
        FileFormatError: The folder holds no buckets.
    """
    if isinstance(data, str | Path):
        data = Buckets.open(data)
    if isinstance(data, Buckets):
        return _of_buckets(data, time_zone, session)
    if not isinstance(data, Mapping) or not data:
        raise bad_parameter(
            "data",
            got=type(data).__name__,
            allowed="tables of Spark by name, what Dataset.bucket wrote, or its folder",
            step='{"orders": orders}, for example.',
        )
    for name, frame in data.items():
        check_frame(name, frame)
    if time_zone is None:
        raise DefinitionError(
            "The shop's time zone is not known: timestamps of Spark have none. Next step: "
            "time_zone='Europe/Moscow', for example.",
            parameter="time_zone",
        )
    _check_zone(time_zone)
    split, whole, left_out = {}, {}, {}
    for name, frame in data.items():
        types, left_out[name] = table_types(name, frame.schema, time_zone)
        if is_split(name, list(types)):
            split[name] = types
        else:
            held = frame.select(*map(quoted, types))
            whole[name] = cast_table(name, to_polars(held, time_zone=time_zone), types)
    check_customers(split)
    first = next(iter(data.values()))
    return Shop(first.sparkSession, time_zone, split, whole, data, left_out=left_out)


def _of_buckets(buckets: Buckets, time_zone: str | None, session: SparkSession | None) -> Shop:
    if time_zone is not None and time_zone != buckets.time_zone:
        raise bad_parameter(
            "time_zone",
            got=time_zone,
            allowed=f"{buckets.time_zone!r}, the zone of the buckets",
            step="leave it out.",
        )
    tables = buckets[0].tables()
    schemas: dict[str, Any] = {name: tables[name].collect_schema() for name in TABLES}
    return Shop(active_session(session), buckets.time_zone, schemas, buckets=buckets)


def _check_zone(time_zone: str) -> None:
    try:
        pl.Series([None], dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(time_zone)
    except pl.exceptions.PolarsError:
        raise bad_parameter(
            "time_zone", got=time_zone, allowed="a zone's name, such as 'Europe/Moscow'"
        ) from None
