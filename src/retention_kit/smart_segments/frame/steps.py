"""The rows of the steps of sequences, each table read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import polars as pl

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Sequence
from retention_kit.smart_segments.frame.comparisons import within
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.sources import marked_rows
from retention_kit.smart_segments.lowered.facts import Found, rows_of


class Role(NamedTuple):
    """Rows that a sequence looks at.

    Attributes:
        rows: Which rows.
        since: Before when, in microseconds since 1970 in UTC, none of them matters.
    """

    rows: Rows
    since: int | None


class Roles:
    """The rows that sequences look at.

    Args:
        sequences: The sequences.
        given: The tables.
    """

    def __init__(self, sequences: Iterable[Sequence], given: Given) -> None:
        self._given = given
        asked = tuple(sequences)
        uses = [role for sequence in asked for role in roles_of(sequence, given)]
        wanted = dict.fromkeys(role.rows for role in uses)
        self._names = {rows: f"__role_{place}" for place, rows in enumerate(wanted)}
        columns = _columns(asked, given)
        self._frames: dict[tuple[str, bool], pl.LazyFrame] = {}
        for kind in dict.fromkeys(_kept_with(role) for role in uses):
            here = [role for role in uses if _kept_with(role) == kind]
            table, _ = kind
            self._frames[kind] = self._read(here).select(
                *columns[table], *dict.fromkeys(self._names[role.rows] for role in here)
            )
            if len(here) > 1:
                # Kept once they are read, so that the table is not read for each of its uses.
                self._frames[kind] = self._frames[kind].cache()

    def _read(self, roles: list[Role]) -> pl.LazyFrame:
        """Read the rows of roles in one table."""
        masks = {role.rows: self._names[role.rows] for role in roles}
        sinces = [role.since for role in roles if role.since is not None]
        since = min(sinces) if len(sinces) == len(roles) else None
        keep = pl.any_horizontal([self._mask(role) for role in dict.fromkeys(roles)])
        return marked_rows(roles[0].rows.table, self._given, masks, since=since, keep=keep)

    def of(self, role: Role) -> pl.LazyFrame:
        """Give the rows of one role."""
        return self._frames[_kept_with(role)].filter(self._mask(role))

    def _mask(self, role: Role) -> pl.Expr:
        mask = pl.col(self._names[role.rows])
        if role.since is None:
            return mask
        at = self._given.instant(role.rows.table)
        return mask & within(at, (role.since, self._given.now), self._given.now)


def _kept_with(role: Role) -> tuple[str, bool]:
    """Say which rows are kept together: of one table, and young ones apart, which are few."""
    return role.rows.table, role.since is None


def first_role(sequence: Sequence, given: Given) -> Role:
    """Give the rows that may be the first step's."""
    is_first_of_all = sequence.among == "all" and sequence.which == "first"
    since = None if is_first_of_all else earliest(sequence, given)
    return Role(sequence.steps[0].rows, since)


def roles_of(sequence: Sequence, given: Given) -> Iterator[Role]:
    """Give all rows that a sequence looks at."""
    yield first_role(sequence, given)
    since = earliest(sequence, given)
    for rows in list(rows_of(Found(sequence)))[1:]:
        yield Role(rows, since)


def earliest(sequence: Sequence, given: Given) -> int | None:
    """Give when a match can begin at the earliest; what was before does not matter."""
    return sequence.window.bounds(given.as_of, given.clock)[0]


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
