"""Checks that are about whether there is a row at all, asked as that.

Whether there is one is a bit; a count, an instant or a greatest value is a number. So where many
segments are asked at once, a number that serves nothing else is not computed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, cast

from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import Bounds
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.lowered.checks import (
    Both,
    Check,
    CompareNumber,
    Either,
    InRange,
    InWindow,
    IsTrue,
    Opposite,
    UnlessTooNew,
    facts_of,
)
from retention_kit.smart_segments.lowered.facts import (
    Count,
    Fact,
    FirstAt,
    Greatest,
    LastAt,
    Least,
    OfRows,
)
from retention_kit.smart_segments.lowered.spans import Span

_Order = Literal["less_than", "at_most", "more_than", "at_least"]
_TURNED: dict[str, _Order] = {
    "less_than": "at_least",
    "at_most": "more_than",
    "more_than": "at_most",
    "at_least": "less_than",
}


@dataclass(frozen=True, slots=True)
class Exists(OfRows):
    """Whether there is a row."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """From one instant on to before another.

    Attributes:
        start: In microseconds since 1970 in UTC; None is from the beginning.
        end: Likewise.
    """

    start: int | None
    end: int

    def bounds(self, as_of: dt.datetime, zone: dt.tzinfo) -> Bounds:  # noqa: ARG002
        """Give the bounds."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class IfKnown(Check):
    """A check, unknown where there is no row of some kind.

    Attributes:
        known: Whether there is one.
        check: The check.
    """

    known: Exists
    check: Check


def by_existence(checks: Iterable[Check], given: Given) -> list[Check]:
    """Ask for rows instead of numbers, where the numbers serve nothing else.

    Args:
        checks: The checks.
        given: The tables, the instant of observation and the shop's zone.

    Returns:
        Checks with the same answers.
    """
    asked = list(checks)
    needed = {fact for check in asked for fact in _numbers(check, given)}
    return [_rewritten(check, needed, given) for check in asked]


def _numbers(check: Check, given: Given) -> Iterator[Fact]:
    """Give the facts that are needed as they are."""
    match check:
        case Both() | Either():
            for one in check.checks:
                yield from _numbers(one, given)
        case Opposite():
            yield from _numbers(check.check, given)
        case UnlessTooNew():
            yield from _numbers(check.check, given)
            yield check.known_since
        case _:
            if _about_rows(check, given) is None:
                yield from facts_of(check)


def _rewritten(check: Check, needed: set[Fact], given: Given) -> Check:
    match check:
        case Both() | Either():
            return replace(
                check, checks=tuple(_rewritten(one, needed, given) for one in check.checks)
            )
        case Opposite() | UnlessTooNew():
            return replace(check, check=_rewritten(check.check, needed, given))
    if needed & set(facts_of(check)):
        return check
    return _about_rows(check, given) or check


def _about_rows(check: Check, given: Given) -> Check | None:
    """Give a check on whether there are rows, of the same answer; None where there is none."""
    match check:
        case InRange(fact=Count() as count, low=low, high=high):
            there = IsTrue(Exists(count.rows, count.window))
            if low == 1 and high is None:
                return there
            return Opposite(there) if low in (None, 0) and high == 0 else None
        case InWindow(fact=FirstAt() | LastAt() as end, window=window):
            return _end_in_window(end, window, given)
        case CompareNumber(fact=Least() | Greatest() as end) if check.operator in _TURNED:
            return _end_compared(end, check, given)
    return None


def _end_in_window(end: FirstAt | LastAt, window: Span, given: Given) -> Check:
    """There is a row in the window, and none beyond its nearer end."""
    start, stop = window.bounds(given.as_of, given.clock)
    first, last = end.window.bounds(given.as_of, given.clock)
    starts = [one for one in (start, first) if one is not None]
    inside = Bounded(max(starts, default=None), min(stop, last))
    checks: list[Check] = [IsTrue(Exists(end.rows, inside))]
    if isinstance(end, LastAt) and stop < last:
        later = Bounded(stop if first is None else max(stop, first), last)
        checks.append(Opposite(IsTrue(Exists(end.rows, later))))
    if isinstance(end, FirstAt) and start is not None and (first is None or first < start):
        earlier = Bounded(first, min(start, last))
        checks.append(Opposite(IsTrue(Exists(end.rows, earlier))))
    return checks[0] if len(checks) == 1 else Both(tuple(checks))


def _end_compared(end: Least | Greatest, check: CompareNumber, given: Given) -> Check | None:
    """There is a row with such a value, or there is none with one that is not."""
    column = given.column(end.rows.table, end.column)
    # Where the row alone does not say whether it has a value, the value serves better.
    if not column.is_always_there:
        return None
    operator = cast("_Order", check.operator)
    is_any = isinstance(end, Greatest) == (operator in ("more_than", "at_least"))
    asked = operator if is_any else _TURNED[operator]
    such = end.rows.also(Where(column=end.column, operator=asked, value=check.value))
    found: Check = IsTrue(Exists(such, end.window))
    return IfKnown(Exists(end.rows, end.window), found if is_any else Opposite(found))
