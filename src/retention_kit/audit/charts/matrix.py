"""A matrix whose cells are coloured by their values."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt  # noqa: TID253

from retention_kit.audit.charts.frame import Plot, dressed, layer
from retention_kit.audit.report.drawing import (
    Size,
    shade,
)

_NAMED = 78
"""The least room that a column with a name of words gets, in pixels."""


def heat_map(
    cells: Sequence[tuple[str, str, float | None, str]],
    *,
    size: Size,
    columns: Sequence[str],
    rows: Sequence[str],
    title: str = "",
    row_title: str = "",
    tall: bool = False,
    wraps: bool = False,
) -> Plot:
    """Draw a matrix of (row, column, value, text), with texts coloured by the cell under them.

    Args:
        cells: The cells; one without a value is left blank.
        size: For which width.
        columns: The names of all columns, in order.
        rows: The names of all rows, in order.
        title: What the columns are.
        row_title: What the rows are.
        tall: Whether cells are few, and so may be large.
        wraps: Whether names of columns of several words stand on as many lines.
    """
    values = sorted(value for _, _, value, _ in cells if value is not None)
    # One outlying cell must not bleach all others.
    most = values[min(len(values) - 1, int(len(values) * 0.98))] if values else 0
    drawn_rows = []
    for row, column, value, text in cells:
        if value is None:
            continue
        colour, ink = shade(value, most)
        drawn_rows.append({"y": row, "x": column, "c": colour, "t": text, "i": ink})
    most_lines = max((name.count(" ") + 1 for name in columns), default=1) if wraps else 1
    x = alt.X(
        "x:N",
        sort=list(columns),
        scale=alt.Scale(domain=list(columns), padding=0.04),
        axis=alt.Axis(
            orient="top",
            title=title or None,
            labelAngle=0,
            titlePadding=14,
            ticks=False,
            domain=False,
            labelPadding=8 + 14 * (most_lines - 1),
            labelExpr="split(datum.label, ' ')" if wraps else alt.Undefined,
        ),
    )
    y = alt.Y(
        "y:N",
        sort=list(rows),
        scale=alt.Scale(domain=list(rows), padding=0.04),
        axis=alt.Axis(title=row_title or None, ticks=False, domain=False, labelPadding=8),
    )
    base = layer("rows").encode(x=x, y=y)
    squares = base.mark_rect().encode(color=alt.Color("c:N", scale=None))
    text = base.mark_text(fontSize=13 if tall else 11 if size == "wide" else 10).encode(
        text="t:N", color=alt.Color("i:N", scale=None)
    )
    height = (64 if tall else 31) * max(len(rows), 1) + 40
    left = max((len(row) for row in rows), default=0) * 8 + (36 if row_title else 12)
    least = _NAMED * len(columns) if wraps else 0
    return dressed(
        [squares, text], {"rows": drawn_rows}, size, height=height, left=left, least=least
    )
