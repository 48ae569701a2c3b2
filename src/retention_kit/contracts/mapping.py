"""Column mapping by name: which foreign column holds which column of a table."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.errors import DefinitionError, MissingColumnError, bad_parameter, nearest_names

ColumnMapping = Mapping[str, str] | Mapping[str, Mapping[str, str]]
"""Foreign names by column, for all tables at once or, one level deeper, by table."""


def mapping_by_table(
    columns: ColumnMapping | None, sources: Mapping[str, pl.Schema], extra: tuple[str, ...] = ()
) -> dict[str, dict[str, str]]:
    """Resolve a mapping for the tables that came.

    Args:
        columns: The mapping as the user gave it. A flat one goes to every table that has both the
            column and the foreign name.
        sources: The foreign schemas, by table.
        extra: Columns that may be mapped besides those of the tables.

    Returns:
        By table, the foreign name of each mapped column.

    Raises:
        DefinitionError: A table or a column of the mapping does not exist.
        MissingColumnError: A foreign name is in none of the tables that could hold it.
    """
    given = _checked(columns)
    resolved: dict[str, dict[str, str]] = {table: {} for table in sources}
    flat = {key: value for key, value in given.items() if isinstance(value, str)}
    nested = {key: value for key, value in given.items() if isinstance(value, Mapping)}
    for table, entries in nested.items():
        if table not in sources:
            raise bad_parameter("columns", got=table, allowed=f"tables given: {', '.join(sources)}")
        for column, foreign in entries.items():
            _check_column(column, (table,), extra)
            if foreign not in sources[table]:
                raise MissingColumnError(table, foreign, sources[table].names(), mapped_to=column)
            resolved[table][column] = foreign
    for column, foreign in flat.items():
        _check_column(column, tuple(sources), extra)
        could = [
            table for table in sources if column in DESCRIPTIONS[table].columns or column in extra
        ]
        holding = [table for table in could if foreign in sources[table]]
        if not holding:
            raise MissingColumnError(could[0], foreign, sources[could[0]].names(), mapped_to=column)
        for table in holding:
            resolved[table].setdefault(column, foreign)
    return resolved


def rename(
    table: str, frame: pl.LazyFrame, schema: pl.Schema, mapping: Mapping[str, str]
) -> pl.LazyFrame:
    """Rename the mapped columns; one foreign column may serve two columns.

    Raises:
        DefinitionError: A mapped column is there already under its own name.
    """
    if not mapping:
        return frame
    used = set(mapping.values())
    for column, foreign in mapping.items():
        if column in schema and column != foreign and column not in used:
            raise DefinitionError(
                f"Table {table!r} has a column {column!r}, and the mapping names {foreign!r} for "
                "it. Allowed: one source for a column. Next step: leave it out of the mapping, or "
                f"rename or drop the table's own {column!r}.",
                parameter="columns",
            )
    kept = [name for name in schema.names() if name not in used]
    return frame.select(
        *kept, *(pl.col(foreign).alias(column) for column, foreign in mapping.items())
    )


def require(table: str, schema: pl.Schema, mapping: Mapping[str, str] | None = None) -> None:
    """Raise where a required column is absent, before anything is renamed.

    Raises:
        MissingColumnError: A required column is absent; of lines, both `amount` and `price`.
    """
    described, used = DESCRIPTIONS[table], set((mapping or {}).values())
    there = {*schema.names(), *(mapping or {})} - (used - set(mapping or {}))
    needed = list(described.required)
    if table == "lines" and "price" not in there:
        needed.append("amount")
    for column in needed:
        if column not in there:
            # What serves another column already is no candidate for this one.
            free = [name for name in schema.names() if name not in used]
            unnamed = [name for name in free if name not in described.columns]
            raise MissingColumnError(table, column, free, candidates=unnamed)


def _checked(columns: object) -> dict[str, object]:
    allowed = "{column: your column}, or {table: {column: your column}}"
    if not isinstance(columns, Mapping | None):
        raise bad_parameter("columns", got=type(columns).__name__, allowed=allowed)
    given = dict(columns or {})
    entries = [
        entry
        for key, value in given.items()
        for entry in (value.items() if isinstance(value, Mapping) else [(key, value)])
    ]
    for column, foreign in entries:
        if not isinstance(foreign, str):
            raise bad_parameter(
                f"columns[{column!r}]", got=foreign, allowed=f"a name, as in {allowed}"
            )
    return given


def _check_column(column: str, tables: tuple[str, ...], extra: tuple[str, ...]) -> None:
    allowed = [name for table in tables for name in DESCRIPTIONS[table].columns] + list(extra)
    if column not in allowed:
        nearest = nearest_names(column, allowed)
        hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
        names = ", ".join(dict.fromkeys(allowed))
        raise DefinitionError(
            f"The mapping names a column {column!r} that no given table has. Allowed: {names}."
            f"{hint} Next step: write the library's name on the left and yours on the right: "
            "columns={'customer_id': 'Client'}.",
            parameter="columns",
        )
