"""Pictures of the results: seconds against orders, a line for each engine.

A job has a picture where it was measured at two sizes or more.
"""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import polars as pl
import vl_convert

from benchmarks.job import Job
from benchmarks.markdown import size
from benchmarks.settings import BUCKETS, BY_HAND, ENGINES, FLOOR, LIBRARY
from benchmarks.store import Store

_SHOWN = {
    LIBRARY: "#c2410c",
    BUCKETS: "#f59e0b",
    "duckdb": "#1d4ed8",
    "polars": "#0f766e",
    "pandas": "#7c3aed",
    BY_HAND: "#0891b2",
    FLOOR: "#6b7280",
}
"""Engines that pictures show, with their colours."""
_INK = "#374151"
_GRID = "#e5e7eb"
_FONT = "DejaVu Sans, Verdana, sans-serif"
_OVERVIEW = "overview"
_SECONDS = [at * 10**power for power in range(-3, 4) for at in (1, 3)]


def draw(jobs: Sequence[Job], store: Store, folder: Path) -> dict[str, Path]:
    """Write an SVG for each job and one of all; those of jobs without results are removed.

    Returns:
        The files by job, that of all jobs as `""`.
    """
    points = _points(jobs, store)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    drawn = {}
    for job in jobs:
        own = points.filter(pl.col("name") == job.name)
        if own.height:
            chart = _chart(own, job.title, width=430, height=250, labels=True)
            drawn[job.name] = _write(chart, folder / f"{job.name}.svg")
    if drawn:
        small = [
            _chart(points.filter(pl.col("name") == job.name), job.name, width=200, height=120)
            for job in jobs
            if job.name in drawn
        ]
        drawn[""] = _write(alt.concat(*small, columns=3, spacing=14), folder / f"{_OVERVIEW}.svg")
    return drawn


def _points(jobs: Sequence[Job], store: Store) -> pl.DataFrame:
    """Give the medians, of jobs that were measured at two sizes or more."""
    names = {job.name for job in jobs}
    points = pl.DataFrame(
        [
            (name, rows, engine, entry.seconds)
            for (name, rows), result in store.load().items()
            if name in names
            for engine, entry in result.entries.items()
            if engine in _SHOWN
        ],
        schema={"name": pl.String, "rows": pl.Int64, "engine": pl.String, "seconds": pl.Float64},
        orient="row",
    )
    return points.filter(pl.col("rows").n_unique().over("name") > 1).sort("name", "rows")


def _chart(
    points: pl.DataFrame, title: str, *, width: int, height: int, labels: bool = False
) -> alt.LayerChart:
    # Small pictures share one legend, and so one scale of colours.
    engines = [one for one in ENGINES if one in (set(points["engine"]) if labels else _SHOWN)]
    rows = sorted(set(points["rows"]))
    named = " : ".join(f"datum.value == {count} ? '{size(count)}'" for count in rows) + " : ''"
    colour = alt.Color(
        "engine:N",
        scale=alt.Scale(domain=engines, range=[_SHOWN[engine] for engine in engines]),
        legend=None if labels else alt.Legend(title=None, orient="bottom", columns=4),
    )
    base = alt.Chart(points).encode(
        x=alt.X(
            "rows:Q",
            scale=alt.Scale(type="log", domain=[rows[0], rows[-1]], nice=False),
            axis=alt.Axis(
                values=rows,
                labelExpr=named,
                labelFlush=False,
                labelFontSize=11 if labels else 9,
                title="orders" if labels else None,
            ),
        ),
        y=alt.Y(
            "seconds:Q",
            scale=alt.Scale(type="log", domain=_reach(points["seconds"]), nice=False),
            axis=alt.Axis(
                values=_SECONDS,
                labelExpr="format(datum.value, '~g') + ' s'",
                labelFontSize=11 if labels else 9,
                title=None,
            ),
        ),
        color=colour,
    )
    dash = alt.StrokeDash(
        "engine:N",
        scale=alt.Scale(
            domain=engines, range=[[5, 4] if engine == FLOOR else [1, 0] for engine in engines]
        ),
        legend=None,
    )
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=dash)
    layers = [lines, base.mark_point(filled=True, size=34 if labels else 16, opacity=1)]
    if labels:
        layers.append(_ends(points, base, height))
    return alt.layer(*layers).properties(width=width, height=height, title=title)


def _ends(points: pl.DataFrame, base: alt.Chart, height: int) -> alt.Chart:
    """Name each line at the right, the names apart from each other."""
    low, high = _reach(points["seconds"])
    ends = points.filter(pl.col("rows") == pl.col("rows").max().over("engine"))
    scaled = (pl.col("seconds").log() - pl.lit(low).log()) / (
        pl.lit(high).log() - pl.lit(low).log()
    )
    placed = ends.with_columns((height * (1 - scaled)).alias("y")).sort("y")
    apart = _apart(placed["y"].to_list(), height)
    labelled = placed.with_columns(pl.Series("y", apart, dtype=pl.Float64))
    return (
        alt.Chart(labelled)
        .mark_text(align="left", fontSize=12)
        .encode(
            x=alt.value(442),
            y=alt.Y("y:Q", scale=None, axis=None),
            text="engine:N",
            color=base.encoding.color,
        )
    )


def _apart(wanted: list[float], height: int, gap: float = 15) -> list[float]:
    """Move sorted places so far that none lies closer to the next than the gap."""
    placed: list[float] = []
    for place in wanted:
        placed.append(max(place, placed[-1] + gap) if placed else max(place, 6.0))
    below = placed[-1] - height if placed else 0
    if below > 0:
        placed[-1] -= below
        for at in range(len(placed) - 2, -1, -1):
            placed[at] = min(placed[at], placed[at + 1] - gap)
    return placed


def _reach(seconds: pl.Series) -> list[float]:
    """Give round ends of the axis around all values."""
    low = max((at for at in _SECONDS if at <= seconds.min()), default=_SECONDS[0])
    high = min((at for at in _SECONDS if at >= seconds.max()), default=_SECONDS[-1])
    return [low, high]


def _write(chart: alt.TopLevelMixin, file: Path) -> Path:
    styled = (
        chart.configure(font=_FONT, background="white")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_INK,
            titleColor=_INK,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor=_GRID,
            domainColor=_GRID,
            tickColor=_GRID,
        )
        .configure_title(fontSize=13, color=_INK, anchor="start", fontWeight="bold")
        .configure_legend(labelFontSize=11, labelColor=_INK)
    )
    file.write_text(vl_convert.vegalite_to_svg(styled.to_json()), encoding="utf-8")
    return file
