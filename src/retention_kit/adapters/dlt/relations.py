"""A table of a dataset that dlt loaded, read by the database's own means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from retention_kit.adapters.cursors import Point, cursor_of, point_for, rows_since
from retention_kit.adapters.typed_columns import fitted_column
from retention_kit.errors import DefinitionError
from retention_kit.plugins.types import Cursor, SourceTable


@dataclass(frozen=True, slots=True)
class Condition:
    """From where on rows are read.

    Attributes:
        since: As it was asked for.
        point: As the cursor's column has it.
    """

    since: Cursor
    point: Point


class Relation:
    """A table of a loaded dataset.

    Args:
        dataset: The dataset, of dlt.
        place: The table's name there.
        table: The table that it is.
        batch_rows: How many rows are fetched at a time.
        naive_zone: The time zone in which instants without one are meant.
    """

    def __init__(
        self,
        dataset: Any,
        place: str,
        table: SourceTable,
        *,
        batch_rows: int,
        naive_zone: str,
    ) -> None:
        self._dataset = dataset
        self._relation = dataset[place]
        self._table = table
        self._rows = batch_rows
        self._zone = naive_zone
        self.schema = self._asked_schema()

    def condition(self, since: Cursor) -> Condition:
        """Give the condition that rows are at or after a point.

        Raises:
            DefinitionError: The cursor is not there, or cannot be compared with the point.
        """
        dtype = self.schema[cursor_of(self._table, self.schema)]
        if dtype == pl.String and self._table.cursor_kind == "id":
            raise DefinitionError(
                f"Column {self._table.cursor!r} of table {self._table.name!r} is text, whose order "
                "is not that in which ids grow. Allowed: a whole number as the cursor of kind "
                "'id'. Next step: declare another.",
                parameter="cursor",
            )
        return Condition(since, point_for(since, dtype, self._table, naive_zone=self._zone))

    def frames(
        self, columns: list[str] | None, rows: int | None, condition: Condition | None
    ) -> Iterator[pl.DataFrame]:
        """Read rows.

        Args:
            columns: The columns needed; None for all.
            rows: How many rows at most; None for all of them.
            condition: From where on.
        """
        # A row has a column, though a plan that counts rows needs none.
        names = list(self.schema) if columns is None else columns or list(self.schema)[:1]
        if condition is None:
            asked = self._relation.select(*names)
            asked = asked if rows is None else asked.limit(rows)
            for table in asked.iter_arrow(chunk_size=self._rows):
                yield self._typed(table)
            return
        yield from self._since(names, condition)

    def _since(self, names: list[str], condition: Condition) -> Iterator[pl.DataFrame]:
        cursor = cursor_of(self._table, self.schema)
        asked = list(dict.fromkeys([*names, cursor]))
        is_text = self.schema[cursor] == pl.String
        # An instant written as text may have another offset: those of the days before come too.
        point = _days_before(str(condition.point)) if is_text else condition.point
        with self._dataset.sql_client as client:
            quoted = client.capabilities.escape_identifier(cursor)
            query = (
                f"SELECT * FROM ({self._relation.select(*asked).to_sql()}) AS asked "
                f"WHERE {quoted} >= %s OR {quoted} IS NULL"
            )
            with client.execute_query(query, point) as found:
                for table in found.iter_arrow(chunk_size=self._rows):
                    frame = self._typed(table)
                    kept = rows_since(
                        frame.lazy(),
                        frame.schema,
                        condition.since,
                        self._table,
                        naive_zone=self._zone,
                    )
                    yield kept.collect()

    def _typed(self, table: Any) -> pl.DataFrame:
        frame = pl.DataFrame(table)
        return pl.DataFrame(
            [
                fitted_column(
                    column,
                    self.schema[column.name],
                    naive_zone=self._zone,
                    table=self._table.name,
                )
                for column in frame.get_columns()
            ]
        )

    def _asked_schema(self) -> pl.Schema:
        schema = pl.DataFrame(self._relation.limit(0).arrow()).schema
        return pl.Schema(
            {name: pl.String() if dtype == pl.Null else dtype for name, dtype in schema.items()}
        )


def _days_before(instant: str) -> str:
    day = dt.date.fromisoformat(instant[:10])
    return (day - dt.timedelta(days=2)).isoformat() if day.year > 1 else ""
