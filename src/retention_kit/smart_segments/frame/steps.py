"""The rows of the steps of sequences, each table read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Sequence
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.sources import marked_rows
from retention_kit.smart_segments.lowered.facts import Found, rows_of


class Roles:
    """The rows that sequences look at.

    Args:
        sequences: The sequences.
        given: The tables.
    """

    def __init__(self, sequences: Iterable[Sequence], given: Given) -> None:
        asked = tuple(sequences)
        uses = [rows for sequence in asked for rows in rows_of(Found(sequence))]
        self._names = {rows: f"__role_{place}" for place, rows in enumerate(dict.fromkeys(uses))}
        self._frames: dict[str, pl.LazyFrame] = {}
        for table, columns in _columns(asked, given).items():
            roles = {rows: name for rows, name in self._names.items() if rows.table == table}
            frame = (
                marked_rows(table, given, roles, keep=pl.any_horizontal(list(roles.values())))
                .select(*columns, *roles.values())
            )
            # Kept once they are read, so that the table is not read for each of its uses.
            is_used_again = sum(rows.table == table for rows in uses) > 1
            self._frames[table] = frame.cache() if is_used_again else frame

    def of(self, rows: Rows) -> pl.LazyFrame:
        """Give the rows of one role."""
        return self._frames[rows.table].filter(pl.col(self._names[rows]))


def _columns(sequences: Iterable[Sequence], given: Given) -> dict[str, list[str]]:
    """Name the columns that are needed of each table."""
    found: dict[str, dict[str, None]] = {}

    def note(table: str, *names: str) -> None:
        present = given.schemas[table]
        found.setdefault(table, {}).update({name: None for name in names if name in present})

    for sequence in sequences:
        for rows in rows_of(Found(sequence)):
            note(rows.table, CUSTOMER, rows.instant)
        for step in sequence.steps:
            sames = [(step.rows, same) for same in step.same]
            sames += [(without.rows, same) for without in step.without for same in without.same]
            for rows, same in sames:
                note(rows.table, same.column)
                note(sequence.steps[same.step].rows.table, same.of_column)
    return {table: list(names) for table, names in found.items()}
