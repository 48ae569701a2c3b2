"""RESULTS.md: tables of what was measured, and how to read them."""

import datetime as dt
from collections.abc import Sequence
from statistics import median

from benchmarks.found import found_lines
from benchmarks.imports import BARE, IMPORT_JOBS
from benchmarks.job import Job, Limit
from benchmarks.machine import describe
from benchmarks.measure import Measured, Plan, engines_of
from benchmarks.peers import Peers
from benchmarks.processes import Sample
from benchmarks.settings import FLOOR, FLOORS, LIBRARY, THREADS

_NONE = "–"
_HOW_TO_READ = f"""\
## How to read this

- Each measurement ran in a process of its own, which did one job once. Engines took turns, one
  round after another. The files had just been read, so they came from the page cache.
- **median**, **min–max**: seconds on the wall clock around the job alone. The libraries had been
  imported; an engine's first use of its thread pool is inside.
- **CPU**: median seconds of all threads together; other work on the machine disturbs it less.
- **peak MB**: the largest resident memory of any round, of the whole process: the interpreter and
  the libraries included, nothing subtracted.
- **× {LIBRARY}**: the median as a multiple of the library's; above 1 the library is faster.
- **× {FLOOR}**: the median as a multiple of the bare group-by's in the same job.
- **(≤ …)** beside the library's figure is what we hold it to at 10 million orders; the timings
  enforce nothing.
- `{FLOOR}` is a Polars group-by by customer with one sum, `scan` a Polars scan that sums the
  columns which the job needs: floors, not rivals, for they do less than the job and give no answer.
- All other engines gave the same answer before anything was timed: counts and money exactly, floats
  to 1e-9, those of models as `benchmarks/README.md` says; the tables say how many values were
  compared. A table of more than 5,000 rows is compared by its row count, by nulls, exact sums and
  extremes of its columns, and by a checksum over rows.
- The tables under the names of models show what was found: in brackets the difference from, or the
  multiple of, what the library found. Log-likelihoods are computed by one referee from the
  parameters. **MB on top of the data** is the peak less what the process held when the clock
  started: libraries and the loaded table. These jobs have their table in memory by then, and run
  the peers in an environment of their own; `benchmarks/README.md` says on what data.
- All engines had {THREADS} threads; pandas uses them only to read. The SQL, the pandas code and the
  floors are in `benchmarks/engines/`, written by hand for speed; a faster version is welcome.
- pandas carries money as whole ten-thousandths, since it sums decimals as Python objects.
- The timings are what this machine gave; nothing in the project fails because of them."""


def report(
    plan: Plan, measured: Measured, command: str, day: dt.date, peers: Peers | None = None
) -> str:
    """Write the whole file."""
    parts = ["# Benchmark results", _made_on(command, day, peers)]
    if plan.jobs:
        for rows in plan.rows:
            parts.append(_rows_table(plan, measured, rows))
            parts += [
                _found_table(plan, measured, rows, job)
                for job in plan.jobs
                if job.shown and engines_of(plan, job)
            ]
    if measured.imports:
        parts.append(_imports_table(measured))
    parts.append(_HOW_TO_READ)
    if plan.jobs and len(plan.rows) > 1:
        parts.append(_growth_table(plan, measured))
    return "\n\n".join(parts) + "\n"


def _made_on(command: str, day: dt.date, peers: Peers | None) -> str:
    facts = "\n".join(f"- {label}: {value}" for label, value in describe(peers))
    return f"Made on {day.isoformat()} with\n\n```\n{command}\n```\n\n{facts}"


def _rows_table(plan: Plan, measured: Measured, rows: int) -> str:
    lines = []
    for job in plan.jobs:
        samples = _samples(plan, measured, rows, job)
        library = _median(samples[LIBRARY]) if LIBRARY in samples else None
        floor = _median(samples[FLOOR]) if FLOOR in samples else None
        compared = measured.compared.get((rows, job.name), 0)
        for place, (engine, taken) in enumerate(samples.items()):
            limit = job.limit if engine == LIBRARY and job.limit else Limit()
            lines.append(
                [
                    f"{job.title} ({compared:,})" if place == 0 else "",
                    f"*{engine}*" if engine in FLOORS else engine,
                    f"{_median(taken):.3f}{_at_most(limit.seconds)}"
                    + _beside_job(plan, measured, rows, limit),
                    _spread(taken),
                    f"{median(sample.cpu_seconds for sample in taken):.2f}",
                    f"{max(sample.peak_mb for sample in taken):.0f}{_at_most(limit.peak_mb)}",
                    _ratio(_median(taken), library),
                    _ratio(_median(taken), floor) + _at_most(limit.times_floor),
                ]
            )
    head = [
        "job (values compared)",
        "engine",
        "median s",
        "min–max s",
        "CPU s",
        "peak MB",
        f"× {LIBRARY}",
        f"× {FLOOR}",
    ]
    rounds = "1 round" if plan.repeat == 1 else f"{plan.repeat} rounds"
    return f"## {rows:,} orders, {rounds}\n\n{_table(head, lines, texts=2)}"


def _found_table(plan: Plan, measured: Measured, rows: int, job: Job) -> str:
    samples = _samples(plan, measured, rows, job)
    shown = {engine: measured.shown[rows, job.name, engine] for engine in samples}
    head, lines = found_lines(job, shown, samples)
    return f"### {job.title}, {rows:,} orders\n\n{_table(head, lines, texts=1)}"


def _imports_table(measured: Measured) -> str:
    bare = _median(measured.imports[BARE])
    lines = []
    for job in IMPORT_JOBS:
        taken = measured.imports[job.name]
        lines.append(
            [
                job.title,
                f"{_median(taken) * 1000:.0f}",
                _spread(taken, scale=1000, digits=0),
                f"{(_median(taken) - bare) * 1000:.0f}",
                f"{max(sample.peak_mb for sample in taken):.0f}",
            ]
        )
    head = ["a whole interpreter that runs", "median ms", "min–max ms", "above bare ms", "peak MB"]
    return f"## Imports\n\n{_table(head, lines, texts=1)}"


def _growth_table(plan: Plan, measured: Measured) -> str:
    small, large = min(plan.rows), max(plan.rows)
    engines = [one for one in plan.engines if any(one in job.engines for job in plan.jobs)]
    lines = [
        [job.title, *(_growth(measured, job, engine, small, large) for engine in engines)]
        for job in plan.jobs
    ]
    return (
        f"## Growth\n\nMedian seconds at {large:,} orders as a multiple of those at {small:,}; "
        f"the rows grew {large / small:g}-fold.\n\n{_table(['job', *engines], lines, texts=1)}"
    )


def _growth(measured: Measured, job: Job, engine: str, small: int, large: int) -> str:
    if engine not in job.engines:
        return _NONE
    taken, base = (measured.jobs[rows, job.name, engine] for rows in (large, small))
    return _ratio(_median(taken), _median(base))


def _samples(plan: Plan, measured: Measured, rows: int, job: Job) -> dict[str, list[Sample]]:
    return {engine: measured.jobs[rows, job.name, engine] for engine in engines_of(plan, job)}


def _at_most(limit: float | None) -> str:
    """Say what the library is held to."""
    return "" if limit is None else f" (≤ {limit:g})"


def _beside_job(plan: Plan, measured: Measured, rows: int, limit: Limit) -> str:
    """Say the most that the library may take by what it takes for another job."""
    if limit.times_job is None:
        return ""
    name, times = limit.times_job
    taken = measured.jobs.get((rows, name, LIBRARY))
    of = f" = {times * _median(taken):.3f}" if taken else ""
    return f" (≤ {times:g} × {name}{of})"


def _median(samples: Sequence[Sample]) -> float:
    return median(sample.seconds for sample in samples)


def _spread(samples: Sequence[Sample], *, scale: float = 1, digits: int = 3) -> str:
    seconds = [sample.seconds * scale for sample in samples]
    return f"{min(seconds):.{digits}f}–{max(seconds):.{digits}f}"


def _ratio(value: float, base: float | None) -> str:
    return f"{value / base:.2f}" if base else _NONE


def _table(head: Sequence[str], lines: Sequence[Sequence[str]], *, texts: int) -> str:
    """Write a Markdown table whose first `texts` columns are text and the others numbers."""
    rule = ["---" if place < texts else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))
