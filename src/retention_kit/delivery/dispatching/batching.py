"""Rows into batches: by group, within the channel's limits of rows and bytes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final, NamedTuple

from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.dispatching.rows import Row, Rows
from retention_kit.delivery.dispatching.spool import Gathering

HELD_IN_MEMORY: Final = 20_000
"""How many rows of batches that are not full yet stand in memory, all groups together."""
GROUPS_AT_ONCE: Final = 256
"""How many batches are filled at the same time: a large one holds a file open."""

_Place = tuple[str, bool]


class Filled(NamedTuple):
    """A batch that is full, or as full as it gets.

    Attributes:
        name: Its name.
        rows: Its rows.
        size: Their bytes.
    """

    name: str
    rows: Rows
    size: int


class _Filling:
    """A batch that is being filled."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex
        self.rows = Gathering()
        self.size = 0
        self.deals: set[str] = set()
        self.needs: set[str] = set()


class Batching:
    """Gathers rows into batches.

    Rows of an audience that is replaced stay together whatever their number, and come last.

    Args:
        capabilities: The channel's.
        most: The most rows of a batch.
    """

    def __init__(self, capabilities: Capabilities, most: int) -> None:
        self._capabilities = capabilities
        self._most = most
        self._filling: dict[_Place, _Filling] = {}

    def room(self, row: Row) -> tuple[str, int]:
        """Give the batch that a row would go to, and how many more rows it takes."""
        place = (row.payload.group, row.replaces)
        filling = self._filling.get(place)
        if filling is None:
            filling = self._filling[place] = _Filling()
        return filling.name, self._most - len(filling.rows)

    def add(self, row: Row) -> Iterator[Filled]:
        """Take a row; give the batches that are full now, in the order they must go."""
        place = (row.payload.group, row.replaces)
        filling = self._filling.get(place)
        most = self._capabilities.max_bytes
        if (
            filling is not None
            and most is not None
            and not row.replaces
            and filling.size + row.payload.size > most
        ):
            yield from self._close(place)
            filling = None
        if filling is None:
            filling = self._filling[place] = _Filling()
        filling.rows.extend((row,))
        filling.size += row.payload.size
        if row.kind == "create_deal":
            filling.deals.add(row.payload.id)
        if row.needs:
            filling.needs.add(row.needs)
        if len(filling.rows) >= self._most and not row.replaces:
            yield from self._close(place)

    def rest(self) -> Iterator[Filled]:
        """Give all batches that are not full, those that replace an audience last."""
        for place in sorted(self._filling, key=lambda place: place[1]):
            yield from self._close(place)

    def drop(self) -> None:
        """Drop all rows."""
        for filling in self._filling.values():
            filling.rows.close()
        self._filling.clear()

    def _close(self, place: _Place) -> Iterator[Filled]:
        """Give a batch, and before it those without which it makes no sense."""
        filling = self._filling.pop(place, None)
        if filling is None or not len(filling.rows):
            return
        if filling.needs:
            before = [at for at, one in self._filling.items() if one.deals & filling.needs]
            for one in before:
                yield from self._close(one)
        in_order = self._capabilities.idempotent == "batch"
        rows = filling.rows.done(in_order_of_id=in_order)
        yield Filled(filling.name, rows, filling.size)

    def too_many(self) -> Iterator[Filled]:
        """Give batches that are not full, where too many rows or batches wait to be."""
        held = sum(one.rows.in_memory for one in self._filling.values())
        if len(self._filling) <= GROUPS_AT_ONCE and held <= HELD_IN_MEMORY:
            return
        places = [place for place in self._filling if not place[1]]
        for place in places[: max(1, len(places) // 2)]:
            yield from self._close(place)
