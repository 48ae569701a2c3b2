"""What the door does not read in the cells of an export, made plain: currencies, days, months.

It is done to the columns that are numbers or dates, once that is known, and to no others: an
order may well be called USD100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl

from retention_kit.contracts.casts import cast_column
from retention_kit.contracts.instants import TEXT
from retention_kit.contracts.opened import Opened
from retention_kit.contracts.presets import CURRENCIES, MONTH_STEMS
from retention_kit.contracts.reading import ISO_8601, Reading
from retention_kit.contracts.tables import Column
from retention_kit.contracts.written import date_formats

_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
_HALF = 0.5
_AS_A_NUMBER = r"^[+\-\u2212]?\d[\d\s\u00a0\u2007\u2009\u202f.,']*$"
_SERIAL = r"^\s*\d{5}(?:[.,]\d+)?\s*$"
_ISO_CELL = r"^\s*\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?\s*$"
_YEAR_WORD = r"(?i)(\d)\s*\x{0433}(?:\x{043e}\x{0434}\x{0430}|\.)?\s*$"
_ISO = "%Y-%m-%dT%H:%M:%S"


def _escaped(token: str) -> str:
    return token.replace(".", r"\.").replace("$", r"\$")


_TOKEN = "|".join(_escaped(one) for one in sorted(CURRENCIES, key=len, reverse=True))
_CURRENCY = rf"(?i)\s*(?:{_TOKEN})\s*"
_MONTH_IN_WORDS = (
    rf"(?i)^\s*(?:{'|'.join(MONTH_STEMS)})\p{{Cyrillic}}*\s+\d{{4}}"
    r"(?:\s*\x{0433}(?:\x{043e}\x{0434}\x{0430}|\.)?)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """How the cells of a column are made plain.

    Attributes:
        heading: The column's heading.
        kind: `numbers` lose a currency, brackets and a minus at the end; `months` in words become
            numbers; `years` lose the word behind them; `dates` of any kind become ISO 8601.
        date_format: Of those cells of `dates` that are neither ISO 8601 nor Excel's day numbers.
    """

    heading: str
    kind: Literal["numbers", "months", "years", "dates"]
    date_format: str | None = None


def number_rewrite(values: pl.Series) -> Rewrite | None:
    """Say whether numbers in text have to be made plain."""
    if values.dtype != pl.String:
        return None
    plain = values.to_frame().select(plain_numbers(values.name)).to_series()
    return None if plain.equals(values) else Rewrite(values.name, "numbers")


def date_rewrite(values: pl.Series, column: Column, *, typed: bool) -> Rewrite | None:
    """Say whether dates have to be made plain, cell by cell.

    Args:
        values: The column.
        column: What it shall be.
        typed: Whether the cells had types, as a workbook's have: dates that are cells may then
            stand among dates that are text.
    """
    name = values.name
    if values.dtype.is_numeric():
        return Rewrite(name, "dates") if serial_share(values) >= _HALF else None
    if values.dtype != pl.String:
        return None
    there = _present(values)
    if there.is_empty():
        return None
    if column.kind == "month" and there.str.contains(_MONTH_IN_WORDS).all():
        return Rewrite(name, "months")
    bare = there.to_frame().select(_without_year_word(name)).to_series()
    if date_formats(bare, column):
        return None if bare.equals(there) else Rewrite(name, "years")
    known = there.to_frame().select(
        pl.col(name).str.contains(_ISO_CELL).alias("iso"), _serial(name).alias("serial")
    )
    is_plain = known["iso"] | known["serial"].is_not_null()
    if not (known["serial"].count() or (typed and known["iso"].any())):
        return None
    rest = bare.filter(~is_plain)
    formats = date_formats(rest, column)
    if len(formats) == 1:
        return Rewrite(name, "dates", formats[0])
    # One cell that is no date is a row to be rejected; it is not the column's fault.
    most = float(str(is_plain.mean())) >= _HALF
    return Rewrite(name, "dates") if most and not formats else None


def serial_share(values: pl.Series) -> float:
    """Give the share of a column's values that may be Excel's numbers of days."""
    there = values.drop_nulls()
    if there.is_empty() or not (there.dtype.is_numeric() or there.dtype == pl.String):
        return 0.0
    share = there.to_frame().select(_serial(there.name).is_not_null().mean()).item()
    return float(share)


def plain(name: str, column: Column, dtype: pl.DataType, rewrite: Rewrite) -> pl.Expr:
    """Give a column with its cells made plain; what is not understood stays as it is."""
    match rewrite.kind:
        case "numbers":
            return plain_numbers(name)
        case "months":
            return _plain_months(name)
        case "years":
            return _without_year_word(name)
        case "dates":
            return _plain_dates(name, column, dtype, rewrite.date_format)


def made_plain(
    opened: Opened,
    described: Mapping[str, Column],
    rewrites: Mapping[str, Rewrite],
    stated: Mapping[str, str | None],
) -> Opened:
    """Make the cells of a renamed table plain.

    Args:
        opened: The table, its columns under the library's names.
        described: Its columns.
        rewrites: By column, how.
        stated: By column, the format of dates that the reader states.
    """
    expressions = []
    for name, rewrite in rewrites.items():
        if name not in opened.schema:
            continue
        own = stated.get(name)
        is_own = rewrite.kind == "dates" and own not in (None, ISO_8601)
        how = replace(rewrite, date_format=own) if is_own else rewrite
        expressions.append(plain(name, described[name], opened.schema[name], how))
    if not expressions:
        return opened
    frame = opened.frame.with_columns(expressions)
    return replace(opened, frame=frame, schema=frame.collect_schema())


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


def currencies(frame: pl.LazyFrame, headings: list[str]) -> dict[str, tuple[str, ...]]:
    """Give the currencies that stand beside the numbers of columns of text.

    Returns:
        By what is written, in small letters, the codes that it may stand for.
    """
    if not headings:
        return {}
    found = pl.concat(
        [
            frame.filter(plain_numbers(heading) != pl.col(heading)).select(
                pl.col(heading).str.extract(rf"(?i)({_TOKEN})").str.to_lowercase().alias("token")
            )
            for heading in headings
        ]
    )
    tokens = found.filter(pl.col("token").is_not_null()).unique().collect(engine="streaming")
    return {token: CURRENCIES[token] for token in sorted(tokens["token"].to_list())}


def common_currencies(found: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Give the codes that all of them may stand for; the first is the likeliest."""
    codes = list(found.values())
    return tuple(
        code for code in (codes[0] if codes else ()) if all(code in others for others in codes)
    )


def _plain_months(name: str) -> pl.Expr:
    """Write a month in words and its year as "2025-01"."""
    text = pl.col(name)
    number = pl.lit(None, dtype=pl.String)
    for place, month in enumerate(MONTH_STEMS, start=1):
        number = (
            pl.when(text.str.contains(rf"(?i)^\s*{month}"))
            .then(pl.lit(f"{place:02}"))
            .otherwise(number)
        )
    written = text.str.extract(r"(\d{4})") + "-" + number
    return pl.when(text.str.contains(_MONTH_IN_WORDS)).then(written).otherwise(text).alias(name)


def _without_year_word(name: str) -> pl.Expr:
    return pl.col(name).str.replace(_YEAR_WORD, "$1")


def _plain_dates(name: str, column: Column, dtype: pl.DataType, date_format: str | None) -> pl.Expr:
    days = _serial(name)
    seconds = (days * 86_400).round().cast(pl.Int64)
    instant = pl.datetime(1899, 12, 30) + pl.duration(seconds=seconds)
    written: Any = pl.when(days.is_not_null()).then(instant.dt.strftime(_ISO))
    plain_date: pl.Expr
    if dtype not in TEXT:
        plain_date = written.otherwise(pl.col(name).cast(pl.String)).alias(name)
        return plain_date
    text = _without_year_word(name)
    if date_format is not None:
        reading = Reading(time_zone="UTC", date_format=date_format)
        as_instant = replace(column, name=name, kind="instant")
        read = cast_column("orders", as_instant, pl.String(), reading).value
        is_iso = pl.col(name).str.contains(_ISO_CELL)
        written = written.when(~is_iso & read.is_not_null()).then(read.dt.strftime(_ISO))
    plain_date = written.otherwise(text).alias(name)
    return plain_date


def _serial(name: str) -> pl.Expr:
    """Read Excel's number of days since 30 December 1899, where one stands; else null."""
    text = pl.col(name).cast(pl.String)
    shaped = pl.when(text.str.contains(_SERIAL)).then(
        text.str.strip_chars().str.replace(",", ".", literal=True)
    )
    days = shaped.cast(pl.Float64, strict=False)
    return pl.when(days.is_between(_FIRST_SERIAL, _LAST_SERIAL)).then(days)


def _present(values: pl.Series) -> pl.Series:
    there = values.drop_nulls().cast(pl.String)
    return there.filter(there.str.strip_chars() != "")
