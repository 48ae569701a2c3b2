"""An account's columns of numbers: as tuples while it rests, as lists with room while it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.layout import Entries, State

Rest: TypeAlias = Any
"""A `State` as it rests: of tuples, each as long as it has rows."""
COUNTED_BY: Mapping[str, int] = {
    "lot": layout.LOTS,
    "record": layout.RECORDS,
    "award": layout.AWARDS,
    "spending": layout.SPENDINGS,
    "hold": layout.HOLDS,
    "qualifying": layout.QUALIFYING,
}
"""By the first word of a column's name, the cell that says how many rows are used."""
OF_PROGRAM = ("cool_until", "cap_used", "cap_in", "discount_used")
"""The columns that have a row for each rule, cap or discount."""
_KINDS = tuple(COUNTED_BY)
_COUNTED = tuple(
    (place, _KINDS.index(name.split("_")[0]))
    for place, name in enumerate(State._fields)
    if name.split("_")[0] in COUNTED_BY
)
_WHOLE = tuple(
    place for place, name in enumerate(State._fields) if name == "cells" or name in OF_PROGRAM
)
_NEEDED = tuple(one for one in _COUNTED if _KINDS[one[1]] in ("lot", "hold"))
_NOT_NEEDED = tuple(one for one in _COUNTED if one not in _NEEDED)
_EMPTIED = tuple(cell for kind, cell in COUNTED_BY.items() if kind not in ("lot", "hold"))
_SCRATCH = State._fields.index("base_now")
_COLUMNS_OF = {
    kind: tuple(name for name in State._fields if name.split("_")[0] == kind) for kind in _KINDS
}
_WIDTH = len(State._fields)
_ENTRY_WIDTH = len(Entries._fields)
_MOST = 2**63


def opened(state: Rest, room: Mapping[str, int], bases: int) -> State:
    """Give a state that may be changed, with room for more rows of each kind."""
    columns: list[Any] = [None] * _WIDTH
    spare = [(0,) * room[kind] for kind in _KINDS]
    columns[_SCRATCH] = [0] * bases
    for place, kind in _COUNTED:
        columns[place] = [*state[place], *spare[kind]]
    for place in _WHOLE:
        columns[place] = list(state[place])
    return State._make(columns)


def opened_in_part(state: Rest, room: Mapping[str, int], bases: int) -> State:
    """Give a state with its lots and holds alone, which is enough to try an order in most cases."""
    columns: list[Any] = [None] * _WIDTH
    spare = [(0,) * room[kind] for kind in _KINDS]
    columns[_SCRATCH] = [0] * bases
    for place, kind in _NEEDED:
        columns[place] = [*state[place], *spare[kind]]
    for place, kind in _NOT_NEEDED:
        columns[place] = list(spare[kind])
    for place in _WHOLE:
        columns[place] = list(state[place])
    cells = columns[0]
    for cell in _EMPTIED:
        cells[cell] = 0
    return State._make(columns)


def closed(state: Any) -> Rest:
    """Give a state as it rests, without the room that is not used."""
    columns: list[Any] = [()] * _WIDTH
    used = [state.cells[cell] for cell in COUNTED_BY.values()]
    for place, kind in _COUNTED:
        columns[place] = tuple(state[place][: used[kind]])
    for place in _WHOLE:
        columns[place] = tuple(state[place])
    return State._make(columns)


def kept(state: Rest, kind: str, rows: list[int]) -> Rest:
    """Give a state with some of its rows of a kind alone."""
    cells = list(state.cells)
    cells[COUNTED_BY[kind]] = len(rows)
    chosen: dict[str, Any] = {}
    for name in _COLUMNS_OF[kind]:
        column = getattr(state, name)
        chosen[name] = tuple(column[row] for row in rows)
    return state._replace(cells=tuple(cells), **chosen)


def empty_entries(room: int) -> Entries:
    """Give columns for entries, with room for so many."""
    return Entries([0, 0], *([0] * room for _ in range(_ENTRY_WIDTH - 1)))


def state_to_dict(state: Rest) -> dict[str, list[int]]:
    """Give a state as plain data; columns without rows are left out."""
    return {name: list(column) for name, column in zip(state._fields, state, strict=True) if column}


def state_from_dict(given: Mapping[str, Any]) -> Rest:
    """Read what `state_to_dict` gave.

    Raises:
        DataError: It is no state.
    """
    columns: dict[str, Any] = {name: _column(given.get(name, ())) for name in State._fields}
    if set(given) - set(columns) or len(columns["cells"]) != layout.CELLS:
        raise _no_state()
    state: Rest = State(**columns)
    for place, kind in _COUNTED:
        if len(state[place]) != state.cells[COUNTED_BY[_KINDS[kind]]]:
            raise _no_state()
    return state


def _column(given: Any) -> tuple[int, ...]:
    if not isinstance(given, list | tuple):
        raise _no_state()
    for number in given:
        if number.__class__ is not int or not -_MOST <= number < _MOST:
            raise _no_state()
    return tuple(given)


def _no_state() -> DataError:
    return DataError(
        "The columns of an account are not what Account.to_json() writes. Next step: read the "
        "whole text that it wrote."
    )
