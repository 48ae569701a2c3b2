"""What is measured, in which order: every job's answers are compared before its times are kept."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.compare import Cell, DisagreementError, require_agreement
from benchmarks.imports import IMPORT_JOBS
from benchmarks.job import Job
from benchmarks.jobs import JOBS
from benchmarks.processes import Processes, Sample, WorkerError
from benchmarks.settings import FLOORS, PEERS, path_of
from benchmarks.sizes import files_of, rounds_at, sizes_of, takes_part

ENOUGH = 20.0
"""Seconds of an engine at a job and size after which it is not measured again, unless one says how
often. So a full run stays within two hours."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        jobs: The jobs, in order.
        engines: The engines, in order.
        rows: The row counts, in order.
        repeat: How many rounds; none means by size.
        imports: Whether to measure imports too.
        allocations: Whether to count allocations too.
        floors: Whether floors are measured at the largest size too.
    """

    jobs: Sequence[Job]
    engines: Sequence[str]
    rows: Sequence[int]
    repeat: int | None = None
    imports: bool = False
    allocations: bool = False
    floors: bool = False

    def rounds(self, rows: int) -> int:
        """How often each measurement is made at a size."""
        return self.repeat or rounds_at(rows)

    def has_enough(self, samples: Sequence[Sample]) -> bool:
        """Say whether an engine has taken so long that it is not measured again."""
        return self.repeat is None and sum(one.process_seconds for one in samples) > ENOUGH

    def steps(self) -> list["Step"]:
        """Give the jobs with their sizes and engines, small sizes first."""
        steps = []
        for rows in self.rows:
            for job in self.jobs:
                if rows in sizes_of(job, list(self.rows)):
                    engines = [
                        engine
                        for engine in self.engines
                        if takes_part(job, engine, rows, floors=self.floors)
                    ]
                    if engines:
                        steps.append(Step(job, rows, engines))
        return steps


@dataclass(frozen=True, slots=True)
class Step:
    """One job at one size, by some engines."""

    job: Job
    rows: int
    engines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a step gave.

    Attributes:
        samples: By engine.
        shown: Figures of the answers that the report shows, by engine.
        compared: How many values the engines agreed on.
    """

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    shown: dict[str, dict[str, Cell]] = field(default_factory=dict)
    compared: int = 0


@dataclass(slots=True)
class Problems:
    """What went wrong, by its kind; the run goes on with the next job."""

    disagreements: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """What the run ends with: 2 where a worker failed, 1 where engines disagree."""
        return 2 if self.failures else int(bool(self.disagreements))


def measure(
    plan: Plan, folder: Path, processes: Processes, keep: Callable[[Step, Measured], None]
) -> Problems:
    """Do every step and keep what it gave, unless engines disagree or a worker fails.

    Args:
        plan: What to measure.
        folder: Where the data are; those that are missing are made.
        processes: What starts workers.
        keep: Gets each step that is whole.

    Returns:
        What went wrong.
    """
    problems = Problems()
    steps = plan.steps()
    if any(engine in PEERS for step in steps for engine in step.engines):
        say("the environment of the peers")
        processes.make_peers()
    for step in steps:
        try:
            keep(step, take(plan, step, folder, processes))
        except DisagreementError as problem:
            say(str(problem))
            problems.disagreements.append(str(problem))
        except WorkerError as problem:
            say(f"{problem}; its own message stands above.")
            problems.failures.append(str(problem))
    return problems


def take(plan: Plan, step: Step, folder: Path, processes: Processes) -> Measured:
    """Take a step's times; engines take turns, and the first round gives the answers besides.

    Raises:
        DisagreementError: Engines gave different answers.
        WorkerError: A worker ended with an error.
    """
    job, rows = step.job, step.rows
    processes.make_data(folder, rows, files_of(job, list(step.engines), rows))
    file = path_of(folder, job.variant, rows)
    measured = Measured()
    answers: dict[str, dict[str, Cell]] = {}
    rounds = plan.rounds(rows)
    for turn in range(rounds):
        for engine in step.engines:
            if plan.has_enough(measured.samples.get(engine, ())):
                continue
            asked = not turn and engine not in FLOORS
            sample, answer = processes.sample(job.name, engine, file, with_answer=asked)
            if asked:
                answers[engine] = answer
            measured.samples.setdefault(engine, []).append(sample)
            say(
                f"round {turn + 1} of {rounds}: {job.name}, {rows:,} rows, {engine}: "
                f"{sample.seconds:.3f} s, {sample.cpu_seconds:.2f} CPU s, {sample.peak_mb:.0f} MB"
            )
        if answers and not turn:
            compared = require_agreement(job, rows, answers)
            measured = Measured(
                measured.samples,
                {
                    engine: {label: answer[label] for label in job.shown}
                    for engine, answer in answers.items()
                },
                compared,
            )
    return measured


def time_imports(rounds: int, processes: Processes) -> dict[str, list[Sample]]:
    """Take the times of imports; the first round only fills the cache of compiled modules."""
    taken: dict[str, list[Sample]] = {}
    for turn in range(rounds + 1):
        for job in IMPORT_JOBS:
            sample = processes.sample_whole(job.code)
            if turn:
                taken.setdefault(job.name, []).append(sample)
                say(f"round {turn} of {rounds}: {job.title}: {sample.seconds * 1000:.0f} ms")
    return taken


def jobs_of(names: Sequence[str]) -> list[Job]:
    return [JOBS[name] for name in names if name in JOBS]


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
