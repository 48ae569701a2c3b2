"""How the dates and numbers of a column of text are written, judged by the door's own reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, cast

import polars as pl

from retention_kit.contracts.casts import cast_column
from retention_kit.contracts.instants import TEXT
from retention_kit.contracts.reading import ISO_8601, Reading
from retention_kit.contracts.tables import Column

_DAYS = ("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d")
_CLOCKS = ("", " %H:%M:%S", " %H:%M", ", %H:%M:%S", ", %H:%M", "T%H:%M:%S")
_MONTHS = ("%m.%Y", "%m/%Y")
_LOOKS_DATED = r"^\s*\d{1,4}[./-]\d{1,4}"
_MARKS = (
    (".", None),
    (",", None),
    (",", " "),
    (".", " "),
    (".", ","),
    (",", "."),
    (".", "'"),
)
_AS_A_NUMBER = r"^[+\-\u2212]?\d[\d\s\u00a0\u2007\u2009\u202f.,']*$"
_NEARLY_ALL = 0.9
_CURRENCY = r"(?i)\s*(?:₽|руб(?:лей|ля|ль|\.)?|р\.|rub|usd|eur|gbp|\$|€|£)\s*"
_MONTH_STEMS = (
    "январ", "феврал", "март", "апрел", "ма[йя]", "июн", "июл", "август", "сентябр", "октябр",
    "ноябр", "декабр",
)  # fmt: skip
_MONTH_IN_WORDS = rf"(?i)^\s*(?:{'|'.join(_MONTH_STEMS)})[а-я]*\s+\d{{4}}(?:\s*г(?:ода|\.)?)?\s*$"


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks in numbers.

    Attributes:
        decimal: Before the fraction.
        thousands: Between groups of digits.
    """

    decimal: Literal[".", ","] = "."
    thousands: str | None = None


def date_formats(values: pl.Series, column: Column) -> tuple[str, ...]:
    """Give the formats by which every value of a column of text is read as the column's kind.

    Returns:
        None of them, one, or several where day and month could change places.
    """
    there = _present(values)
    if there.is_empty() or not there.head(200).str.contains(_LOOKS_DATED).all():
        return ()
    formats = [ISO_8601, *(f"{day}{clock}" for day, clock in product(_DAYS, _CLOCKS))]
    if column.kind == "month":
        formats += _MONTHS
    probe = there.head(100)
    likely = [one for one in formats if unreadable(probe, column, date_format=one) == 0]
    return tuple(one for one in likely if unreadable(there, column, date_format=one) == 0)


def number_marks(columns: Iterable[pl.Series]) -> tuple[Marks, bool]:
    """Give the marks by which most values of columns of text are read as numbers.

    Returns:
        The marks, and whether another pair reads as many values as other numbers: "1,234" is one
        and a bit, or more than a thousand.
    """
    texts = [_present(one) for one in columns if one.dtype in TEXT]
    shares = {}
    for decimal, thousands in _MARKS:
        marks = Marks(cast('Literal[".", ","]', decimal), thousands)
        shares[marks] = min((_readable(text, marks) for text in texts), default=1.0)
    best = max(shares, key=lambda marks: shares[marks])
    turned = Marks("." if best.decimal == "," else ",", best.decimal)
    is_open = best.decimal == "," and shares[best] > 0 and shares[turned] == shares[best]
    return best, is_open


def number_share(values: pl.Series) -> float:
    """Give the share of a column's values that are numbers, by the marks that suit it best."""
    if values.dtype not in TEXT:
        return 1.0 if values.dtype.is_numeric() or values.dtype == pl.Null else 0.0
    there = _present(values)
    if there.is_empty():
        return 1.0
    if not there.head(200).str.contains(_AS_A_NUMBER).any():
        return 0.0
    marks, _ = number_marks([there])
    return _readable(there, marks)


def unreadable(values: pl.Series, column: Column, *, date_format: str) -> int:
    """Count the values that a format does not read."""
    return int(values.to_frame().select(unread(values.name, column, date_format)).item())


def unread(name: str, column: Column, date_format: str) -> pl.Expr:
    """Give the count of values of a column of text that a format does not read."""
    reading = Reading(time_zone="UTC", date_format=date_format)
    made = cast_column("orders", replace(column, name=name), pl.String(), reading)
    there = (pl.col(name).str.strip_chars() != "").fill_null(value=False)
    return (there & made.value.is_null()).sum()


def plain_numbers(name: str) -> pl.Expr:
    """Take off numbers what the door does not read: currency, brackets and a minus at the end."""
    text = pl.col(name)
    bare = text.str.replace_all(_CURRENCY, "").str.strip_chars()
    signed = (
        pl.when(bare.str.contains(r"^\(.*\)$"))
        .then("-" + bare.str.strip_chars("()").str.strip_chars())
        .when(bare.str.contains(r"\d\s*[-\u2212]$"))
        .then("-" + bare.str.strip_chars_end("-\u2212 \u00a0"))
        .otherwise(bare)
    )
    return pl.when(signed.str.contains(_AS_A_NUMBER)).then(signed).otherwise(text).alias(name)


def plain_months(name: str) -> pl.Expr:
    """Write "Январь 2025 г." as "2025-01"."""
    text = pl.col(name)
    number = pl.lit(None, dtype=pl.String)
    for place, month in enumerate(_MONTH_STEMS, start=1):
        number = (
            pl.when(text.str.contains(rf"(?i)^\s*{month}"))
            .then(pl.lit(f"{place:02}"))
            .otherwise(number)
        )
    plain = text.str.extract(r"(\d{4})") + "-" + number
    return pl.when(text.str.contains(_MONTH_IN_WORDS)).then(plain).otherwise(text).alias(name)


def decorated(sample: pl.DataFrame) -> tuple[list[str], list[str]]:
    """Name the columns of text that `plain_numbers` suits, and those that `plain_months` suits."""
    numbers, months = [], []
    for name in sample.columns:
        if sample[name].dtype != pl.String:
            continue
        there = _present(sample[name])
        if there.is_empty():
            continue
        if there.str.contains(_MONTH_IN_WORDS).all():
            months.append(name)
            continue
        plain = there.to_frame().select(plain_numbers(name)).to_series()
        if not plain.equals(there) and _share(plain, _AS_A_NUMBER) >= _NEARLY_ALL:
            numbers.append(name)
    return numbers, months


def _share(text: pl.Series, pattern: str) -> float:
    return float(text.to_frame().select(pl.col(text.name).str.contains(pattern).mean()).item())


def _present(values: pl.Series) -> pl.Series:
    there = values.drop_nulls().cast(pl.String)
    return there.filter(there.str.strip_chars() != "")


def _readable(text: pl.Series, marks: Marks) -> float:
    if text.is_empty():
        return 1.0
    reading = Reading(time_zone="UTC", decimal_mark=marks.decimal, thousands_mark=marks.thousands)
    made = cast_column("orders", Column(text.name, "money", ""), pl.String(), reading)
    share = text.to_frame().select(made.value.is_not_null().mean()).item()
    return float(share)
