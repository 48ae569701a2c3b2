"""Say a condition or a segment in one plain sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import get_args

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Condition, GivesCondition, Language
from retention_kit.smart_segments.definitions.plugins import (
    ConditionSpec,
    PluginCondition,
    check_specs,
    spec_of,
)
from retention_kit.smart_segments.definitions.segment import Population, Segment
from retention_kit.smart_segments.sentences.clauses import Clause, Speech, relative_clause
from retention_kit.smart_segments.sentences.english import speech as english
from retention_kit.smart_segments.sentences.russian import speech as russian

_SPEECHES: Mapping[Language, Speech] = {"en": english.ENGLISH, "ru": russian.RUSSIAN}
_POPULATIONS: Mapping[Language, Mapping[Population, str]] = {
    "en": {
        "everyone": "Customers",
        "buyers": "Customers with a completed order",
        "registered": "Registered customers",
    },
    "ru": {
        "everyone": "Покупатели,",
        "buyers": "Покупатели с завершённым заказом,",
        "registered": "Зарегистрированные покупатели,",
    },
}
_WHO = {"en": english.WHO, "ru": russian.WHO}
_OF_WHOM = {"en": english.OF_WHOM, "ru": russian.OF_WHOM}


def sentence_of(condition: GivesCondition, language: Language = "en") -> str:
    """Say a condition in one plain sentence.

    A condition of a plugin is named with its settings, because nobody says here what it means;
    `sentence_of_segment` takes what plugins give.

    Args:
        condition: The condition, or what the fluent builder gives.
        language: `en` or `ru`.

    Returns:
        The sentence, with its full stop.

    Raises:
        DefinitionError: There is no such language.

    Examples:
        >>> from retention_kit.smart_segments import EventCount
        >>> sentence_of(EventCount(at_most=0, window={"type": "last", "length": "3mo"}))
        'Customers who bought nothing in the last 3 months.'
    """
    check_language(language)
    return _said(condition.as_condition(), language, _SPEECHES[language], "everyone")


def sentence_of_segment(
    segment: Segment, language: Language = "en", *, conditions: Iterable[ConditionSpec] = ()
) -> str:
    """Say a segment in one plain sentence.

    What a plugin gives for its condition continues "customers who", or in Russian the words for
    it: `bought near the sea`. A full stop at its end is left out.

    Args:
        segment: The segment.
        language: `en` or `ru`.
        conditions: What plugins give for their conditions.

    Returns:
        The sentence, with its full stop.

    Raises:
        DefinitionError: There is no such language.
        PluginError: A condition of a plugin is not handed in.
    """
    check_language(language)
    specs = check_specs(conditions)
    speech = _SPEECHES[language]

    def say(condition: Condition) -> Clause:
        if not isinstance(condition, PluginCondition):
            return speech.say(condition)
        return replace(_WHO[language], body=_of_plugin(condition, specs, language))

    def deny(condition: Condition) -> Clause:
        if not isinstance(condition, PluginCondition):
            return speech.deny(condition)
        said = say(condition)
        denied = _OF_WHOM[language]
        return replace(denied, body=f"{denied.body} {said.subject} {said.body}")

    told = replace(speech, say=say, deny=deny)
    return _said(segment.condition, language, told, segment.population)


def check_language(language: object) -> None:
    """Raise where segments are not said in a language.

    Raises:
        DefinitionError: They are not.
    """
    if language not in get_args(Language):
        raise bad_parameter("language", got=language, allowed="'en' or 'ru'")


def _said(condition: Condition, language: Language, speech: Speech, of: Population) -> str:
    return f"{_POPULATIONS[language][of]} {relative_clause(condition, speech)}."


def _of_plugin(
    condition: PluginCondition, specs: tuple[ConditionSpec, ...], language: Language
) -> str:
    spec = spec_of(condition, specs)
    return spec.sentence(spec.read(condition), language).strip().rstrip(".")
