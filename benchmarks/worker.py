"""One measurement, or one answer, in a process of its own: `python -m benchmarks.worker`.

The engine is imported before the clock starts. The last line of the output is JSON.
"""

import argparse
import importlib
import json
import os
import resource
import sys
import time

from benchmarks.engines import MODULES
from benchmarks.jobs import JOBS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker")
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("engine", choices=MODULES)
    parser.add_argument("file")
    parser.add_argument("--answer", action="store_true", help="print the answer, not the time")
    arguments = parser.parse_args()
    job = JOBS[arguments.job]
    engine = importlib.import_module(MODULES[arguments.engine])
    run = engine.prepare(job, arguments.file, arguments.engine)
    loaded = len(sys.modules)
    started, started_cpu = time.perf_counter(), _cpu_seconds()
    result = run()
    seconds, cpu_seconds = time.perf_counter() - started, _cpu_seconds() - started_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    late = len(sys.modules) - loaded
    if late:
        print(f"note: {late} modules were imported inside the clock", file=sys.stderr)
    if arguments.answer:
        from benchmarks.answers import normalise

        print(json.dumps(normalise(job, engine.present(result))))
    else:
        print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kb": peak}))


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


if __name__ == "__main__":
    main()
