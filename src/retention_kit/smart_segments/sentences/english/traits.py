"""What customers are, and when something of theirs was, in English."""

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
from retention_kit.smart_segments.sentences.english.filters import (
    end_named,
    predicate,
    with_filters,
)
from retention_kit.smart_segments.sentences.english.text import (
    counted,
    falls,
    length,
    listed,
    percent,
    quoted,
    spaced,
    value,
    when,
)
from retention_kit.smart_segments.sentences.english.words import CHANNELS, noun_of

_MISSING = {
    "unknown": "",
    "false": "(not true where it is missing)",
    "true": "(true also where it is missing)",
}


def _of_attribute(condition: Attribute) -> tuple[str, str]:
    noun = noun_of(condition.column, "customers")
    return "whose", spaced(noun.one, predicate(condition), _missing(condition))


def _of_score(condition: Score) -> tuple[str, str]:
    noun = noun_of(condition.column, "scores")
    name = f"score {noun.one}" if noun.is_quoted else noun.one
    return "whose", spaced(name, predicate(condition), _missing(condition))


def _of_end(condition: FirstEvent | LastEvent) -> tuple[str, str]:
    end = "first" if isinstance(condition, FirstEvent) else "last"
    named = f"{end} {end_named(condition.rows)}"
    said = []
    if not isinstance(condition.window, AllTime):
        said.append(f"was {falls(condition.window)}")
    if condition.has:
        said.append(f"was {with_filters(condition.has, condition.rows.table)}")
    return "whose", f"{named} {' and '.join(said)}"


def _of_anniversary(condition: Anniversary) -> tuple[str, str]:
    of = condition.of
    # The birthday comes round, the date of birth has been.
    is_birthday = of == OfCustomer(column="birthday") and condition.after is None
    if isinstance(of, OfCustomer):
        named = "birthday" if is_birthday else noun_of(of.column, "customers").one
    else:
        named = f"{of.which} {end_named(of.rows)}"
    leap = "" if condition.leap_day == "28_february" else "(29 February is kept on 1 March)"
    if condition.after is not None:
        said = f"was {length(condition.after)} before {_day(condition)}"
    else:
        on = "today" if condition.days == 1 and not condition.ahead else f"on {_day(condition)}"
        said = f"is {on}" if is_birthday else f"has its anniversary {on}"
    return "whose", spaced(named, said, leap)


def _of_member(condition: Member) -> tuple[str, str]:
    name, at = quoted(condition.segment), when(condition.window)
    said = {
        "now": f"are in the segment {name}",
        "ever": f"were in the segment {name} in at least one snapshot",
        "never": f"were in the segment {name} in no snapshot",
        "entered": f"entered the segment {name} between two snapshots",
        "left": f"left the segment {name} between two snapshots",
    }[condition.when]
    return "who", spaced(said, at)


def _of_consent(condition: Consent) -> tuple[str, str]:
    channel = CHANNELS.get(condition.channel, f"by {quoted(condition.channel)}")
    if condition.purpose == "messages":
        return "who", f"have consented to messages {channel}"
    return "who", f"have consented {channel} to {quoted(condition.purpose)}"


def _of_bucket(condition: Bucket) -> tuple[str, str]:
    share = f"from {percent(condition.start)} to {percent(condition.end)}"
    return "who", f"are in the random share {share} of customers drawn for {quoted(condition.salt)}"


def _of_plugin(condition: PluginCondition) -> tuple[str, str]:
    said = f"meet the condition {quoted(condition.name)}"
    if condition.settings:
        said += f" with the settings {_settings(condition.settings)}"
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
    """Say on which days it is asked for."""
    start = f"the day {length(condition.ahead)} from today" if condition.ahead else "today"
    if condition.days == 1:
        return start
    return f"one of the {counted(condition.days, 'day', 'days')} beginning with {start}"


def _settings(given: Any) -> str:
    match given:
        case dict():
            pairs = [f"{key} = {_settings(one)}" for key, one in sorted(given.items())]
            return f"({listed(pairs, 'and')})" if pairs else "(nothing)"
        case list():
            return f"[{', '.join(_settings(one) for one in given)}]"
        case None:
            return "nothing"
        case float():
            return str(given)
    return value(given)
