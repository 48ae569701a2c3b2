"""What a user declares of a table that a generic source reads: it cannot know it by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pydantic

from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names
from retention_kit.plugins.types import Cursor, SourceTable


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("allowed: a name of the IANA time zone database") from None
    return name


NaiveZone = Annotated[str, pydantic.AfterValidator(_zone)]
"""The time zone in which instants without one are meant."""


class DeclaredTable(pydantic.BaseModel):
    """What is declared of a table; as `SourceTable` has it.

    Attributes:
        becomes: The table of a `Dataset` that it is; by default the one of its own name, if any.
        key: The columns by which a row is one and the same.
        cursor: The column that `since` speaks of.
        cursor_kind: Whether the cursor is when a row was `modified_at`, or an `id` that only grows.
        deletions: The Boolean column that marks a row as deleted.
        columns: How columns of the source become columns of the table, by the latter's name.
        mapping_options: Further options of the door for this table, by name.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    becomes: str | None = None
    key: tuple[str, ...] = ()
    cursor: str | None = None
    cursor_kind: Literal["modified_at", "id"] = "modified_at"
    deletions: str | None = None
    columns: dict[str, str] = {}
    mapping_options: dict[str, Any] = {}

    @pydantic.field_validator("becomes")
    @classmethod
    def _is_known(cls, becomes: str | None) -> str | None:
        if becomes is not None and becomes not in TABLES:
            raise ValueError(f"allowed: {', '.join(TABLES)}")
        return becomes

    def as_table(self, name: str) -> SourceTable:
        """Give what a source says of the table."""
        return SourceTable(
            name=name,
            becomes=self.becomes or (name if name in TABLES else None),
            key=self.key,
            cursor=self.cursor,
            cursor_kind=self.cursor_kind,
            deletions=self.deletions,
            columns=dict(self.columns),
            mapping_options=dict(self.mapping_options),
        )


def table_to_scan(
    tables: Mapping[str, SourceTable], table: str, since: Cursor | None, *, source: str
) -> SourceTable:
    """Find the table that shall be read.

    Args:
        tables: Those of the source.
        table: Its name.
        since: From where on it shall be read.
        source: The source's name, for messages.

    Raises:
        DefinitionError: There is no such table, or it has no cursor and `since` is given.
    """
    if table not in tables:
        near = ", ".join(nearest_names(table, tables))
        raise bad_parameter(
            "table",
            got=table,
            allowed=f"a table of {source!r}: {', '.join(tables) or 'it has none'}",
            step=f"nearest: {near}." if near else "declare it.",
        )
    found = tables[table]
    if since is not None and found.cursor is None:
        raise DefinitionError(
            f"Table {table!r} of {source!r} has no cursor, and so it cannot be read since a point. "
            "Allowed: since=None, which reads it whole. Next step: leave since out, or declare "
            "which column says when a row was modified.",
            parameter="since",
        )
    return found


def check_columns(table: SourceTable, columns: Iterable[str]) -> None:
    """See that what was declared of a table speaks of columns that it has.

    Args:
        table: The table.
        columns: The columns that it has.

    Raises:
        DefinitionError: It has not; the message names the nearest.
    """
    there = list(columns)
    named = [("key", one) for one in table.key]
    named += [("cursor", table.cursor or ""), ("deletions", table.deletions or "")]
    for what, column in named:
        if column and column not in there:
            near = ", ".join(map(repr, nearest_names(column, there)))
            raise DefinitionError(
                f"Table {table.name!r} has no column {column!r}, which was declared as its {what}. "
                f"Allowed: {', '.join(there)}. Next step: mend the declaration"
                f"{f'; nearest: {near}.' if near else '.'}",
                parameter=what,
            )
