"""Checks of what sources say of their tables."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from retention_kit.contracts import TABLES, Dataset
from retention_kit.errors import DataWarning, DefinitionError, RetentionKitError
from retention_kit.plugins.io_source import schema_of
from retention_kit.plugins.types import Source, SourceTable
from retention_kit.testing.conformance.cases import SourceCase
from retention_kit.testing.conformance.findings import Check, ConformanceError, always
from retention_kit.testing.conformance.tables_read import living, tables_of


def check_tables_are_sound(case: SourceCase) -> None:
    """Check that tables bear their names, and become what the spec says.

    Raises:
        ConformanceError: One does not.
    """
    rule = "say of its tables what the interface asks"
    with case.opened() as source:
        for name, table in source.tables.items():
            finding = None
            if table.name != name:
                finding = f"the table {name!r} is named {table.name!r}"
            elif table.becomes is not None and table.becomes not in TABLES:
                finding = f"{name!r} becomes {table.becomes!r}, which no Dataset has"
            elif table.becomes is not None and table.becomes not in case.spec.tables:
                finding = f"{name!r} becomes {table.becomes!r}, which its spec does not name"
            elif table.cursor is not None and not table.key:
                finding = f"{name!r} has a cursor and no key by which rows are known again"
            if finding is not None:
                raise ConformanceError(case.spec.name, rule, finding)


def check_declared_columns_are_there(case: SourceCase) -> None:
    """Check that keys, cursors, marks and mapped columns stand in the schemas.

    Raises:
        ConformanceError: One does not.
    """
    with case.opened() as source:
        for name, table in tables_of(case, source):
            for finding in _missing(case, source, name, table):
                raise ConformanceError(case.spec.name, "have the columns it declares", finding)


def check_tables_come_through_the_door(case: SourceCase) -> None:
    """Check that tables that become tables of a `Dataset` do.

    Raises:
        ConformanceError: The door refuses them, or rejects every row.
    """
    rule = "give tables that a Dataset takes"
    with case.opened() as source:
        given: dict[str, Any] = {}
        columns: dict[str, dict[str, str]] = {}
        options: dict[str, Any] = {"time_zone": "Europe/Moscow", "currency": "RUB"}
        for name, table in tables_of(case, source):
            if table.becomes is not None:
                given[table.becomes] = living(source.scan(name).collect(), table)
                columns[table.becomes] = dict(table.columns)
                for option, value in table.mapping_options.items():
                    before = options.get(option, {})
                    is_merged = isinstance(before, Mapping) and isinstance(value, Mapping)
                    options[option] = {**before, **value} if is_merged else value
        try:
            with warnings.catch_warnings():
                # A few invented customers stand out, which the door warns of.
                warnings.simplefilter("ignore", DataWarning)
                dataset = Dataset.from_frames(**given, columns=columns, **options)
        except RetentionKitError as error:
            raise ConformanceError(
                case.spec.name, rule, f"the door raised {type(error).__name__}: {error}"
            ) from None
        for name, rows in given.items():
            taken = getattr(dataset, name).select(pl.len()).collect().item()
            if rows.height and not taken:
                raise ConformanceError(
                    case.spec.name, rule, f"all {rows.height} rows of {name!r} are rejected"
                )


def check_unknown_tables_are_told(case: SourceCase) -> None:
    """Check that a table that is not there, and `since` without a cursor, are errors that say so.

    Raises:
        ConformanceError: They are not.
    """
    rule = "say which tables there are"
    with case.opened() as source:
        try:
            source.scan("no_such_table")
        except DefinitionError as error:
            if not any(name in str(error) for name in source.tables):
                raise ConformanceError(
                    case.spec.name, rule, "the error names none of its tables"
                ) from None
        else:
            raise ConformanceError(case.spec.name, rule, "an unknown table raised nothing")
        for name, table in tables_of(case, source):
            if table.cursor is None:
                try:
                    source.scan(name, since=0)
                except DefinitionError:
                    continue
                raise ConformanceError(
                    case.spec.name, rule, f"since for {name!r}, which has no cursor, raised nothing"
                )


def _missing(case: SourceCase, source: Source, name: str, table: SourceTable) -> Iterator[str]:
    schema = schema_of(source.scan(name))
    mentioned = {*table.key, *table.columns.values(), *filter(None, [table.cursor])}
    missing = sorted(mentioned - set(schema))
    if missing:
        yield f"the table {name!r} has no {', '.join(map(repr, missing))}"
    if table.deletions is None:
        return
    # Whatever is deleted may be told of with since alone.
    since = case.since.get(name)
    if table.deletions not in schema and since is not None:
        schema = schema_of(source.scan(name, since=since))
    if table.deletions in schema and schema[table.deletions] != pl.Boolean:
        yield f"{table.deletions!r} of {name!r} is {schema[table.deletions]}, not a Boolean"
    if table.deletions not in schema and since is not None:
        yield f"the table {name!r} has no {table.deletions!r}"


def _nothing_becomes(case: SourceCase) -> str | None:
    with case.opened() as source:
        becomes = [table.becomes for _, table in tables_of(case, source)]
    return None if "orders" in becomes else "the tables that are read hold no orders"


TABLE_CHECKS: Final[tuple[Check[SourceCase], ...]] = (
    Check(
        "tables_are_sound",
        "say of its tables what the interface asks",
        check_tables_are_sound,
        always,
    ),
    Check(
        "declared_columns_are_there",
        "have the columns that its tables declare",
        check_declared_columns_are_there,
        always,
    ),
    Check(
        "tables_come_through_the_door",
        "give tables that a Dataset takes",
        check_tables_come_through_the_door,
        _nothing_becomes,
    ),
    Check(
        "unknown_tables_are_told",
        "say which tables there are",
        check_unknown_tables_are_told,
        always,
    ),
)
