"""Say a condition or a segment in one plain sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import get_args

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Condition, GivesCondition, Language
from retention_kit.smart_segments.definitions.lengths import read_length
from retention_kit.smart_segments.definitions.plugins import (
    ConditionSpec,
    PluginCondition,
    check_specs,
    spec_of,
)
from retention_kit.smart_segments.definitions.segment import Population, Segment
from retention_kit.smart_segments.sentences.clauses import Clause, Speech, relative_clause
from retention_kit.smart_segments.sentences.english import speech as english
from retention_kit.smart_segments.sentences.english import text as english_text
from retention_kit.smart_segments.sentences.russian import speech as russian
from retention_kit.smart_segments.sentences.russian import text as russian_text

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
_NUMBERS = {"en": english_text.number, "ru": russian_text.number}
_LENGTHS = {"en": english_text.length, "ru": russian_text.length}
_WHO = {"en": english.WHO, "ru": russian.WHO}
_OF_WHOM = {"en": english.OF_WHOM, "ru": russian.OF_WHOM}


def sentence_of(
    condition: GivesCondition,
    language: Language = "en",
    *,
    conditions: Iterable[ConditionSpec] = (),
) -> str:
    """Say a condition in one plain sentence.

    A condition of a plugin that is not handed in is named, with its settings.

    Args:
        condition: The condition, or what the fluent builder gives.
        language: `en` or `ru`.
        conditions: What plugins give for their conditions.

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
    specs = check_specs(conditions)
    given = {spec.name for spec in specs}
    speech = _with_plugins(language, specs, lambda one: one.name in given)
    return _said(condition.as_condition(), language, speech, "everyone")


def sentence_of_segment(
    segment: Segment, language: Language = "en", *, conditions: Iterable[ConditionSpec] = ()
) -> str:
    """Say a segment in one plain sentence.

    What a plugin gives for its condition continues "customers who", or in Russian the words for
    it: `live near the sea`. A full stop at its end is left out.

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
    speech = _with_plugins(language, check_specs(conditions), lambda _: True)
    return _said(segment.condition, language, speech, segment.population)


def number_in_words(value: float | Decimal, language: Language) -> str:
    """Write a number as sentences do, with all of its digits.

    Args:
        value: The number.
        language: `en` or `ru`.

    Returns:
        For example `12,500.5`; in Russian `12 500,5`, its space unbreakable.

    Raises:
        DefinitionError: There is no such language.

    Examples:
        >>> number_in_words(12_500.5, "en")
        '12,500.5'
    """
    check_language(language)
    return _NUMBERS[language](value)


def length_in_words(text: str, language: Language) -> str:
    """Say a length of time as sentences do.

    Args:
        text: The length, such as `"1mo15d"`.
        language: `en` or `ru`.

    Returns:
        The words; in Russian in the accusative, as after «через».

    Raises:
        DefinitionError: It is no length, or there is no such language.

    Examples:
        >>> length_in_words("1mo15d", "en")
        '1 month and 15 days'
    """
    check_language(language)
    read_length("text", text)
    return _LENGTHS[language](text)


def check_language(language: object) -> None:
    """Raise where segments are not said in a language.

    Raises:
        DefinitionError: They are not.
    """
    if language not in get_args(Language):
        raise bad_parameter("language", got=language, allowed="'en' or 'ru'")


def _said(condition: Condition, language: Language, speech: Speech, of: Population) -> str:
    return f"{_POPULATIONS[language][of]} {relative_clause(condition, speech)}."


def _with_plugins(
    language: Language,
    specs: tuple[ConditionSpec, ...],
    asks: Callable[[PluginCondition], bool],
) -> Speech:
    """Give a language that asks plugins how their conditions are said."""
    speech = _SPEECHES[language]

    def say(condition: Condition) -> Clause:
        if isinstance(condition, PluginCondition) and asks(condition):
            spec = spec_of(condition, specs)
            said = spec.sentence(spec.read(condition), language)
            return replace(_WHO[language], body=said.strip().rstrip("."))
        return speech.say(condition)

    def deny(condition: Condition) -> Clause:
        if isinstance(condition, PluginCondition):
            said, denied = say(condition), _OF_WHOM[language]
            return replace(denied, body=f"{denied.body} {said.subject} {said.body}")
        return speech.deny(condition)

    return replace(speech, say=say, deny=deny)
