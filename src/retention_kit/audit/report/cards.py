"""Key figures as cards: the value, how sure it is, what it means, how it compares, its trend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from retention_kit.audit.report.numbers import Number
from retention_kit.audit.report.words import Words, texts

if TYPE_CHECKING:
    from retention_kit.audit.model import Findings, KeyFigure

WIDTH, HEIGHT = 132, 34
"""Of a trend's line, in pixels."""
_LEAST_POINTS = 3
_WHY = {"payback_months": "payback"}
"""Which table says why a figure has no value."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure by month, as a small line.

    Attributes:
        path: The line, as an SVG path in a box of `WIDTH` × `HEIGHT`.
        end: Where it ends.
        summary: What it says, in a sentence.
    """

    path: str
    end: tuple[float, float]
    summary: str


@dataclass(frozen=True, slots=True)
class Card:
    """A key figure in words.

    Attributes:
        name: Its name and, unless it is of sales, its view: `revenue_net`.
        title: What a reader calls it.
        value: Its value.
        interval: How sure it is, or empty.
        divided: What was divided by what, or empty.
        definition: What it means.
        not_it: What it is not.
        benchmark: What the field calls usual or good, or empty.
        norm: Which of the two it is, `usual` or `good`.
        source: Who says so.
        trend: Its trend by month, if known.
        is_told: Whether `value` is no number, but says why there is none.
    """

    name: str
    title: str
    value: str
    interval: str
    divided: str
    definition: str
    not_it: str
    benchmark: str
    norm: str
    source: str
    trend: Trend | None
    is_told: bool = False


def figure_cards(audit: Findings, words: Words, *, once: bool = False) -> tuple[Card, ...]:
    """Put the key figures into words.

    Args:
        audit: The audit.
        words: The language.
        once: Whether a figure that has no text of its own in a view is told once, for all views.
    """
    trends = audit.tables.get("trends")
    made: dict[str, Card] = {}
    of_sales = {figure.name for figure in audit.key_figures if figure.view == "sales"}
    for figure in audit.key_figures:
        # Trends are of the sales view, and of figures that only another view has.
        has_trend = figure.view == "sales" or figure.name not in of_sales
        card = _card(figure, words, trends, has_trend=has_trend)
        why = _why(figure, audit, words)
        if why:
            card = replace(card, value=why, is_told=True)
        key = figure_key(figure, words)
        made.setdefault(key if once else f"{figure.name} {figure.view}", card)
    return tuple(made.values())


def figure_key(figure: KeyFigure, words: Words) -> str:
    """Give the key of a figure's texts: its name, followed by the view where that has its own."""
    own = f"{figure.name}_{figure.view}"
    return own if words.has("figures", own, "title") else figure.name


def write_figure(value: Number | None, unit: str, words: Words) -> str:
    """Write a figure's value by its unit."""
    if value is not None and unit in ("days", "months"):
        return words.counted("day_words" if unit == "days" else unit, round(value, 1))
    kinds = {"customers": "count", "orders": "count"}
    return words.write(value, kinds.get(unit, unit))


def _card(figure: KeyFigure, words: Words, trends: pl.DataFrame | None, *, has_trend: bool) -> Card:
    key = figure_key(figure, words)
    text = ("figures", key)
    return Card(
        name=key,
        title=words.get(*text, "title", default=key.replace("_", " ").capitalize()),
        value=write_figure(figure.value, figure.unit, words),
        interval=_interval(figure, words),
        divided=_divided(figure, words),
        definition=words.get(*text, "definition", default=figure.definition),
        not_it=words.get(*text, "not_it", default=""),
        benchmark=_benchmark(figure, key, words),
        norm="usual" if _is_range(figure) else "good",
        source=figure.benchmark.source if figure.benchmark else "",
        trend=_trend(figure, words, trends) if has_trend else None,
    )


def _interval(figure: KeyFigure, words: Words) -> str:
    low, high = figure.low, figure.high
    if low is None or high is None:
        return ""
    ends = {"low": low, "high": high}
    written = {name: write_figure(end, figure.unit, words) for name, end in ends.items()}
    return words.get("page", "interval").format(**written)


def _why(figure: KeyFigure, audit: Findings, words: Words) -> str:
    """Say why the payback has no value, where its table does."""
    table = audit.tables.get(_WHY.get(figure.name, ""))
    if figure.value is not None or table is None or table.is_empty():
        return ""
    reason = table["reason"][0]
    told = "" if reason is None else words.named("reason", reason)
    return f"{told[:1].upper()}{told[1:]}"


def _is_range(figure: KeyFigure) -> bool:
    """Tell whether what it is held against was seen, and not set as a goal."""
    seen = figure.benchmark
    return seen is not None and bool(seen.low) and seen.high is not None


def _benchmark(figure: KeyFigure, key: str, words: Words) -> str:
    """Say what the field calls usual or good, and on which side of it the figure lies."""
    good = figure.benchmark
    if good is None:
        return ""
    low, high = (
        None if end is None else write_figure(end, figure.unit, words)
        for end in (good.low or None, good.high)
    )
    span = "between" if low and high else "from_on" if low else "up_to"
    # Only a note that is the catalogue's own is there in other languages too.
    known = texts("en")["figures"].get(key, {}).get("benchmark") == good.note
    note = words.get("figures", key, "benchmark") if known else good.note
    parts = [_sentence(words.get("page", span).format(low=low, high=high)), note]
    if figure.value is not None:
        value = float(figure.value)
        is_above = good.high is not None and value > good.high
        if _is_range(figure):
            side = "above" if is_above else "below" if value < good.low else "inside"
        else:
            side = "worse" if is_above or value < good.low else "meets"
        parts.append(words.get("page", side))
    return " ".join(parts)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _divided(figure: KeyFigure, words: Words) -> str:
    if figure.numerator is None or figure.denominator is None:
        return ""
    return words.get("page", "divided").format(
        numerator=words.numbers.count(figure.numerator),
        denominator=words.numbers.count(figure.denominator),
    )


def _trend(figure: KeyFigure, words: Words, trends: pl.DataFrame | None) -> Trend | None:
    if trends is None:
        return None
    rows = trends.filter(
        pl.col("name") == figure.name, pl.col("is_complete"), pl.col("value").is_not_null()
    ).sort("period")
    if rows.height < _LEAST_POINTS:
        return None
    values = rows["value"].to_list()
    low, high = min(values), max(values)
    across = (WIDTH - 8) / (len(values) - 1)
    # A flat line runs through the middle.
    heights = [(value - low) / (high - low) if high > low else 0.5 for value in values]
    points = [
        (round(4 + i * across, 1), round(4 + (1 - height) * (HEIGHT - 8), 1))
        for i, height in enumerate(heights)
    ]
    summary = words.get("page", "trend").replace("{from}", words.numbers.month(rows["period"][0]))
    summary = summary.format(
        first=write_figure(values[0], figure.unit, words),
        last=write_figure(values[-1], figure.unit, words),
        last_month=words.numbers.month(rows["period"][-1]),
    )
    path = "M" + "L".join(f"{x:g},{y:g}" for x, y in points)
    return Trend(path, points[-1], summary)
