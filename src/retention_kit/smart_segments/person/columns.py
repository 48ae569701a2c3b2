"""How a column of a row is read, and what is said of one that is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError, MissingColumnError, nearest_names

Read = Callable[[Mapping[str, Any]], Any]
_OF_LINES = ("customer_id", "ordered_at", "kind")


def described(table: str) -> tuple[str, ...]:
    """Name the columns that a table is described with; those that are absent are missing."""
    own = tuple(TABLES[table].columns) if table in TABLES else ()
    return (*own, *_OF_LINES) if table == "order_items" else own


def is_described(table: str, column: str) -> bool:
    """Say whether a table is described with a column."""
    return column in described(table)


def reading(table: str, column: str) -> Read:
    """Give the function that reads a column of a row of a table."""
    if is_described(table, column):
        return lambda row: row.get(column)

    def read(row: Mapping[str, Any]) -> Any:
        try:
            return row[column]
        except KeyError:
            raise unknown_column(table, column, row) from None

    return read


def unknown_column(
    table: str,
    column: str,
    given: Iterable[str],
    *,
    step: str = "mend the name, or give the rows that column",
) -> DefinitionError:
    """Say that a table has no such column, and which names come nearest."""
    known = tuple(dict.fromkeys([*described(table), *given]))
    near = nearest_names(column, known)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    return DefinitionError(
        f"A condition asks for column {column!r} of table {table!r}, which has none of that name. "
        f"It has: {', '.join(map(repr, known))}.{hint} Next step: {step}.",
        parameter="column",
    )


def missing_key(table: str, key: str, given: Iterable[object]) -> MissingColumnError:
    """Say that a row lacks a key that it must have; of rows in a service no mapping speaks."""
    error = MissingColumnError(table, key, map(str, given))
    is_row = table != "CustomerRows"
    what = f"A row of table {table!r} has" if is_row else "The rows of a customer have"
    has = ", ".join(map(repr, error.available)) or "none"
    hint = f" Nearest: {', '.join(map(repr, error.nearest))}." if error.nearest else ""
    step = (
        f"give it under that name: {{{key!r}: …}}, or as an attribute of the object."
        if is_row
        else "customer_rows(…) makes them of a service's rows, rows_of_customer(…) of a shop's "
        "tables."
    )
    # The error's own words tell how columns of a file are named, which there are none of here.
    error.args = (
        f"{what} no key {key!r}, which is required. It has: {has}.{hint} Next step: {step}",
    )
    return error
