"""Texts read as instants in steps, each step a column, so that no text is parsed more than once.

In one expression the reading of a text would stand wherever its value is used, and Polars does
not share what may fail: a text would be parsed dozens of times. A format that does not fit is
about as dear as one that does, while a null costs nothing: ISO 8601 texts of the usual shapes meet
the format of their shape alone, and only the others meet all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

NAIVE_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
)
AWARE_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
)
DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d")
_CLOCK = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_AWARE_SHAPE = _CLOCK + r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
_NAIVE_SHAPE = _CLOCK + "$"
_STEP = "__step_"
Step = Mapping[str, pl.Expr]
"""Columns to add, by name; they may be over those of the steps before."""


@dataclass(frozen=True, slots=True)
class IsoTexts:
    """What is read of the texts of a column.

    Attributes:
        steps: Columns to add, one step after another; none where the rest holds without.
        text: The text without spaces around it.
        aware: The instant, of texts with an offset, in UTC.
        naive: The wall-clock time, of texts without one.
        day: The date, of texts without a time.
    """

    steps: tuple[Step, ...]
    text: pl.Expr
    aware: pl.Expr
    naive: pl.Expr
    day: pl.Expr


def iso_texts(name: str) -> IsoTexts:
    """Say how a column of ISO 8601 texts is read, in expressions that stand alone."""
    text = stripped(name)
    return IsoTexts(
        steps=(),
        text=text,
        aware=pl.coalesce(with_whole_year(_aware(text, one)) for one in AWARE_FORMATS),
        naive=pl.coalesce(with_whole_year(_naive(text, one)) for one in NAIVE_FORMATS),
        day=pl.coalesce(with_whole_year(_day(text, one)) for one in DAY_FORMATS),
    )


def iso_texts_in_steps(name: str) -> IsoTexts:
    """Say the same of the same texts, in steps, at a fraction of the cost."""
    text, odd = _column(name, "text"), _column(name, "odd")
    shapes = {"with_offset": _AWARE_SHAPE, "without": _NAIVE_SHAPE}
    flags = {
        _name(name, shape): text.str.contains(pattern) for shape, pattern in shapes.items()
    } | {_name(name, "with_t"): text.str.contains("T", literal=True)}
    with_offset, without, with_t = (_column(name, flag) for flag in (*shapes, "with_t"))
    usual = {
        "aware_t": _aware(pl.when(with_offset & with_t).then(text), AWARE_FORMATS[0]),
        "aware": _aware(pl.when(with_offset & ~with_t).then(text), AWARE_FORMATS[1]),
        "naive_t": _naive(pl.when(without & with_t).then(text), NAIVE_FORMATS[0]),
        "naive": _naive(pl.when(without & ~with_t).then(text), NAIVE_FORMATS[1]),
    }
    others = {
        **{f"aware_{place}": _aware(odd, one) for place, one in enumerate(AWARE_FORMATS)},
        **{f"naive_{place}": _naive(odd, one) for place, one in enumerate(NAIVE_FORMATS)},
        **{f"day_{place}": _day(odd, one) for place, one in enumerate(DAY_FORMATS)},
    }
    found = {
        kind: pl.coalesce(
            with_whole_year(_column(name, one))
            for one in (*usual, *others)
            if one.partition("_")[0] == kind
        ).alias(_name(name, f"read_{kind}"))
        for kind in ("aware", "naive", "day")
    }
    return IsoTexts(
        steps=(
            {_name(name, "text"): stripped(name)},
            flags,
            {
                **{_name(name, one): parsed for one, parsed in usual.items()},
                _name(name, "odd"): pl.when(~(with_offset | without)).then(text),
            },
            {_name(name, one): parsed for one, parsed in others.items()},
            {_name(name, f"read_{kind}"): value for kind, value in found.items()},
        ),
        text=text,
        aware=_column(name, "read_aware"),
        naive=_column(name, "read_naive"),
        day=_column(name, "read_day"),
    )


def texts_in_steps(name: str, read: Callable[[pl.Expr], pl.Expr]) -> tuple[Step, ...]:
    """Give the steps to read the texts of a column: text, what is read of it, that of whole years.

    Args:
        name: The column.
        read: Gives the instant or the date that a text means.
    """
    return (
        {_name(name, "text"): stripped(name)},
        {_name(name, "read"): read(_column(name, "text"))},
        {_name(name, "whole"): with_whole_year(_column(name, "read"))},
    )


def stripped(name: str) -> pl.Expr:
    """Give the texts of a column without spaces around them."""
    return pl.col(name).cast(pl.String).str.strip_chars()


def with_whole_year(value: pl.Expr) -> pl.Expr:
    """Leave out what was read from fewer than four digits: `%Y` takes 24 for the year 24."""
    return pl.when(value.dt.year() >= 1000).then(value)


def _aware(text: pl.Expr, stated: str) -> pl.Expr:
    return text.str.to_datetime(stated, strict=False, time_unit="us", time_zone="UTC", cache=False)


def _naive(text: pl.Expr, stated: str) -> pl.Expr:
    return text.str.to_datetime(stated, strict=False, time_unit="us", cache=False)


def _day(text: pl.Expr, stated: str) -> pl.Expr:
    return text.str.to_date(stated, strict=False)


def _name(name: str, step: str) -> str:
    return f"{_STEP}{step}_{name}"


def _column(name: str, step: str) -> pl.Expr:
    return pl.col(_name(name, step))
