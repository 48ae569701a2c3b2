"""The rows of a sequence's steps, each table read once."""

from __future__ import annotations

import polars as pl

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Sequence
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.sources import matching, seen_rows
from retention_kit.smart_segments.lowered.facts import Found, rows_of


class Roles:
    """The rows that a sequence looks at.

    Args:
        sequence: The sequence.
        given: The tables.
    """

    def __init__(self, sequence: Sequence, given: Given) -> None:
        self._names: dict[Rows, str] = {}
        for rows in rows_of(Found(sequence)):
            self._names.setdefault(rows, f"__role_{len(self._names)}")
        columns = _columns(sequence, given)
        self._frames: dict[str, pl.LazyFrame] = {}
        for table in dict.fromkeys(rows.table for rows in self._names):
            roles = {rows: name for rows, name in self._names.items() if rows.table == table}
            self._frames[table] = (
                seen_rows(table, given, roles)
                .with_columns(matching(rows, given).alias(name) for rows, name in roles.items())
                .filter(pl.any_horizontal(roles.values()))
                .select(*columns[table], *roles.values())
            )
            if len(roles) > 1:
                # The rows of all roles are kept, so that the table is not read for each of them.
                self._frames[table] = self._frames[table].cache()

    def of(self, rows: Rows) -> pl.LazyFrame:
        """Give the rows of one role."""
        return self._frames[rows.table].filter(pl.col(self._names[rows]))


def _columns(sequence: Sequence, given: Given) -> dict[str, list[str]]:
    """Name the columns that are needed of each table."""
    found: dict[str, dict[str, None]] = {}

    def note(table: str, *names: str) -> None:
        present = given.schemas[table]
        found.setdefault(table, {}).update({name: None for name in names if name in present})

    for rows in rows_of(Found(sequence)):
        note(rows.table, CUSTOMER, rows.instant)
    for step in sequence.steps:
        sames = [(step.rows, same) for same in step.same]
        sames += [(without.rows, same) for without in step.without for same in without.same]
        for rows, same in sames:
            note(rows.table, same.column)
            note(sequence.steps[same.step].rows.table, same.of_column)
    return {table: list(names) for table, names in found.items()}
