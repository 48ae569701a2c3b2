"""How many parts of a pattern may end in many places, so that an engine that goes back tries all.

A repeat without an end is open when what comes after it may begin with one of its own characters:
`.*` in `a.*b`, but not `[0-9]+` in `[0-9]+-`. The time over a text grows with its length to the
power of one more than the open repeats in a row.
"""

from __future__ import annotations

from retention_kit.smart_segments.definitions.pattern_syntax import (
    NEWLINE,
    Characters,
    Choice,
    Edge,
    Part,
    Ranges,
    Repeat,
    Row,
    may_be_empty,
    opposite,
)

MOST_OPEN = 2
"""Open repeats in a row that a pattern may have."""
_LONG = 50
"""From how many times on a repeat with an end counts as one without."""


def without_idle_ends(part: Part) -> Part:
    """Leave out `.*` at the beginning and at the end of a pattern, which is found with and without.

    Args:
        part: A whole pattern.
    """
    if not isinstance(part, Row):
        return Row(()) if _is_idle(part) else part
    parts = list(part.parts)
    while parts and _is_idle(parts[0]):
        parts.pop(0)
    while parts and _is_idle(parts[-1]):
        parts.pop()
    return Row(tuple(parts))


def open_repeats(part: Part, after: Ranges = ()) -> int:
    """Count the open repeats in a row.

    Args:
        part: A part of a pattern.
        after: The characters that what comes after it may begin with.
    """
    match part:
        case Characters() | Edge():
            return 0
        case Repeat():
            begins = _first(part.part)
            inner = open_repeats(part.part, (*begins, *after))
            is_long = part.high is None or part.high >= _LONG
            return inner + (is_long and _meet(begins, after))
        case Choice():
            return max((open_repeats(one, after) for one in part.parts), default=0)
    found = 0
    for one in reversed(part.parts):
        found += open_repeats(one, after)
        after = (*_first(one), *after) if may_be_empty(one) else _first(one)
    return found


def _is_idle(part: Part) -> bool:
    if not isinstance(part, Repeat) or part.low or part.high is not None:
        return False
    return isinstance(part.part, Characters) and part.part.ranges == opposite(NEWLINE)


def _first(part: Part) -> Ranges:
    match part:
        case Characters():
            return part.ranges
        case Edge():
            return ()
        case Repeat():
            return _first(part.part)
        case Choice():
            return tuple(one for each in part.parts for one in _first(each))
    found: Ranges = ()
    for one in part.parts:
        found = (*found, *_first(one))
        if not may_be_empty(one):
            break
    return found


def _meet(one: Ranges, other: Ranges) -> bool:
    return any(low <= end and start <= high for low, high in one for start, end in other)
