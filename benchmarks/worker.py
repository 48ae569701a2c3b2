"""One measurement in a process of its own: `python -m benchmarks.worker`.

The engine is imported before the clock starts; an answer is made comparable after it stopped and
the memory was read. The last line of the output is JSON.
"""

import argparse
import importlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engines import MODULES
from benchmarks.jobs import JOBS
from benchmarks.settings import SCRATCH


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker")
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("engine", choices=MODULES)
    parser.add_argument("file")
    parser.add_argument("--answer", action="store_true", help="give the answer, besides the time")
    arguments = parser.parse_args()
    with _scratch(Path(arguments.file).resolve().parent):
        said = _measure(arguments.job, arguments.engine, arguments.file, arguments.answer)
    print(json.dumps(said))


@contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    """Make a folder for results where the runner has not.

    It lies beside the data: what is written there is as large, and the disk the same for all.
    """
    if SCRATCH in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="scratch-", dir=folder) as made:
        os.environ[SCRATCH] = made
        yield


def _measure(name: str, engine_name: str, file: str, with_answer: bool) -> dict[str, object]:
    job = JOBS[name]
    engine = importlib.import_module(MODULES[engine_name])
    run = engine.prepare(job, file, engine_name)
    loaded, held = len(sys.modules), _memory_kb("VmRSS")
    started, started_cpu = time.perf_counter(), _cpu_seconds()
    result = run()
    seconds, cpu_seconds = time.perf_counter() - started, _cpu_seconds() - started_cpu
    peak = _memory_kb("VmHWM")
    late = len(sys.modules) - loaded
    if late:
        print(f"note: {late} modules were imported inside the clock", file=sys.stderr)
    said = {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kb": peak, "held_kb": held}
    if with_answer:
        from benchmarks.answers import normalise

        said["answer"] = normalise(job, engine.present(result))
    return said


def _cpu_seconds() -> float:
    """Give the time of this process and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _memory_kb(kind: str) -> int:
    """Give the memory held now or the most that was; where the system does not say, the latter.

    `getrusage` gives a child the peak of its parent, so it only stands in.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name == kind:
                return int(value.split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
