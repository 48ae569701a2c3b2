"""Clauses, and how they are joined so that a reader cannot take "and" for "or" or read too far."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from retention_kit.smart_segments.definitions.base import All, AnyOf, Condition, Not
from retention_kit.smart_segments.sentences.parts import opposite

Kind = Literal["all", "any", "none", "not_all"]
_QUOTED = re.compile("“[^”]*”|«[^»]*»")
_DENIED: Mapping[Kind, Kind] = {"all": "not_all", "any": "none", "none": "any", "not_all": "all"}


@dataclass(frozen=True, slots=True)
class Clause:
    """What is said of customers, without the word that it hangs on.

    Attributes:
        relative: That word where it follows "customers": who, whose.
        subject: That word where it stands alone: they, their.
        body: What is said.
    """

    relative: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Group:
    """Clauses and groups of which all, any, none or not all hold.

    Attributes:
        kind: How many hold.
        parts: At least two.
    """

    kind: Kind
    parts: tuple[Clause | Group, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """A language.

    Attributes:
        say: Says a condition that has no others inside.
        deny: Says that one does not hold, which no other condition says.
        for_whom: What a list of conditions hangs on.
        headings: How many of a list hold.
        both: Joins two clauses into one that all hold.
        either: Joins two clauses into one of which any holds.
        joined: Joins the relative clauses of one kind; told whether all are plain.
        besides: Joins a relative clause and what else holds.
        joints: The words and signs whose meaning a clause beside it could change.
    """

    say: Callable[[Condition], Clause]
    deny: Callable[[Condition], Clause]
    for_whom: str
    headings: Mapping[Kind, str]
    both: str
    either: str
    joined: Callable[[Kind, tuple[str, ...], bool], str]
    besides: str
    joints: re.Pattern[str]


def relative_clause(condition: Condition, speech: Speech) -> str:
    """Say a condition so that it follows the word for customers."""
    said = _gather(condition, speech, denied=False)
    if isinstance(said, Clause):
        return _relative(said)
    clauses = [part for part in said.parts if isinstance(part, Clause)]
    if said.kind in ("all", "any") and len(clauses) == len(said.parts):
        relatives = tuple(_relative(one) for one in clauses)
        return speech.joined(said.kind, relatives, all(_is_plain(one, speech) for one in clauses))
    match said:
        case Group("all", (Clause() as first, Group("any") as second)) if _are_two_plain(
            second, speech
        ):
            # "a, and b or c" would leave open what stands together.
            return speech.besides.format(_relative(first), _headed(second, speech))
    return f"{speech.for_whom} {_headed(said, speech)}"


def _gather(condition: Condition, speech: Speech, *, denied: bool) -> Clause | Group:
    """Say the leaves, and put together what one list can hold."""
    match condition:
        case Not():
            return _gather(condition.condition, speech, denied=not denied)
        case All() | AnyOf():
            if len(condition.conditions) == 1:
                return _gather(condition.conditions[0], speech, denied=denied)
            kind: Kind = "all" if isinstance(condition, All) else "any"
            parts: list[Clause | Group] = []
            for one in condition.conditions:
                said = _gather(one, speech, denied=False)
                # All of (all of (a, b), c) is all of (a, b, c).
                same = isinstance(said, Group) and said.kind == kind
                parts.extend(said.parts if isinstance(said, Group) and same else [said])
            return Group(_DENIED[kind] if denied else kind, tuple(parts))
    if not denied:
        return speech.say(condition)
    other = opposite(condition)
    return speech.deny(condition) if other is None else speech.say(other)


def _relative(clause: Clause) -> str:
    return f"{clause.relative} {clause.body}"


def _independent(said: Clause | Group, speech: Speech) -> str:
    """Say it so that it stands alone, or in a list."""
    if isinstance(said, Clause):
        return f"{said.subject} {said.body}".strip()
    parts = [_independent(part, speech) for part in said.parts]
    if _are_two_plain(said, speech):
        if said.kind == "any":
            return speech.either.format(*parts)
        if said.kind == "all":
            return speech.both.format(*parts)
    return f"{speech.headings[said.kind]} ({'; '.join(parts)})"


def _headed(group: Group, speech: Speech) -> str:
    """Say how many hold, and then what: nothing may follow it."""
    items = "; ".join(_independent(part, speech) for part in group.parts)
    return f"{speech.headings[group.kind]}: {items}"


def _are_two_plain(group: Group, speech: Speech) -> bool:
    are_plain = all(isinstance(one, Clause) and _is_plain(one, speech) for one in group.parts)
    return len(group.parts) == 2 and are_plain


def _is_plain(clause: Clause, speech: Speech) -> bool:
    return not speech.joints.search(_QUOTED.sub("", clause.body))
