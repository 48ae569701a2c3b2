"""What customers are, and when something of theirs was, in Russian."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retention_kit.smart_segments.definitions.customers import (
    Attribute,
    Bucket,
    Consent,
    Member,
    Score,
)
from retention_kit.smart_segments.definitions.moments import (
    Anniversary,
    FirstEvent,
    LastEvent,
    OfCustomer,
)
from retention_kit.smart_segments.definitions.plugins import PluginCondition
from retention_kit.smart_segments.definitions.windows import AllTime
from retention_kit.smart_segments.sentences.russian.filters import (
    end_of,
    predicate,
    with_filters,
)
from retention_kit.smart_segments.sentences.russian.text import (
    counted_of,
    falls,
    length,
    listed,
    percent,
    quoted,
    spaced,
    value,
    when,
)
from retention_kit.smart_segments.sentences.russian.words import CHANNELS, UNITS, noun_of

_MISSING = {
    "unknown": "",
    "false": "(неверно, если это неизвестно)",
    "true": "(верно и тогда, когда это неизвестно)",
}


def _of_attribute(condition: Attribute) -> tuple[str, str]:
    noun = noun_of(condition.column, "customers")
    return "whose", spaced(predicate(noun, condition), _missing(condition))


def _of_score(condition: Score) -> tuple[str, str]:
    noun = noun_of(condition.column, "scores")
    if noun.is_quoted:
        name = quoted(condition.column)
        noun = noun._replace(name=f"показатель {name}", gender="m", is_quoted=False)
    return "whose", spaced(predicate(noun, condition), _missing(condition))


def _of_end(condition: FirstEvent | LastEvent) -> tuple[str, str]:
    end = "first" if isinstance(condition, FirstEvent) else "last"
    named, _, was = end_of(condition.rows, end)
    said = []
    if not isinstance(condition.window, AllTime):
        said.append(f"{was} {falls(condition.window)}")
    if condition.has:
        said.append(f"{was} {with_filters(condition.has, condition.rows.table)}")
    return "whose", f"{named} {' и '.join(said)}"


def _of_anniversary(condition: Anniversary) -> tuple[str, str]:
    of = condition.of
    is_birthday = of == OfCustomer(column="birthday")
    if isinstance(of, OfCustomer):
        noun = noun_of(of.column, "customers")
        named, named_of = noun.name, noun.of
        if noun.is_quoted:
            named, named_of = f"дата {quoted(of.column)}", f"даты {quoted(of.column)}"
            noun = noun._replace(gender="f")
        was = {"m": "был", "f": "была", "n": "было"}[noun.gender]
    else:
        named, named_of, was = end_of(of.rows, of.which)
    leap = "" if condition.leap_day == "28_february" else "(29 февраля отмечается 1 марта)"
    if condition.after is not None:
        said = f"{named} {was} за {length(condition.after)} до {_day_of(condition)}"
    else:
        # The birthday comes round, the date of birth has been.
        name = "день рождения" if is_birthday else f"годовщина {named_of}"
        said = f"{name} — {_day(condition)}"
    return "whose", spaced(said, leap)


def _of_member(condition: Member) -> tuple[str, str]:
    name, at = quoted(condition.segment), when(condition.window)
    said = {
        "now": f"входят в сегмент {name}",
        "ever": f"входили в сегмент {name} хотя бы на одном снимке",
        "never": f"не входили в сегмент {name} ни на одном снимке",
        "entered": f"вошли в сегмент {name} между двумя снимками",
        "left": f"вышли из сегмента {name} между двумя снимками",
    }[condition.when]
    return "who", spaced(said, at)


def _of_consent(condition: Consent) -> tuple[str, str]:
    channel = CHANNELS.get(condition.channel, f"по каналу {quoted(condition.channel)}")
    if condition.purpose == "messages":
        return "whose", f"есть согласие на сообщения {channel}"
    return "whose", f"есть согласие на {quoted(condition.purpose)} {channel}"


def _of_bucket(condition: Bucket) -> tuple[str, str]:
    share = f"от {percent(condition.start)} до {percent(condition.end)}"
    return "who", f"попали в случайную долю {share} по жребию {quoted(condition.salt)}"


def _of_plugin(condition: PluginCondition) -> tuple[str, str]:
    said = f"отвечают условию {quoted(condition.name)}"
    if condition.settings:
        said += f" с настройками {_settings(condition.settings)}"
    return "who", said


TRAITS: Mapping[str, Callable[[Any], tuple[str, str]]] = {
    "attribute": _of_attribute,
    "score": _of_score,
    "first_event": _of_end,
    "last_event": _of_end,
    "anniversary": _of_anniversary,
    "member": _of_member,
    "consent": _of_consent,
    "bucket": _of_bucket,
    "plugin": _of_plugin,
}


def _missing(condition: Attribute | Score) -> str:
    asks_if_known = condition.operator in ("known", "unknown")
    return "" if asks_if_known else _MISSING[condition.missing]


def _day(condition: Anniversary) -> str:
    """Say on which days it is asked for, behind a dash."""
    start = f"через {length(condition.ahead)}" if condition.ahead else "сегодня"
    return start if condition.days == 1 else f"в {_one_of_days(condition)}"


def _day_of(condition: Anniversary) -> str:
    """Say on which days it is asked for, in the genitive."""
    if condition.days > 1:
        return f"одного {_one_of_days(condition).removeprefix('один ')}"
    if condition.ahead:
        return f"того дня, который будет через {length(condition.ahead)}"
    return "сегодняшнего дня"


def _one_of_days(condition: Anniversary) -> str:
    start = "сегодняшнего"
    if condition.ahead:
        start = f"того, который будет через {length(condition.ahead)}"
    return f"один из {counted_of(condition.days, UNITS['d'])} начиная с {start}"


def _settings(given: Any) -> str:
    match given:
        case dict():
            pairs = [f"{key} = {_settings(one)}" for key, one in sorted(given.items())]
            return f"({listed(pairs, 'и')})" if pairs else "(пусто)"
        case list():
            return f"[{', '.join(_settings(one) for one in given)}]"
        case None:
            return "пусто"
        case float():
            return str(given)
    return value(given)
