"""Which rows of one customer a programme's filters let through, as tables of many say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from zoneinfo import ZoneInfo

from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.person.asking import Ask
from retention_kit.smart_segments.person.columns import reading
from retention_kit.smart_segments.person.comparing import is_missing, testing
from retention_kit.smart_segments.person.plan import Plan

Row = Mapping[str, Any]
Holds = Callable[[Row], bool]
"""Says whether a row is let through."""


@dataclass(frozen=True, slots=True)
class _Clock:
    """All that comparing with a date asks for: a programme holds at every instant."""

    zone: ZoneInfo


def holding(filters: Iterable[Where], table: str, zone: str) -> Holds | None:
    """Give the function that says whether all filters hold of a row.

    Args:
        filters: The comparisons; what is missing does not hold.
        table: Whose rows they are.
        zone: The shop's zone.

    Returns:
        The function; None where nothing is asked.
    """
    tests = [_holding(one, table, zone) for one in filters]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda row: all(test(row) for test in tests)


def _holding(where: Where, table: str, zone: str) -> Holds:
    read = reading(table, where.column)
    match where.operator:
        case "known":
            return lambda row: not is_missing(read(row))
        case "unknown":
            return lambda row: is_missing(read(row))
    # Windows, for which comparing would need more of a plan and of a question, are refused.
    test = testing(where, table, cast("Plan", None))
    ask = cast("Ask", _Clock(ZoneInfo(zone)))

    def holds(row: Row) -> bool:
        value = read(row)
        return not is_missing(value) and test(value, ask)

    return holds
