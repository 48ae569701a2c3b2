"""Lists of entities: filters, order, search, changes since an instant, page by page.

Not sure, and therefore to be chosen or counted: the order where none is asked (newest first here,
as in the vendor's examples), whether a search for a phone looks through its formatting (it does
here), and what an unknown filter does (nothing here, but `ignored` counts it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from retention_kit.testing.emulators.amocrm.calls import Call, Listing, page_of, read_listing
from retention_kit.testing.emulators.amocrm.shapes import EXTRAS, shape
from retention_kit.testing.emulators.amocrm.world import Row, World

Condition = Callable[[Row], bool]

MOST_ROWS = 250
SHORTEST_NUMBER = 5
"""Digits from which a search takes its text for a telephone number."""

_EVERYBODY = frozenset(
    {
        *("id", "name", "created_by", "updated_by", "responsible_user_id", "created_at"),
        *("updated_at", "closest_task_at", "custom_fields_values"),
    }
)
FILTERS = {
    "leads": _EVERYBODY | {"price", "statuses", "pipeline_id", "closed_at"},
    "contacts": _EVERYBODY,
    "companies": _EVERYBODY,
    "customers": _EVERYBODY | {"next_price", "next_date", "status_id"},
    "tasks": frozenset(
        {
            *("id", "responsible_user_id", "created_by", "is_completed", "task_type_id"),
            *("entity_type", "entity_id", "updated_at", "created_at", "complete_till"),
        }
    ),
    "notes": frozenset({"id", "entity_id", "note_type", "updated_at"}),
    "transactions": frozenset({"id", "created_at", "updated_at", "completed_at"}),
}
ORDERS = {
    "leads": frozenset({"created_at", "updated_at", "id"}),
    "contacts": frozenset({"updated_at", "id"}),
    "companies": frozenset({"updated_at", "id"}),
    "customers": frozenset({"created_at", "updated_at", "id"}),
    "tasks": frozenset({"created_at", "complete_till", "id"}),
    "notes": frozenset({"updated_at", "id"}),
    "transactions": frozenset({"id"}),
}


class Lists:
    """Serves lists; between two writes a list is filtered and sorted once for all its pages.

    Args:
        world: The account's state.
        newest_first: The order where none is asked: by id, descending or ascending.
        clamp: Whether a `limit` over 250 is cut, not refused.
    """

    def __init__(self, world: World, *, newest_first: bool, clamp: bool) -> None:
        self._world = world
        self._newest_first = newest_first
        self._clamp = clamp
        self._known: dict[tuple[Any, ...], list[Row]] = {}
        self._known_at = -1

    def entities(self, call: Call, kind: str) -> Row | None:
        """List leads, contacts, companies or customers."""
        for extra in read_listing(call, most=MOST_ROWS).extras - EXTRAS[kind]:
            self._world.ignored[f"{kind}.with.{extra}"] += 1
        return self.rows(call, kind, lambda row, extras: shape(self._world, kind, row, extras))

    def rows(
        self,
        call: Call,
        kind: str,
        shown: Callable[[Row, frozenset[str]], Row],
        *,
        among: Condition | None = None,
    ) -> Row | None:
        """List the rows of a table.

        Args:
            call: The request.
            kind: The table.
            shown: How a row is read.
            among: Which rows there are for this request; all unless given.
        """
        listing = read_listing(call, most=MOST_ROWS, clamp=self._clamp)
        deleted = kind == "leads" and "only_deleted" in listing.extras
        found = self._found(call, kind, listing, deleted=deleted, among=among)
        start = (listing.page - 1) * listing.limit
        rows = [shown(row, listing.extras) for row in found[start : start + listing.limit]]
        more = found[start + listing.limit : start + listing.limit + 1]
        return page_of(self._world, call, listing, kind, [*rows, *more])

    def _found(
        self, call: Call, kind: str, listing: Listing, *, deleted: bool, among: Condition | None
    ) -> list[Row]:
        key = (
            *(call.path, repr(listing.conditions), listing.order, listing.query),
            *(listing.since, deleted),
        )
        if self._known_at != self._world.version:
            self._known.clear()
            self._known_at = self._world.version
        # The first page looks anew, so that a test may change rows by hand between two listings.
        if listing.page > 1 and key in self._known:
            return self._known[key]
        found = self._search(kind, listing, deleted=deleted, among=among)
        self._known[key] = found
        return found

    def _search(
        self, kind: str, listing: Listing, *, deleted: bool, among: Condition | None
    ) -> list[Row]:
        tests: list[Condition] = [] if among is None else [among]
        for name, wanted in listing.conditions.items():
            if name in FILTERS[kind]:
                tests.append(_condition(name, wanted))
            else:
                self._world.ignored[f"{kind}.filter.{name}"] += 1
        if listing.query:
            tests.append(_search_for(listing.query))
        if listing.since is not None:
            since = listing.since
            tests.append(lambda row: row["updated_at"] >= since)
        found = [
            row
            for row in self._world.tables[kind].values()
            if row.get("is_deleted", False) == deleted and all(test(row) for test in tests)
        ]
        found.sort(key=lambda row: int(row["id"]), reverse=self._newest_first)
        for column, descending in reversed(listing.order):
            if column in ORDERS[kind]:
                found.sort(key=lambda row, column=column: row[column] or 0, reverse=descending)  # type: ignore[misc]
            else:
                self._world.ignored[f"{kind}.order.{column}"] += 1
        return found


def _condition(name: str, wanted: Any) -> Condition:
    if name == "statuses":
        pairs = {
            (str(one.get("pipeline_id", "")), str(one.get("status_id", "")))
            for one in _several(wanted)
            if isinstance(one, dict)
        }
        return lambda row: (str(row["pipeline_id"]), str(row["status_id"])) in pairs
    if name == "custom_fields_values":
        tests = [
            _custom(field_id, one)
            for field_id, one in (wanted.items() if isinstance(wanted, dict) else ())
        ]
        return lambda row: all(test(row) for test in tests)
    if isinstance(wanted, dict) and wanted.keys() & {"from", "to"}:
        low, high = _bounds(wanted)
        return lambda row: low <= _number(row[name]) <= high
    several = {str(one) for one in _several(wanted)}
    return lambda row: _plain(row[name]) in several


def _custom(field_id: str, wanted: Any) -> Condition:
    if isinstance(wanted, dict) and wanted.keys() & {"from", "to"}:
        low, high = _bounds(wanted)

        def within(row: Row) -> bool:
            return any(low <= _number(value["value"]) <= high for value in _of_field(row, field_id))

        return within
    several = {str(one) for one in _several(wanted)}

    def among(row: Row) -> bool:
        return any(
            _plain(value["value"]) in several or str(value.get("enum_id")) in several
            for value in _of_field(row, field_id)
        )

    return among


def _search_for(query: str) -> Condition:
    words = query.casefold()
    digits = re.sub(r"\D", "", query)
    number = digits if len(digits) >= SHORTEST_NUMBER and not re.search(r"[^\W\d]", query) else ""

    def holds(row: Row) -> bool:
        for text in _filled(row):
            if words in text.casefold():
                return True
            if number and number in re.sub(r"\D", "", text):
                return True
        return False

    return holds


def _filled(row: Row) -> Iterable[str]:
    for name in ("name", "text", "comment", "price"):
        yield str(row.get(name) or "")
    for entry in row.get("custom_fields_values") or ():
        for value in entry["values"]:
            yield str(value["value"])


def _of_field(row: Row, field_id: str) -> list[Row]:
    for entry in row["custom_fields_values"] or ():
        if str(entry["field_id"]) == field_id:
            values: list[Row] = entry["values"]
            return values
    return []


def _several(wanted: Any) -> list[Any]:
    return list(wanted.values()) if isinstance(wanted, dict) else [wanted]


def _bounds(wanted: Row) -> tuple[float, float]:
    return (
        _number(wanted.get("from", "-inf"), missing=float("-inf")),
        _number(wanted.get("to", "inf"), missing=float("inf")),
    )


def _number(value: Any, *, missing: float = float("nan")) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return missing


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
