"""Which patterns an engine that goes back and tries again could take for ever over, or refuse.

Python's engine goes back, Rust's has a limit of size. A part that is repeated must leave no doubt:
after each character it is clear from the next one where in the part it is (Brüggemann-Klein and
Wood 1998, one-unambiguous regular languages); else the ways to read it must be few.
"""

from __future__ import annotations

from dataclasses import dataclass

from retention_kit.smart_segments.definitions.pattern_syntax import (
    TOP,
    Characters,
    Choice,
    Edge,
    Part,
    Ranges,
    Repeat,
    Row,
    may_be_empty,
)

LARGEST = 10_000
"""Characters of a pattern whose quantifiers are written out."""
_MOST_WAYS = 1_000
_OF_MANY_BYTES = 8
"""How much larger a set is that holds characters beyond ASCII."""


def size(part: Part) -> int:
    """Give how many characters a pattern has when its quantifiers are written out."""
    match part:
        case Characters():
            return 1 if part.is_literal or part.ranges[-1][1] < 128 else _OF_MANY_BYTES
        case Edge():
            return 1
        case Repeat():
            return size(part.part) * max(1, part.low + 1 if part.high is None else part.high)
    return sum(map(size, part.parts))


def is_doubtful(part: Part) -> bool:
    """Say whether something in a pattern is repeated that may be read in too many ways."""
    match part:
        case Characters() | Edge():
            return False
        case Repeat():
            if is_doubtful(part.part):
                return True
            if part.high is not None and part.high < 2:
                return False
            if part.high is None and may_be_empty(part.part):
                return True
            if _ways(part.part) == 1 or _is_clear(part.part):
                return False
            if part.high is None:
                return True
            return _power(_ways(part.part), part.high) > _MOST_WAYS
    return any(map(is_doubtful, part.parts))


def _ways(part: Part) -> int:
    """Give in how many ways a part can be read at most; `_MOST_WAYS` and one stand for more."""
    match part:
        case Characters() | Edge():
            return 1
        case Repeat():
            if part.high is None:
                return _MOST_WAYS + 1
            most = _power(_ways(part.part), part.high)
            return min(most * (part.high - part.low + 1), _MOST_WAYS + 1)
        case Row():
            ways = 1
            for one in part.parts:
                ways = min(ways * _ways(one), _MOST_WAYS + 1)
            return ways
    return min(sum(map(_ways, part.parts)), _MOST_WAYS + 1)


def _power(ways: int, times: int) -> int:
    return 1 if ways == 1 else min(ways ** min(times, 20), _MOST_WAYS + 1)


@dataclass(frozen=True, slots=True)
class _Ends:
    """What a part begins and ends with, by places of its characters; whether it may be empty."""

    first: frozenset[int]
    last: frozenset[int]
    may_be_empty: bool


def _is_clear(part: Part) -> bool:
    """Say whether, while the part is repeated, each character says where in the part it is."""
    sets: list[Ranges] = []
    after: dict[int, frozenset[int]] = {}
    ends = _ends(Repeat(part, 0, None), sets, after)
    if ends is None:
        return False
    return all(_are_apart(one, sets) for one in {ends.first, *after.values()})


def _ends(part: Part, sets: list[Ranges], after: dict[int, frozenset[int]]) -> _Ends | None:
    """Number the characters of a part, and note which may come after which.

    None where that is not clear: with an edge, or where one may come after another in two ways.
    """
    match part:
        case Characters():
            place = len(sets)
            sets.append(part.ranges)
            after[place] = frozenset()
            return _Ends(frozenset({place}), frozenset({place}), may_be_empty=False)
        case Edge():
            return None
        case Repeat():
            inner = _ends(part.part, sets, after)
            if inner is None:
                return None
            if part.high is None or part.high > 1:
                if inner.may_be_empty or any(after[place] & inner.first for place in inner.last):
                    return None
                for place in inner.last:
                    after[place] |= inner.first
            return _Ends(inner.first, inner.last, part.low == 0 or inner.may_be_empty)
    found = [_ends(one, sets, after) for one in part.parts]
    whole = _Ends(frozenset(), frozenset(), may_be_empty=isinstance(part, Row))
    for one in found:
        if one is None:
            return None
        whole = (_either if isinstance(part, Choice) else _followed)(whole, one, after)
    return whole


def _either(one: _Ends, other: _Ends, _: dict[int, frozenset[int]]) -> _Ends:
    empty = one.may_be_empty or other.may_be_empty
    return _Ends(one.first | other.first, one.last | other.last, empty)


def _followed(one: _Ends, other: _Ends, after: dict[int, frozenset[int]]) -> _Ends:
    for place in one.last:
        after[place] |= other.first
    return _Ends(
        one.first | other.first if one.may_be_empty else one.first,
        one.last | other.last if other.may_be_empty else other.last,
        one.may_be_empty and other.may_be_empty,
    )


def _are_apart(places: frozenset[int], sets: list[Ranges]) -> bool:
    """Say whether no character is in the sets of two of the places."""
    end = -1
    for first, last in sorted(one for place in places for one in sets[place]):
        if first <= end:
            return False
        end = last
    return end <= TOP
