"""The source: leads as orders, contacts as customers; or purchases and their buyers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from retention_kit.adapters.amocrm import columns
from retention_kit.adapters.amocrm.account import Account
from retention_kit.adapters.amocrm.columns import Columns, frame_of, schema_of
from retention_kit.adapters.amocrm.reading import changed, in_order, pages
from retention_kit.adapters.amocrm.settings import AmoCrmSettings
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import bad_parameter, nearest_names
from retention_kit.plugins.io_source import lazy_source
from retention_kit.plugins.types import Cursor, SourceTable


class _List(NamedTuple):
    """Where a table's rows are, and what they are."""

    path: str
    rows: str
    becomes: str
    key: str
    extras: str
    needed_for: frozenset[str]
    cursor: str | None


_LISTS: Final[Mapping[str, _List]] = {
    "orders": _List(
        *("leads", "leads", "orders", "order_id", "contacts"),
        frozenset({"customer_id"}),
        "updated_at",
    ),
    "customers": _List(
        *("contacts", "contacts", "customers", "customer_id", ""), frozenset(), "updated_at"
    ),
    "purchases": _List(
        *("customers/transactions", "transactions", "orders", "order_id", ""), frozenset(), None
    ),
    "buyers": _List(
        *("customers", "customers", "customers", "customer_id", "contacts"),
        frozenset({"contact_id"}),
        "updated_at",
    ),
}


class AmoCrmSource:
    """Reads an account.

    Tables: `orders` (leads; completed where won, by the day they were closed; their customer is
    the main contact) and `customers` (contacts). Instead of these, where the account keeps buyers,
    `purchases` (orders by choice: `tables={"orders": "purchases", "customers": "buyers"}`).
    Deleted leads are told of when leads are read with `since`; of other records nobody tells.

    What is deleted while a table is read hides no other record, except among purchases, which the
    account lists by pages alone: read these when nobody deletes any.

    Args:
        settings: How the account is reached and read.
        context: The instance's name and the clock.
    """

    def __init__(self, settings: AmoCrmSettings, context: AdapterContext) -> None:
        self.name = context.instance
        self._settings = settings
        self._account = Account(settings, context)
        self._columns: Mapping[str, Columns] = {
            "orders": columns.orders(settings),
            "customers": columns.customers(settings),
            "purchases": columns.purchases(settings),
            "buyers": columns.buyers(settings),
        }

    def __repr__(self) -> str:
        return f"AmoCrmSource({self._settings.host!r})"

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name."""
        return {
            name: SourceTable(
                name=name,
                becomes=one.becomes,
                key=(one.key,),
                cursor=one.cursor,
                deletions="is_deleted" if name == "orders" else None,
            )
            for name, one in _LISTS.items()
        }

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame; the account is asked when it is collected.

        Args:
            table: One of `tables`.
            since: Only records that were changed at or after this instant.

        Raises:
            DefinitionError: There is no such table, or it has no cursor.
        """
        one = _LISTS.get(table)
        if one is None:
            near = ", ".join(nearest_names(table, _LISTS))
            raise bad_parameter(
                "table",
                got=table,
                allowed=", ".join(_LISTS),
                step=f"nearest: {near}." if near else "",
            )
        start = None
        if since is not None:
            if one.cursor is None or not isinstance(since, dt.datetime) or since.tzinfo is None:
                allowed = "an instant with a time zone" if one.cursor else f"None for {table!r}"
                raise bad_parameter("since", got=type(since).__name__, allowed=allowed)
            start = int(since.timestamp())
        known = self._columns[table]

        def batches(wanted: list[str] | None, most: int | None) -> Iterator[pl.DataFrame]:
            names = set(known if wanted is None else wanted)
            chosen = {name: column for name, column in known.items() if name in names}
            params = {"with": one.extras} if one.needed_for & names else {}
            for rows in self._rows(one, params, start, most):
                yield frame_of(rows, chosen)

        return lazy_source(schema_of(known), batches, name=f"{self.name}.{table}")

    def close(self) -> None:
        """Let go of connections."""
        self._account.close()

    def _rows(
        self, one: _List, params: Mapping[str, Any], since: int | None, most: int | None
    ) -> Iterator[list[dict[str, Any]]]:
        account = self._account
        if since is None:
            # Purchases know no order.
            yield from (
                in_order(account, one.path, params, by="id", most=most)
                if one.cursor
                else pages(account, one.path, one.rows, params, most=most)
            )
            return
        yield from changed(account, one.path, params, since, most=most)
        if one.path == "leads":
            yield from changed(account, one.path, {"with": "only_deleted"}, since, most=most)
