"""How the columns of a foreign table are read: casts to the door's types, and what cannot be read.

A cast never raises on a row. Each comes with named checks that are true where the value could be
read; a type that cannot hold the column at all raises from the schema alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.schemas import MONEY
from retention_kit.contracts.tables import Column
from retention_kit.errors import ColumnTypeError, bad_parameter

ISO_8601 = "iso8601"
"""The name that stands for the unambiguous formats of ISO 8601, with or without time and offset."""

_ISO_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
)
_SPACES = "[\\s\u00a0\u2007\u2009\u202f]"
_CLOCK = re.compile(r"%[HIkMSTRXcrfslp+]|%\.")
_ZONE = re.compile(r"%:*#?z|%\+|%s")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read foreign tables.

    Attributes:
        time_zone: The shop's zone, in which naive instants and dates are meant.
        currency: The shop's currency.
        date_format: The format of text dates, for all columns or by column.
        decimal_mark: What stands before the fraction in numbers written as text.
        thousands_mark: What groups digits in numbers written as text; a space stands for any.
        values: By `choice` column, what foreign words mean: `{"status": {"Done": "completed"}}`.
        negative_amounts: What an order of no stated kind with a negative amount is.
        ids_as_text: Whether ids are read as text, whatever they are.
    """

    time_zone: str
    currency: str | None = None
    date_format: str | Mapping[str, str] | None = None
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: str | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    negative_amounts: Literal["reject", "return"] = "reject"
    ids_as_text: bool = False

    def __post_init__(self) -> None:
        if self.time_zone not in _known_zone(self.time_zone):
            raise bad_parameter(
                "time_zone",
                got=self.time_zone,
                allowed="a name of the IANA time zone database",
                step="for example 'Europe/Moscow' or 'UTC'.",
            )
        if self.currency is not None and not re.fullmatch("[A-Z]{3}", self.currency):
            raise bad_parameter(
                "currency",
                got=self.currency,
                allowed="three capital letters of ISO 4217",
                step="for example 'RUB', 'EUR' or 'GBP'.",
            )
        if self.decimal_mark not in (".", ","):
            raise bad_parameter("decimal_mark", got=self.decimal_mark, allowed="'.' or ','")
        if self.thousands_mark == self.decimal_mark:
            raise bad_parameter(
                "thousands_mark", got=self.thousands_mark, allowed="not the decimal mark"
            )
        if self.negative_amounts not in ("reject", "return"):
            raise bad_parameter(
                "negative_amounts", got=self.negative_amounts, allowed="'reject' or 'return'"
            )

    def format_of(self, column: str) -> str | None:
        """Give the stated format of a column's text dates."""
        if isinstance(self.date_format, Mapping):
            return self.date_format.get(column)
        return self.date_format


@dataclass(frozen=True, slots=True)
class Cast:
    """A column's value as the door wants it, and the checks that it could be read.

    Attributes:
        value: The cast value; null where it could not be read.
        checks: By rule name, an expression over the foreign column, true where the rule is kept.
    """

    value: pl.Expr
    checks: Mapping[str, pl.Expr] = field(default_factory=dict)


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
            return _instant(table, column.name, dtype, reading)
        case "date" | "month":
            return _date(table, column, dtype, reading)
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
        read = ~known | ~whole | value.is_not_null()
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
    text = raw.cast(pl.String)
    return Cast(pl.when(text != "").then(text))


def _as_text(cast: Cast, reading: Reading) -> Cast:
    return Cast(cast.value.cast(pl.String), cast.checks) if reading.ids_as_text else cast


def _number(table: str, name: str, dtype: pl.DataType, reading: Reading) -> Cast:
    raw = pl.col(name)
    if dtype == MONEY:
        return Cast(raw)
    value = raw.cast(MONEY, strict=False)
    if dtype.is_float():
        finite = raw.is_finite().fill_null(value=True)
        fits = raw.is_null() | ~finite | value.is_not_null()
        return Cast(value, {f"not_finite_{name}": finite, f"out_of_range_{name}": fits})
    if dtype.is_integer() or isinstance(dtype, pl.Decimal):
        return Cast(value, {f"out_of_range_{name}": raw.is_null() | value.is_not_null()})
    if dtype in (pl.String, pl.Categorical, pl.Enum):
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
        if reading.thousands_mark.isspace():
            text = text.str.replace_all(_SPACES, "")
        else:
            text = text.str.replace_all(reading.thousands_mark, "", literal=True)
    if reading.decimal_mark == ",":
        # A point is no decimal mark now: it makes the text unreadable instead of a hundredfold.
        text = text.str.replace_all(".", "?", literal=True).str.replace(",", ".", literal=True)
    return text


def _instant(table: str, name: str, dtype: pl.DataType, reading: Reading) -> Cast:
    raw = pl.col(name)
    wanted = pl.Datetime("us", reading.time_zone)
    if dtype == wanted:
        return Cast(raw)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            return Cast(raw.cast(pl.Datetime("us", dtype.time_zone)).cast(wanted))
        return _localised(name, raw.cast(pl.Datetime("us")), raw.is_not_null(), reading)
    if dtype == pl.Date:
        return Cast(_midnight(raw, reading))
    if dtype == pl.String:
        return _text_instant(table, name, reading)
    raise ColumnTypeError(
        table,
        name,
        got=str(dtype),
        allowed="instants, dates, or text with date_format=",
        step="cast it; seconds since 1970 become instants by pl.from_epoch.",
    )


def _localised(name: str, naive: pl.Expr, present: pl.Expr, reading: Reading) -> Cast:
    # A wall-clock time that occurs twice in autumn is taken as the earlier one.
    value = naive.dt.replace_time_zone(reading.time_zone, ambiguous="earliest", non_existent="null")
    checks = {
        f"unreadable_{name}": ~present | naive.is_not_null(),
        f"nonexistent_{name}": naive.is_null() | value.is_not_null(),
    }
    return Cast(value, checks)


def _midnight(day: pl.Expr, reading: Reading) -> pl.Expr:
    """Give the first instant of a day: where midnight is skipped, the first hour that exists."""
    naive = day.cast(pl.Datetime("us"))

    def at(moment: pl.Expr) -> pl.Expr:
        return moment.dt.replace_time_zone(
            reading.time_zone, ambiguous="earliest", non_existent="null"
        )

    return pl.coalesce(at(naive), at(naive.dt.offset_by("30m")), at(naive.dt.offset_by("1h")))


def _text_instant(table: str, name: str, reading: Reading) -> Cast:
    raw = pl.col(name).str.strip_chars()
    present = (raw != "").fill_null(value=False)
    stated = _stated_format(table, name, reading)
    wanted = pl.Datetime("us", reading.time_zone)
    if stated == ISO_8601:
        aware = raw.str.to_datetime("%+", strict=False, time_zone="UTC", time_unit="us")
        naive = pl.coalesce(
            *(raw.str.to_datetime(one, strict=False, time_unit="us") for one in _ISO_FORMATS)
        )
        day = _midnight(raw.str.to_date("%Y-%m-%d", strict=False), reading)
        local = _localised(name, naive, naive.is_not_null(), reading)
        value = pl.coalesce(aware.cast(wanted), local.value, day)
        read = ~present | value.is_not_null() | naive.is_not_null()
        checks = {**local.checks, f"unreadable_{name}": read}
        return Cast(value, checks)
    if _ZONE.search(stated):
        value = raw.str.to_datetime(stated, strict=False, time_unit="us").cast(wanted)
        return Cast(value, {f"unreadable_{name}": ~present | value.is_not_null()})
    if _CLOCK.search(stated):
        naive = raw.str.to_datetime(stated, strict=False, time_unit="us")
        return _localised(name, naive, present, reading)
    value = _midnight(raw.str.to_date(stated, strict=False), reading)
    return Cast(value, {f"unreadable_{name}": ~present | value.is_not_null()})


def _stated_format(table: str, name: str, reading: Reading) -> str:
    stated = reading.format_of(name)
    if stated is None:
        raise ColumnTypeError(
            table,
            name,
            got="text, and its date format is not stated",
            allowed="instants, dates, or text with a stated format; day and month are not guessed",
            step="date_format='%d.%m.%Y %H:%M', or date_format='iso8601' for 2011-12-09 12:50 "
            "(--date-format on the command line).",
        )
    return stated


def _date(table: str, column: Column, dtype: pl.DataType, reading: Reading) -> Cast:
    name = column.name
    raw = pl.col(name)
    checks: dict[str, pl.Expr] = {}
    if dtype == pl.Date:
        value = raw
    elif isinstance(dtype, pl.Datetime):
        local = raw if dtype.time_zone is None else raw.dt.convert_time_zone(reading.time_zone)
        value = local.dt.date()
    elif dtype == pl.String:
        text = raw.str.strip_chars()
        stated = _stated_format(table, name, reading)
        if stated == ISO_8601:
            # A month may stand without its day.
            value = pl.coalesce(
                text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
                (text + "-01").str.to_date("%Y-%m-%d", strict=False),
            )
        elif re.search(r"%[deFDjxv]", stated):
            value = text.str.to_date(stated, strict=False)
        else:
            value = (text + "-01").str.to_date(f"{stated}-%d", strict=False)
        checks = {f"unreadable_{name}": (text == "").fill_null(value=True) | value.is_not_null()}
    else:
        raise ColumnTypeError(
            table, name, got=str(dtype), allowed="dates, or text with date_format=", step="cast it."
        )
    return Cast(value.dt.month_start() if column.kind == "month" else value, checks)


def _choice(table: str, column: Column, dtype: pl.DataType, reading: Reading) -> Cast:
    name = column.name
    wanted = pl.Enum(column.choices)
    if dtype == wanted:
        return Cast(pl.col(name))
    text = _text(table, name, dtype).value
    words = reading.values.get(name)
    if words:
        text = text.replace(dict(words))
    value = text.cast(wanted, strict=False)
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


def _known_zone(name: str) -> frozenset[str]:
    """Give the name itself if it is one of a time zone, else nothing."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        return frozenset()
    return frozenset([name])
