"""Where the figures of `RESULTS.md` come from: when, of which source, on what machine."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.markdown import size, table
from benchmarks.store import Origin
from benchmarks.summary import Results

_ENGINES = ("Polars", "DuckDB", "pandas", "scikit-learn")
"""The labels of a machine that name the versions of engines."""
_NAMED = 4
"""Up to how many jobs a line names; of more it says how many."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """The origin of one engine's figures for one job at one size."""

    rows: int
    job: str
    engine: str
    origin: Origin


def made_on(results: Results) -> str:
    """Say when and on what; where there were several runs, what was measured when, by what.

    What was the same in all runs is said once, in a list, and so is what only some of them say; the
    versions of engines and whatever else differs stand by size and run in a table.
    """
    figures = [
        _Figure(rows, job, engine, entry.origin)
        for job, sizes in results.items()
        for rows, result in sizes.items()
        for engine, entry in result.entries.items()
    ]
    days = sorted({one.origin.day for one in figures})
    between = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "no day yet"
    parts = [
        f"Made on {between} with `python -m benchmarks`, from the files in `benchmarks/results/`: "
        "each figure is of the last run of its job, size and engine."
    ]
    if figures:
        values = _values(figures)
        said_by_all = set.intersection(*(set(one.origin.machine) for one in figures))
        differ = [
            label for label, found in values.items() if len(found) > 1 and label in said_by_all
        ]
        listed = [
            f"- {label}: {' / '.join(found)}"
            for label, found in values.items()
            if label not in differ
        ]
        parts += ["\n".join(listed)] if listed else []
        parts.append(_runs(figures, differ))
    return "\n\n".join(parts)


def _values(figures: Sequence[_Figure]) -> dict[str, list[str]]:
    """Give all that each label said, the latest first."""
    found: dict[str, list[str]] = {}
    for one in sorted(figures, key=lambda figure: figure.origin.day, reverse=True):
        for label, value in one.origin.machine.items():
            if value not in found.setdefault(label, []):
                found[label].append(value)
    return found


def _runs(figures: Sequence[_Figure], differ: Sequence[str]) -> str:
    """Write a line for each size and run; a plus sign is a change on top of a commit."""
    known = {label for one in figures for label in one.origin.machine}
    shown = [label for label in _ENGINES if label in known]
    shown += [label for label in differ if label not in shown]
    runs: dict[tuple[int, tuple[str, ...]], list[_Figure]] = {}
    for one in figures:
        said = (
            one.origin.day,
            one.origin.revision or "unknown",
            *(one.origin.machine.get(label, "") for label in shown),
        )
        runs.setdefault((one.rows, said), []).append(one)
    lines = [
        [size(rows), *said, _measured(runs[rows, said], figures)] for rows, said in sorted(runs)
    ]
    head = ["orders", "day", "source (a plus sign: changed since)", *shown, "measured"]
    return table(head, lines, texts=len(head))


def _measured(run: Sequence[_Figure], figures: Sequence[_Figure]) -> str:
    """Say what a run measured of its size: jobs, and engines where others did some of its jobs."""
    here = [one for one in figures if one.rows == run[0].rows]
    if len(run) == len(here):
        return "all"
    jobs = dict.fromkeys(one.job for one in run)
    engines = dict.fromkeys(one.engine for one in run)
    said = ", ".join(jobs) if len(jobs) <= _NAMED else f"{len(jobs)} jobs"
    if len(run) == sum(one.job in jobs for one in here):
        return said
    return f"{said}: {', '.join(engines)}"
