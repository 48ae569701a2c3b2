"""Charts that hold two sizes of the same thing against each other, as bars side by side."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt  # noqa: TID253

from retention_kit.audit.charts.frame import Plot, dressed, labels_axis, layer, legend, scale_axis
from retention_kit.audit.report.drawing import INK, WIDTH, Axis, Row, Series, Size

_LABEL = 246
"""The most room that labels before lying bars get, in pixels."""


def grouped(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    size: Size,
    axis: Axis,
    label_title: str = "",
) -> Plot:
    """Draw upright bars, those of one label side by side."""
    rows: list[Row] = [
        {"x": label, "y": value, "series": one.name}
        for one in series
        for label, value in zip(labels, one.values, strict=True)
        if value is not None
    ]
    y = scale_axis([row["y"] for row in rows], axis, size, headroom=1.05)
    drawn = (
        layer("rows")
        .mark_bar()
        .encode(
            x=labels_axis(labels, size, title=label_title),
            xOffset=alt.XOffset("series:N", sort=None, scale=alt.Scale(paddingInner=0.08)),
            y=alt.Y("y:Q", **y),
            color=_colours(series),
        )
    )
    return dressed([drawn], {"rows": rows}, size, height=250)


def paired_rows(
    labels: Sequence[str],
    series: Sequence[Series],
    texts: Sequence[Sequence[str]],
    *,
    size: Size,
) -> Plot:
    """Draw lying bars, those of one label below each other, each with its value behind it.

    Args:
        labels: What stands before the bars.
        series: The sizes.
        texts: For each of the series, what stands behind its bars.
        size: For which width.
    """
    rows: list[Row] = [
        {"y": label, "x": value or 0, "t": text, "series": one.name}
        for one, own in zip(series, texts, strict=True)
        for label, value, text in zip(labels, one.values, own, strict=True)
    ]
    most = max((row["x"] for row in rows), default=0) or 1
    # Browsers may show a wider font than the one measured here, so texts get room to spare.
    widest = max((len(row["t"]) for row in rows), default=0) * 7.8 + 14
    left = min(max((len(label) for label in labels), default=0) * 8 + 16, _LABEL)
    free = WIDTH[size] - 22 - left
    room = free / max(free - widest, 40)
    y = alt.Y(
        "y:N",
        sort=None,
        axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=10, labelLimit=230),
        scale=alt.Scale(paddingInner=0.28, paddingOuter=0.1),
    )
    drawn = (
        layer("rows")
        .mark_bar()
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, most * room], nice=False)),
            y=y,
            yOffset=alt.YOffset("series:N", sort=None, scale=alt.Scale(paddingInner=0.1)),
            color=_colours(series),
        )
    )
    text = drawn.mark_text(align="left", dx=8, fontSize=12).encode(text="t:N", color=alt.value(INK))
    height = 54 * max(len(labels), 1) + 10
    return dressed([drawn, text], {"rows": rows}, size, height=height, left=left)


def _colours(series: Sequence[Series]) -> alt.Color:
    names, colours = [one.name for one in series], [one.colour for one in series]
    return alt.Color(
        "series:N", scale=alt.Scale(domain=names, range=colours), legend=legend("circle")
    )
