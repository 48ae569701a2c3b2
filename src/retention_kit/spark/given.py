"""Tables of Spark as functions on tables take them: names as they are, types as at the door.

Rows are not checked: a table of Spark is taken to hold what the door would let in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from retention_kit.contracts.schemas import column_type
from retention_kit.contracts.tables import TABLES, Column
from retention_kit.errors import ColumnTypeError, DataError, MissingColumnError
from retention_kit.spark.column_types import polars_type

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

CUSTOMER = "customer_id"
_MOST_DIGITS = 18
"""Of whole numbers that every Int64 can hold."""


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
        raise MissingColumnError(table, CUSTOMER, columns)
    return CUSTOMER in columns


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


def table_types(table: str, schema: StructType, time_zone: str) -> pl.Schema:
    """Give the schema with which a function gets a table of Spark.

    Columns that the table describes have the types that the door gives them; whole numbers are
    `Int64` where they are ids. Other columns have the type of Polars that is nearest, and
    timestamps are in the shop's zone.

    Args:
        table: The parameter that takes it.
        schema: The table's schema in Spark.
        time_zone: The shop's zone.

    Raises:
        ColumnTypeError: A column has a type that cannot hold what the table needs there.
    """
    described = _described(table)
    types = {}
    for field in schema.fields:
        came = polars_type(table, field, time_zone)
        column = described.get(field.name)
        if column is not None:
            shown = field.dataType.simpleString()
            came = _wanted(table, column, came, shown, time_zone)
        types[field.name] = came
    return pl.Schema(types)


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
        return frame.cast(pl.Schema(types))
    except pl.exceptions.PolarsError:
        unfit = [name for name, dtype in types.items() if not _fits(frame[name], dtype)]
    # The cause would quote the values.
    raise DataError(
        f"Table {table!r} has values that do not fit their columns: "
        f"{', '.join(f'{name} ({types[name]})' for name in unfit)}. Next step: mend them in Spark, "
        "or let the table in by the door and write buckets, which says which rows they are."
    )


def _fits(values: pl.Series, dtype: pl.DataType) -> bool:
    return values.cast(dtype, strict=False).null_count() == values.null_count()


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
            # A wall clock without a zone may mean two instants, or none.
            fits, allowed = came == wanted, "timestamp, which is an instant"
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
        return came.scale == 0 and came.precision <= _MOST_DIGITS
    return came.is_integer() or came == pl.String


def _id_type(came: pl.DataType) -> pl.DataType:
    return pl.String() if came in (pl.String, pl.Null) else pl.Int64()
