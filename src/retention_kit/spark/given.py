"""Tables of Spark as functions on tables take them: names as they are, types as at the door.

Rows are not checked: a table of Spark is taken to hold what the door would let in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from retention_kit.contracts.schemas import column_type
from retention_kit.contracts.tables import TABLES, Column
from retention_kit.errors import ColumnTypeError, DataError, MissingColumnError, nearest_names
from retention_kit.spark.column_types import polars_type

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

CUSTOMER = "customer_id"


def is_split(table: str, columns: list[str]) -> bool:
    """Tell whether a table is split by customer; the others go whole to every task.

    Args:
        table: The parameter that takes it.
        columns: Its columns.

    Raises:
        MissingColumnError: It must have customers, and has none.
    """
    if table in TABLES and not TABLES[table].by_customer:
        return False
    if table in TABLES and CUSTOMER not in columns:
        raise missing_column(table, CUSTOMER, columns)
    return CUSTOMER in columns


def missing_column(table: str, column: str, columns: Sequence[str]) -> MissingColumnError:
    """Give the error of a column that a table of Spark does not have."""
    nearest = nearest_names(column, columns)
    held = nearest[0] if nearest else "…"
    step = f"rename the one that holds it: {table}.withColumnRenamed({held!r}, {column!r})."
    return MissingColumnError(table, column, columns, step=step)


def knows_its_customers(table: str) -> bool:
    """Tell whether rows without a customer are guests', which no function sees."""
    if table not in TABLES:
        return False
    column = TABLES[table].columns.get(CUSTOMER)
    return column is None or column.required


def check_customers(types: Mapping[str, pl.Schema]) -> None:
    """Check that customers are of one type in all tables.

    Args:
        types: By table that has customers, what `table_types` said.

    Raises:
        ColumnTypeError: They are numbers in one and text in another.
    """
    first = next(iter(types), None)
    for name, schema in types.items():
        if first is not None and schema[CUSTOMER] != types[first][CUSTOMER]:
            raise ColumnTypeError(
                name,
                CUSTOMER,
                got=str(schema[CUSTOMER]),
                allowed=f"{types[first][CUSTOMER]}, as in {first!r}",
                step="cast it in Spark.",
            )


def table_types(
    table: str, schema: StructType, time_zone: str
) -> tuple[pl.Schema, dict[str, ColumnTypeError]]:
    """Give the schema with which a function gets a table of Spark.

    Columns that the table describes have the types that the door gives them; whole numbers are
    `Int64` where they are ids. Other columns have the type of Polars that is nearest, and
    timestamps are in the shop's zone. Those that Polars cannot hold are left out.

    Args:
        table: The parameter that takes it.
        schema: The table's schema in Spark.
        time_zone: The shop's zone.

    Returns:
        The schema, and by column that is left out what to say where it is asked for.

    Raises:
        ColumnTypeError: A column has a type that cannot hold what the table needs there.
    """
    described = _described(table)
    types: dict[str, pl.DataType] = {}
    left_out: dict[str, ColumnTypeError] = {}
    for field in schema.fields:
        column = described.get(field.name)
        try:
            came = polars_type(table, field, time_zone)
        except ColumnTypeError as error:
            if column is not None:
                raise
            left_out[field.name] = error
            continue
        if column is not None:
            shown = field.dataType.simpleString()
            came = _wanted(table, column, came, shown, time_zone)
        types[field.name] = came
    return pl.Schema(types), left_out


def cast_table(table: str, frame: pl.DataFrame, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Cast a table that came from Spark.

    Args:
        table: The parameter that takes it.
        frame: The table, with the types that Arrow gave.
        types: What `table_types` said, of the columns that came.

    Raises:
        DataError: A value does not fit its column.
    """
    try:
        cast = frame.select(_cast(frame[name], dtype, strict=True) for name, dtype in types.items())
    except pl.exceptions.PolarsError:
        unfit = [name for name, dtype in types.items() if not _fits(frame[name], dtype)]
    else:
        return cast
    # The cause would quote the values.
    raise DataError(
        f"Table {table!r} has values that do not fit their columns: "
        f"{', '.join(f'{name} ({types[name]})' for name in unfit)}. Next step: mend them in Spark, "
        "or let the table in by the door and write buckets, which says which rows they are."
    )


def _fits(values: pl.Series, dtype: pl.DataType) -> bool:
    try:
        return _cast(values, dtype, strict=False).null_count() == values.null_count()
    except pl.exceptions.PolarsError:
        return False


def _cast(values: pl.Series, dtype: pl.DataType, *, strict: bool) -> pl.Series:
    """Cast a column; a wall clock is read as the shop's, and the earlier of two equal times."""
    if not (isinstance(dtype, pl.Datetime) and dtype.time_zone and _is_clock(values.dtype)):
        return values.cast(dtype, strict=strict)
    clock, zone = values.cast(pl.Datetime("us")), dtype.time_zone
    made = _in_zone(clock, zone)
    if values.dtype == pl.Date:
        # Where midnight is skipped, the day begins with the first hour that exists.
        for later in ("30m", "1h"):
            made = made.zip_with(made.is_not_null(), _in_zone(clock.dt.offset_by(later), zone))
    if strict and made.null_count() > values.null_count():
        raise pl.exceptions.InvalidOperationError("a time that the clock skips")
    return made


def _in_zone(clock: pl.Series, zone: str) -> pl.Series:
    return clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")


def _is_clock(dtype: pl.DataType) -> bool:
    return dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None)


def _described(table: str) -> Mapping[str, Column]:
    if table not in TABLES:
        # Tables of a room's own have customers, too.
        return {CUSTOMER: TABLES["customers"].columns[CUSTOMER]}
    columns = dict(TABLES[table].columns)
    if table == "order_items":
        orders = TABLES["orders"].columns
        columns |= {name: orders[name] for name in (CUSTOMER, "ordered_at", "kind")}
    return columns


def _wanted(
    table: str, column: Column, came: pl.DataType, shown: str, time_zone: str
) -> pl.DataType:
    wanted = column_type(column, id_type=_id_type(came), time_zone=time_zone)
    numeric = came.is_numeric()
    match column.kind:
        case "id":
            fits, allowed = _is_id(came), "whole numbers or text"
        case "instant":
            fits, allowed = came == wanted or _is_clock(came), "timestamp, timestamp_ntz or date"
        case "date" | "month":
            fits, allowed = came == wanted, "date"
        case "money" | "number":
            fits, allowed = numeric, "numbers"
        case "choice":
            fits, allowed = came == pl.String, f"text: {', '.join(column.choices)}"
        case "text":
            fits, allowed = numeric or came in (pl.String, pl.Boolean, pl.Date), "text"
    if came != pl.Null and not fits:
        raise ColumnTypeError(
            table, column.name, got=shown, allowed=allowed, step="cast it in Spark."
        )
    return wanted


def _is_id(came: pl.DataType) -> bool:
    if isinstance(came, pl.Decimal):
        return came.scale == 0
    return came.is_integer() or came == pl.String


def _id_type(came: pl.DataType) -> pl.DataType:
    return pl.String() if came in (pl.String, pl.Null) else pl.Int64()
