"""How instants and dates are read: zones, midnights, daylight saving, and formats of text."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from retention_kit.contracts.reading import ISO_8601, Cast, Reading
from retention_kit.contracts.tables import Column
from retention_kit.contracts.written_instants import (
    IsoTexts,
    iso_texts,
    iso_texts_in_steps,
    stripped,
    texts_in_steps,
    with_whole_year,
)
from retention_kit.errors import ColumnTypeError, bad_parameter

TEXT = (pl.String, pl.Categorical, pl.Enum)
"""The types of text."""
_DIRECTIVE = re.compile(r"%[-_0]?[:#.]*\d?(.)")
_DIRECTIVES = frozenset("YCyqmbBhdeaAwuUWGgVjDxFvHkIlPpMSfRTXrcz+snt%")
_PAD = "[-_0]?"
_CLOCK = re.compile(rf"%{_PAD}[HIkMSTRXcrfslp+]|%\.|%\df")
_DAY = re.compile(rf"%{_PAD}[deFDjxvcs+]")
_ZONE = re.compile(r"%:*#?z|%\+|%s")


def cast_instant(table: str, name: str, dtype: pl.DataType, reading: Reading) -> Cast:
    """Say how a foreign column becomes instants in the shop's zone.

    Raises:
        ColumnTypeError: The type cannot hold instants, or text has no stated format.
    """
    raw = pl.col(name)
    wanted = pl.Datetime("us", reading.time_zone)
    if dtype == wanted:
        return Cast(raw)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            return Cast(raw.cast(pl.Datetime("us", dtype.time_zone)).cast(wanted))
        return _localised(name, raw.cast(pl.Datetime("us")), raw.is_not_null(), reading)
    if dtype == pl.Date:
        value = _midnight(raw, reading)
        # A few places once skipped a whole day, when they moved across the date line.
        return Cast(value, {f"nonexistent_{name}": raw.is_null() | value.is_not_null()})
    if dtype in TEXT:
        return _text_instant(table, name, reading)
    raise ColumnTypeError(
        table,
        name,
        got=str(dtype),
        allowed="instants, dates, or text with date_format=",
        step="cast it; seconds since 1970 become instants by pl.from_epoch.",
    )


def cast_date(table: str, column: Column, dtype: pl.DataType, reading: Reading) -> Cast:
    """Say how a foreign column becomes dates, or months as their first day.

    Raises:
        ColumnTypeError: The type cannot hold dates, or text has no stated format.
    """
    name = column.name
    raw = pl.col(name)
    checks: dict[str, pl.Expr] = {}
    if dtype == pl.Date:
        value = raw
    elif isinstance(dtype, pl.Datetime):
        local = raw if dtype.time_zone is None else raw.dt.convert_time_zone(reading.time_zone)
        value = local.dt.date()
    elif dtype in TEXT:
        text = raw.cast(pl.String).str.strip_chars()
        stated = _stated_format(table, name, reading)
        if stated == ISO_8601:
            # A month may stand without its day.
            value = pl.coalesce(
                with_whole_year(_day(text.str.slice(0, 10), "%Y-%m-%d")),
                with_whole_year(_day(text + "-01", "%Y-%m-%d")),
            )
        elif _DAY.search(stated):
            value = with_whole_year(_day(text, stated))
        else:
            value = with_whole_year(_day(text + "-01", f"{stated}-%d"))
        checks = {f"unreadable_{name}": (text == "").fill_null(value=True) | value.is_not_null()}
    else:
        raise ColumnTypeError(
            table, name, got=str(dtype), allowed="dates, or text with date_format=", step="cast it."
        )
    return Cast(value.dt.month_start() if column.kind == "month" else value, checks)


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
    stated = _stated_format(table, name, reading)
    if stated == ISO_8601:
        alone, stepwise = iso_texts(name), iso_texts_in_steps(name)
        return replace(
            _iso_instant(name, alone, reading),
            steps=stepwise.steps,
            in_steps=_iso_instant(name, stepwise, reading),
        )
    has_clock = _ZONE.search(stated) or _CLOCK.search(stated)
    steps = texts_in_steps(name, lambda text: (_moment if has_clock else _day)(text, stated))
    text, _, whole = (pl.col(column) for step in steps for column in step)
    alone_read = (_moment if has_clock else _day)(stripped(name), stated)
    return replace(
        _stated_instant(name, stated, stripped(name), with_whole_year(alone_read), reading),
        steps=steps,
        in_steps=_stated_instant(name, stated, text, whole, reading),
    )


def _stated_instant(name: str, stated: str, text: pl.Expr, read: pl.Expr, reading: Reading) -> Cast:
    present = (text != "").fill_null(value=False)
    if _CLOCK.search(stated) and not _ZONE.search(stated):
        return _localised(name, read, present, reading)
    if _ZONE.search(stated):
        value = read.cast(pl.Datetime("us", reading.time_zone))
    else:
        value = _midnight(read, reading)
    return Cast(value, {f"unreadable_{name}": ~present | value.is_not_null()})


def _iso_instant(name: str, texts: IsoTexts, reading: Reading) -> Cast:
    naive, wanted = texts.naive, pl.Datetime("us", reading.time_zone)
    local = _localised(name, naive, naive.is_not_null(), reading)
    value = pl.coalesce(texts.aware.cast(wanted), local.value, _midnight(texts.day, reading))
    present = (texts.text != "").fill_null(value=False)
    read = ~present | value.is_not_null() | naive.is_not_null()
    return Cast(value, {**local.checks, f"unreadable_{name}": read})


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
    if stated != ISO_8601:
        _check_format(stated)
    return stated


def _check_format(stated: str) -> None:
    """Raise where a format cannot be read by, rather than reject every row for it."""
    allowed = f"the notation of strftime, whole, or {ISO_8601!r}"
    step = "for example '%d.%m.%Y %H:%M'."
    directives = _DIRECTIVE.findall(stated)
    if "Z" in directives:
        step = "%Z names a zone that is not read; %z is for offsets such as +03:00."
    known = bool(directives) and _DIRECTIVES.issuperset(directives)
    try:
        # The format itself is judged before any row is looked at.
        pl.Series(["?"]).str.to_datetime(stated, strict=False)
    except pl.exceptions.PolarsError:
        known = False
    if not known:
        raise bad_parameter("date_format", got=stated, allowed=allowed, step=step)


def _moment(text: pl.Expr, stated: str) -> pl.Expr:
    return text.str.to_datetime(stated, strict=False, time_unit="us")


def _day(text: pl.Expr, stated: str) -> pl.Expr:
    return text.str.to_date(stated, strict=False)
