"""The kinds of charts that the report draws.

Charts know nothing of audits: they take labels that have been written in the reader's language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

# This module is itself imported late, only where pictures are drawn.
import altair as alt  # noqa: TID253
from altair.utils.schemapi import debug_mode  # noqa: TID253

Size = Literal["wide", "half", "narrow"]
Row = dict[str, Any]
ACCENT, SOFT, PALE, WARM, SECOND = "#2b59c3", "#8fabe8", "#dbe5fa", "#c4573a", "#0f8a7e"
INK, MUTED, LINE = "#1c2434", "#556070", "#e3e7ee"
_WIDTH: Mapping[Size, int] = {"wide": 960, "half": 470, "narrow": 340}
_RAMP = ("#f1f5fd", "#d5e1fa", "#adc4f4", "#7da0ea", "#4b77d8", "#2b59c3", "#1c3f94")
_DARK_FROM = 4
_TICKS: Mapping[Size, int] = {"wide": 5, "half": 4, "narrow": 4}


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart and its data, which altair would otherwise copy with every step.

    Attributes:
        chart: The chart, whose layers name their data.
        data: The rows by name.
    """

    chart: alt.LayerChart
    data: Mapping[str, list[Row]]

    def to_dict(self) -> dict[str, Any]:
        """Give the specification, as Vega-Lite reads it."""
        spec: dict[str, Any] = self.chart.to_dict(validate=False)
        return {**spec, "datasets": dict(self.data)}


@dataclass(frozen=True, slots=True)
class Axis:
    """How values stand on an axis.

    Attributes:
        write: Writes a value in the reader's language.
        title: What the axis shows, if the title of the picture does not say it.
    """

    write: Callable[[float], str]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Values under the same labels.

    Attributes:
        name: What a reader calls it.
        values: One value per label; None leaves a gap.
        colour: Its colour.
    """

    name: str
    values: Sequence[float | None]
    colour: str = ACCENT


def lines(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    size: Size,
    axis: Axis,
    band: Sequence[tuple[float | None, float | None]] | None = None,
    from_zero: bool = True,
) -> Plot:
    """Draw values over labels such as months, each series with its name at the end of its line."""
    rows: list[Row] = [
        {"x": label, "y": value, "series": one.name}
        for one in series
        for label, value in zip(labels, one.values, strict=True)
        if value is not None
    ]
    values = [row["y"] for row in rows] + [end for pair in band or () for end in pair if end]
    y = _scale_axis(values, axis, size, from_zero=from_zero)
    x = _labels_axis(labels, size)
    layers: list[alt.Chart] = []
    data = {"rows": rows}
    if band is not None:
        ends = [
            {"x": label, "low": low, "high": high}
            for label, (low, high) in zip(labels, band, strict=True)
            if low is not None and high is not None
        ]
        data["ends"] = ends
        layers.append(
            _chart("ends")
            .mark_area(color=ACCENT, opacity=0.14, interpolate="monotone")
            .encode(x=x, y=alt.Y("low:Q", **y), y2="high:Q")
        )
    names, colours = [one.name for one in series], [one.colour for one in series]
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=names, range=colours),
        legend=_legend() if len(series) > 1 else None,
    )
    layers.append(
        _chart("rows")
        .mark_line(strokeWidth=2.5, interpolate="monotone", point=alt.OverlayMarkDef(size=34))
        .encode(x=x, y=alt.Y("y:Q", **y), color=colour)
    )
    return _dressed(layers, data, size, height=260)


def bars(
    labels: Sequence[str],
    values: Sequence[float | None],
    texts: Sequence[str],
    *,
    size: Size,
    axis: Axis,
    faint: Sequence[bool] = (),
    label_title: str = "",
    mark: float | None = None,
) -> Plot:
    """Draw upright bars, each with its value on top where there is room."""
    rows: list[Row] = [
        {"x": label, "y": value, "t": text, "c": SOFT if flag else ACCENT}
        for label, value, text, flag in zip(
            labels, values, texts, [*faint, *[False] * (len(labels) - len(faint))], strict=True
        )
        if value is not None
    ]
    y = _scale_axis([row["y"] for row in rows] + ([mark] if mark else []), axis, size, headroom=1.1)
    x = _labels_axis(labels, size, title=label_title)
    drawn = (
        _chart("rows")
        .mark_bar(cornerRadiusTopLeft=3, cornerRadiusTopRight=3)
        .encode(x=x, y=alt.Y("y:Q", **y), color=alt.Color("c:N", scale=None))
    )
    layers = [drawn]
    if any(texts) and max(map(len, texts)) * 7 * len(labels) < _WIDTH[size] - 80:
        layers.append(drawn.mark_text(dy=-8, fontSize=12).encode(text="t:N", color=alt.value(INK)))
    if mark is not None:
        layers.append(
            _chart("mark").mark_rule(color=MUTED, strokeDash=[4, 4]).encode(y=alt.Y("y:Q", **y))
        )
    return _dressed(layers, {"rows": rows, "mark": [{"y": mark}]}, size, height=230)


def rows_of_bars(
    labels: Sequence[str],
    values: Sequence[float | None],
    texts: Sequence[str],
    *,
    size: Size,
) -> Plot:
    """Draw lying bars, each with its label before it and its value behind it."""
    rows: list[Row] = [
        {"y": label, "x": value or 0, "t": text}
        for label, value, text in zip(labels, values, texts, strict=True)
    ]
    most = max((row["x"] for row in rows), default=0) or 1
    # Browsers may show a wider font than the one measured here, so texts get room to spare.
    widest = max((len(text) for text in texts), default=0) * 9 + 16
    before = max((len(label) for label in labels), default=0) * 8 + 16
    left = min(before, 246)
    free = _WIDTH[size] - 22 - left
    room = free / max(free - widest, 40)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, most * room], nice=False))
    y = alt.Y(
        "y:N",
        sort=None,
        axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=10, labelLimit=230),
        scale=alt.Scale(paddingInner=0.35, paddingOuter=0.1),
    )
    drawn = _chart("rows").mark_bar(color=ACCENT, cornerRadiusEnd=3).encode(x=x, y=y)
    text = drawn.mark_text(align="left", dx=8, color=INK, fontSize=13).encode(text="t:N")
    return _dressed([drawn, text], {"rows": rows}, size, height=46 * max(len(rows), 1) + 10)


def stacked(
    labels: Sequence[str],
    up: Sequence[Series],
    down: Sequence[Series],
    *,
    size: Size,
    axis: Axis,
) -> Plot:
    """Draw what adds up above the line, and what was lost below it."""
    rows: list[Row] = [
        {"x": label, "y": sign * (value or 0), "series": one.name, "order": number}
        for sign, group in ((1, up), (-1, down))
        for number, one in enumerate(group)
        for label, value in zip(labels, one.values, strict=True)
    ]
    tops = [sum(one.values[i] or 0 for one in up) for i in range(len(labels))]
    feet = [-sum(one.values[i] or 0 for one in down) for i in range(len(labels))]
    y = _scale_axis([*tops, *feet], Axis(lambda v: axis.write(abs(v)), axis.title), size)
    every = [*up, *down]
    drawn = (
        _chart("rows")
        .mark_bar()
        .encode(
            x=_labels_axis(labels, size),
            y=alt.Y("y:Q", stack="zero", **y),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(
                    domain=[one.name for one in every], range=[one.colour for one in every]
                ),
                legend=_legend(columns=2 if size == "narrow" else 0),
            ),
            order=alt.Order("order:Q"),
        )
    )
    rule = _chart("mark").mark_rule(color=INK).encode(y=alt.Y("y:Q", **y))
    return _dressed([drawn, rule], {"rows": rows, "mark": [{"y": 0}]}, size, height=280)


def heat_map(
    cells: Sequence[tuple[str, str, float | None, str]],
    *,
    size: Size,
    columns: Sequence[str],
    rows: Sequence[str],
    title: str = "",
) -> Plot:
    """Draw a matrix of (row, column, value, text), with texts coloured by the cell under them."""
    values = sorted(value for _, _, value, _ in cells if value is not None)
    # One outlying cell must not bleach all others.
    most = values[min(len(values) - 1, int(len(values) * 0.98))] if values else 0
    drawn_rows = []
    for row, column, value, text in cells:
        if value is None:
            continue
        step = min(int(value / most * len(_RAMP)), len(_RAMP) - 1) if most > 0 else 0
        ink = "#ffffff" if step >= _DARK_FROM else INK
        drawn_rows.append({"y": row, "x": column, "c": _RAMP[step], "t": text, "i": ink})
    x = alt.X(
        "x:N",
        sort=list(columns),
        scale=alt.Scale(domain=list(columns), padding=0.04),
        axis=alt.Axis(
            orient="top",
            title=title or None,
            labelAngle=0,
            ticks=False,
            domain=False,
            labelPadding=8,
        ),
    )
    y = alt.Y(
        "y:N",
        sort=list(rows),
        scale=alt.Scale(domain=list(rows), padding=0.04),
        axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=8),
    )
    base = _chart("rows").encode(x=x, y=y)
    squares = base.mark_rect().encode(color=alt.Color("c:N", scale=None))
    text = base.mark_text(fontSize=11 if size == "wide" else 10).encode(
        text="t:N", color=alt.Color("i:N", scale=None)
    )
    return _dressed([squares, text], {"rows": drawn_rows}, size, height=31 * max(len(rows), 1) + 40)


def curve(
    points: Sequence[tuple[float, float, float | None, float | None]],
    *,
    size: Size,
    across: Axis,
    axis: Axis,
) -> Plot:
    """Draw a share that grows with time as steps, with its interval as a band."""
    rows: list[Row] = [{"x": x, "y": y, "low": low, "high": high} for x, y, low, high in points]
    y = _scale_axis(
        [end for row in rows for end in (row["y"], row["high"]) if end is not None], axis, size
    )
    x = _scale_axis([row["x"] for row in rows], across, size, across=True)
    band = (
        _chart("ends")
        .mark_area(color=ACCENT, opacity=0.14, interpolate="step-after")
        .encode(x=alt.X("x:Q", **x), y=alt.Y("low:Q", **y), y2="high:Q")
    )
    line = (
        _chart("rows")
        .mark_line(color=ACCENT, strokeWidth=2.5, interpolate="step-after")
        .encode(x=alt.X("x:Q", **x), y=alt.Y("y:Q", **y))
    )
    ends = [row for row in rows if row["low"] is not None and row["high"] is not None]
    return _dressed([band, line], {"rows": rows, "ends": ends}, size, height=260)


def quickly() -> AbstractContextManager[None]:
    """Leave out altair's check of every part against its schema, which the tests keep."""
    return debug_mode(False)


def ticks(low: float, high: float, count: int) -> list[float]:
    """Give round values that cover a range.

    Examples:
        >>> ticks(0, 0.37, 4)
        [0.0, 0.1, 0.2, 0.3, 0.4]
    """
    span = (high - low) or abs(high) or 1.0
    size = 10 ** math.floor(math.log10(span / count))
    step = next(size * f for f in (1, 2, 2.5, 5, 10) if size * f * count >= span * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def _chart(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name=name))


def _scale_axis(
    values: Sequence[float],
    axis: Axis,
    size: Size,
    *,
    from_zero: bool = True,
    across: bool = False,
    headroom: float = 1.0,
) -> dict[str, Any]:
    """Give scale and axis with round ticks, written by the caller's own hand."""
    lowest, highest = min(values, default=0.0), max(values, default=1.0) * headroom
    marks = ticks(min(lowest, 0.0) if from_zero else lowest, highest, _TICKS[size])
    top = highest if across else marks[-1]
    marks = [mark for mark in marks if mark <= top]
    named = " : ".join(
        f"abs(datum.value - {mark!r}) < 1e-9 ? {_quoted(axis.write(mark))}" for mark in marks
    )
    return {
        "scale": alt.Scale(domain=[marks[0], top], nice=False),
        "axis": alt.Axis(
            values=marks,
            labelExpr=f"{named} : ''",
            title=axis.title or None,
            grid=not across,
            ticks=False,
            domain=across,
            labelFlush=False,
            titlePadding=10,
            labelPadding=6,
        ),
    }


def _labels_axis(labels: Sequence[str], size: Size, *, title: str = "") -> alt.X:
    """Give an axis of labels that shows as many of them as stand side by side."""
    widest = max((len(label) for label in labels), default=1) * 7.5 + 14
    fit = max(1, int((_WIDTH[size] - 70) // widest))
    every = math.ceil(len(labels) / fit) if labels else 1
    # Counted from the end, because the latest one is what is looked for.
    shown = [label for i, label in enumerate(reversed(labels)) if i % every == 0][::-1]
    return alt.X(
        "x:O",
        sort=None,
        scale=alt.Scale(domain=list(labels)),
        axis=alt.Axis(
            values=shown,
            labelAngle=0,
            title=title or None,
            ticks=False,
            labelPadding=8,
            labelOverlap=False,
            titlePadding=10,
        ),
    )


def _legend(columns: int = 0) -> alt.Legend:
    return alt.Legend(
        title=None,
        orient="top",
        direction="horizontal",
        symbolType="circle",
        symbolSize=90,
        columns=columns,
        columnPadding=26,
        labelLimit=220,
        offset=12,
    )


def _dressed(
    layers: Sequence[alt.Chart],
    data: Mapping[str, list[Row]],
    size: Size,
    *,
    height: int,
    left: float = 60,
) -> Plot:
    dressed = (
        alt.LayerChart(layer=list(layers))
        .properties(
            # Asking Vega to fit the whole instead would have it lay out everything twice.
            width=_WIDTH[size] - left - 22,
            height=height,
            padding={"left": 6, "right": 16, "top": 6, "bottom": 6},
        )
        .configure(
            aria=False,
            # Only measured with; the SVG names others, of which a reader may have any.
            font="sans-serif",
            background="transparent",
            view=alt.ViewConfig(stroke=None),
            axis=alt.AxisConfig(
                gridColor=LINE,
                domainColor=LINE,
                titleFontWeight="normal",
                labelLimit=240,
                labelColor=MUTED,
                titleColor=MUTED,
                labelFontSize=12,
                titleFontSize=12,
            ),
            legend=alt.LegendConfig(labelColor=INK, labelFontSize=13),
            line=alt.LineConfig(strokeCap="round"),
        )
    )
    return Plot(dressed, data)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
