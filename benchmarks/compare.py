"""Whether engines agree. Standard library only: the runner must stay small."""

import math
from collections.abc import Mapping

from benchmarks.job import Job

Cell = int | float | str | None
_SHOWN = 10


class DisagreementError(Exception):
    """Engines gave different answers to one job."""


def require_agreement(job: Job, rows: int, answers: Mapping[str, Mapping[str, Cell]]) -> int:
    """Compare every answer with the first one and give the number of values that agreed.

    Of a single answer it is 0: nobody agreed with it.

    Raises:
        DisagreementError: Some value differs; the message names job, engines and values.
    """
    (first, expected), *others = (
        (engine, _compared(job, answer)) for engine, answer in answers.items()
    )
    for engine, answer in others:
        labels = dict.fromkeys([*expected, *answer])
        different = [
            label
            for label in labels
            if label not in expected
            or label not in answer
            or not _same(expected[label], answer[label], _tolerance(job, label))
        ]
        if different:
            shown = [
                f"  {label}: {first} {_said(expected, label)}, {engine} {_said(answer, label)}"
                for label in different[:_SHOWN]
            ]
            raise DisagreementError(
                f"{job.name} at {rows:,} rows: {engine} and {first} differ in {len(different)} of "
                f"{len(labels)} values, so none of its times are kept.\n" + "\n".join(shown)
            )
    return len(expected) if others else 0


def _compared(job: Job, answer: Mapping[str, Cell]) -> Mapping[str, Cell]:
    if not job.compared:
        return answer
    return {label: answer[label] for label in job.compared if label in answer}


def _tolerance(job: Job, label: str) -> float:
    column = label.rpartition(": ")[2].partition(" of ")[0]
    return job.tolerances.get(column, job.tolerance)


def _same(one: Cell, other: Cell, tolerance: float) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        if not (isinstance(one, int | float) and isinstance(other, int | float)):
            return False
        return math.isclose(one, other, rel_tol=tolerance) or (
            math.isnan(one) and math.isnan(other)
        )
    return type(one) is type(other) and one == other


def _said(answer: Mapping[str, Cell], label: str) -> str:
    return repr(answer[label]) if label in answer else "says nothing"
