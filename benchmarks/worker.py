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
from pathlib import Path

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
    loaded, held = len(sys.modules), _resident_kb()
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
        taken = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kb": peak, "held_kb": held}
        print(json.dumps(taken))


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _resident_kb() -> int:
    """Give the memory held now; where the system does not say, the largest that ever was."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize() // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
