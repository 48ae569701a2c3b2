"""Every condition in English."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.customers import Consent, Member
from retention_kit.smart_segments.sentences.clauses import Clause, Kind, Speech
from retention_kit.smart_segments.sentences.english.counts import COUNTS
from retention_kit.smart_segments.sentences.english.steps import of_sequence
from retention_kit.smart_segments.sentences.english.traits import TRAITS

WHO = Clause("who", "they", "")
WHOSE = Clause("whose", "their", "")
OF_WHOM = Clause("of whom", "", "it is not true that")
_WORDS = {"who": WHO, "whose": WHOSE}
_SAYS: dict[str, Callable[[Any], tuple[str, str]]] = {
    **COUNTS,
    **TRAITS,
    "sequence": of_sequence,
}


def say(condition: Condition) -> Clause:
    """Say a condition that has no others inside."""
    word, body = _SAYS[condition.TYPE](condition)
    found = _WORDS[word]
    return Clause(found.relative, found.subject, body)


def deny(condition: Condition) -> Clause:
    """Say that a condition does not hold."""
    said = say(condition)
    match condition:
        case Member(when="now"):
            return Clause("who", "they", said.body.replace("are in", "are not in", 1))
        case Consent():
            return Clause(
                "who", "they", said.body.replace("have consented", "have not consented", 1)
            )
    return Clause(OF_WHOM.relative, "", f"{OF_WHOM.body} {said.subject} {said.body}")


def _joined(kind: Kind, clauses: tuple[str, ...], are_plain: bool) -> str:
    word = "and" if kind == "all" else "or"
    if len(clauses) == 2 and are_plain:
        return f"{clauses[0]} {word} {clauses[1]}"
    if kind == "all":
        return f"{', '.join(clauses[:-1])}, and {clauses[-1]}"
    return ", or ".join(clauses)


ENGLISH = Speech(
    say=say,
    deny=deny,
    for_whom="for whom",
    headings={
        "all": "all of these are true",
        "any": "at least one of these is true",
        "none": "none of these is true",
        "not_all": "not all of these are true",
    },
    both="{} and {}",
    either="{} or {}",
    joined=_joined,
    besides="{}, and {}",
    joints=re.compile(r"\b(and|or|nor)\b|[,;:](?!\d)"),
)
