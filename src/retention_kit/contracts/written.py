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
_THREE_BEHIND = r"^[+\-\u2212]?[1-9]\d{0,2}%s\d{3}$"
_NOUGHT_BEFORE = r"^[+\-\u2212]?0+%s\d{3}$"
_ENOUGH = 10


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


def number_marks(
    columns: Iterable[pl.Series], *, separator: str | None = None
) -> tuple[Marks, tuple[str, ...]]:
    """Give the marks by which most values of columns of text are read as numbers.

    "1,234" is one and a bit, or more than a thousand. What decides is any other value of these
    columns that is read in one way alone, such as "12,5" or "1,234,567"; then a file whose cells
    are separated by commas, which has no decimal commas; and then a column where whole numbers
    stand beside ten or more that all have three digits behind the mark.

    Args:
        columns: The columns, all of one file.
        separator: What separates the cells of the file.

    Returns:
        The marks, and the columns of which it remains open what they mean.
    """
    texts = [_present(one) for one in columns if one.dtype in TEXT]
    shares = _shares(texts)
    best = max(shares, key=lambda marks: shares[marks])
    for mark in (",", "."):
        unsure = [text for text in texts if text.str.contains(_THREE_BEHIND % f"\\{mark}").any()]
        as_fraction = max(shares[one] for one in shares if one.decimal == mark)
        as_group = max(shares[one] for one in shares if one.thousands == mark)
        if not unsure or not as_fraction == as_group == shares[best]:
            continue
        other: Literal[".", ","] = "." if mark == "," else ","
        if any(text.str.contains(_NOUGHT_BEFORE % f"\\{mark}").any() for text in texts):
            return max((one for one in shares if one.decimal == mark), key=shares.__getitem__), ()
        if (separator == mark == ",") or all(_is_grouped(text, mark) for text in unsure):
            return Marks(other, mark), ()
        return Marks(), tuple(text.name for text in unsure)
    return best, ()


def number_share(values: pl.Series) -> float:
    """Give the share of a column's values that are numbers, by the marks that suit it best."""
    if values.dtype not in TEXT:
        return 1.0 if values.dtype.is_numeric() or values.dtype == pl.Null else 0.0
    there = _present(values)
    if there.is_empty():
        return 1.0
    if not there.head(200).str.contains(_AS_A_NUMBER).any():
        return 0.0
    return max(_shares([there]).values())


def unreadable(values: pl.Series, column: Column, *, date_format: str) -> int:
    """Count the values that a format does not read."""
    return int(values.to_frame().select(unread(values.name, column, date_format)).item())


def unread(name: str, column: Column, date_format: str) -> pl.Expr:
    """Give the count of values of a column of text that a format does not read."""
    reading = Reading(time_zone="UTC", date_format=date_format)
    made = cast_column("orders", replace(column, name=name), pl.String(), reading)
    there = (pl.col(name).str.strip_chars() != "").fill_null(value=False)
    return (there & made.value.is_null()).sum()


def _shares(texts: list[pl.Series]) -> dict[Marks, float]:
    """Give, by marks, the share of values that are read in the column that they suit least."""
    pairs = [Marks(cast('Literal[".", ","]', decimal), thousands) for decimal, thousands in _MARKS]
    return {marks: min((_readable(text, marks) for text in texts), default=1.0) for marks in pairs}


def _is_grouped(text: pl.Series, mark: str) -> bool:
    """Tell whether whole numbers stand beside enough that all have three digits behind a mark.

    Fractions are written in every value, or seldom all of three digits.
    """
    marked = text.str.contains(mark, literal=True)
    return bool(marked.sum() >= _ENOUGH and (~marked).any())


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
