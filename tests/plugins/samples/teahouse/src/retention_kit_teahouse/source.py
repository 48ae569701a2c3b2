"""The source: bills as orders, guests as customers."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from retention_kit.delivery import AdapterContext
from retention_kit.errors import bad_parameter
from retention_kit.plugins import Cursor, SourceTable, lazy_source
from retention_kit_teahouse.settings import TeahouseSettings
from retention_kit_teahouse.till import open_till

PAGE = 100
INSTANT = pl.Datetime("us", "UTC")
SCHEMAS = {
    "bills": {
        "id": pl.Int64(),
        "guest": pl.Int64(),
        "at": INSTANT,
        "total": pl.Decimal(18, 4),
        "changed_at": INSTANT,
        "deleted": pl.Boolean(),
    },
    "guests": {"id": pl.Int64(), "name": pl.String(), "phone": pl.String()},
}


class TeahouseSource:
    """Reads one till."""

    tables: Mapping[str, SourceTable] = {
        "bills": SourceTable(
            name="bills",
            becomes="orders",
            key=("id",),
            cursor="changed_at",
            deletions="deleted",
            columns={
                "order_id": "id",
                "customer_id": "guest",
                "ordered_at": "at",
                "amount": "total",
            },
        ),
        "guests": SourceTable(
            name="guests",
            becomes="customers",
            key=("id",),
            columns={"customer_id": "id", "first_name": "name", "phone": "phone"},
        ),
    }

    def __init__(self, settings: TeahouseSettings, context: AdapterContext) -> None:
        self.name = context.instance
        self._client, _ = open_till(settings, context)

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame; the till is asked when it is collected."""
        if table not in self.tables:
            raise bad_parameter("table", got=table, allowed=", ".join(self.tables))
        if since is not None and not (
            isinstance(since, dt.datetime) and self.tables[table].cursor is not None
        ):
            raise bad_parameter("since", got=type(since).__name__, allowed="an instant, for bills")
        instant = since if isinstance(since, dt.datetime) else None
        return lazy_source(
            SCHEMAS[table],
            lambda columns, most: self._pages(table, instant, most),
            name=f"{self.name}.{table}",
        )

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _pages(
        self, table: str, since: dt.datetime | None, most: int | None
    ) -> Iterator[pl.DataFrame]:
        after, left = 0, most
        while left is None or left > 0:
            limit = PAGE if left is None else min(PAGE, left)
            params: dict[str, int | str] = {"after": after, "limit": limit}
            if since is not None:
                params["changed_since"] = since.isoformat()
            rows = self._client.read("GET", f"/v1/{table}", params=params).json(exact=True)["rows"]
            if rows:
                yield _frame(rows, table)
                after = rows[-1]["id"]
            if len(rows) < limit:
                return
            left = None if left is None else left - len(rows)


def _frame(rows: list[dict[str, Any]], table: str) -> pl.DataFrame:
    texts = {
        name: kind if isinstance(kind, pl.Int64 | pl.Boolean) else pl.String()
        for name, kind in SCHEMAS[table].items()
    }
    read = pl.DataFrame(rows, schema=texts, strict=False)
    return read.with_columns(
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us", time_zone="UTC")
        if kind == INSTANT
        else pl.col(name).cast(kind)
        for name, kind in SCHEMAS[table].items()
    )
