"""The first tables of `RESULTS.md`: every job beside its goals, and what was missed."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.goals import (
    LARGEST,
    LARGEST_MB,
    LIMITS_AT,
    SLOPE,
    best_peer,
    missed,
    ratio_to_floor,
    ratio_to_peer,
    slope,
)
from benchmarks.job import Job, Limit
from benchmarks.markdown import NONE, at_most, size, table
from benchmarks.settings import BUCKETS, LIBRARY
from benchmarks.store import Result

UNEXPLAINED = "unexplained"
Results = Mapping[str, Mapping[int, Result]]
"""By job and size."""


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
        "slope",
        "missed",
    ]
    text = (
        f"{held} of {all_lines} lines reach all of their goals: at most the best peer's time; at "
        f"{size(LIMITS_AT)} orders the limit in brackets; at {size(LARGEST)} at most "
        f"{LARGEST_MB[LIBRARY]:,.0f} MB, over buckets {LARGEST_MB[BUCKETS]:,.0f}; and a slope of "
        f"at most {SLOPE}. The slope is that of a line through the logarithms of {LIBRARY}'s "
        "seconds and of the orders at all sizes: 1 is in proportion."
    )
    return f"## Summary\n\n{text}\n\n{table(head, lines, texts=1)}"


def not_reached(jobs: Sequence[Job], results: Results, why: Mapping[str, str]) -> str:
    """List the jobs that miss a goal, each with what it misses and why."""
    parts = []
    for job in jobs:
        found = [
            f"{size(rows)}: {one.text}"
            for rows in sorted(results[job.name])
            for one in missed(job, rows, results)
        ]
        if found:
            parts.append(
                f"- **{job.title}** ({'; '.join(found)}): {why.get(job.name, UNEXPLAINED)}"
            )
    return "## Not reached\n\n" + ("\n".join(parts) if parts else "Nothing: all goals are reached.")


def read_why(folder: Path) -> dict[str, str]:
    """Read the sentences about goals that were missed, by job."""
    file = folder / "why.toml"
    if not file.exists():
        return {}
    said: dict[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))
    return said


def _figures(job: Job, rows: int, sizes: Mapping[int, Result]) -> list[str]:
    result = sizes[rows]
    ours, buckets = result.entries.get(LIBRARY), result.entries.get(BUCKETS)
    peer, floor = best_peer(result), ratio_to_floor(result)
    beside_peer = ratio_to_peer(result)
    limit = job.limit if job.limit and rows == LIMITS_AT else Limit()
    most = LARGEST_MB if rows == LARGEST else {LIBRARY: limit.peak_mb}
    grown = slope(sizes) if rows == max(sizes) else None
    return [
        size(rows),
        f"{ours.seconds:.3f}" if ours else NONE,
        f"{buckets.seconds:.3f}" if buckets else NONE,
        f"{peer[1].seconds:.3f} {peer[0]}" if peer else NONE,
        f"{beside_peer:.2f}" if beside_peer else NONE,
        f"{floor:.2f}{at_most(limit.times_floor)}" if floor else NONE,
        f"{ours.peak_mb:,.0f}{at_most(most.get(LIBRARY))}" if ours else NONE,
        f"{buckets.peak_mb:,.0f}{at_most(most.get(BUCKETS))}" if buckets else NONE,
        f"{grown:.2f}" if grown is not None else "",
    ]


def _marked(marks: Sequence[str]) -> str:
    return f"**{', '.join(dict.fromkeys(marks))}**" if marks else ""
