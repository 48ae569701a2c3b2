"""The kernel's groups of columns, each said by one table of addresses.

A compiled function takes four numbers quickly; a hundred and forty columns it would take minutes to
compile. The table of a group has a cell for each field, which is a number's value, the address of a
column's first number, or that of such addresses where a field is several columns; and then, in the
same order, how long each is. Nothing is copied: columns stay where they are.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from retention_kit.loyalty_rules.batch.columns import Numbers, kinds_of_fields
from retention_kit.loyalty_rules.kernel.layout import Entries, Events, Rules, State

GROUPS: dict[str, Any] = {one.__name__: one for one in (Rules, Events, State, Entries)}
"""The kernel's groups of columns by name."""
READ_ONLY = ("Rules", "Events")
"""The groups that the kernel never writes."""
Group = TypeVar("Group", bound=NamedTuple)


class Place(NamedTuple):
    """Where a field stands.

    Attributes:
        kind: `number`, `column` or `columns`.
        about: The cell of its value or of its address.
        length: The cell of its length.
    """

    kind: str
    about: int
    length: int


class Packed(NamedTuple):
    """A group of columns that compiled functions can reach.

    Attributes:
        table: The table of addresses.
        columns: The columns by field, which stay as long as this does.
    """

    table: Numbers
    columns: dict[str, Any]

    @property
    def address(self) -> int:
        """Where the table stands; it is good as long as this is kept."""
        return _address(self.table)


def places(group: type[Any]) -> dict[str, Place]:
    """Say where the fields of a group stand."""
    kinds = kinds_of_fields(group)
    return {
        name: Place(kind, about, len(kinds) + about)
        for about, (name, kind) in enumerate(kinds.items())
    }


def pack(group: NamedTuple) -> Packed:
    """Say where the columns of a group are.

    Args:
        group: The columns: arrays of 64-bit numbers, or lists, of which arrays are made.
    """
    where = places(type(group))
    table = np.zeros(2 * len(where), dtype=np.int64)
    columns: dict[str, Any] = {}
    for name, (kind, about, length) in where.items():
        value = getattr(group, name)
        if kind == "number":
            table[about] = value
            continue
        table[length] = len(value)
        if kind == "column":
            columns[name] = _array(value)
            table[about] = _address(columns[name])
        else:
            several = [_array(one) for one in value]
            addresses = np.array([_address(one) for one in several], dtype=np.int64)
            columns[name] = (several, addresses)
            table[about] = _address(addresses)
    return Packed(table, columns)


def column_of(packed: Packed, name: str) -> Numbers:
    """Give a column of a packed group, which is not copied."""
    column: Numbers = packed.columns[name]
    return column


def _array(value: Any) -> Numbers:
    return np.ascontiguousarray(value, dtype=np.int64)


def _address(column: Numbers) -> int:
    return int(column.ctypes.data)
