"""How long a run will take, by what was measured before. Standard library only."""

import math
from collections.abc import Mapping, Sequence

from benchmarks.measure import ENOUGH, Plan, Step
from benchmarks.settings import BUCKETS
from benchmarks.store import Result

_OUTSIDE = {"pandas": 2.0, "polars": 0.7, "scan": 0.5, "group-by": 0.5}
_OUTSIDE_OTHERS = 0.9
"""Seconds of a worker outside the clock, where they were not kept: its imports and its answer."""
_OF_ENGINE = {"pandas": 0.7e-6, "scan": 0.04e-6, "group-by": 0.06e-6}
"""Seconds for an order by an engine of which nothing is known, whatever the job."""
_OF_JOB = {
    "reading": 1.2e-6,
    "bucketing": 0.5e-6,
    "metrics": 0.65e-6,
    "pairs": 0.6e-6,
    "audit": 0.8e-6,
    "audit-whole": 1.0e-6,
    "segments-10": 0.2e-6,
    "segments-100": 0.8e-6,
    "loyalty-expiry": 0.4e-6,
    "loyalty-tiers": 0.45e-6,
}
"""The same by the other engines, where a job takes more than most."""
_OF_MOST_JOBS = 0.14e-6
_OVER_BUCKETS = 1.5
"""What buckets take, one after another, as a multiple of that."""
_IN_MEMORY = 5.0
"""Seconds of a job whose tables are in memory, whatever the number of orders."""
_IMPORTS = 6.0
"""Seconds of a round of all imports."""
_ALLOCATIONS = 5.0


def estimate(plan: Plan, known: Mapping[tuple[str, int], Result]) -> list[tuple[Step, float]]:
    """Give every step of a plan with the seconds it will take, those of making data apart."""
    return [
        (
            step,
            sum(_all_rounds(plan, step, engine, known) for engine in step.engines),
        )
        for step in plan.steps()
    ]


def described(plan: Plan, known: Mapping[tuple[str, int], Result]) -> str:
    """Say what a run will do and how long it will take."""
    estimated = estimate(plan, known)
    lines = [
        f"{step.rows:>13,} orders  {step.job.name:<22} {plan.rounds(step.rows)} × "
        f"{', '.join(step.engines)}: {_minutes(seconds)}"
        for step, seconds in estimated
    ]
    total = sum(seconds for _, seconds in estimated)
    if plan.imports:
        seconds = ((plan.repeat or 5) + 1) * _IMPORTS
        lines.append(f"imports: {_minutes(seconds)}")
        total += seconds
    if plan.allocations:
        lines.append(f"allocations: {_minutes(_ALLOCATIONS)}")
        total += _ALLOCATIONS
    lines.append(f"All together about {_minutes(total)}, and what making missing data takes.")
    return "\n".join(lines)


def _all_rounds(
    plan: Plan, step: Step, engine: str, known: Mapping[tuple[str, int], Result]
) -> float:
    once = _process_seconds(step, engine, known)
    rounds = plan.rounds(step.rows)
    if plan.repeat is None:
        rounds = min(rounds, math.floor(ENOUGH / once) + 1)
    return rounds * once


def _process_seconds(step: Step, engine: str, known: Mapping[tuple[str, int], Result]) -> float:
    """Give the seconds of one worker: measured, else by the nearest size, else guessed."""
    measured = {
        rows: result.entries[engine]
        for (job, rows), result in known.items()
        if job == step.job.name and engine in result.entries
    }
    if not measured:
        return _outside(engine) + _guess(step, engine)
    nearest = min(measured, key=lambda rows: abs(rows - step.rows))
    samples = measured[nearest].samples
    inside = _mean([sample.seconds for sample in samples])
    whole = _mean([sample.process_seconds for sample in samples])
    times = 1.0 if step.job.in_memory else step.rows / nearest
    return (whole - inside if whole else _outside(engine)) + inside * times


def _outside(engine: str) -> float:
    return _OUTSIDE.get(engine, _OUTSIDE_OTHERS)


def _guess(step: Step, engine: str) -> float:
    if step.job.in_memory:
        return _IN_MEMORY
    if engine in _OF_ENGINE:
        return step.rows * _OF_ENGINE[engine]
    times = _OVER_BUCKETS if engine == BUCKETS else 1.0
    return step.rows * times * _OF_JOB.get(step.job.name, _OF_MOST_JOBS)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
