"""The kinds of charts that the report draws.

Charts know nothing of audits: they take labels that have been written in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

# This module is itself imported late, only where pictures are drawn.
import altair as alt  # noqa: TID253
from altair.utils.schemapi import debug_mode  # noqa: TID253

from retention_kit.audit.report.drawing import (
    ACCENT,
    INK,
    LINE,
    MUTED,
    SOFT,
    WIDTH,
    Axis,
    Row,
    Series,
    Size,
    lookup,
    loose,
    shade,
    side_by_side,
    ticks,
)

_POINTS_UP_TO = 24
_TICKS: Mapping[Size, int] = {"wide": 5, "half": 4, "narrow": 4}


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart and its data, which altair would otherwise copy with every step.

    Attributes:
        chart: The chart, whose layers name their data.
        data: The rows by name.
        frame: Its size and the space around it.
    """

    chart: alt.LayerChart
    data: Mapping[str, list[Row]]
    frame: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give the specification, as Vega-Lite reads it."""
        spec: dict[str, Any] = self.chart.to_dict(validate=False)
        return {**spec, **self.frame, "config": _LOOKS, "datasets": dict(self.data)}


def lines(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    size: Size,
    axis: Axis,
    band: Sequence[tuple[float | None, float | None]] | None = None,
    whole: Sequence[bool] = (),
) -> Plot:
    """Draw values over labels such as months; what is not whole hangs on a dashed line."""
    is_whole = whole or [True] * len(labels)
    rows: list[Row] = [
        {"x": label, "y": value, "series": one.name, "whole": is_known}
        for one in series
        for label, value, is_known in zip(labels, one.values, is_whole, strict=True)
        if value is not None
    ]
    values = [row["y"] for row in rows] + [end for pair in band or () for end in pair if end]
    y = alt.Y("y:Q", **_scale_axis(values, axis, size))
    x = _labels_axis(labels, size)
    data = {
        "whole": [row for row in rows if row["whole"]],
        "loose": loose(rows, [one.name for one in series]),
        "cut": [row for row in rows if not row["whole"]],
        "ends": [
            {"x": label, "low": low, "high": high}
            for label, (low, high), is_known in zip(labels, band or (), is_whole, strict=False)
            if low is not None and high is not None and is_known
        ],
    }
    names, colours = [one.name for one in series], [one.colour for one in series]
    colour_scale = alt.Scale(domain=names, range=colours)
    colour = alt.Color(
        "series:N", scale=colour_scale, legend=_legend("stroke") if len(series) > 1 else None
    )
    outline = alt.Stroke("series:N", scale=colour_scale, legend=None)
    point = len(labels) <= _POINTS_UP_TO and alt.OverlayMarkDef(size=34)
    smooth: Any = {"strokeWidth": 2.5, "interpolate": "monotone"}
    layers = [
        _chart("ends")
        .mark_area(color=ACCENT, opacity=0.14, interpolate="monotone")
        .encode(x=x, y=alt.Y("low:Q", **_scale_axis(values, axis, size)), y2="high:Q"),
        _chart("loose")
        .mark_line(strokeWidth=2, strokeDash=[3, 4])
        .encode(x=x, y=y, color=colour, detail="part:N"),
        _chart("whole").mark_line(point=point, **smooth).encode(x=x, y=y, color=colour),
        _chart("cut")
        .mark_point(size=44, filled=True, fill="white", strokeWidth=2)
        .encode(x=x, y=y, stroke=outline),
    ]
    used = [
        layer
        for layer, name in zip(layers, ("ends", "loose", "whole", "cut"), strict=True)
        if data[name]
    ]
    return _dressed(used or layers[2:3], data, size, height=260)


def bars(
    labels: Sequence[str],
    values: Sequence[float | None],
    texts: Sequence[str],
    *,
    size: Size,
    axis: Axis,
    faint: Sequence[bool] = (),
    label_title: str = "",
) -> Plot:
    """Draw upright bars, each with its value on top where there is room."""
    rows: list[Row] = [
        {"x": label, "y": value, "t": text, "c": SOFT if flag else ACCENT}
        for label, value, text, flag in zip(
            labels, values, texts, [*faint, *[False] * (len(labels) - len(faint))], strict=True
        )
        if value is not None
    ]
    y = _scale_axis([row["y"] for row in rows], axis, size, headroom=1.1)
    x = _labels_axis(labels, size, title=label_title)
    drawn = (
        _chart("rows")
        .mark_bar()
        .encode(x=x, y=alt.Y("y:Q", **y), color=alt.Color("c:N", scale=None))
    )
    layers = [drawn]
    if any(texts) and max(map(len, texts)) * 9 * len(labels) < WIDTH[size] - 80:
        layers.append(drawn.mark_text(dy=-8, fontSize=12).encode(text="t:N", color=alt.value(INK)))
    return _dressed(layers, {"rows": rows}, size, height=230)


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
    widest = max((len(text) for text in texts), default=0) * 7.8 + 14
    before = max((len(label) for label in labels), default=0) * 8 + 16
    left = min(before, 246)
    free = WIDTH[size] - 22 - left
    room = free / max(free - widest, 40)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, most * room], nice=False))
    y = alt.Y(
        "y:N",
        sort=None,
        axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=10, labelLimit=230),
        scale=alt.Scale(paddingInner=0.35, paddingOuter=0.1),
    )
    drawn = _chart("rows").mark_bar(color=ACCENT).encode(x=x, y=y)
    text = drawn.mark_text(align="left", dx=8, color=INK, fontSize=13).encode(text="t:N")
    height = 46 * max(len(rows), 1) + 10
    return _dressed([drawn, text], {"rows": rows}, size, height=height, left=left)


def stacked(
    labels: Sequence[str],
    up: Sequence[Series],
    down: Sequence[Series],
    *,
    size: Size,
    axis: Axis,
    whole: Sequence[bool] = (),
) -> Plot:
    """Draw what adds up above the line, and what was lost below it."""
    is_whole = whole or [True] * len(labels)
    rows: list[Row] = [
        {
            "x": label,
            "y": sign * (value or 0),
            "series": one.name,
            "order": number,
            "o": 1 if known else 0.5,
        }
        for sign, group in ((1, up), (-1, down))
        for number, one in enumerate(group)
        for label, value, known in zip(labels, one.values, is_whole, strict=True)
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
                legend=_legend("circle", columns=2 if size == "narrow" else 0),
            ),
            order=alt.Order("order:Q"),
            opacity=alt.Opacity("o:Q", scale=None),
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
        colour, ink = shade(value, most)
        drawn_rows.append({"y": row, "x": column, "c": colour, "t": text, "i": ink})
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
    height = 31 * max(len(rows), 1) + 40
    left = max((len(row) for row in rows), default=0) * 8 + 12
    return _dressed([squares, text], {"rows": drawn_rows}, size, height=height, left=left)


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


def _chart(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name=name))


def _scale_axis(
    values: Sequence[float],
    axis: Axis,
    size: Size,
    *,
    across: bool = False,
    headroom: float = 1.0,
) -> dict[str, Any]:
    """Give scale and axis with round ticks, written by the caller's own hand."""
    lowest, highest = min(values, default=0.0), max(values, default=1.0) * headroom
    marks = ticks(min(lowest, 0.0), highest, _TICKS[size])
    top = highest if across else marks[-1]
    marks = [mark for mark in marks if mark <= top]
    return {
        "scale": alt.Scale(domain=[marks[0], top], nice=False),
        "axis": alt.Axis(
            values=marks,
            labelExpr=lookup(marks, axis.write),
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
    shown = side_by_side(labels, size)
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


def _legend(shape: str, columns: int = 0) -> alt.Legend:
    return alt.Legend(
        title=None,
        orient="top",
        direction="horizontal",
        symbolType=shape,
        symbolSize=220 if shape == "stroke" else 90,
        symbolStrokeWidth=3 if shape == "stroke" else 0,
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
    frame = {
        # Asking Vega to fit the whole instead would have it lay out everything twice.
        "width": WIDTH[size] - left - 22,
        "height": height,
        # A reader's font may be wider than the one measured here.
        "padding": {"left": 8 + 0.12 * left, "right": 20, "top": 6, "bottom": 6},
    }
    return Plot(alt.LayerChart(layer=list(layers)), data, frame)


_LOOKS = {
    "aria": False,
    # Only measured with; the SVG names others, of which a reader may have any.
    "font": "sans-serif",
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "gridColor": LINE,
        "domainColor": LINE,
        "titleFontWeight": "normal",
        "labelLimit": 240,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "legend": {"labelColor": INK, "labelFontSize": 13},
    "line": {"strokeCap": "round"},
}
