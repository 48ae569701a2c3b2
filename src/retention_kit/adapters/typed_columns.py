"""Python values of a database or a service as columns of one type each, batch by batch."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.errors import DataError

MONEY_SCALE: Final = 10
"""Digits after the point of decimal numbers whose scale nobody states."""

_SIMPLE: Final[dict[type, pl.DataType]] = {
    bool: pl.Boolean(),
    int: pl.Int64(),
    float: pl.Float64(),
    Decimal: pl.Decimal(38, MONEY_SCALE),
    dt.date: pl.Date(),
    dt.time: pl.Time(),
    dt.timedelta: pl.Duration("us"),
    bytes: pl.Binary(),
    memoryview: pl.Binary(),
}
_NUMBERS: Final = (int, float, Decimal)


def type_of_values(values: Sequence[Any]) -> pl.DataType:
    """Give the type of a column, of which some values are known.

    Whole numbers among fractions are fractions; what has no type in common, and what has no value
    at all, is text.
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds == {dt.datetime}:
        zones = {value.tzinfo is not None for value in values if value is not None}
        return pl.Datetime("us") if zones == {False} else pl.Datetime("us", "UTC")
    if len(kinds) > 1 and kinds <= {*_NUMBERS}:
        return _SIMPLE[Decimal if Decimal in kinds else float]
    if len(kinds) == 1:
        return _SIMPLE.get(next(iter(kinds)), pl.String())
    return pl.String()


def typed_column(
    name: str, values: Sequence[Any], dtype: pl.DataType, *, naive_zone: str, table: str
) -> pl.Series:
    """Give values as a column of a type.

    Args:
        name: The column's name.
        values: What came, None for nulls.
        dtype: What it must be.
        naive_zone: The time zone in which instants without one are meant.
        table: The table's name, for messages.

    Raises:
        DataError: A value cannot be of this type. The message does not show it.
    """
    try:
        # Of a Decimal that is no number Polars panics; of instants it drops or makes up zones.
        if not dtype.is_temporal() and not isinstance(dtype, pl.Decimal):
            try:
                return pl.Series(name, values, dtype=dtype, strict=True)
            except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
                pass
        convert = _converter(dtype, ZoneInfo(naive_zone))
        converted = [None if value is None else convert(value) for value in values]
        return pl.Series(name, converted, dtype=dtype, strict=True)
    except (TypeError, ValueError, ArithmeticError, pl.exceptions.PolarsError):
        raise DataError(
            f"Column {name!r} of table {table!r} holds a value that is no {dtype}, which is what "
            "the column is declared as, or what its first rows are. Allowed: one type in a column. "
            "Next step: cast it in a query."
        ) from None


def fitted_column(
    column: pl.Series, dtype: pl.DataType, *, naive_zone: str, table: str
) -> pl.Series:
    """Give a column that came typed as a column of another type.

    Args:
        column: What came.
        dtype: What it must be.
        naive_zone: The time zone in which instants without one are meant.
        table: The table's name, for messages.

    Raises:
        DataError: A value cannot be of this type. The message does not show it.
    """
    got = column.dtype
    if got == dtype:
        return column
    is_wider = (got.is_integer() or got == pl.Null) and dtype.is_numeric()
    both_aware = (
        isinstance(got, pl.Datetime)
        and isinstance(dtype, pl.Datetime)
        and (got.time_zone is None) == (dtype.time_zone is None)
    )
    if is_wider or both_aware or (got.is_float() and dtype.is_float()):
        try:
            return column.cast(dtype, strict=True)
        except pl.exceptions.PolarsError:
            pass
    return typed_column(column.name, column.to_list(), dtype, naive_zone=naive_zone, table=table)


def _converter(dtype: pl.DataType, zone: ZoneInfo) -> Callable[[Any], Any]:
    if isinstance(dtype, pl.Datetime):
        return _to_aware(zone) if dtype.time_zone is not None else _to_naive(zone)
    if isinstance(dtype, pl.Decimal):
        return _to_decimal
    if dtype.is_integer():
        return _to_integer
    simple: dict[pl.DataType, Callable[[Any], Any]] = {
        pl.Date(): _to_date,
        pl.Boolean(): _to_boolean,
        pl.Float64(): float,
        pl.String(): _to_text,
        pl.Binary(): bytes,
        pl.Time(): _to_time,
    }
    return simple.get(dtype, _as_it_is)


def _as_it_is(value: Any) -> Any:
    return value


def _to_instant(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    return dt.datetime.fromisoformat(_text_of(value))


def _to_aware(zone: ZoneInfo) -> Callable[[Any], dt.datetime]:
    def convert(value: Any) -> dt.datetime:
        at = _to_instant(value)
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(dt.UTC)

    return convert


def _to_naive(zone: ZoneInfo) -> Callable[[Any], dt.datetime]:
    def convert(value: Any) -> dt.datetime:
        at = _to_instant(value)
        return at if at.tzinfo is None else at.astimezone(zone).replace(tzinfo=None)

    return convert


def _to_date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(_text_of(value))


def _to_time(value: Any) -> dt.time:
    return value if isinstance(value, dt.time) else dt.time.fromisoformat(_text_of(value))


def _to_decimal(value: Any) -> Decimal | None:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


def _to_integer(value: Any) -> int:
    whole = int(value)
    if whole != (float(value) if isinstance(value, str) else value):
        raise ValueError
    return whole


def _to_boolean(value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError
    return bool(value)


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview):
        raise TypeError
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()
