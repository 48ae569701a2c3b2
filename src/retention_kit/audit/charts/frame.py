"""What all charts share: how data, axes, legends and looks are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import altair as alt  # noqa: TID253
from altair.utils.schemapi import debug_mode  # noqa: TID253

from retention_kit.audit.report.drawing import (
    INK,
    LINE,
    MUTED,
    WIDTH,
    Axis,
    Row,
    Size,
    lookup,
    side_by_side,
    ticks,
)

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


def quickly() -> AbstractContextManager[None]:
    """Leave out altair's check of every part against its schema, which the tests keep."""
    return debug_mode(False)


def layer(name: str) -> alt.Chart:
    """Begin a layer over the data of that name."""
    return alt.Chart(alt.NamedData(name=name))


def scale_axis(
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


def labels_axis(labels: Sequence[str], size: Size, *, title: str = "") -> alt.X:
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


def legend(shape: str, columns: int = 0) -> alt.Legend:
    """Give a legend above the picture."""
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


def dressed(
    layers: Sequence[alt.Chart],
    data: Mapping[str, list[Row]],
    size: Size,
    *,
    height: int,
    left: float = 60,
    least: float = 0,
) -> Plot:
    """Put layers into a frame with room for a reader's wider font, at least so wide inside."""
    frame = {
        # Asking Vega to fit the whole instead would have it lay out everything twice.
        "width": max(WIDTH[size] - left - 22, least),
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
