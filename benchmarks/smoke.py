"""A quick look that runs unattended: whether engines agree, and how they compare just now.

Nothing is kept, and no ratio fails anything: the machine may be busy.
"""

from pathlib import Path

from benchmarks.allocated import TITLES
from benchmarks.goals import best_peer, ratio_to_floor, ratio_to_peer
from benchmarks.imports import BARE, IMPORT_JOBS
from benchmarks.markdown import NONE, table
from benchmarks.measure import Measured, Plan, Step, measure, say, time_imports
from benchmarks.processes import Processes, WorkerError
from benchmarks.settings import BUCKETS
from benchmarks.store import Entry, Result


def run(plan: Plan, folder: Path, processes: Processes) -> int:
    """Measure the plan once, print ratios, and give 0, 1 or 2 as the command line does."""
    lines = []

    def keep(step: Step, measured: Measured) -> None:
        entries = {engine: Entry(samples) for engine, samples in measured.samples.items()}
        result = Result(step.job.name, step.rows, measured.compared, entries)
        lines.append(line(result))

    problems = measure(plan, folder, processes, keep)
    print(table(_HEAD, lines, texts=1))
    try:
        if plan.imports:
            print("\n" + "\n".join(_imports(processes)))
        if plan.allocations:
            print("\n" + "\n".join(_allocations(processes)))
    except WorkerError as problem:
        problems.failures.append(str(problem))
    for problem in (*problems.disagreements, *problems.failures):
        say(problem)
    return problems.code


_HEAD = ["job", "values compared", "best peer", "× best peer", f"{BUCKETS} × best", "× group-by"]


def line(result: Result) -> list[str]:
    """Give a job's line: multiples alone, since seconds of a busy machine mean nothing."""
    peer, ours, floor = best_peer(result), ratio_to_peer(result), ratio_to_floor(result)
    buckets = result.entries.get(BUCKETS)
    return [
        result.job,
        f"{result.compared:,}",
        peer[0] if peer else NONE,
        f"{ours:.2f}" if ours else NONE,
        f"{buckets.seconds / peer[1].seconds:.2f}" if buckets and peer else NONE,
        f"{floor:.2f}" if floor else NONE,
    ]


def _imports(processes: Processes) -> list[str]:
    taken = {name: Entry(samples) for name, samples in time_imports(3, processes).items()}
    bare = taken[BARE].seconds
    titles = {job.name: job.title for job in IMPORT_JOBS}
    return [
        f"{titles[name]}: {(entry.seconds - bare) * 1000:.0f} ms above a bare interpreter"
        for name, entry in taken.items()
        if name != BARE
    ]


def _allocations(processes: Processes) -> list[str]:
    found = processes.allocations()
    return [
        f"{TITLES[name]}: {counted['peak_bytes']:,.0f} bytes at most, "
        f"{counted['kept_bytes']:,.0f} bytes in {counted['kept_blocks']:,.0f} blocks kept"
        for name, counted in found.items()
    ]
