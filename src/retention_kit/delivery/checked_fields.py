"""Whether the fields of an action hold what they are declared to hold; no value is quoted."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from retention_kit.errors import bad_parameter

_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMESPACED = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def is_namespaced(name: object) -> bool:
    """Say whether a name is `vendor.action`, in small Latin letters, digits and `_`."""
    return isinstance(name, str) and _NAMESPACED.fullmatch(name) is not None


def check_storable(parameter: str, text: str) -> None:
    """Refuse what no database holds as text: NUL, and half of a character (a lone surrogate).

    Raises:
        DefinitionError: It is such a text.
    """
    if "\0" not in text and (text.isascii() or not _SURROGATE.search(text)):
        return
    raise bad_parameter(
        parameter,
        got="a text with NUL or with half of a character",
        allowed="whole characters other than NUL",
    )


def check_types(action: Any) -> None:
    """Refuse what channels could only fail at; a whole number for an amount becomes a `Decimal`.

    Args:
        action: A data class whose fields are declared as in `_SOUND`; others are not looked at.

    Raises:
        DefinitionError: A field is not of the type that it is declared as.
    """
    held: dict[str, Any] = action.__dict__
    made: type = type(action)
    for name, check in _checks_of(made):
        value = held[name]
        # Nearly every value is of one of these types; what else may stand there is asked after.
        if type(value) in check.usual:
            continue
        if not check.is_sound(value):
            raise bad_parameter(name, got=type(value).__name__, allowed=check.allowed)
        if check is _AMOUNT and type(value) is int:
            object.__setattr__(action, name, Decimal(value))


class _Check(NamedTuple):
    """What a field may hold.

    Attributes:
        usual: Types whose values are all sound.
        is_sound: Says of any other value whether it is.
        allowed: What may come, for messages.
    """

    usual: frozenset[type]
    is_sound: Callable[[Any], bool]
    allowed: str


@functools.cache
def _checks_of(made: type) -> tuple[tuple[str, _Check], ...]:
    """Give the fields of a kind of action that are checked by their declared types."""
    return tuple(
        (field.name, _SOUND[str(field.type)])
        for field in dataclasses.fields(made)
        if str(field.type) in _SOUND and field.name not in _CHECKED
    )


def _is_mapping_of_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(one, str) for name, one in value.items()
    )


def _is_amount(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_day(value: object) -> bool:
    return isinstance(value, dt.date)


def _is_instant(value: object) -> bool:
    return isinstance(value, dt.datetime)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


_CHECKED: Final = frozenset({"campaign", "step", "occurrence"})
"""Fields that are checked by themselves."""
_NONE: Final = type(None)
_AMOUNT: Final = _Check(frozenset({_NONE}), _is_amount, "a finite Decimal, an integer or None")
_SOUND: Final[Mapping[str, _Check]] = {
    "str": _Check(frozenset({str}), _is_text, "a text"),
    "str | None": _Check(frozenset({str, _NONE}), _is_text, "a text or None"),
    "int": _Check(frozenset({int}), _is_integer, "an integer"),
    "dt.date | None": _Check(frozenset({dt.date, _NONE}), _is_day, "a date or None"),
    "dt.datetime | None": _Check(
        frozenset({dt.datetime, _NONE}), _is_instant, "an instant or None"
    ),
    "Decimal | None": _AMOUNT,
    "Mapping[str, Any]": _Check(frozenset({dict}), _is_mapping, "a mapping"),
    "Mapping[str, str]": _Check(frozenset(), _is_mapping_of_texts, "a mapping of texts to texts"),
}
"""What a field may hold, by the type that it is declared as."""
