"""Checks that ask the same of fewer rows, where it makes no difference how old the others are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from retention_kit.smart_segments.definitions.windows import AllTime
from retention_kit.smart_segments.frame.existence import Bounded
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.lowered.checks import (
    Both,
    Check,
    Either,
    InWindow,
    NoneSince,
    Opposite,
    UnlessTooNew,
)
from retention_kit.smart_segments.lowered.facts import Fact, FirstAt, LastAt


def narrowed(check: Check, given: Given) -> Check:
    """Give a check of the same answer that looks at no row longer ago than it must.

    Whether the last of all rows lies in a window up to now is asked of the rows in the window; and
    whether one kind of row came after another, of the rows since the other can have been.
    """
    match check:
        case Both():
            return Both(tuple(narrowed(one, given) for one in _joined(check.checks, given)))
        case Either():
            return Either(tuple(narrowed(one, given) for one in check.checks))
        case Opposite():
            return Opposite(narrowed(check.check, given))
        case UnlessTooNew():
            return replace(check, check=narrowed(check.check, given))
        case NoneSince():
            return _since_the_first(check, given)
        case InWindow():
            return _joined((check,), given)[0]
    return check


def _joined(checks: tuple[Check, ...], given: Given) -> tuple[Check, ...]:
    """Ask for the last of all rows in the window that it must lie in, in all checks that do."""
    nearer: dict[Fact, Fact] = {}
    for check in checks:
        if isinstance(check, InWindow) and _is_last_of_all(check.fact):
            start, end = check.window.bounds(given.as_of, given.clock)
            if start is not None and end == given.now:
                nearer[check.fact] = replace(check.fact, window=Bounded(start, end))  # type: ignore[call-arg]
    return tuple(_renamed(check, nearer) for check in checks)


def _renamed(check: Check, nearer: Mapping[Fact, Fact]) -> Check:
    if isinstance(check, InWindow) and check.fact in nearer:
        return replace(check, fact=nearer[check.fact])
    if isinstance(check, NoneSince) and check.first in nearer:
        return replace(check, first=nearer[check.first])
    return check


def _since_the_first(check: NoneSince, given: Given) -> Check:
    if not (_is_last_of_all(check.last) and isinstance(check.first, FirstAt | LastAt)):
        return check
    start, _ = check.first.window.bounds(given.as_of, given.clock)
    if start is None:
        return check
    nearer = replace(check.last, window=Bounded(start, given.now))  # type: ignore[call-arg]
    return replace(check, last=nearer)


def _is_last_of_all(fact: Fact) -> bool:
    return isinstance(fact, LastAt) and isinstance(fact.window, AllTime)
