"""Small things that the checks of sources share."""

from __future__ import annotations

import polars as pl

from retention_kit.plugins.types import Source, SourceTable
from retention_kit.testing.conformance.cases import SourceCase


def tables_of(case: SourceCase, source: Source) -> list[tuple[str, SourceTable]]:
    """Give the tables to be read, by name."""
    return [(name, source.tables[name]) for name in case.names(source)]


def requests_of(case: SourceCase) -> int:
    """Give how many requests have come; none where there is no emulator."""
    return 0 if case.emulator is None else case.emulator.requests.count()


def living(rows: pl.DataFrame, table: SourceTable) -> pl.DataFrame:
    """Give the rows that are not marked as deleted."""
    if table.deletions is None or table.deletions not in rows.columns:
        return rows
    return rows.filter(~pl.col(table.deletions).fill_null(False))


def same_rows(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Tell whether two tables have the same rows, in whatever order."""
    return _sorted(one).equals(_sorted(other))


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    plain = frame.select(
        pl.col(name).map_elements(repr, return_dtype=pl.String)
        if isinstance(kind, pl.List | pl.Array | pl.Struct | pl.Object)
        else pl.col(name)
        for name, kind in frame.schema.items()
    )
    return plain.sort(plain.columns, nulls_last=True)
