"""Pages of fifty records: counted ones by `start`, and fast ones where `start` is -1."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from retention_kit.testing.emulators.bitrix24.filtering import Filter
from retention_kit.testing.emulators.bitrix24.records import Records, Row

PAGE = 50
UNCOUNTED = -1
"""The value of `start` that asks for no count."""


class Page(NamedTuple):
    """One page of a list.

    Attributes:
        rows: At most fifty records.
        total: How many there are in all; 0 where they were not counted.
        next: Where the next page starts; None on the last one, and where they were not counted.
    """

    rows: Sequence[Row]
    total: int
    next: int | None


def page_of(
    records: Records,
    asked: Filter,
    *,
    order: Sequence[tuple[str, bool]],
    start: int,
    conditions: Mapping[str, Any],
) -> Page:
    """Give one page.

    Uncounted, in the order of ids, it looks only at records from the bound of the id on, and stops
    at the fiftieth it finds.

    Args:
        records: The records.
        asked: Which of them.
        order: Names of fields and whether they descend; by ascending id where there are none.
        start: How many records stand before the page, or -1.
        conditions: The filter as it came, by which the next page is known to be of the same list.
    """
    by_id = not order or order[0][0] == "ID"
    descending = bool(order) and order[0][1]
    if by_id and (start == UNCOUNTED or not asked.tests):
        ids = _bounded(records, asked)
        if start == UNCOUNTED:
            turned = reversed(ids) if descending else iter(ids)
            return Page(list(islice(_passing(records, asked, turned), PAGE)), 0, None)
        return _cut(records, list(reversed(ids)) if descending else ids, start)
    query = json.dumps([conditions, order], sort_keys=True, default=str)
    found = records.found(query, lambda: _ordered(records, asked, order))
    return _cut(records, found, start)


def page_of_rows(rows: Sequence[Row], start: int) -> Page:
    """Give one page of records that are few and already in order."""
    if start == UNCOUNTED:
        return Page(rows[:PAGE], 0, None)
    end = start + PAGE
    return Page(rows[start:end], len(rows), end if end < len(rows) else None)


def _cut(records: Records, ids: Sequence[int], start: int) -> Page:
    if start == UNCOUNTED:
        return Page([records.rows[number] for number in ids[:PAGE]], 0, None)
    start = max(0, start)
    end = start + PAGE
    rows = [records.rows[number] for number in ids[start:end]]
    return Page(rows, len(ids), end if end < len(ids) else None)


def _bounded(records: Records, asked: Filter) -> Sequence[int]:
    ids = records.ids
    first = bisect_right(ids, asked.above)
    last = len(ids) if asked.below is None else bisect_left(ids, asked.below)
    if asked.ids is not None:
        lowest, highest = asked.above, asked.below
        return [
            number
            for number in sorted(asked.ids)
            if number in records.rows and number > lowest and (highest is None or number < highest)
        ]
    return _Stretch(ids, first, max(first, last))


class _Stretch(Sequence[int]):
    """A part of a list that is not copied."""

    def __init__(self, ids: list[int], first: int, last: int) -> None:
        self._ids, self._first, self._last = ids, first, last

    def __len__(self) -> int:
        return self._last - self._first

    def __iter__(self) -> Iterator[int]:
        return map(self._ids.__getitem__, range(self._first, self._last))

    def __reversed__(self) -> Iterator[int]:
        return map(self._ids.__getitem__, range(self._last - 1, self._first - 1, -1))

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            return [self._ids[self._first + position] for position in range(start, stop, step)]
        if place >= len(self):
            raise IndexError(place)
        return self._ids[self._first + place if place >= 0 else self._last + place]


def _passing(records: Records, asked: Filter, ids: Iterable[int]) -> Iterator[Row]:
    rows = (records.rows[number] for number in ids)
    return (row for row in rows if asked.allows(row)) if asked.tests else rows


def _ordered(records: Records, asked: Filter, order: Sequence[tuple[str, bool]]) -> list[int]:
    found = list(_passing(records, asked, _bounded(records, asked)))
    for name, descending in reversed(order):
        found.sort(key=lambda row: _sort_key(row.get(name)), reverse=descending)
    return [row["ID"] for row in found]


def _sort_key(value: Any) -> tuple[bool, Any]:
    if isinstance(value, list):
        value = str(value)
    return (value is not None, value.casefold() if isinstance(value, str) else value)
