"""Charts of sizes, as bars: upright, lying, or stacked above and below a line."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt  # noqa: TID253

from retention_kit.audit.charts.frame import Plot, dressed, labels_axis, layer, legend, scale_axis
from retention_kit.audit.report.drawing import (
    ACCENT,
    INK,
    SOFT,
    WIDTH,
    Axis,
    Row,
    Series,
    Size,
)


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
    y = scale_axis([row["y"] for row in rows], axis, size, headroom=1.1)
    x = labels_axis(labels, size, title=label_title)
    drawn = (
        layer("rows")
        .mark_bar()
        .encode(x=x, y=alt.Y("y:Q", **y), color=alt.Color("c:N", scale=None))
    )
    layers = [drawn]
    if any(texts) and max(map(len, texts)) * 9 * len(labels) < WIDTH[size] - 80:
        layers.append(drawn.mark_text(dy=-8, fontSize=12).encode(text="t:N", color=alt.value(INK)))
    return dressed(layers, {"rows": rows}, size, height=230)


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
    drawn = layer("rows").mark_bar(color=ACCENT).encode(x=x, y=y)
    text = drawn.mark_text(align="left", dx=8, color=INK, fontSize=13).encode(text="t:N")
    height = 46 * max(len(rows), 1) + 10
    return dressed([drawn, text], {"rows": rows}, size, height=height, left=left)


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
    y = scale_axis([*tops, *feet], Axis(lambda v: axis.write(abs(v)), axis.title), size)
    every = [*up, *down]
    drawn = (
        layer("rows")
        .mark_bar()
        .encode(
            x=labels_axis(labels, size),
            y=alt.Y("y:Q", stack="zero", **y),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(
                    domain=[one.name for one in every], range=[one.colour for one in every]
                ),
                legend=legend("circle", columns=2 if size == "narrow" else 0),
            ),
            order=alt.Order("order:Q"),
            opacity=alt.Opacity("o:Q", scale=None),
        )
    )
    rule = layer("mark").mark_rule(color=INK).encode(y=alt.Y("y:Q", **y))
    return dressed([drawn, rule], {"rows": rows, "mark": [{"y": 0}]}, size, height=280)
