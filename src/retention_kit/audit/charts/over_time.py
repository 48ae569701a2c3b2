"""Charts of values that change: over labels such as months, or as a growing share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt  # noqa: TID253

from retention_kit.audit.charts.frame import Plot, dressed, labels_axis, layer, legend, scale_axis
from retention_kit.audit.report.drawing import (
    ACCENT,
    MUTED,
    Axis,
    Row,
    Series,
    Size,
    loose,
)

_POINTS_UP_TO = 24


def lines(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    size: Size,
    axis: Axis,
    band: Sequence[tuple[float | None, float | None]] | None = None,
    whole: Sequence[bool] = (),
    mark: str = "",
) -> Plot:
    """Draw values over labels such as months; what is not whole hangs on a dashed line.

    Args:
        labels: The labels, in order.
        series: The values under them.
        size: For which width.
        axis: How values stand on their axis.
        band: The interval around the first series.
        whole: Which labels the data cover whole; all, where it is empty.
        mark: The label that an upright line stands at; empty for none.
    """
    is_whole = whole or [True] * len(labels)
    rows: list[Row] = [
        {"x": label, "y": value, "series": one.name, "whole": is_known}
        for one in series
        for label, value, is_known in zip(labels, one.values, is_whole, strict=True)
        if value is not None
    ]
    values = [row["y"] for row in rows] + [end for pair in band or () for end in pair if end]
    y = alt.Y("y:Q", **scale_axis(values, axis, size))
    x = labels_axis(labels, size)
    data = {
        "whole": [row for row in rows if row["whole"]],
        "loose": loose(rows, [one.name for one in series]),
        "cut": [row for row in rows if not row["whole"]],
        "mark": [{"x": mark}] if mark else [],
        "ends": [
            {"x": label, "low": low, "high": high}
            for label, (low, high), is_known in zip(labels, band or (), is_whole, strict=False)
            if low is not None and high is not None and is_known
        ],
    }
    names, colours = [one.name for one in series], [one.colour for one in series]
    colour_scale = alt.Scale(domain=names, range=colours)
    colour = alt.Color(
        "series:N", scale=colour_scale, legend=legend("stroke") if len(series) > 1 else None
    )
    outline = alt.Stroke("series:N", scale=colour_scale, legend=None)
    point = len(labels) <= _POINTS_UP_TO and alt.OverlayMarkDef(size=34)
    smooth: Any = {"strokeWidth": 2.5, "interpolate": "monotone"}
    layers = [
        layer("mark").mark_rule(color=MUTED, strokeDash=[2, 3]).encode(x=x),
        layer("ends")
        .mark_area(color=ACCENT, opacity=0.14, interpolate="monotone")
        .encode(x=x, y=alt.Y("low:Q", **scale_axis(values, axis, size)), y2="high:Q"),
        layer("loose")
        .mark_line(strokeWidth=2, strokeDash=[3, 4])
        .encode(x=x, y=y, color=colour, detail="part:N"),
        layer("whole").mark_line(point=point, **smooth).encode(x=x, y=y, color=colour),
        layer("cut")
        .mark_point(size=44, filled=True, fill="white", strokeWidth=2)
        .encode(x=x, y=y, stroke=outline),
    ]
    used = [
        one
        for one, name in zip(layers, ("mark", "ends", "loose", "whole", "cut"), strict=True)
        if data[name]
    ]
    return dressed(used or layers[3:4], data, size, height=260)


def curve(
    points: Sequence[tuple[float, float, float | None, float | None]],
    *,
    size: Size,
    across: Axis,
    axis: Axis,
) -> Plot:
    """Draw a share that grows with time as steps, with its interval as a band."""
    rows: list[Row] = [{"x": x, "y": y, "low": low, "high": high} for x, y, low, high in points]
    y = scale_axis(
        [end for row in rows for end in (row["y"], row["high"]) if end is not None], axis, size
    )
    x = scale_axis([row["x"] for row in rows], across, size, across=True)
    band = (
        layer("ends")
        .mark_area(color=ACCENT, opacity=0.14, interpolate="step-after")
        .encode(x=alt.X("x:Q", **x), y=alt.Y("low:Q", **y), y2="high:Q")
    )
    line = (
        layer("rows")
        .mark_line(color=ACCENT, strokeWidth=2.5, interpolate="step-after")
        .encode(x=alt.X("x:Q", **x), y=alt.Y("y:Q", **y))
    )
    ends = [row for row in rows if row["low"] is not None and row["high"] is not None]
    return dressed([band, line], {"rows": rows, "ends": ends}, size, height=260)
