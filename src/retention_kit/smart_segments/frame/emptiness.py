"""What a check can be of a customer without any row that is looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from itertools import product

from retention_kit.smart_segments.definitions.values import COMPARED
from retention_kit.smart_segments.frame.existence import Exists, IfKnown
from retention_kit.smart_segments.lowered.checks import (
    Apart,
    Both,
    Check,
    ComesRound,
    CompareNumber,
    CompareRatio,
    Either,
    InRange,
    InWindow,
    IsTrue,
    NoneSince,
    Opposite,
    UnlessTooNew,
)
from retention_kit.smart_segments.lowered.facts import (
    Count,
    Distinct,
    EndHas,
    Fact,
    Filled,
    Periods,
    Total,
)

Outcomes = frozenset[bool | None]
"""What a check may turn out to be."""
_OPERATORS: Mapping[str, Callable[[int, int | Decimal], bool]] = COMPARED
_ANYTHING: Outcomes = frozenset({True, False, None})
_TRUE_OR_FALSE: Outcomes = frozenset({True, False})
_FALSE: Outcomes = frozenset({False})
_UNKNOWN: Outcomes = frozenset({None})


def outcomes(check: Check, empty: Collection[Fact]) -> Outcomes:  # noqa: PLR0911
    """Say what a check may be where some facts are as they are without rows.

    Args:
        check: The check.
        empty: Facts over rows, or found sequences, of which there is none; of all others nothing
            is known.
    """
    match check:
        case Both():
            return _joined([outcomes(one, empty) for one in check.checks], _both)
        case Either():
            return _joined([outcomes(one, empty) for one in check.checks], _either)
        case Opposite():
            return frozenset(
                None if one is None else not one for one in outcomes(check.check, empty)
            )
        case InRange() if check.fact in empty:
            return frozenset({_in_range(check)})
        case InRange() | InWindow() | Apart() | NoneSince():
            return _about_instants(check, empty)
        case CompareRatio() if check.below in empty:
            return _UNKNOWN
        case CompareNumber():
            return _compared(check, empty)
        case ComesRound() if check.fact in empty:
            return frozenset({check.without})
        case IsTrue(fact=Exists()) if check.fact not in empty:
            return _TRUE_OR_FALSE
        case IfKnown():
            found = outcomes(check.check, empty)
            return _UNKNOWN if check.known in empty else found | {None}
        case IsTrue() if check.fact in empty:
            return _UNKNOWN if isinstance(check.fact, EndHas) else _FALSE
        case UnlessTooNew():
            return outcomes(check.check, empty) | {check.otherwise}
    return _ANYTHING


def _about_instants(check: Check, empty: Collection[Fact]) -> Outcomes:
    match check:
        case InWindow() if check.fact in empty:
            return _FALSE
        case Apart() if check.earlier in empty or check.later in empty:
            return _FALSE
        case NoneSince() if check.first in empty:
            return _FALSE
    return _TRUE_OR_FALSE


def _compared(check: CompareNumber, empty: Collection[Fact]) -> Outcomes:
    is_counted = isinstance(check.fact, Count | Total | Filled | Distinct | Periods)
    if check.fact not in empty:
        return _TRUE_OR_FALSE if is_counted else _ANYTHING
    # Without rows a count and a sum are 0, and other numbers are unknown.
    return frozenset({_OPERATORS[check.operator](0, check.value)}) if is_counted else _UNKNOWN


def _in_range(check: InRange) -> bool:
    return (check.low is None or check.low <= 0) and (check.high is None or check.high >= 0)


def _joined(
    parts: list[Outcomes], join: Callable[[bool | None, bool | None], bool | None]
) -> Outcomes:
    found, *others = parts
    for other in others:
        found = frozenset(join(a, b) for a, b in product(found, other))
    return found


def _both(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _either(a: bool | None, b: bool | None) -> bool | None:
    if a or b:
        return True
    return None if a is None or b is None else False
