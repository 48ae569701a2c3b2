"""The first tables of `RESULTS.md`: every job beside its goals, and what was missed."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.goals import (
    LARGEST,
    LARGEST_MB,
    LIMITS_AT,
    RATIOS_AT,
    SLOPE,
    best_peer,
    limit_at,
    missed,
    ratio_to_floor,
    ratio_to_peer,
)
from benchmarks.job import Job
from benchmarks.markdown import NONE, at_most, size, table
from benchmarks.settings import BUCKETS, LIBRARY
from benchmarks.store import Result

UNEXPLAINED = "unexplained"
Results = Mapping[str, Mapping[int, Result]]
"""By job and size."""
Why = Mapping[str, Mapping[str, str]]
"""Sentences by job, and by what they are about: nothing where they are about all."""


def summary(jobs: Sequence[Job], results: Results) -> str:
    """Write a line for each job and size; a missed goal is named in its last column."""
    lines, held, all_lines = [], 0, 0
    for job in jobs:
        for place, rows in enumerate(sorted(results[job.name])):
            marks = [one.mark for one in missed(job, rows, results)]
            held += not marks
            all_lines += 1
            lines.append(
                [
                    f"{job.title}" if not place else "",
                    *_figures(job, rows, results[job.name]),
                    _marked(marks),
                ]
            )
    head = [
        "job",
        "orders",
        f"{LIBRARY} s",
        f"{BUCKETS} s",
        "best peer s",
        "× best peer",
        "× group-by",
        "peak MB",
        f"{BUCKETS} MB",
        "missed",
    ]
    text = (
        f"{held} of {all_lines} lines reach all of their goals: at most the best peer's time; the "
        f"limits in brackets, of memory and seconds at {size(LIMITS_AT)} orders, of multiples at "
        f"{' and '.join(map(size, RATIOS_AT))}; at {size(LARGEST)} at most "
        f"{LARGEST_MB[LIBRARY]:,.0f} MB, over buckets {LARGEST_MB[BUCKETS]:,.0f}; and a slope of "
        f"at most {SLOPE}, which counts at the largest size measured. What is missed, and why, "
        "stands below."
    )
    return f"## Summary\n\n{text}\n\n{table(head, lines, texts=1)}"


def not_reached(jobs: Sequence[Job], results: Results, why: Why) -> str:
    """List the goals that are missed, by job and size, each with the sentence that says why."""
    lines = [
        [job.title, size(rows), one.text, _reason(why.get(job.name, {}), rows, one.mark)]
        for job in jobs
        for rows in sorted(results[job.name])
        for one in missed(job, rows, results)
    ]
    if not lines:
        return "## Not reached\n\nNothing: all goals are reached."
    head = ["job", "orders", "measured and wanted", "why"]
    return f"## Not reached\n\n{table(head, lines, texts=4)}"


def read_why(folder: Path) -> Why:
    """Read the sentences about goals that were missed, by job.

    A job has one sentence for all that it misses, or a table of sentences by mark, by size, or by
    size and mark: `peer`, `50 M`, `50 M peer`.
    """
    file = folder / "why.toml"
    if not file.exists():
        return {}
    said = tomllib.loads(file.read_text(encoding="utf-8"))
    return {job: {"": one} if isinstance(one, str) else one for job, one in said.items()}


def _reason(said: Mapping[str, str], rows: int, mark: str) -> str:
    """Give the sentence that says most exactly what it is about."""
    labels = (f"{size(rows)} {mark}", mark, size(rows), "")
    return next((said[label] for label in labels if label in said), UNEXPLAINED)


def _figures(job: Job, rows: int, sizes: Mapping[int, Result]) -> list[str]:
    result = sizes[rows]
    ours, buckets = result.entries.get(LIBRARY), result.entries.get(BUCKETS)
    peer, floor = best_peer(result), ratio_to_floor(result)
    beside_peer = ratio_to_peer(result)
    limit = limit_at(job, rows)
    most = LARGEST_MB if rows == LARGEST else {LIBRARY: limit.peak_mb}
    return [
        size(rows),
        f"{ours.seconds:.3f}" if ours else NONE,
        f"{buckets.seconds:.3f}" if buckets else NONE,
        f"{peer[1].seconds:.3f} {peer[0]}" if peer else NONE,
        f"{beside_peer:.2f}" if beside_peer else NONE,
        f"{floor:.2f}{at_most(limit.times_floor)}" if floor else NONE,
        f"{ours.peak_mb:,.0f}{at_most(most.get(LIBRARY))}" if ours else NONE,
        f"{buckets.peak_mb:,.0f}{at_most(most.get(BUCKETS))}" if buckets else NONE,
    ]


def _marked(marks: Sequence[str]) -> str:
    return f"**{', '.join(dict.fromkeys(marks))}**" if marks else ""
