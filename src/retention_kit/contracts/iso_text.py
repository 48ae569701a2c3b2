"""Instants and dates written as ISO 8601, read by their shape: most texts by one cheap format.

A format that does not fit a text is as dear as one that does, so that trying all of them on all
texts takes many times as long as reading them. Nulls cost next to nothing: each format gets the
texts that look like it, and what looks like none is tried by all of them in turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_CLOCKS = ("%H:%M:%S%.f", "%H:%M")
_NAIVE_FORMATS = tuple(f"%Y-%m-%d{mark}{clock}" for clock in _CLOCKS for mark in ("T", " "))
_AWARE_FORMATS = tuple(f"{one}%#z" for one in _NAIVE_FORMATS)
_DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d")
_OFFSETS = {
    f"{sign}{minutes // 60:02}{colon}{minutes % 60:02}": -minutes if sign == "-" else minutes
    for sign in ("+", "-")
    for minutes in range(0, 15 * 60, 15)
    for colon in ("", ":")
} | {"Z": 0}
_TAILS = {
    fraction + offset: minutes
    for fraction in ("", ".000", ".000000")
    for offset, minutes in _OFFSETS.items()
}
"""What stands behind the whole second of most texts that have an offset: minutes from UTC."""
_FIRST_YEAR = 1000


@dataclass(frozen=True, slots=True)
class IsoParts:
    """What texts of ISO 8601 say; each text says one of the three at most.

    Attributes:
        aware: Instants, of texts with an offset.
        naive: Wall-clock times, of texts without one.
        day: Dates, of texts without a time.
    """

    aware: pl.Expr
    naive: pl.Expr
    day: pl.Expr


def iso_parts(text: pl.Expr) -> IsoParts:
    """Read texts of ISO 8601: a date, with or without time and offset.

    Args:
        text: The texts, without spaces around them.
    """
    mark, tail = text.str.slice(10, 1), text.str.slice(19)
    has_seconds = text.str.slice(16, 1) == ":"
    offset = tail.replace_strict(
        list(_TAILS), list(_TAILS.values()), default=None, return_dtype=pl.Int64
    )
    # Whole seconds: the wall clock by the quickest formats there are, the offset from the table.
    wall = pl.when(has_seconds & (offset.is_not_null() | (tail == ""))).then(text.str.slice(0, 19))
    clock = pl.coalesce(
        _parsed(pl.when(mark == one).then(wall), f"%Y-%m-%d{one}%H:%M:%S") for one in ("T", " ")
    )
    whole_aware = with_whole_year(
        (clock - pl.duration(minutes=offset)).dt.replace_time_zone("UTC")
    )
    whole_naive = with_whole_year(pl.when(tail == "").then(clock))
    short = pl.when(~has_seconds & (text.str.len_bytes() == 16)).then(text)
    minute = pl.coalesce(
        _naive(pl.when(mark == one).then(short), f"%Y-%m-%d{one}%H:%M") for one in ("T", " ")
    )
    day = _day(pl.when(text.str.len_bytes() == 10).then(text), "%Y-%m-%d")
    quick = IsoParts(whole_aware, pl.coalesce(whole_naive, minute), day)
    # Fractions of seconds: by where the offset stands, if any.
    others = pl.when(_unread(quick)).then(text)
    parted = pl.when(others.str.slice(19, 1) == ".").then(
        others.str.slice(0, 10) + "T" + others.str.slice(11)
    )
    has_offset = others.str.tail(6).str.contains("[Zz+-]")
    parted = pl.when((mark == "T") | (mark == " ")).then(parted)
    fractions = IsoParts(
        _aware(pl.when(has_offset).then(parted), _AWARE_FORMATS[0]),
        _naive(pl.when(~has_offset).then(parted), _NAIVE_FORMATS[0]),
        day,
    )
    rest = pl.when(_unread(fractions)).then(others)
    return IsoParts(
        aware=pl.coalesce(
            quick.aware, fractions.aware, *(_aware(rest, one) for one in _AWARE_FORMATS)
        ),
        naive=pl.coalesce(
            quick.naive, fractions.naive, *(_naive(rest, one) for one in _NAIVE_FORMATS)
        ),
        day=pl.coalesce(day, *(_day(rest, one) for one in _DAY_FORMATS)),
    )


def with_whole_year(value: pl.Expr) -> pl.Expr:
    """Leave out what was read from fewer than four digits: `%Y` takes 24 for the year 24."""
    return pl.when(value.dt.year() >= _FIRST_YEAR).then(value)


def _unread(parts: IsoParts) -> pl.Expr:
    return parts.aware.is_null() & parts.naive.is_null() & parts.day.is_null()


def _parsed(text: pl.Expr, stated: str, *, time_zone: str | None = None) -> pl.Expr:
    # Hardly two orders share a second: what was read is not worth remembering.
    return text.str.to_datetime(
        stated, strict=False, time_unit="us", time_zone=time_zone, cache=False
    )


def _aware(text: pl.Expr, stated: str) -> pl.Expr:
    return with_whole_year(_parsed(text, stated, time_zone="UTC"))


def _naive(text: pl.Expr, stated: str) -> pl.Expr:
    return with_whole_year(_parsed(text, stated))


def _day(text: pl.Expr, stated: str) -> pl.Expr:
    return with_whole_year(text.str.to_date(stated, strict=False, cache=False))
