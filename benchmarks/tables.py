"""The detailed tables of `RESULTS.md`: every engine, imports and allocations."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.allocated import TITLES
from benchmarks.found import found_lines
from benchmarks.goals import IMPORT_MS, limit_at
from benchmarks.imports import BARE, IMPORT_JOBS
from benchmarks.job import Job, Limit
from benchmarks.markdown import NONE, at_most, ratio, size, spread, table
from benchmarks.settings import ENGINES, FLOOR, FLOORS, LIBRARY
from benchmarks.store import Entry, Result, samples_of
from benchmarks.summary import Results


def sizes_in_full(jobs: Sequence[Job], results: Results) -> list[str]:
    """Write, for every size, a table of all engines and those of what models found."""
    parts = []
    for rows in sorted({rows for sizes in results.values() for rows in sizes}):
        here = [job for job in jobs if rows in results[job.name]]
        parts.append(_engines(here, rows, results))
        parts += [_found(job, results[job.name][rows]) for job in here if job.shown]
    return parts


def imports(stored: Mapping[str, Any]) -> str:
    """Write what it costs to start."""
    taken = {name: samples_of(samples) for name, samples in stored["jobs"].items()}
    bare = Entry(taken[BARE]).seconds
    lines = []
    for job in IMPORT_JOBS:
        if job.name in taken:
            entry = Entry(taken[job.name])
            seconds = [sample.seconds for sample in entry.samples]
            lines.append(
                [
                    job.title,
                    f"{entry.seconds * 1000:.0f}",
                    spread(seconds, scale=1000, digits=0),
                    _above(job.name, (entry.seconds - bare) * 1000),
                    f"{entry.peak_mb:.0f}",
                ]
            )
    head = ["a whole interpreter that runs", "median ms", "min–max ms", "above bare ms", "peak MB"]
    return f"## Imports\n\n{table(head, lines, texts=1)}"


def _above(name: str, milliseconds: float) -> str:
    if name != LIBRARY:
        return f"{milliseconds:.0f}"
    shown = f"{milliseconds:.0f}{at_most(IMPORT_MS)}"
    return f"**{shown}**" if milliseconds > IMPORT_MS else shown


def allocations(stored: Mapping[str, Any]) -> str:
    """Write what single calls allocate."""
    lines = [
        [title, *(f"{stored['calls'][name][figure]:,.0f}" for figure in _ALLOCATED)]
        for name, title in TITLES.items()
        if name in stored["calls"]
    ]
    return (
        "## Allocations\n\nMedians of single calls, as `tracemalloc` sees them: the most at a time "
        "beyond what was there before, and what is left while the answer is held.\n\n"
        + table(["a call", *_ALLOCATED.values()], lines, texts=1)
    )


_ALLOCATED = {
    "peak_bytes": "peak bytes",
    "kept_bytes": "bytes kept",
    "kept_blocks": "blocks kept",
}


def _engines(jobs: Sequence[Job], rows: int, results: Results) -> str:
    lines = []
    for job in jobs:
        result = results[job.name][rows]
        library, floor = (
            result.entries[name].seconds if name in result.entries else None
            for name in (LIBRARY, FLOOR)
        )
        engines = [engine for engine in ENGINES if engine in result.entries]
        for place, engine in enumerate(engines):
            entry = result.entries[engine]
            limit = limit_at(job, rows) if engine == LIBRARY else Limit()
            lines.append(
                [
                    f"{job.title} ({_compared(result)})" if place == 0 else "",
                    f"*{engine}*" if engine in FLOORS else engine,
                    f"{entry.seconds:.3f}{at_most(limit.seconds)}"
                    + _beside_job(limit, rows, results),
                    spread([sample.seconds for sample in entry.samples]),
                    str(len(entry.samples)),
                    f"{entry.cpu_seconds:.2f}",
                    f"{entry.peak_mb:,.0f}{at_most(limit.peak_mb)}",
                    ratio(entry.seconds, library),
                    ratio(entry.seconds, floor) + at_most(limit.times_floor),
                ]
            )
    head = [
        "job (values compared)",
        "engine",
        "median s",
        "min–max s",
        "rounds",
        "CPU s",
        "peak MB",
        f"× {LIBRARY}",
        f"× {FLOOR}",
    ]
    return f"## {size(rows)} orders\n\n{table(head, lines, texts=2)}"


def _compared(result: Result) -> str:
    answers = [engine for engine in result.entries if engine not in FLOORS]
    return f"{result.compared:,}" if len(answers) > 1 else NONE


def _found(job: Job, result: Result) -> str:
    entries = {name: result.entries[name] for name in ENGINES if name in result.entries}
    shown = {name: entry.shown for name, entry in entries.items() if entry.shown}
    samples = {name: entries[name].samples for name in shown}
    head, lines = found_lines(job, shown, samples)
    return f"### {job.title}, {size(result.rows)} orders\n\n{table(head, lines, texts=1)}"


def _beside_job(limit: Limit, rows: int, results: Results) -> str:
    """Say the most that the library may take by what it takes for another job."""
    if limit.times_job is None:
        return ""
    name, times = limit.times_job
    other = results.get(name, {}).get(rows)
    taken = other.entries.get(LIBRARY) if other else None
    of = f" = {times * taken.seconds:.3f}" if taken else ""
    return f" (≤ {times:g} × {name}{of})"
