"""How the types of columns go from Polars to Spark and come back.

Spark has no unsigned integers, no categories, no zones of instants and no time of day in all its
versions: such columns travel as what holds them, and a note in the field's metadata says what they
were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.errors import ColumnTypeError

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructField, StructType

NOTE = "retention_kit"
"""The key of the note in a field's metadata."""
_WIDER: Mapping[Any, pl.DataType] = {
    pl.UInt8: pl.Int16(),
    pl.UInt16: pl.Int32(),
    pl.UInt32: pl.Int64(),
    pl.UInt64: pl.Decimal(20, 0),
    pl.Int128: pl.Decimal(38, 0),
    pl.Time: pl.Int64(),
    pl.Categorical: pl.String(),
    pl.Enum: pl.String(),
}
_SIMPLE: Mapping[Any, str] = {
    pl.Boolean: "BooleanType",
    pl.Int8: "ByteType",
    pl.Int16: "ShortType",
    pl.Int32: "IntegerType",
    pl.Int64: "LongType",
    pl.Float32: "FloatType",
    pl.Float64: "DoubleType",
    pl.String: "StringType",
    pl.Binary: "BinaryType",
    pl.Date: "DateType",
    pl.Null: "NullType",
}
_BACK: Mapping[str, pl.DataType] = {
    **{name: dtype() for dtype, name in _SIMPLE.items()},
    "CharType": pl.String(),
    "VarcharType": pl.String(),
    "TimestampNTZType": pl.Datetime("us"),
    "DayTimeIntervalType": pl.Duration("us"),
}


def wire_type(dtype: pl.DataType) -> pl.DataType:
    """Give the Polars type that a column is cast to before it goes to Spark.

    Whole numbers become signed ones that hold them, times of day nanoseconds since midnight,
    categories text; instants are in UTC, and they and durations count microseconds.

    Args:
        dtype: The type that a function gives.
    """
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime("us", "UTC" if dtype.time_zone is not None else None)
    if isinstance(dtype, pl.Duration):
        return pl.Duration("us")
    if isinstance(dtype, pl.List | pl.Array):
        return pl.List(wire_type(_type(dtype.inner)))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: wire_type(_type(field.dtype)) for field in dtype.fields})
    return _WIDER.get(type(dtype), dtype)


def spark_schema(function: str, schema: pl.Schema) -> StructType:
    """Give the Spark schema of what a function gives.

    Args:
        function: The function's name, for messages.
        schema: The columns it gives.

    Raises:
        ColumnTypeError: A column has a type that Spark cannot hold.
    """
    from pyspark.sql import types

    return types.StructType(
        [
            types.StructField(
                name, _spark_type(function, name, wire_type(dtype)), True, _note(dtype)
            )
            for name, dtype in schema.items()
        ]
    )


def polars_type(table: str, field: StructField, time_zone: str) -> pl.DataType:
    """Give the Polars type of a column of Spark; its note is not looked at.

    Args:
        table: The table, for messages.
        field: The column.
        time_zone: The zone of instants.

    Raises:
        ColumnTypeError: Polars cannot hold the type.
    """
    return _polars_type(table, field.name, field.dataType, time_zone)


def noted_type(field: StructField) -> pl.DataType | None:
    """Give the type that a column had before it went to Spark; None where no note says it."""
    note = (field.metadata or {}).get(NOTE)
    return None if note is None else _described(json.loads(note))


def _spark_type(table: str, name: str, wire: pl.DataType) -> DataType:
    from pyspark.sql import types

    simple = _SIMPLE.get(type(wire))
    made: DataType
    if simple is not None:
        made = getattr(types, simple)()
        return made
    match wire:
        case pl.Decimal():
            made = types.DecimalType(wire.precision, wire.scale)
        case pl.Datetime():
            made = types.TimestampNTZType() if wire.time_zone is None else types.TimestampType()
        case pl.Duration():
            made = types.DayTimeIntervalType()
        case pl.List():
            made = types.ArrayType(_spark_type(table, name, _type(wire.inner)))
        case pl.Struct():
            made = types.StructType(
                [
                    types.StructField(one.name, _spark_type(table, name, _type(one.dtype)))
                    for one in wire.fields
                ]
            )
        case _:
            raise ColumnTypeError(
                table,
                name,
                got=str(wire),
                allowed="a type that Spark can hold",
                step="cast it in the function, or leave it out.",
            )
    return made


def _polars_type(table: str, name: str, dtype: DataType, zone: str) -> pl.DataType:
    # By name: of each kind of session, and whether this Spark has the type or not.
    kind: str = type(dtype).__name__
    given: Any = dtype
    known = _BACK.get(kind)
    if known is not None:
        return known
    if kind == "DecimalType":
        return pl.Decimal(given.precision, given.scale)
    if kind == "TimestampType":
        return pl.Datetime("us", zone)
    if kind == "ArrayType":
        return pl.List(_polars_type(table, name, given.elementType, zone))
    if kind == "StructType":
        return pl.Struct(
            {one.name: _polars_type(table, name, one.dataType, zone) for one in given.fields}
        )
    raise ColumnTypeError(
        table,
        name,
        got=given.simpleString(),
        allowed="numbers, text, dates, timestamps, intervals of days, booleans, binaries, and "
        "arrays and structs of them",
        step=f"leave it out, frame.drop({name!r}), or cast it.",
    )


def _note(dtype: pl.DataType) -> dict[str, str] | None:
    comes_back = dtype == wire_type(dtype)
    # As text: metadata of Spark hold no lists of lists.
    return None if comes_back else {NOTE: json.dumps(_description(dtype))}


def _description(dtype: pl.DataType) -> dict[str, Any]:
    said: dict[str, Any] = {"type": type(dtype).__name__}
    match dtype:
        case pl.Datetime():
            said |= {"unit": dtype.time_unit, "zone": dtype.time_zone}
        case pl.Duration():
            said |= {"unit": dtype.time_unit}
        case pl.Decimal():
            said |= {"precision": dtype.precision, "scale": dtype.scale}
        case pl.Enum():
            said |= {"categories": dtype.categories.to_list()}
        case pl.Array():
            said |= {"inner": _description(_type(dtype.inner)), "size": dtype.size}
        case pl.List():
            said |= {"inner": _description(_type(dtype.inner))}
        case pl.Struct():
            fields = [[one.name, _description(_type(one.dtype))] for one in dtype.fields]
            said |= {"fields": fields}
    return said


def _described(said: Mapping[str, Any]) -> pl.DataType:
    match said["type"]:
        case "Datetime":
            return pl.Datetime(said["unit"], said["zone"])
        case "Duration":
            return pl.Duration(said["unit"])
        case "Decimal":
            return pl.Decimal(said["precision"], said["scale"])
        case "Enum":
            return pl.Enum(said["categories"])
        case "Array":
            return pl.Array(_described(said["inner"]), said["size"])
        case "List":
            return pl.List(_described(said["inner"]))
        case "Struct":
            return pl.Struct({name: _described(one) for name, one in said["fields"]})
        case simple:
            made: pl.DataType = getattr(pl, simple)()
            return made


def _type(dtype: Any) -> pl.DataType:
    """Give an instance of a type that may be named by its class."""
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made
