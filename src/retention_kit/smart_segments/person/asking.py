"""One question: a customer's rows at an instant, of which each thing is worked out at most once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from retention_kit.errors import DataError
from retention_kit.smart_segments.definitions.lengths import EPOCH
from retention_kit.smart_segments.definitions.windows import Bounds
from retention_kit.smart_segments.person.columns import missing_key
from retention_kit.smart_segments.person.spans import Moment, Resolve

Row = Mapping[str, Any]
Entry = tuple[int, Row]
"""When it happened, in microseconds since 1970 in UTC, and the row."""
Entries = Sequence[Entry]
"""In the order of time, rows at and after the instant of observation included."""
_MICROSECOND = dt.timedelta(microseconds=1)
UNSET: Any = object()
"""Stands for what has not been worked out."""


class Ask:
    """A customer's rows at an instant of observation, and what is worked out of them.

    Attributes:
        rows: The customer's rows.
        moment: The instant of observation, and the bounds of windows at it.
        as_of: The instant.
        now: The same in microseconds since 1970 in UTC.
        zone: The shop's zone.
        spans: How the bounds of each window are found.
        selects: How the rows of each filter are found.
        selected: The rows of each filter, where they have been found.
        computes: How each fact is worked out.
        values: The value of each fact, where it has been worked out.
        sources: The rows of each source, where they have been put in order.
    """

    __slots__ = (
        "as_of",
        "computes",
        "moment",
        "now",
        "rows",
        "selected",
        "selects",
        "sources",
        "spans",
        "values",
        "zone",
    )

    def __init__(
        self,
        rows: Mapping[str, Any],
        moment: Moment,
        *,
        spans: Sequence[Resolve],
        selects: Sequence[Callable[[Ask], Entries]],
        computes: Sequence[Callable[[Ask], Any]],
    ) -> None:
        self.rows = rows
        self.moment = moment
        self.as_of = moment.as_of
        self.now = moment.now
        self.zone = moment.zone
        self.spans = spans
        self.selects = selects
        self.selected: list[Entries | None] = [None] * len(selects)
        self.computes = computes
        self.values: list[Any] = [UNSET] * len(computes)
        self.sources: dict[str, Entries] = {}

    def bounds_of(self, place: int) -> Bounds:
        """Give the bounds of a window."""
        found = self.moment.bounds[place]
        if found is None:
            found = self.moment.bounds[place] = self.spans[place](self.moment)
        return found

    def rows_of(self, place: int) -> Entries:
        """Give the rows of a filter."""
        found = self.selected[place]
        if found is None:
            found = self.selected[place] = self.selects[place](self)
        return found

    def value(self, place: int) -> Any:
        """Give the value of a fact."""
        found = self.values[place]
        if found is UNSET:
            found = self.values[place] = self.computes[place](self)
        return found

    def source(self, name: str) -> Entries:
        """Give the rows of a source: completed sales, completed returns, their lines, events."""
        if name not in self.sources:
            if name == "events":
                self.sources[name] = events_of(self.rows["events"])
            elif name in ("orders", "returns"):
                sales, returns = orders_of(self.rows["orders"])
                self.sources.update(orders=sales, returns=returns)
            else:
                sales, returns = lines_of(self.rows["order_items"], self.rows["orders"])
                self.sources.update(order_items=sales, returned_items=returns)
        return self.sources[name]


def orders_of(orders: Iterable[Row]) -> tuple[list[Entry], list[Entry]]:
    """Give the completed sales and the completed returns, each in the order of time."""
    sales: list[Entry] = []
    returns: list[Entry] = []
    row: Row = {}
    try:
        for row in orders:
            status = row.get("status")
            if status is None or status == "completed":
                entry = ((row["ordered_at"] - EPOCH) // _MICROSECOND, row)
                (returns if row.get("kind") == "return" else sales).append(entry)
    except (TypeError, KeyError, AttributeError):
        raise wrong_instant("orders", "ordered_at", row) from None
    return _in_order(sales), _in_order(returns)


def lines_of(lines: Iterable[Row], orders: Iterable[Row]) -> tuple[list[Entry], list[Entry]]:
    """Give the lines of completed sales and of completed returns, each in the order of time."""
    off = orders_off(orders)
    sales: list[Entry] = []
    returns: list[Entry] = []
    row: Row = {}
    try:
        for row in lines:
            is_return = row.get("kind") == "return"
            if off and (row.get("order_id"), is_return) in off:
                continue
            entry = ((row["ordered_at"] - EPOCH) // _MICROSECOND, row)
            (returns if is_return else sales).append(entry)
    except (TypeError, KeyError, AttributeError):
        raise wrong_instant("order_items", "ordered_at", row) from None
    return _in_order(sales), _in_order(returns)


def orders_off(orders: Iterable[Row]) -> set[tuple[Any, bool]]:
    """Give the id of each order that is not completed, and whether it is a return."""
    return {
        (row.get("order_id"), row.get("kind") == "return")
        for row in orders
        if row.get("status") not in (None, "completed")
    }


def events_of(events: Iterable[Row]) -> list[Entry]:
    """Give the events in the order of time."""
    row: Row = {}
    entries: list[Entry] = []
    try:
        for row in events:
            entries.append(((row["occurred_at"] - EPOCH) // _MICROSECOND, row))
    except (TypeError, KeyError, AttributeError):
        raise wrong_instant("events", "occurred_at", row) from None
    return _in_order(entries)


def must(row: Row, column: str, table: str) -> Any:
    """Give what stands in a column that every row of a table has.

    Raises:
        MissingColumnError: The row lacks it.
    """
    try:
        return row[column]
    except KeyError:
        raise missing_key(table, column, row) from None


def instant_of(table: str, column: str, row: Row) -> int:
    """Give the instant of one row, in microseconds since 1970 in UTC.

    Raises:
        DataError: There is none, or it has no time zone.
    """
    try:
        return (row[column] - EPOCH) // _MICROSECOND  # type: ignore[no-any-return]
    except (TypeError, KeyError, AttributeError):
        raise wrong_instant(table, column, row) from None


def wrong_instant(table: str, column: str, row: object) -> DataError:
    """Say what is wrong with the instant of a row, without what stands in it."""
    if not isinstance(row, Mapping):
        return DataError(
            f"A row of {table!r} is a {type(row).__name__}. Allowed: a mapping of columns to "
            "values. Next step: customer_rows(…) takes mappings, dataclasses and ORM objects."
        )
    if column not in row:
        return missing_key(table, column, row)
    got = row[column]
    kind = "an instant without a time zone" if isinstance(got, dt.datetime) else type(got).__name__
    return DataError(
        f"Column {column!r} of table {table!r} holds {kind}. Allowed: instants with a time zone. "
        "Next step: give each its zone: at.replace(tzinfo=ZoneInfo('Europe/Moscow'))."
    )


_WHEN = itemgetter(0)


def _in_order(entries: list[Entry]) -> list[Entry]:
    entries.sort(key=_WHEN)
    return entries
