"""What reduced tables were made with, so that what finishes them can tell when it does not fit.

A table of weekly counts that is finished as if it were monthly gives wrong figures without a word.
What an additive function gives therefore remembers the call, as long as it is passed on as it is;
once it is collected, filtered or put together, nothing is known of it, and nothing is checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from retention_kit.errors import DefinitionError

_ATTRIBUTE = "_retention_kit_origin"


@dataclass(frozen=True, slots=True)
class Origin:
    """The call that made a reduced table.

    Attributes:
        function: The declared function.
        arguments: What it was called with besides tables, defaults included.
    """

    function: Callable[..., Any]
    arguments: Mapping[str, Any]


def remember(table: Any, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Let a table, or each table of a NamedTuple, remember the call that made it."""
    for one in table if isinstance(table, tuple) else (table,):
        if isinstance(one, pl.LazyFrame | pl.DataFrame):
            setattr(one, _ATTRIBUTE, Origin(function, arguments))


def check_origin(
    name: str, table: Any, of: Callable[..., Any], arguments: Mapping[str, Any]
) -> None:
    """Raise where a table remembers a call that does not fit the one that finishes it.

    Args:
        name: The name of what finishes it.
        table: The reduced table.
        of: The function whose result is wanted.
        arguments: The arguments of what finishes it, defaults included.

    Raises:
        DefinitionError: Another function made the table, or it was called with another value of
            an argument that both have.
    """
    origin = getattr(table, _ATTRIBUTE, None)
    if not isinstance(origin, Origin):
        return
    made, wanted = origin.function.__name__, getattr(of, "__name__", "another function")
    if origin.function is not of:
        raise DefinitionError(
            f"{name} got what {made} gives. Allowed: what {wanted} gives. Next step: "
            f"{name}({wanted}(…), …), or measure({name}, …), which does both."
        )
    for argument, value in arguments.items():
        if argument in origin.arguments and not _same(value, origin.arguments[argument]):
            raise DefinitionError(
                f"{name} got {argument}={value!r}, and its totals were made with "
                f"{argument}={origin.arguments[argument]!r}. Allowed: the same in both. Next step: "
                f"pass it to both, or call measure({name}, …, {argument}=…), which does.",
                parameter=argument,
            )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dt.datetime) and isinstance(other, dt.datetime):
        if one.tzinfo is None or other.tzinfo is None:
            return one == other
        return one.astimezone(dt.UTC) == other.astimezone(dt.UTC)
    return bool(one == other)
