"""The source: deals as orders, their product rows, contacts and companies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import polars as pl

from retention_kit.adapters.bitrix24.columns import (
    Entity,
    companies,
    contacts,
    deals,
    frame,
    selected,
)
from retention_kit.adapters.bitrix24.lines import LINES, lines
from retention_kit.adapters.bitrix24.portal import Portal
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import bad_parameter, nearest_names
from retention_kit.plugins.io_source import lazy_source
from retention_kit.plugins.types import Cursor, SourceTable


class Bitrix24Source:
    """Reads a portal.

    Tables: `orders` (deals; a deal is completed where its stage means that it was won, whatever
    the stage is called), `order_items` (their product rows), `contacts` and `companies`, one of
    which are the customers. The portal does not tell of deleted records: what was deleted there
    stays in what was landed before, until it is landed anew.

    Args:
        settings: How the portal is reached and read.
        context: The instance's name and the clock.
    """

    def __init__(self, settings: Bitrix24Settings, context: AdapterContext) -> None:
        self.name = context.instance
        self._settings = settings
        self._portal = Portal(settings, context)
        self._reader = Reader(self._portal, settings.family, context.clock)
        self._entities: dict[str, Entity] = {
            "orders": deals(settings),
            "contacts": contacts(settings),
            "companies": companies(settings),
        }

    def __repr__(self) -> str:
        return f"Bitrix24Source({self._settings.portal!r})"

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name."""
        who = self._settings.customers
        tables = {
            name: SourceTable(
                name=name,
                becomes={"orders": "orders", who: "customers"}.get(name),
                key=("order_id",) if name == "orders" else ("customer_id",),
                cursor="updated_at",
            )
            for name in self._entities
        }
        # Which row of a deal was taken out nobody tells, so rows are always read whole.
        tables["order_items"] = SourceTable(
            name="order_items", becomes="order_items", key=("line_id",)
        )
        return tables

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame; the portal is asked when it is collected.

        Args:
            table: One of `tables`.
            since: Only records that were changed at or after this instant.

        Raises:
            DefinitionError: There is no such table, or it has no cursor.
        """
        described = self.tables.get(table)
        if described is None:
            near = ", ".join(nearest_names(table, self.tables))
            raise bad_parameter(
                "table",
                got=table,
                allowed=", ".join(self.tables),
                step=f"nearest: {near}." if near else "",
            )
        if since is not None and (
            described.cursor is None or not isinstance(since, dt.datetime) or since.tzinfo is None
        ):
            allowed = "an instant with a time zone" if described.cursor else f"None for {table!r}"
            raise bad_parameter("since", got=type(since).__name__, allowed=allowed)
        name = f"{self.name}.{table}"
        if table == "order_items":
            return lazy_source(LINES, lambda _, most: self._lines(most), name=name)
        entity = self._entities[table]
        changed = since if isinstance(since, dt.datetime) else None
        return lazy_source(
            entity.schema(),
            lambda columns, most: self._records(entity, columns, most, changed),
            name=name,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._portal.close()

    def _lines(self, most: int | None) -> Iterator[pl.DataFrame]:
        return lines(self._reader, self._entities["orders"], most)

    def _records(
        self, entity: Entity, names: list[str] | None, most: int | None, since: dt.datetime | None
    ) -> Iterator[pl.DataFrame]:
        columns = entity.of(names)
        family = self._reader.family(entity.number)
        for rows in self._reader.pages(entity, selected(columns, family), since=since, most=most):
            yield frame(rows, columns, family)
