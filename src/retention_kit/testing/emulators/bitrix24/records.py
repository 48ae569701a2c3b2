"""The records of one type, by ascending id: fast to page through however many they are."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

QUERIES_KEPT = 8

Row = dict[str, Any]


class Records:
    """Records by id.

    Attributes:
        rows: What is kept of each, by id and then by the field's name in capitals.
        ids: The ids, ascending.
    """

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.ids: list[int] = []
        self._last = 0
        self._queries: OrderedDict[Hashable, list[int]] = OrderedDict()

    def add(self, row: Row) -> int:
        """Keep a new record under the next id, which it gets as `ID`; ids are never used again."""
        self._last += 1
        row["ID"] = self._last
        self.rows[self._last] = row
        self.ids.append(self._last)
        self._queries.clear()
        return self._last

    def change(self, number: int, values: Row) -> None:
        """Keep other values of a record."""
        self.rows[number].update(values)
        self._queries.clear()

    def remove(self, number: int) -> Row:
        """Forget a record and give what it was."""
        row = self.rows.pop(number)
        del self.ids[bisect_left(self.ids, number)]
        self._queries.clear()
        return row

    def found(self, query: Hashable, find: Callable[[], list[int]]) -> list[int]:
        """Give the ids that a query finds; asked again before anything changes, at once.

        Args:
            query: What tells the query from others.
            find: Finds the ids.
        """
        if query in self._queries:
            self._queries.move_to_end(query)
            return self._queries[query]
        ids = self._queries[query] = find()
        if len(self._queries) > QUERIES_KEPT:
            self._queries.popitem(last=False)
        return ids
