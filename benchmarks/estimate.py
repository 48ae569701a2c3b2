"""How long a run will take, by what was measured before. Standard library only."""

import math
from collections.abc import Mapping, Sequence

from benchmarks.measure import ENOUGH, Plan, Step
from benchmarks.store import Result

_OUTSIDE = 1.5
"""Seconds of a worker outside the clock, where they were not kept: its imports and its answer."""
_GUESSED = {"pandas": 0.8e-6, "scan": 0.03e-6, "group-by": 0.07e-6}
_GUESS = 0.25e-6
"""Seconds for a row by an engine of which nothing is known."""
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
        return _OUTSIDE + step.rows * _GUESSED.get(engine, _GUESS)
    nearest = min(measured, key=lambda rows: abs(rows - step.rows))
    samples = measured[nearest].samples
    inside = _mean([sample.seconds for sample in samples])
    whole = _mean([sample.process_seconds for sample in samples])
    times = 1.0 if step.job.in_memory else step.rows / nearest
    return max(whole - inside, _OUTSIDE) + inside * times


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
