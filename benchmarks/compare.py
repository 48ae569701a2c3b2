"""Whether engines agree. Standard library only: the runner must stay small."""

import math
from collections.abc import Mapping

Cell = int | float | str | None
TOLERANCE = 1e-9
_SHOWN = 10


class DisagreementError(Exception):
    """Engines gave different answers to one job."""


def require_agreement(job: str, rows: int, answers: Mapping[str, Mapping[str, Cell]]) -> None:
    """Compare every answer with the first one.

    Raises:
        DisagreementError: Some value differs; the message names job, engines and values.
    """
    (first, expected), *others = answers.items()
    for engine, answer in others:
        labels = dict.fromkeys([*expected, *answer])
        different = [
            label
            for label in labels
            if label not in expected
            or label not in answer
            or not _same(expected[label], answer[label])
        ]
        if different:
            shown = [
                f"  {label}: {first} {_said(expected, label)}, {engine} {_said(answer, label)}"
                for label in different[:_SHOWN]
            ]
            raise DisagreementError(
                f"{job} at {rows:,} rows: {engine} and {first} differ in {len(different)} of "
                f"{len(labels)} values, so nothing was timed.\n" + "\n".join(shown)
            )


def _same(one: Cell, other: Cell) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        if not (isinstance(one, int | float) and isinstance(other, int | float)):
            return False
        return math.isclose(one, other, rel_tol=TOLERANCE) or (
            math.isnan(one) and math.isnan(other)
        )
    return type(one) is type(other) and one == other


def _said(answer: Mapping[str, Cell], label: str) -> str:
    return repr(answer[label]) if label in answer else "says nothing"
