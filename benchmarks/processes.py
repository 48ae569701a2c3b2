"""Fresh processes to measure in. Standard library only.

Where the system tells only a peak that starts from the parent's, the runner has to stay small: it
imports nothing large and leaves data, answers and engines to its children.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import Peers
from benchmarks.settings import PEERS, PROJECT, SCRATCH, THREADS


class WorkerError(Exception):
    """A worker ended with an error."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement.

    Attributes:
        seconds: On the wall clock.
        cpu_seconds: Of all threads, in the program and in the kernel.
        peak_mb: Largest resident memory of the process, the interpreter and libraries included.
        held_mb: Resident memory when the clock started.
        process_seconds: From the start of the process to its end, outside the clock included.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    held_mb: float = 0.0
    process_seconds: float = 0.0


class Processes:
    """Starts workers, all with the same environment."""

    def __init__(self, folder: Path) -> None:
        """Keep the peers and all that is compiled in `folder`; the source tree is left alone."""
        self.peers = Peers(folder / "peers")
        threads = str(THREADS)
        path = [str(PROJECT / "src"), os.environ.get("PYTHONPATH", "")]
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(part for part in path if part),
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}",
            "POLARS_MAX_THREADS": threads,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "NUMBA_NUM_THREADS": threads,
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def make_peers(self) -> None:
        try:
            self.peers.make()
        except subprocess.CalledProcessError as problem:
            raise WorkerError("making the environment of the peers failed") from problem

    def make_data(self, folder: Path, rows: int, wanted: Sequence[str]) -> None:
        self._run("-m", "benchmarks.data", str(folder), str(rows), *wanted)

    def sample(
        self, job: str, engine: str, file: Path, *, with_answer: bool
    ) -> tuple[Sample, dict[str, Any]]:
        """Measure a job once; the answer is empty where it is not asked for.

        Raises:
            WorkerError: The worker ended with an error.
        """
        started = time.perf_counter()
        said = self._last_line(job, engine, file, *(["--answer"] if with_answer else []))
        sample = Sample(
            seconds=said["seconds"],
            cpu_seconds=said["cpu_seconds"],
            peak_mb=said["peak_kb"] / 1024,
            held_mb=said["held_kb"] / 1024,
            process_seconds=time.perf_counter() - started,
        )
        return sample, said.get("answer", {})

    def allocations(self) -> dict[str, Any]:
        """Count what single calls allocate, in a process of its own."""
        done = self._run("-m", "benchmarks.allocations", stdout=subprocess.PIPE)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def sample_whole(self, code: str) -> Sample:
        """Measure a whole interpreter that runs `code`, from its start to its end."""
        started = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=PROJECT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise WorkerError(f"python -c {code!r} ended with {child.returncode}")
        cpu_seconds, peak_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        return Sample(seconds, cpu_seconds, peak_mb, process_seconds=seconds)

    def _last_line(self, job: str, engine: str, file: Path, *arguments: str) -> dict[str, Any]:
        python = self.peers.python if engine in PEERS else sys.executable
        worker = ("-m", "benchmarks.worker", job, engine, str(file), *arguments)
        # Made here, so that it goes even where the system ends a worker that takes all memory.
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=file.parent) as folder:
            self._environment[SCRATCH] = folder
            done = self._run(*worker, python=python, stdout=subprocess.PIPE)
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said

    def _run(
        self, *arguments: str, python: str = sys.executable, stdout: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = [python, *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=self._environment, stdout=stdout, text=True, check=False
        )
        if done.returncode:
            raise WorkerError(f"{' '.join(arguments)} ended with {done.returncode}")
        return done
