"""Every condition in Russian."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.customers import Consent, Member
from retention_kit.smart_segments.sentences.clauses import Clause, Kind, Speech
from retention_kit.smart_segments.sentences.russian.counts import COUNTS
from retention_kit.smart_segments.sentences.russian.steps import of_sequence
from retention_kit.smart_segments.sentences.russian.traits import TRAITS

WHO = Clause("которые", "они", "")
WHOSE = Clause("у которых", "у них", "")
OF_WHOM = Clause("о которых", "", "неверно, что")
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
            return Clause("которые", "они", f"не {said.body}")
        case Consent():
            return Clause(
                said.relative, said.subject, said.body.replace("есть согласие", "нет согласия", 1)
            )
    return Clause(OF_WHOM.relative, "", f"{OF_WHOM.body} {said.subject} {said.body}")


def _joined(kind: Kind, clauses: tuple[str, ...], are_plain: bool) -> str:
    *first, end = clauses
    if kind == "all":
        joint = " и " if are_plain else ", а также "
        return f"{', '.join(first)}{joint}{end}"
    if len(clauses) == 2 and are_plain:
        return f"{clauses[0]} или {clauses[1]}"
    return ", или ".join(clauses)


RUSSIAN = Speech(
    say=say,
    deny=deny,
    for_whom="для которых",
    headings={
        "all": "верно всё это",
        "any": "верно хотя бы одно",
        "none": "не верно ни одно",
        "not_all": "верно не всё это",
    },
    both="{} и {}",
    either="{} или {}",
    joined=_joined,
    besides="{}, и при этом {}",
    joints=re.compile(r"\b(и|или|либо|но|ни)\b|[,;:](?!\d)"),
)
