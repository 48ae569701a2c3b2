"""Regular expressions of the documented subset, read into a tree."""

from __future__ import annotations

import string
from dataclasses import dataclass

from retention_kit.errors import DefinitionError, bad_parameter

LONGEST = 1_000
"""Characters of a pattern."""
DEEPEST = 50
"""Groups inside each other."""
MOST_TIMES = 1_000
"""Times of one quantifier with an end."""
TOP = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]
"""Code points, from the first to the last of each range, in order and apart."""
NEWLINE: Ranges = ((10, 10),)
_SHORTHANDS: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}
_CONTROLS = {"n": "\n", "t": "\t"}
_QUANTIFIERS = {"?": (0, 1), "*": (0, None), "+": (1, None)}
ALLOWED = (
    "letters as they are, ., ^ and $, classes such as [a-z] and [^0-9], \\d \\w \\s \\D \\W \\S, "
    "\\n and \\t, escaped punctuation, groups ( ) and (?: ), |, and the quantifiers ? * + {m} {m,} "
    "{m,n}, each also lazy with ?"
)


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of a set; `is_literal` where it was written as itself."""

    ranges: Ranges
    is_literal: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """The beginning or the end of the text."""

    at_end: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part so many times; None is without an end."""

    part: Part
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """Parts one after another."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts."""

    parts: tuple[Part, ...]


Part = Characters | Edge | Repeat | Row | Choice


@dataclass(slots=True)
class Reader:
    """Reads a pattern from left to right.

    Attributes:
        text: The pattern, in NFC.
        fold: Whether what is written stands for lower case, and ё for е.
        place: How far it has been read.
        depth: How many groups are open.
    """

    text: str
    fold: bool = False
    place: int = 0
    depth: int = 0

    def read(self) -> Part:
        """Read the whole pattern.

        Raises:
            DefinitionError: It is outside the subset.
        """
        part = self._choice()
        if self.place < len(self.text):
            raise self.refused("a ) that closes nothing")
        return part

    def refused(self, what: str, step: str = "") -> DefinitionError:
        """Say what of the pattern is outside the subset."""
        return bad_parameter(
            "value",
            got=self.text if len(self.text) <= LONGEST else self.text[:50] + "…",
            allowed=f"patterns of {ALLOWED}",
            step=f"at character {self.place + 1} there is {what}; {step or 'write it otherwise'}.",
        )

    def _next(self) -> str:
        return self.text[self.place : self.place + 1]

    def _choice(self) -> Part:
        parts = [self._row()]
        while self._next() == "|":
            self.place += 1
            parts.append(self._row())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _row(self) -> Part:
        parts: list[Part] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _atom(self) -> Part:
        mark = self._next()
        match mark:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case "*" | "+" | "?" | "{":
                raise self.refused(f"{mark} with nothing to repeat", f"\\{mark} is the mark itself")
        self.place += 1
        match mark:
            case ".":
                return Characters(opposite(NEWLINE))
            case "^" | "$":
                return Edge(at_end=mark == "$")
            case "\\":
                return self._escaped()
        return self._literal(mark)

    def _group(self) -> Part:
        self.place += 1
        if self.text.startswith("?:", self.place):
            self.place += 2
        elif self._next() == "?":
            raise self.refused("a group of another kind", "groups are ( ) and (?: )")
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refused(f"a group inside {DEEPEST} others")
        part = self._choice()
        if self._next() != ")":
            raise self.refused("the end, and a group is open")
        self.place += 1
        self.depth -= 1
        return part

    def _escaped(self) -> Part:
        mark = self._next()
        self.place += 1
        if mark.lower() in _SHORTHANDS:
            return Characters(_shorthand(mark))
        return self._literal(self._plain(mark))

    def _plain(self, mark: str) -> str:
        """Give the character that an escape stands for."""
        if mark in _CONTROLS:
            return _CONTROLS[mark]
        if not mark or mark not in string.punctuation:
            self.place -= 1
            raise self.refused(f"the escape \\{mark}")
        return mark

    def _literal(self, mark: str) -> Part:
        letters = self._folded(mark)
        parts = tuple(Characters(((ord(one), ord(one)),), is_literal=True) for one in letters)
        return parts[0] if len(parts) == 1 else Row(parts)

    def _folded(self, mark: str) -> str:
        return mark.lower().replace("\u0451", "\u0435") if self.fold else mark

    def _class(self) -> Part:
        self.place += 1
        negated = self._next() == "^"
        self.place += negated
        found: list[tuple[int, int]] = []
        start = self.place
        while self._next() != "]" or self.place == start:
            first = self._member()
            if isinstance(first, Characters):
                found.extend(first.ranges)
            elif self._begins_range():
                self.place += 1
                last = self._member()
                if isinstance(last, Characters) or last < first:
                    raise self.refused("a range that ends before it begins, or in a set")
                found.append((first, last))
            else:
                found.append((first, first))
        self.place += 1
        ranges = joined(found)
        if negated:
            ranges = opposite(ranges)
        if not ranges:
            raise self.refused("a class that no character is in")
        return Characters(ranges)

    def _begins_range(self) -> bool:
        after = self.text[self.place + 1 : self.place + 2]
        return self._next() == "-" and after not in ("]", "")

    def _member(self) -> Characters | int:
        mark = self._next()
        pair = self.text[self.place : self.place + 2]
        if mark in ("", "[", "]") or pair in ("&&", "--", "~~"):
            what = f"{pair if pair in ('&&', '--', '~~') else mark} in a class"
            raise self.refused(what if mark else "the end, and a class is open", "escape it")
        self.place += 1
        if mark == "\\":
            mark = self._next()
            self.place += 1
            if mark.lower() in _SHORTHANDS:
                return Characters(_shorthand(mark))
            mark = self._plain(mark)
        letters = self._folded(mark)
        if len(letters) != 1:
            raise self.refused("a letter whose lower case is several, in a class, with fold")
        return ord(letters)

    def _quantified(self, part: Part) -> Part:
        mark = self._next()
        if mark in _QUANTIFIERS:
            low, high = _QUANTIFIERS[mark]
            self.place += 1
        elif mark == "{":
            low, high = self._times()
        else:
            return part
        if isinstance(part, Edge):
            raise self.refused("a quantifier after ^ or $")
        # Whether as few or as many as possible, it is the same whether there is a match.
        self.place += self._next() == "?"
        if self._next() in ("?", "*", "+", "{"):
            raise self.refused("a quantifier after a quantifier")
        return Repeat(part, low, high)

    def _times(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.place)
        inside = self.text[self.place + 1 : end] if end > 0 else ""
        low, comma, high = inside.partition(",")
        digits = [low, *([high] if high else [])]
        if not all(one.isascii() and one.isdecimal() and len(one) <= 4 for one in digits):
            raise self.refused("a { that begins no quantifier", "\\{ is the mark itself")
        least = int(low)
        most = int(high) if high else (None if comma else least)
        if max(least, most or 0) > MOST_TIMES or (most is not None and most < least):
            raise self.refused(f"a quantifier out of order or above {MOST_TIMES}")
        self.place = end + 1
        return least, most


def joined(ranges: list[tuple[int, int]]) -> Ranges:
    """Give ranges in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def opposite(ranges: Ranges) -> Ranges:
    """Give the code points that are in none of the ranges."""
    found, place = [], 0
    for first, last in ranges:
        if place < first:
            found.append((place, first - 1))
        place = last + 1
    if place <= TOP:
        found.append((place, TOP))
    return tuple(found)


def _shorthand(mark: str) -> Ranges:
    ranges = _SHORTHANDS[mark.lower()]
    return opposite(ranges) if mark.isupper() else ranges


def may_be_empty(part: Part) -> bool:
    """Say whether a part may be found in no characters."""
    match part:
        case Characters():
            return False
        case Edge():
            return True
        case Repeat():
            return part.low == 0 or may_be_empty(part.part)
        case Choice():
            return any(map(may_be_empty, part.parts))
    return all(map(may_be_empty, part.parts))
