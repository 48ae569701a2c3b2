"""How cost grows with the orders: slopes, and memory at the largest size."""

from collections.abc import Sequence

from benchmarks.goals import LARGEST, LARGEST_MB, SLOPE, best_peer, slope
from benchmarks.job import Job
from benchmarks.markdown import NONE, at_most, size, table
from benchmarks.settings import BUCKETS, LIBRARY
from benchmarks.summary import Results

_OURS = (LIBRARY, BUCKETS)


def slopes(jobs: Sequence[Job], results: Results) -> str:
    """Write how the seconds of each job grow with the orders; steeper than wanted is bold."""
    lines = []
    for job in jobs:
        sizes = results[job.name]
        found = [slope(sizes, engine) for engine in (*_OURS, "duckdb")]
        if any(one is not None for one in found[: len(_OURS)]):
            measured = ", ".join(size(rows) for rows in sorted(sizes))
            ours = [_bold(_said(one), one is not None and round(one, 2) > SLOPE) for one in found]
            lines.append([job.title, measured, *ours[: len(_OURS)], _said(found[-1])])
    text = (
        "The slope of a line through the logarithms of the median seconds and of the orders, by "
        "least squares over all sizes measured: 1 is in proportion, below 1 a fixed part weighs at "
        f"the small sizes. Above {SLOPE}, which is the most we want of {LIBRARY} and {BUCKETS}, it "
        "is bold."
    )
    head = ["job", "orders", *_OURS, "duckdb"]
    return f"## How cost grows\n\n{text}\n\n{_table_or_none(head, lines, texts=2)}"


def memory(jobs: Sequence[Job], results: Results) -> str:
    """Write the peaks of memory at the largest size; more than wanted is bold."""
    lines = []
    for job in jobs:
        result = results[job.name].get(LARGEST)
        if result is None:
            continue
        ours = []
        for engine in _OURS:
            entry = result.entries.get(engine)
            over = entry is not None and entry.peak_mb > LARGEST_MB[engine]
            ours.append(_bold(f"{entry.peak_mb:,.0f}" if entry else NONE, over))
        peer = best_peer(result)
        lines.append([job.title, *ours, f"{peer[1].peak_mb:,.0f} {peer[0]}" if peer else NONE])
    text = (
        "The largest resident memory of the process in MB, the interpreter and the libraries "
        "included; more than the limit in the head is bold."
    )
    limits = [f"{engine}{at_most(LARGEST_MB[engine])}" for engine in _OURS]
    head = ["job", *limits, "best peer"]
    return (
        f"## Memory at {size(LARGEST)} orders\n\n{text}\n\n{_table_or_none(head, lines, texts=1)}"
    )


def _table_or_none(head: Sequence[str], lines: Sequence[Sequence[str]], *, texts: int) -> str:
    return table(head, lines, texts=texts) if lines else "Not measured yet."


def _said(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _bold(text: str, marked: bool) -> str:
    return f"**{text}**" if marked else text
