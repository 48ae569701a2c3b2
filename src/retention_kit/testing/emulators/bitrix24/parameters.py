"""The parameters of a call: JSON, or PHP's bracket notation in a query or a form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from retention_kit.testing.emulators.bitrix24.refusals import Refusal, missing_parameter
from retention_kit.testing.emulators.messages import Request

_KEYS = re.compile(r"\[([^\]]*)\]")


class Parameters:
    """The parameters of one call, by name.

    Args:
        values: As they came.
        ignore_case: Whether `FILTER` means `filter`.
    """

    def __init__(self, values: Mapping[str, Any], *, ignore_case: bool = True) -> None:
        self._ignore_case = ignore_case
        self._values = (
            {name.lower(): value for name, value in values.items()} if ignore_case else values
        )

    def get(self, name: str, default: Any = None) -> Any:
        """Give a parameter as it came, or `default` where it is left out."""
        return self._values.get(name.lower() if self._ignore_case else name, default)

    def required(self, name: str) -> Any:
        """Give a parameter that must be there, or refuse the call with the code 100."""
        value = self.get(name)
        if value is None:
            raise missing_parameter(name)
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """Give a parameter that holds names and values; empty where it is left out or is none."""
        return as_mapping(self.get(name))

    def listed(self, name: str) -> list[Any]:
        """Give a parameter that holds several values; one value is a list of one."""
        return as_list(self.get(name))

    def number(self, name: str, default: int = 0) -> int:
        """Give a parameter as a whole number; what is none counts as PHP would count it, as 0."""
        value = self.get(name)
        return default if value is None else as_number(value)

    def flag(self, name: str) -> bool:
        """Tell whether a parameter says yes."""
        return self.get(name) in ("Y", "y", "1", 1, True)


def parameters_of(request: Request) -> dict[str, Any]:
    """Read what a request says in its query and its body; the body wins.

    Raises:
        Refusal: The body says that it is JSON and is none.
    """
    values = unbracketed(request.query_pairs) if request.query else {}
    if not request.body:
        return values
    if request.content_type == "application/x-www-form-urlencoded":
        return {**values, **unbracketed(request.form_pairs)}
    try:
        body = request.json()
    except ValueError:
        raise Refusal(400, "INVALID_REQUEST", "Request body is not valid JSON") from None
    return {**values, **as_mapping(body)}


def unquery(text: str) -> dict[str, Any]:
    """Read a query with brackets: `filter[>ID]=5&select[]=ID`."""
    return unbracketed(parse_qsl(text, keep_blank_values=True))


def unbracketed(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Make nested maps of names with brackets; `[]` counts on from 0."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        first = name.find("[")
        if first <= 0:
            found[name] = value
            continue
        keys = [name[:first], *_KEYS.findall(name[first:])]
        place = found
        for key in keys[:-1]:
            step = key or str(len(place))
            if not isinstance(place.get(step), dict):
                place[step] = {}
            place = place[step]
        place[keys[-1] or str(len(place))] = value
    return found


def as_mapping(value: object) -> dict[str, Any]:
    """Take a value for a map: a list is one from 0 on, as in PHP; anything else is empty."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list):
        return {str(position): item for position, item in enumerate(value)}
    return {}


def as_list(value: object) -> list[Any]:
    """Take a value for a list: a map by its values, nothing as empty, one value as a list of it."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list) else [value]


def as_number(value: object) -> int:
    """Take a value for a whole number, as PHP does: by the digits it begins with, or 0."""
    if isinstance(value, int | float):
        return int(value)
    found = re.match(r"\s*([+-]?\d+)", str(value))
    return int(found.group(1)) if found else 0


def leaves(value: object) -> Iterator[str]:
    """Give every text in a nested value."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value
