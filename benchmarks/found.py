"""What models found, beside how fast: figures of their answers, and memory on top of the data."""

from collections.abc import Mapping, Sequence

from benchmarks.compare import Cell
from benchmarks.job import Job, Shown
from benchmarks.processes import Sample
from benchmarks.settings import LIBRARY

Figures = Mapping[str, Cell]


def found_lines(
    job: Job, shown: Mapping[str, Figures], samples: Mapping[str, Sequence[Sample]]
) -> tuple[list[str], list[list[str]]]:
    """Give the head and the lines of a job's table; engines without figures have no line."""
    head = ["engine", *(label.rpartition(": ")[2].replace("_", " ") for label in job.shown)]

    def said(engine: str, figures: Figures) -> list[str]:
        beside = {} if engine == LIBRARY else shown.get(LIBRARY, {})
        return [_said(figures[name], beside.get(name), how) for name, how in job.shown.items()]

    lines = [[engine, *said(engine, figures)] for engine, figures in shown.items()]
    if job.in_memory:
        head.append("MB on top of the data")
        for line in lines:
            most = max(sample.peak_mb - sample.held_mb for sample in samples[line[0]])
            line.append(f"{max(most, 0):.0f}")
    return head, lines


def _said(figure: Cell, library: Cell, how: Shown) -> str:
    if not isinstance(figure, float):
        return f"{figure:,}" if isinstance(figure, int) else str(figure)
    text = f"{figure:,.4f}"
    if how == "difference" and isinstance(library, float):
        return f"{text} ({round(figure - library, 4) + 0.0:+.4f})"
    if how == "ratio" and isinstance(library, float) and library:
        return f"{text} (× {figure / library:.4f})"
    return text
