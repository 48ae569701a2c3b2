"""Calls inside of `batch`, written as PHP writes queries: `filter[>id]=10&select[0]=id`."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote


def command(method: str, params: Mapping[str, Any]) -> str:
    """Write one call.

    Examples:
        >>> command("crm.item.list", {"filter": {">id": 7}, "select": ["id"]})
        'crm.item.list?filter%5B%3Eid%5D=7&select%5B0%5D=id'
    """
    pairs = "&".join(
        f"{_quoted(name)}={value if value.isalnum() and value.isascii() else quote(value, safe='')}"
        for name, value in _pairs(params)
    )
    return f"{method}?{pairs}"


@functools.lru_cache(maxsize=4_096)
def _quoted(name: str) -> str:
    """Write a name; the same few come in thousands."""
    return quote(name, safe="")


def _pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        yield from _named(str(name), value)


def _named(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict | list | tuple | Mapping):
        yield from _inside(name, value)
    elif value is None:
        yield name, ""
    elif isinstance(value, bool):
        yield name, "1" if value else "0"
    else:
        yield name, str(value)


def _inside(name: str, values: Any) -> Iterator[tuple[str, str]]:
    if not values:
        # A field that is to be emptied; PHP would not write it at all.
        yield name, ""
        return
    for key, one in values.items() if isinstance(values, Mapping) else enumerate(values):
        yield from _named(f"{name}[{key}]", one)
