"""The command line: `python -m benchmarks`."""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import allocated, imports, smoke
from benchmarks.estimate import described
from benchmarks.jobs import JOBS
from benchmarks.machine import describe
from benchmarks.measure import (
    Measured,
    Plan,
    Problems,
    Step,
    jobs_of,
    measure,
    say,
    time_imports,
)
from benchmarks.processes import Processes, WorkerError
from benchmarks.settings import ENGINES, HERE, PEERS
from benchmarks.sizes import ROWS, rounds_at
from benchmarks.store import RESULTS, Entry, Origin, Result, Store, revision, written_samples

_QUICK, _QUICK_ROUNDS = (1_000_000,), 2
_APART = (imports.NAME, allocated.NAME)
"""Jobs that have no engines."""


def main(given: Sequence[str] | None = None) -> int:
    """Run the benchmarks; 1 means that engines disagree, 2 that a worker failed."""
    parser = _parser()
    arguments = parser.parse_args(given)
    store = Store(arguments.results)
    plan = _plan(arguments)
    if arguments.render and not store.load():
        parser.error(f"there are no results in {arguments.results} to write a report from")
    if not (plan.steps() or plan.imports or plan.allocations):
        parser.error("none of these engines does one of these jobs at these sizes")
    if arguments.dry_run:
        print(described(plan, store.load()))
        return 0
    if arguments.render:
        _render(store, arguments.out)
        return 0
    folder = arguments.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    processes = Processes(folder)
    if arguments.smoke:
        return smoke.run(plan, folder, processes)
    say(described(plan, store.load()))
    problems = _measure(plan, folder, processes, store)
    _render(store, arguments.out)
    for problem in (*problems.disagreements, *problems.failures):
        say(problem)
    return problems.code


def _plan(arguments: argparse.Namespace) -> Plan:
    plan = Plan(
        jobs=jobs_of(arguments.jobs),
        engines=[engine for engine in ENGINES if engine in arguments.engines],
        rows=sorted(set(arguments.rows)),
        repeat=arguments.repeat,
        imports=imports.NAME in arguments.jobs,
        allocations=allocated.NAME in arguments.jobs,
        floors=arguments.floors,
    )
    if arguments.quick or arguments.smoke:
        plan = replace(plan, rows=_QUICK, repeat=plan.repeat or _QUICK_ROUNDS)
    if arguments.smoke:
        in_this_environment = [engine for engine in plan.engines if engine not in PEERS]
        plan = replace(plan, engines=in_this_environment, repeat=1)
    return plan


def _measure(plan: Plan, folder: Path, processes: Processes, store: Store) -> Problems:
    day, source = dt.datetime.now(dt.UTC).date().isoformat(), revision()

    def origin(engines: Sequence[str]) -> Origin:
        peers = processes.peers if any(engine in PEERS for engine in engines) else None
        return Origin(day, source, dict(describe(peers)))

    def keep(step: Step, measured: Measured) -> None:
        entries = {
            engine: Entry(samples, measured.shown.get(engine, {}), origin([engine]))
            for engine, samples in measured.samples.items()
        }
        store.keep(Result(step.job.name, step.rows, measured.compared, entries))

    problems = measure(plan, folder, processes, keep)
    about = {"day": day, "revision": source, "machine": dict(describe(None))}
    try:
        if plan.imports:
            taken = time_imports(plan.repeat or 5, processes)
            written = {name: written_samples(samples) for name, samples in taken.items()}
            store.keep_file("imports.json", {**about, "jobs": written})
        if plan.allocations:
            store.keep_file("allocations.json", {**about, "calls": processes.allocations()})
    except WorkerError as problem:
        problems.failures.append(str(problem))
    return problems


def _render(store: Store, out: Path) -> None:
    """Write the report and the pictures beside it from what is stored."""
    from benchmarks.pictures import draw
    from benchmarks.report import report

    jobs = list(JOBS.values())
    drawn = draw(jobs, store, out.parent / "pictures")
    named = {name: Path("pictures", file.name) for name, file in drawn.items()}
    out.write_text(report(jobs, store, named), encoding="utf-8")
    say(f"wrote {out.name} and {len(drawn)} pictures")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure retention_kit beside hand-written DuckDB SQL, Polars and pandas, two "
        "floors and the libraries that fit the same models.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    jobs = (*JOBS, *_APART)
    parser.add_argument(
        "--jobs",
        nargs="+",
        choices=jobs,
        default=list(jobs),
        metavar="JOB",
        help=f"of {', '.join(jobs)}",
    )
    parser.add_argument(
        "--engines",
        nargs="+",
        choices=ENGINES,
        default=list(ENGINES),
        metavar="ENGINE",
        help=f"of {', '.join(ENGINES)}",
    )
    parser.add_argument(
        "--rows", nargs="+", type=_whole_number, default=list(ROWS), metavar="N", help="row counts"
    )
    parser.add_argument(
        "--repeat",
        type=_whole_number,
        metavar="N",
        help=f"rounds; without it {', '.join(str(rounds_at(rows)) for rows in ROWS)} by size",
    )
    parser.add_argument("--floors", action="store_true", help="floors at 200 million orders too")
    parser.add_argument("--quick", action="store_true", help="1 million orders alone, twice")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="one round at 1 million orders, printed and not kept",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and how long it takes"
    )
    parser.add_argument(
        "--render", action="store_true", help="write the report from what is kept, measure nothing"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=HERE / "data",
        metavar="FOLDER",
        help="where the made-up data are kept",
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="FOLDER", help="where results are kept"
    )
    parser.add_argument(
        "--out", type=Path, default=HERE / "RESULTS.md", metavar="FILE", help="what to write"
    )
    return parser


def _whole_number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
