"""What a picture of the report is, and what pictures have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.audit.report import drawing
from retention_kit.audit.report.words import Words

if TYPE_CHECKING:
    from retention_kit.audit.charts import Plot
    from retention_kit.audit.report.drawing import Size

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that has not been drawn yet.

    Attributes:
        name: Its name, the same in every language.
        title: What it shows.
        summary: What it says, in a sentence: also what a screen reader reads.
        draw: Makes the chart for a width.
        scrolls: Whether narrow screens scroll it instead of getting a narrower one.
        is_half: Whether two of its kind stand side by side on a wide screen.
        note: What marks in it mean; empty if there are none.
    """

    name: str
    title: str
    summary: str
    draw: Callable[[Size], Plot] = field(repr=False)
    scrolls: bool = False
    is_half: bool = False
    note: str = ""

    def svg(self, size: Size = "wide") -> str:
        """Draw it."""
        from retention_kit.audit.charts import quickly
        from retention_kit.audit.report.svg import to_svg

        with quickly():
            plot = self.draw(size)
        return to_svg(plot, label=f"{self.title}. {self.summary}")


def months(frame: pl.DataFrame, words: Words, column: str = "period") -> list[str]:
    """Write the months of a table; a star marks those that the data does not cover whole."""
    return [
        words.numbers.month(month) + ("" if is_whole else "*")
        for month, is_whole in zip(frame[column], wholes(frame), strict=True)
    ]


def span(words: Words, start: Any, end: Any) -> str:
    """Write a span of days; an open end is a plus."""
    if end is None:
        return f"{words.numbers.number(start)}+"
    return f"{words.numbers.number(start)}–{words.numbers.number(end)}"


def picture(
    words: Words,
    name: str,
    draw: Callable[[Size], Plot],
    *,
    scrolls: bool = False,
    is_half: bool = False,
    is_cut: bool = False,
    note: str = "",
    values: Mapping[str, str] = MappingProxyType({}),
    **more: str,
) -> Picture:
    """Make a picture, its words taken from the catalogue.

    Args:
        words: The language.
        name: The picture's name.
        draw: Makes the chart for a width.
        scrolls: As in `Picture`.
        is_half: As in `Picture`.
        is_cut: Whether it shows months that the data does not cover whole.
        note: What else stands below it.
        values: What its summary says.
        more: The same.
    """
    summary = words.get("pictures", name, "summary").format(**values, **more)
    return Picture(
        name,
        words.get("pictures", name, "title"),
        summary[:1].upper() + summary[1:],
        draw,
        scrolls,
        is_half,
        " ".join(filter(None, (words.get("page", "incomplete") if is_cut else "", note))),
    )


def lying(
    words: Words,
    name: str,
    labels: list[str],
    sizes: Sequence[float | None],
    texts: list[str],
    **values: str,
) -> Picture:
    """Make a picture of lying bars."""
    from retention_kit.audit import charts

    return picture(
        words,
        name,
        lambda size: charts.rows_of_bars(labels, sizes, texts, size=size),
        values=values,
    )


def percent(words: Words) -> Any:
    """Give the axis of a share."""
    return drawing.Axis(lambda value: words.numbers.share(value, digits=0))


def days(words: Words, value: float | None) -> str:
    """Write a number of days with its word."""
    return words.counted("day_words", round(value)) if value is not None else "–"


def rows_of(
    tables: Tables, name: str, *keys: str, needed: Sequence[str] = ()
) -> pl.DataFrame | None:
    """Give a table in order of its keys, or None where it is absent or nothing needed is there."""
    frame = tables.get(name)
    if frame is None or frame.is_empty():
        return None
    if needed and all(frame[column].null_count() == frame.height for column in needed):
        return None
    dated = [key for key in keys if frame.schema[key] != pl.String]
    return frame.sort(dated) if dated else frame


def floats(frame: pl.DataFrame, column: str) -> list[float | None]:
    """Give a column as numbers that a chart can hold."""
    return frame[column].cast(pl.Float64).to_list()


def wholes(frame: pl.DataFrame) -> list[bool]:
    """Tell of each row whether the data covers its month whole."""
    if "is_complete" not in frame.columns:
        return [True] * frame.height
    return frame["is_complete"].fill_null(value=True).to_list()


def last_whole(frame: pl.DataFrame) -> int:
    """Give the place of the latest month that the data covers whole, or else the latest."""
    whole = [i for i, is_complete in enumerate(frame["is_complete"]) if is_complete]
    return whole[-1] if whole else frame.height - 1
