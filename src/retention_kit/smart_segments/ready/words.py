"""What ready segments are made of, and how their names say it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from retention_kit.smart_segments.definitions.lengths import read_length
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.values import Where, read_number
from retention_kit.smart_segments.sentences.speaking import length_in_words, number_in_words

ORDERS = Rows()


def lines_of(category: str) -> Rows:
    """Give the lines of completed sales with a category."""
    return Rows(source="order_items", where=(Where(column="category", value=category),))


def events_of(name: str, **equal: Any) -> Rows:
    """Give the events of a name, with what else their columns equal; None is anything."""
    named = {"name": name, **{key: value for key, value in equal.items() if value is not None}}
    filters = tuple(Where(column=column, value=value) for column, value in named.items())
    return Rows(source="events", where=filters)


def spoken(parameter: str, text: str) -> str:
    """Say a length of time as names do: `3 months`.

    Raises:
        DefinitionError: It is none.
    """
    read_length(parameter, text)
    return length_in_words(text, "en")


def written(value: float | Decimal) -> str:
    """Write a number as names do: `12,500`.

    Raises:
        DefinitionError: It is none.
    """
    return number_in_words(read_number(value), "en")
