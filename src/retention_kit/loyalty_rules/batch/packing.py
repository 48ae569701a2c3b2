"""The kernel's groups of columns, each packed into one array of two dimensions.

A compiled function takes four arrays quickly; a hundred and forty columns it would take minutes to
compile. The first row says how long each column is, or what a single number is, or in which row
the first of several columns stands. Then come the columns, and at last those that are several.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from retention_kit.loyalty_rules.batch.columns import Numbers, kinds_of_fields
from retention_kit.loyalty_rules.kernel.layout import Entries, Events, Rules, State

GROUPS: dict[str, Any] = {one.__name__: one for one in (Rules, Events, State, Entries)}
"""The kernel's groups of columns by name."""
Group = TypeVar("Group", bound=NamedTuple)


class Place(NamedTuple):
    """Where a field stands.

    Attributes:
        kind: `number`, `column` or `columns`.
        about: Its cell in the first row.
        row: The row of a column; 0 of the others.
    """

    kind: str
    about: int
    row: int


def places(group: type[Any]) -> dict[str, Place]:
    """Say where the fields of a group stand."""
    found = {}
    row = 1
    for about, (name, kind) in enumerate(kinds_of_fields(group).items()):
        found[name] = Place(kind, about, row if kind == "column" else 0)
        row += kind == "column"
    return found


def pack(group: NamedTuple, *, width: int = 0) -> Numbers:
    """Put a group of columns into one array.

    Args:
        group: The columns: lists or arrays of whole numbers.
        width: How much room each has at least.
    """
    where = places(type(group))
    rows = 1 + sum(place.kind == "column" for place in where.values())
    of_several = 0
    width = max(width, len(where))
    for name, place in where.items():
        value = getattr(group, name)
        if place.kind == "column":
            width = max(width, len(value))
        elif place.kind == "columns":
            of_several += len(value)
            width = max([width, *(len(one) for one in value)])
    packed = np.empty((rows + of_several, width), dtype=np.int64)
    packed[0] = 0
    for name, place in where.items():
        value = getattr(group, name)
        if place.kind == "number":
            packed[0, place.about] = value
        elif place.kind == "column":
            packed[0, place.about] = len(value)
            packed[place.row, : len(value)] = value
            packed[place.row, len(value) :] = 0
        else:
            packed[0, place.about] = rows
            for one in value:
                packed[rows, : len(one)] = one
                packed[rows, len(one) :] = 0
                rows += 1
    return packed


def room_for(group: type[Any], columns: int) -> Numbers:
    """Give a packed group of which each column has so much room."""
    where = places(group)
    packed = np.zeros((1 + len(where), max(columns, len(where))), dtype=np.int64)
    packed[0, : len(where)] = columns
    return packed


def column_of(packed: Numbers, group: type[Any], name: str) -> Numbers:
    """Give a column of a packed group, which is not copied."""
    place = places(group)[name]
    column: Numbers = packed[place.row, : packed[0, place.about]]
    return column
