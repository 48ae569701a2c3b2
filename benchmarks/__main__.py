"""The command line: `python -m benchmarks`."""

import argparse
import datetime as dt
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare import DisagreementError
from benchmarks.imports import NAME as IMPORTS
from benchmarks.jobs import JOBS
from benchmarks.measure import Plan, jobs_of, measure, needs_peers
from benchmarks.processes import Processes, WorkerError
from benchmarks.report import report
from benchmarks.settings import ENGINES, HERE


def main(given: Sequence[str] | None = None) -> int:
    """Run the benchmarks; 1 means that engines disagree, 2 that a worker failed."""
    written = list(sys.argv[1:] if given is None else given)
    arguments = _parser().parse_args(written)
    plan = Plan(
        jobs=jobs_of(arguments.jobs),
        engines=arguments.engines,
        rows=sorted(set(arguments.rows)),
        repeat=arguments.repeat,
        imports=IMPORTS in arguments.jobs,
    )
    folder = arguments.data.resolve()
    processes = Processes(folder)
    try:
        measured = measure(plan, folder, processes)
    except DisagreementError as problem:
        print(problem, file=sys.stderr)
        return 1
    except WorkerError as problem:
        print(f"{problem}; its own message stands above.", file=sys.stderr)
        return 2
    command = shlex.join(["python", "-m", "benchmarks", *written])
    peers = processes.peers if needs_peers(plan) else None
    text = report(plan, measured, command, dt.datetime.now(dt.UTC).date(), peers)
    arguments.out.write_text(text, encoding="utf-8")
    print(f"wrote {arguments.out}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure retention_kit beside hand-written DuckDB SQL, pandas, two floors and "
        "the libraries that fit the same models.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    jobs = (*JOBS, IMPORTS)
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
        "--rows",
        nargs="+",
        type=int,
        default=[1_000_000, 10_000_000],
        metavar="N",
        help="row counts",
    )
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="rounds")
    parser.add_argument(
        "--data",
        type=Path,
        default=HERE / "data",
        metavar="FOLDER",
        help="where the made-up data are kept",
    )
    parser.add_argument(
        "--out", type=Path, default=HERE / "RESULTS.md", metavar="FILE", help="what to write"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
