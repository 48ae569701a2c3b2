"""Facts worked out of one customer's rows: each becomes a function when a segment is compiled."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import reduce
from operator import itemgetter
from typing import Any

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.windows import Every
from retention_kit.smart_segments.lowered.facts import (
    Count,
    Distinct,
    EndHas,
    Fact,
    Filled,
    FirstAt,
    Found,
    Granted,
    Greatest,
    Hashed,
    InPopulation,
    KnownSince,
    LastAt,
    Least,
    OfColumn,
    OfColumnOfCustomer,
    OfPlugin,
    OfRows,
    Periods,
    Snapshots,
    Total,
)
from retention_kit.smart_segments.person.asking import Ask, Entries, must
from retention_kit.smart_segments.person.columns import reading
from retention_kit.smart_segments.person.comparing import (
    comparable,
    is_exact,
    is_missing,
    is_number,
    selecting,
)
from retention_kit.smart_segments.person.filtering import EXACT
from retention_kit.smart_segments.person.of_customer import (
    column_of_customer,
    granted,
    hashed,
    in_population,
    known_since,
    of_plugin,
    snapshots,
)
from retention_kit.smart_segments.person.plan import Plan
from retention_kit.smart_segments.person.sequences import found

Compute = Callable[[Ask], Any]
_VALUE = itemgetter(1)


def computing(fact: Fact, plan: Plan) -> Compute:  # noqa: PLR0911 - one arm for each kind of fact
    """Give the function that works out a fact."""
    match fact:
        case Count() | FirstAt() | LastAt():
            return _of_rows(fact, plan)
        case OfColumn():
            return _of_column(fact, plan)
        case Periods():
            return _periods(fact, plan)
        case EndHas():
            return _end_has(fact, plan)
        case Found():
            return found(fact.sequence, plan)
        case OfColumnOfCustomer():
            return column_of_customer(fact)
        case KnownSince():
            return known_since
        case InPopulation():
            return in_population(fact, plan)
        case Granted():
            return granted(fact)
        case Hashed():
            return hashed(fact)
        case Snapshots():
            return snapshots(fact, plan)
        case OfPlugin():
            return of_plugin(fact, plan)
    raise DefinitionError(f"A {type(fact).__name__} is no fact that the library knows.")


def place_of(entries: Entries, at: int) -> int:
    """Give the place of the first row at or after an instant."""
    # A tuple of one is before every row of that instant, so that rows are never compared.
    return bisect_left(entries, (at,))


def between(entries: Entries, start: int | None, end: int) -> tuple[int, int]:
    """Give the places of the rows from one instant to before another."""
    first = 0 if start is None else place_of(entries, start)
    return first, max(first, bisect_left(entries, (end,), first))


def _of_rows(fact: OfRows, plan: Plan) -> Compute:
    rows, window = plan.rows_of(fact.rows), plan.span(fact.window)

    def count(ask: Ask) -> int:
        first, end = between(ask.rows_of(rows), *ask.bounds_of(window))
        return end - first

    def first_at(ask: Ask) -> int | None:
        entries = ask.rows_of(rows)
        first, end = between(entries, *ask.bounds_of(window))
        return entries[first][0] if first < end else None

    def last_at(ask: Ask) -> int | None:
        entries = ask.rows_of(rows)
        first, end = between(entries, *ask.bounds_of(window))
        return entries[end - 1][0] if first < end else None

    if isinstance(fact, Count):
        return count
    return first_at if isinstance(fact, FirstAt) else last_at


def _of_column(fact: OfColumn, plan: Plan) -> Compute:
    rows, window = plan.rows_of(fact.rows), plan.span(fact.window)
    values_of, work_out = values_reader(fact), WORKED_OUT[type(fact)]

    def compute(ask: Ask) -> Any:
        entries = ask.rows_of(rows)
        first, end = between(entries, *ask.bounds_of(window))
        return work_out(values_of(entries[first:end]))

    return compute


def values_reader(fact: OfColumn) -> Callable[[Entries], list[Any]]:
    """Give the function that reads the values of a column that are there, checked."""
    read, column, table = reading(fact.rows.table, fact.column), fact.column, fact.rows.table
    allowed: Callable[[Any], bool] | None
    match fact:
        case Total():
            allowed, what = is_exact, "whole numbers and Decimal, which add up exactly"
        case Least() | Greatest():
            allowed, what = is_number, "numbers"
        case _:
            allowed, what = None, ""

    def values(entries: Entries) -> list[Any]:
        found = [value for _, row in entries if not is_missing(value := read(row))]
        if allowed is not None:
            for value in found:
                if not allowed(value):
                    raise _cannot(fact, column, table, value, what)
        return found

    return values


def _total(values: Iterable[Any]) -> Decimal:
    return reduce(EXACT.add, values, Decimal(0))


WORKED_OUT: dict[type[OfColumn], Callable[[list[Any]], Any]] = {
    Total: _total,
    Filled: len,
    Least: lambda values: min(values, default=None),
    Greatest: lambda values: max(values, default=None),
    Distinct: lambda values: len(set(map(comparable, values))),
}


def _periods(fact: Periods, plan: Plan) -> Compute:
    rows, window = plan.rows_of(fact.rows), plan.span(fact.window)
    every, instant = fact.every, fact.rows.instant

    def compute(ask: Ask) -> int:
        entries = ask.rows_of(rows)
        first, end = between(entries, *ask.bounds_of(window))
        zone = ask.zone
        return len({_period(every, row[instant].astimezone(zone)) for _, row in entries[first:end]})

    return compute


def _period(every: Every, at: dt.datetime) -> int:
    """Give the number of a calendar period; equal in the same one."""
    match every:
        case "1d":
            return at.toordinal()
        case "1w":
            return at.toordinal() - at.weekday()
        case "1mo":
            return at.year * 12 + at.month
        case "1q":
            return at.year * 4 + (at.month - 1) // 3
        case "1y":
            return at.year


def _end_has(fact: EndHas, plan: Plan) -> Compute:
    rows = plan.rows_of(fact.rows)
    table = fact.rows.table
    selects = [selecting(where, table, plan) for where in fact.has]
    is_first, is_event = fact.end == "first", fact.rows.source == "events"

    def compute(ask: Ask) -> bool | None:
        entries = ask.rows_of(rows)
        end = place_of(entries, ask.now)
        if not end:
            return None
        at = entries[0 if is_first else end - 1][0]
        here = entries[place_of(entries, at) : min(end, place_of(entries, at + 1))]
        if not is_event and len(here) > 1:
            ids = [must(row, "order_id", table) for _, row in here]
            chosen = (min if is_first else max)(ids)
            here = [one for one, order_id in zip(here, ids, strict=True) if order_id == chosen]
        for select in selects:
            here = select(here, ask)
        return bool(here)

    return compute


def _cannot(fact: OfColumn, column: str, table: str, value: Any, what: str) -> DefinitionError:
    aggregate = {Total: "sum", Least: "min", Greatest: "max"}[type(fact)]
    step = "cast it to Decimal first." if isinstance(value, float) else "a column of numbers."
    return DefinitionError(
        f"Column {column!r} of table {table!r} holds {type(value).__name__}, of which no "
        f"{aggregate!r} is taken. Allowed: {what}. Next step: {step}",
        parameter="column",
    )
