"""A customer's rows that are kept and asked again and again while new ones come in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from retention_kit.errors import DataError, DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.person.asking import Ask, Entries, Entry, instant_of, orders_off
from retention_kit.smart_segments.person.compiled import CompiledSegment, compile_segment
from retention_kit.smart_segments.person.fields import fields_of
from retention_kit.smart_segments.person.needs import KEYS, check_rows
from retention_kit.smart_segments.person.rows import (
    check_orders,
    line_row,
    membership_row,
    orders_by_id,
    owned_row,
)
from retention_kit.smart_segments.person.running import Kept, insert, is_steady, running
from retention_kit.smart_segments.person.typed_rows import CustomerRows

_LISTS = ("orders", "order_items", "events", "consents", "memberships")
_SOURCES = {
    "orders": ("orders", "returns"),
    "order_items": ("order_items", "returned_items"),
    "events": ("events", "events"),
}
_INSTANT = {"orders": "ordered_at", "order_items": "ordered_at", "events": "occurred_at"}


class CustomerState:
    """One customer's rows, kept in order, with what only grows kept as it runs.

    It gives what asking afresh over all its rows gives, whatever the order they come in and
    whichever way the instant of observation moves. While that moves on, counts, first and last
    instants are looked up, and sums, least, greatest and distinct values over windows that only
    grow (all time, and since) take new rows alone; everything else is worked out over the rows
    that are kept. It is not for several threads at once.

    Args:
        segments: A segment, compiled or not, or several.
        rows: The customer's rows so far, as `customer_rows` makes them.

    Examples:
        >>> import datetime as dt
        >>> from retention_kit.smart_segments import EventCount, Segment
        >>> from retention_kit.smart_segments.person.rows import customer_rows
        >>> twice = Segment(name="Bought twice", condition=EventCount(at_least=2))
        >>> state = CustomerState(twice, customer_rows(7, time_zone="UTC", orders=[]))
        >>> at = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
        >>> for number in (1, 2):
        ...     state.add("orders", {"order_id": number, "ordered_at": at, "amount": 10})
        >>> state.is_member(at), state.is_member(at + dt.timedelta(seconds=1))
        (False, True)
    """

    def __init__(
        self,
        segments: CompiledSegment | Segment | Iterable[CompiledSegment | Segment],
        rows: CustomerRows,
    ) -> None:
        check_rows(rows)
        is_one = isinstance(segments, CompiledSegment | Segment)  # a Segment can be iterated too
        given = [segments] if is_one or not isinstance(segments, Iterable) else list(segments)
        self._compiled = [_compiled(one) for one in given]
        names = [one.segment.name for one in self._compiled]
        if not names or len(set(names)) < len(names):
            raise bad_parameter(
                "segments", got=names, allowed="at least one segment, each with a name of its own"
            )
        self._rows: Any = {
            key: list(value) if key in _LISTS else value  # type: ignore[call-overload]
            for key, value in rows.items()
        }
        self._sources: dict[str, Entries] = {}
        self._kept: list[dict[int, Kept]] = [{} for _ in self._compiled]
        self._functions = [self._kept_functions(one) for one in range(len(self._compiled))]

    @property
    def rows(self) -> CustomerRows:
        """The customer's rows so far; not to be changed."""
        rows: CustomerRows = self._rows
        return rows

    def add(self, table: str, row: object) -> None:
        """Take a new row.

        Args:
            table: `orders`, `order_items`, `events`, `consents` or `snapshots`, to which the row
                is added; or `customers` or `scores`, of which it replaces what was there.
            row: The row, as `customer_rows` takes it. A line comes after its order.

        Raises:
            DefinitionError: There is no such table.
            MissingColumnError: A required column is absent.
            DataError: A value cannot be read, the row is of another customer, an amount has
                the wrong sign, a sale's id is there already, or a line's order is not.
        """
        customer_id = self._rows["customer_id"]
        match table:
            case "customers":
                self._rows["customer"] = owned_row(table, row, customer_id)
            case "scores":
                self._rows["scores"] = fields_of(table, row)
            case "snapshots":
                self._rows.setdefault("memberships", []).append(membership_row(row, customer_id))
            case "consents":
                self._rows.setdefault(table, []).append(owned_row(table, row, customer_id))
            case "events":
                self._append(table, owned_row(table, row, customer_id))
            case "order_items":
                orders = orders_by_id(self._rows["orders"]) if "orders" in self._rows else None
                self._append(table, line_row(row, customer_id, orders))
            case "orders":
                self._add_order(owned_row(table, row, customer_id))
            case _:
                raise bad_parameter("table", got=table, allowed=", ".join(map(repr, KEYS)))

    def is_member(self, as_of: dt.datetime, segment: str | None = None) -> bool | None:
        """Say whether the customer is a member, as `CompiledSegment.is_member` does.

        Args:
            as_of: The instant of observation, with a time zone.
            segment: Which segment, by name; needed where there are several.
        """
        place = self._place(segment)
        return self._compiled[place].said(self._evaluate(place, as_of))

    def memberships(self, as_of: dt.datetime) -> dict[str, bool | None]:
        """Say of every segment, by name, whether the customer is a member."""
        return {
            one.segment.name: one.said(self._evaluate(place, as_of))
            for place, one in enumerate(self._compiled)
        }

    def _place(self, segment: str | None) -> int:
        names = [one.segment.name for one in self._compiled]
        if segment is None and len(names) == 1:
            return 0
        if segment not in names:
            raise bad_parameter("segment", got=segment, allowed=", ".join(map(repr, names)))
        return names.index(segment)

    def _evaluate(self, place: int, as_of: dt.datetime) -> bool | None:
        compiled, (selects, computes) = self._compiled[place], self._functions[place]
        compiled.check_given(self._rows)
        moment = compiled.moment(as_of, self._rows["time_zone"])
        ask = Ask(self._rows, moment, spans=compiled.plan.spans, selects=selects, computes=computes)
        ask.sources = self._sources
        return compiled.answered(ask)

    def _add_order(self, row: dict[str, Any]) -> None:
        orders = self._rows.setdefault("orders", [])
        check_orders([row])
        if row["kind"] == "sale" and (row["order_id"], "sale") in orders_by_id(orders):
            raise DataError(
                "One order id stands on two sales. Allowed: one row for each sale. Next step: make "
                "a new state of the rows as they stand now."
            )
        if row["status"] == "completed":
            self._append("orders", row)
            return
        orders.append(row)
        # Lines of it that are there already do not count any more.
        for source in _SOURCES["order_items"]:
            self._forget(source)

    def _append(self, table: str, row: dict[str, Any]) -> None:
        self._rows.setdefault(table, []).append(row)
        sale, back = _SOURCES[table]
        source = back if row.get("kind") == "return" and table != "events" else sale
        if source not in self._sources:
            return
        if table == "order_items" and _is_off(row, self._rows["orders"]):
            return
        entry: Entry = (instant_of(table, _INSTANT[table], row), row)
        insert(self._sources[source], entry)
        for compiled, kept in zip(self._compiled, self._kept, strict=True):
            for place, one in kept.items():
                if compiled.plan.rows[place].source == source:
                    one.waiting.append(entry)

    def _forget(self, source: str) -> None:
        self._sources.pop(source, None)
        for compiled, kept in zip(self._compiled, self._kept, strict=True):
            for place in list(kept):
                if compiled.plan.rows[place].source == source:
                    del kept[place]

    def _kept_functions(
        self, number: int
    ) -> tuple[list[Callable[[Ask], Entries]], list[Callable[[Ask], Any]]]:
        """Give a segment's functions, with those in place of it that keep what they found."""
        plan, kept = self._compiled[number].plan, self._kept[number]
        selects = [
            _keeping(place, select, plan.rows[place].source, kept)
            if is_steady(plan.rows[place])
            else select
            for place, select in enumerate(plan.selects)
        ]
        computes = [
            running(fact, plan, kept) or compute
            for fact, compute in zip(plan.facts, plan.computes, strict=True)
        ]
        return selects, computes


def _keeping(
    place: int, select: Callable[[Ask], Entries], source: str, kept: dict[int, Kept]
) -> Callable[[Ask], Entries]:
    def selected(ask: Ask) -> Entries:
        found = kept.get(place)
        if found is None:
            found = kept[place] = Kept(list(select(ask)))
        elif found.waiting:
            new = Ask(ask.rows, ask.moment, spans=ask.spans, selects=(), computes=())
            new.sources = {source: sorted(found.waiting, key=lambda entry: entry[0])}
            found.take(select(new))
        return found.entries

    return selected


def _compiled(segment: object) -> CompiledSegment:
    if isinstance(segment, CompiledSegment):
        return segment
    if not isinstance(segment, Segment):
        raise DefinitionError(
            f"A segment is a {type(segment).__name__}. Allowed: Segment, or what compile_segment "
            "gives. Next step: CustomerState(compile_segment(segment), rows).",
            parameter="segments",
        )
    return compile_segment(segment)


def _is_off(line: dict[str, Any], orders: list[dict[str, Any]]) -> bool:
    return (line["order_id"], line["kind"] == "return") in orders_off(orders)
