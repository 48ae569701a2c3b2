"""How the columns of a foreign table are read: casts to the door's types, and what cannot be read.

A cast never raises on a row. Each comes with named checks that are true where the value could be
read; a type that cannot hold the column at all raises from the schema alone.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from retention_kit.contracts.instants import TEXT, cast_date, cast_instant
from retention_kit.contracts.reading import Cast, Reading
from retention_kit.contracts.schemas import MONEY
from retention_kit.contracts.tables import Column
from retention_kit.errors import ColumnTypeError

_SPACES = "[\\s\u00a0\u2007\u2009\u202f]"
_EXACT = 2.0**53
_TOO_LARGE = 10.0 ** (MONEY.precision - MONEY.scale)


def cast_column(table: str, column: Column, dtype: pl.DataType, reading: Reading) -> Cast:
    """Say how a foreign column of a type becomes a column of the table.

    Args:
        table: The table, for messages.
        column: The column that is wanted.
        dtype: The type that came.
        reading: How to read.

    Returns:
        The cast and its checks.

    Raises:
        ColumnTypeError: The type cannot hold the column, or text dates have no stated format.
    """
    if dtype == pl.Null:
        return Cast(pl.col(column.name))
    match column.kind:
        case "id":
            return _id(table, column.name, dtype, reading)
        case "money" | "number":
            return _number(table, column.name, dtype, reading)
        case "instant":
            return cast_instant(table, column.name, dtype, reading)
        case "date" | "month":
            return cast_date(table, column, dtype, reading)
        case "choice":
            return _choice(table, column, dtype, reading)
        case "text":
            return _text(table, column.name, dtype)


def _id(table: str, name: str, dtype: pl.DataType, reading: Reading) -> Cast:
    raw = pl.col(name)
    if dtype.is_integer() or isinstance(dtype, pl.Decimal):
        value = raw.cast(pl.Int64, strict=False)
        whole = raw.is_null() | (value.cast(dtype, strict=False) == raw).fill_null(value=False)
        fits = dtype.is_signed_integer() and dtype != pl.Int128
        return _as_text(Cast(value, {} if fits else {f"unreadable_{name}": whole}), reading)
    if dtype.is_float():
        # pandas turns whole numbers into floats as soon as one is missing.
        known = raw.is_not_null() & raw.is_not_nan()
        value = pl.when(known).then(raw.cast(pl.Int64, strict=False))
        whole = ~known | (raw == raw.floor())
        # From 2**53 on, one float stands for several whole numbers.
        read = ~known | ~whole | (raw.abs() < _EXACT).fill_null(value=False)
        checks = {f"fractional_{name}": whole, f"unreadable_{name}": read}
        return _as_text(Cast(value, checks), reading)
    if dtype.is_temporal() or dtype.is_nested() or dtype in (pl.Boolean, pl.Binary, pl.Object):
        raise ColumnTypeError(
            table,
            name,
            got=str(dtype),
            allowed="whole numbers or text",
            step="cast the ids, or map another column.",
        )
    text = raw.cast(pl.String).str.strip_chars()
    return Cast(pl.when(text != "").then(text))


def _as_text(cast: Cast, reading: Reading) -> Cast:
    return Cast(cast.value.cast(pl.String), cast.checks) if reading.ids_as_text else cast


def _number(table: str, name: str, dtype: pl.DataType, reading: Reading) -> Cast:
    raw = pl.col(name)
    if dtype == MONEY:
        return Cast(raw)
    if dtype.is_float():
        # Not even a lenient cast survives a float that is too large.
        fits = (raw.abs() < _TOO_LARGE).fill_null(value=True)
        finite = raw.is_finite().fill_null(value=True)
        checks = {f"not_finite_{name}": finite, f"out_of_range_{name}": ~finite | fits}
        return Cast(pl.when(fits).then(raw).cast(MONEY, strict=False), checks)
    value = raw.cast(MONEY, strict=False)
    if dtype.is_integer() or isinstance(dtype, pl.Decimal):
        return Cast(value, {f"out_of_range_{name}": raw.is_null() | value.is_not_null()})
    if dtype in TEXT:
        text = _plain_number(raw.cast(pl.String), reading)
        value = text.cast(MONEY, strict=False)
        read = raw.is_null() | (text == "") | value.is_not_null()
        return Cast(value, {f"unreadable_{name}": read})
    raise ColumnTypeError(
        table, name, got=str(dtype), allowed="numbers, or text that holds numbers", step="cast it."
    )


def _plain_number(text: pl.Expr, reading: Reading) -> pl.Expr:
    text = text.str.strip_chars().str.replace("^\u2212", "-")
    if reading.thousands_mark is not None:
        mark = reading.thousands_mark
        between = _SPACES if mark.isspace() else re.escape(mark)
        fraction = re.escape(reading.decimal_mark)
        # "12,50" is not 1250 because a comma may group digits: it must group three of them.
        grouped = rf"^[+-]?\d{{1,3}}(?:{between}\d{{3}})+(?:{fraction}\d*)?$"
        well_grouped = ~text.str.contains(between) | text.str.contains(grouped)
        text = (
            pl.when(well_grouped)
            .then(text.str.replace_all(between, ""))
            .otherwise(pl.when(text.is_not_null()).then(pl.lit("?")))
        )
    if reading.decimal_mark == ",":
        # A point is no decimal mark now: it makes the text unreadable instead of a hundredfold.
        text = text.str.replace_all(".", "?", literal=True).str.replace(",", ".", literal=True)
    return text


def _choice(table: str, column: Column, dtype: pl.DataType, reading: Reading) -> Cast:
    name = column.name
    wanted = pl.Enum(column.choices)
    if dtype == wanted:
        return Cast(pl.col(name))
    text = _text(table, name, dtype).value
    words = reading.values.get(name)
    if words:
        text = text.replace({str(word): meant for word, meant in words.items()})
    # Comparing is three times as fast as a cast of text to an enumeration.
    chain: Any = pl
    for word in column.choices:
        chain = chain.when(text == word).then(pl.lit(word, dtype=wanted))
    value = chain.otherwise(pl.lit(None, dtype=wanted))
    known = text.is_null() | (text == "") | value.is_not_null()
    return Cast(value, {f"unknown_{name}": known})


def _text(table: str, name: str, dtype: pl.DataType) -> Cast:
    raw = pl.col(name)
    if dtype == pl.String:
        return Cast(raw)
    if isinstance(dtype, pl.Struct):
        return Cast(raw.struct.json_encode())
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        raise ColumnTypeError(table, name, got=str(dtype), allowed="text", step="cast it to text.")
    return Cast(raw.cast(pl.String))
