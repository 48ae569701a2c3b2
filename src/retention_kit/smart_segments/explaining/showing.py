"""An explanation shown: as text, and as HTML."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from retention_kit.smart_segments.definitions.base import Language
from retention_kit.smart_segments.explaining.tree import (
    ExplainedCondition,
    ExplainedFact,
    Verdict,
)
from retention_kit.smart_segments.sentences.speaking import number_in_words

_MARKS = {True: "✓", False: "✗", None: "?"}
_CLASSES = {True: "yes", False: "no", None: "unknown"}
WORDS = {
    "en": {
        True: "Customer {customer} is in “{segment}” as of {as_of}.",
        False: "Customer {customer} is not in “{segment}” as of {as_of}.",
        None: "Whether customer {customer} is in “{segment}” as of {as_of} is unknown.",
        "population": "The customer is not of the segment's population.",
        "nothing": "nothing",
        "yes": "yes",
        "no": "no",
        "asked": "asked: {required}",
        "true": "true",
        "false": "false",
        "unknown": "unknown",
    },
    "ru": {
        True: "Покупатель {customer} входит в «{segment}» на {as_of}.",
        False: "Покупатель {customer} не входит в «{segment}» на {as_of}.",
        None: "Неизвестно, входит ли покупатель {customer} в «{segment}» на {as_of}.",
        "population": "Покупатель не из тех, о ком этот сегмент.",
        "nothing": "нет",
        "yes": "да",
        "no": "нет",
        "asked": "нужно: {required}",
        "true": "верно",
        "false": "неверно",
        "unknown": "неизвестно",
    },
}
_STYLE = """
.rk-explanation{font:14px/1.45 system-ui,sans-serif;color:#1f2328;max-width:60rem}
.rk-explanation ul{list-style:none;margin:.2rem 0 .2rem 0;padding-left:1.1rem;
border-left:2px solid #d8dee4}
.rk-explanation li{margin:.25rem 0}
.rk-explanation .rk-mark{display:inline-block;width:1.3em;font-weight:700}
.rk-explanation .rk-yes>.rk-mark{color:#1a7f37}
.rk-explanation .rk-no>.rk-mark{color:#cf222e}
.rk-explanation .rk-unknown>.rk-mark{color:#9a6700}
.rk-explanation .rk-fact{color:#57606a;font-size:13px}
.rk-explanation .rk-fact b{color:#1f2328;font-weight:600}
"""


def text_of(explanation: Verdict) -> str:
    """Give an explanation as lines of text, indented by depth."""
    lines = [f"{_MARKS[explanation.answer]} {_headline(explanation)}"]
    if explanation.condition.children:
        lines.append(explanation.sentence)
    if not explanation.population:
        lines.append(f"  ✗ {WORDS[explanation.language]['population']}")
    lines.extend(_lines(explanation.condition, explanation, 1))
    return "\n".join(lines)


def html_of(explanation: Verdict) -> str:
    """Give an explanation as a piece of HTML that stands alone."""
    words = WORDS[explanation.language]
    parts = [
        f'<div class="rk-explanation" lang="{explanation.language}"><style>{_STYLE}</style>',
        f'<p class="rk-{_CLASSES[explanation.answer]}">{_mark(explanation.answer, words)}'
        f"<strong>{html.escape(_headline(explanation))}</strong></p>",
    ]
    if explanation.condition.children:
        parts.append(f"<p>{html.escape(explanation.sentence)}</p>")
    if not explanation.population:
        parts.append(
            f'<p class="rk-no">{_mark(False, words)}{html.escape(words["population"])}</p>'
        )
    parts.append(f"<ul>{_item(explanation.condition, explanation)}</ul></div>")
    return "".join(parts)


def shown(value: Any, language: Language) -> str:
    """Give a value as a person reads it."""
    words = WORDS[language]
    match value:
        case None:
            return words["nothing"]
        case bool():
            return words["yes"] if value else words["no"]
        case dt.datetime():
            return instant(value)
        case float():
            return number_in_words(float(f"{value:.6g}"), language)
        case int() | Decimal():
            return number_in_words(value, language)
    return str(value)


def _headline(explanation: Verdict) -> str:
    return WORDS[explanation.language][explanation.answer].format(
        customer=explanation.customer_id,
        segment=explanation.segment,
        as_of=f"{instant(explanation.as_of)} {explanation.as_of.tzinfo}",
    )


def instant(at: dt.datetime) -> str:
    """Give the clock time of an instant, and in the hour that comes twice the zone's name too."""
    timespec = "microseconds" if at.microsecond else "seconds" if at.second else "minutes"
    clock = at.replace(tzinfo=None).isoformat(" ", timespec)
    comes_twice = at.utcoffset() != at.replace(fold=1 - at.fold).utcoffset()
    return f"{clock} {at.tzname()}" if comes_twice else clock


def _lines(condition: ExplainedCondition, explanation: Verdict, depth: int) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{_MARKS[condition.answer]} {condition.sentence}"
    for fact in condition.facts:
        yield f"{indent}    {_MARKS[fact.answer]} {_said(fact, explanation)}"
    for child in condition.children:
        yield from _lines(child, explanation, depth + 1)


def _said(fact: ExplainedFact, explanation: Verdict) -> str:
    asked = WORDS[explanation.language]["asked"].format(required=fact.required)
    return f"{fact.fact}: {fact.shown} ({asked})"


def _mark(answer: bool | None, words: dict[Any, str]) -> str:
    name = {True: "true", False: "false", None: "unknown"}[answer]
    return f'<span class="rk-mark" role="img" aria-label="{words[name]}">{_MARKS[answer]}</span>'


def _item(condition: ExplainedCondition, explanation: Verdict) -> str:
    words = WORDS[explanation.language]
    facts = "".join(
        f'<li class="rk-fact rk-{_CLASSES[fact.answer]}">{_mark(fact.answer, words)}'
        f"{html.escape(fact.fact)}: <b>{html.escape(fact.shown)}</b> "
        f"({html.escape(words['asked'].format(required=fact.required))})</li>"
        for fact in condition.facts
    )
    children = "".join(_item(child, explanation) for child in condition.children)
    inside = f"<ul>{facts}{children}</ul>" if facts or children else ""
    return (
        f'<li class="rk-{_CLASSES[condition.answer]}">{_mark(condition.answer, words)}'
        f"{html.escape(condition.sentence)}{inside}</li>"
    )
