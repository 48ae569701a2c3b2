"""First every answer, then every clock: what is measured, in which order."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.compare import Cell, require_agreement
from benchmarks.imports import IMPORT_JOBS
from benchmarks.job import Job
from benchmarks.jobs import JOBS
from benchmarks.processes import Processes, Sample
from benchmarks.settings import FLOORS, PEERS, path_of


@dataclass(frozen=True, slots=True)
class Measured:
    """All samples of a run.

    Attributes:
        jobs: By row count, job and engine.
        imports: By the name of the import job.
        compared: Values on which the engines agreed, by row count and job.
        shown: Figures of the answers that the report shows, by row count, job and engine.
    """

    jobs: dict[tuple[int, str, str], list[Sample]] = field(default_factory=dict)
    imports: dict[str, list[Sample]] = field(default_factory=dict)
    compared: dict[tuple[int, str], int] = field(default_factory=dict)
    shown: dict[tuple[int, str, str], dict[str, Cell]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        jobs: The jobs, in order.
        engines: The engines, in order.
        rows: The row counts, in order.
        repeat: How many rounds.
        imports: Whether to measure imports too.
    """

    jobs: Sequence[Job]
    engines: Sequence[str]
    rows: Sequence[int]
    repeat: int
    imports: bool


def measure(plan: Plan, folder: Path, processes: Processes) -> Measured:
    """Make the data, compare all answers, then take the times.

    Raises:
        DisagreementError: Engines gave different answers; nothing has been timed.
        WorkerError: A worker ended with an error.
    """
    measured = Measured()
    if needs_peers(plan):
        _say("the environment of the peers")
        processes.make_peers()
    if plan.jobs:
        for rows in plan.rows:
            _say(f"data of {rows:,} rows")
            processes.make_data(folder, rows)
    for rows in plan.rows:
        for job in plan.jobs:
            _compare(plan, job, rows, folder, processes, measured)
    for rows in plan.rows:
        for job in plan.jobs:
            _time(plan, job, rows, folder, processes, measured)
    if plan.imports:
        _time_imports(plan, processes, measured)
    return measured


def _compare(
    plan: Plan, job: Job, rows: int, folder: Path, processes: Processes, measured: Measured
) -> None:
    file = path_of(folder, job.variant, rows)
    answers = {}
    for engine in engines_of(plan, job):
        if engine not in FLOORS:
            _say(f"answer of {engine}: {job.name}, {rows:,} rows")
            answers[engine] = processes.answer(job.name, engine, file)
    if answers:
        measured.compared[rows, job.name] = require_agreement(job, rows, answers)
    for engine, answer in answers.items():
        measured.shown[rows, job.name, engine] = {label: answer[label] for label in job.shown}


def _time(
    plan: Plan, job: Job, rows: int, folder: Path, processes: Processes, measured: Measured
) -> None:
    file = path_of(folder, job.variant, rows)
    for turn in range(plan.repeat):
        for engine in engines_of(plan, job):
            sample = processes.sample(job.name, engine, file)
            measured.jobs.setdefault((rows, job.name, engine), []).append(sample)
            _say(
                f"round {turn + 1} of {plan.repeat}: {job.name}, {rows:,} rows, {engine}: "
                f"{sample.seconds:.3f} s, {sample.peak_mb:.0f} MB"
            )


def _time_imports(plan: Plan, processes: Processes, measured: Measured) -> None:
    """Take the times of imports; the first round only fills the cache of compiled modules."""
    for turn in range(plan.repeat + 1):
        for job in IMPORT_JOBS:
            sample = processes.sample_whole(job.code)
            if turn:
                measured.imports.setdefault(job.name, []).append(sample)
                _say(f"round {turn} of {plan.repeat}: {job.title}: {sample.seconds * 1000:.0f} ms")


def needs_peers(plan: Plan) -> bool:
    """Say whether an engine takes part that runs in the environment of the peers."""
    return any(engine in PEERS for job in plan.jobs for engine in engines_of(plan, job))


def jobs_of(names: Sequence[str]) -> list[Job]:
    return [JOBS[name] for name in names if name in JOBS]


def engines_of(plan: Plan, job: Job) -> list[str]:
    """Give the engines of the plan that do the job, in order."""
    return [engine for engine in plan.engines if engine in job.engines]


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
