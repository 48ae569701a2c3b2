"""Checks of how sources read: late, no more than is needed, from a cursor on, side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import polars as pl

from retention_kit.plugins.io_source import schema_of
from retention_kit.plugins.types import Source, SourceTable
from retention_kit.testing.conformance.cases import SourceCase
from retention_kit.testing.conformance.findings import Check, ConformanceError, always
from retention_kit.testing.conformance.tables_read import living, requests_of, same_rows, tables_of

_HEAD: Final = 3
_A_FEW: Final = 6
"""Up to so many requests are needed whatever is asked for: to authorise, for the schema, a page."""
_THREADS: Final = 3


def check_nothing_is_read_before_it_is_needed(case: SourceCase) -> None:
    """Check that scanning reads no rows: a schema may be asked for, rows not.

    Raises:
        ConformanceError: Opening a source already asks, or a scan reads what collecting should.
    """
    rule = "read nothing before rows are collected"
    before = requests_of(case)
    with case.opened() as source:
        if requests_of(case) != before:
            raise ConformanceError(case.spec.name, rule, "opening it asked the outside system")
        for name, _ in tables_of(case, source):
            before = requests_of(case)
            scan = source.scan(name)
            schema_of(scan)
            for_schema = requests_of(case) - before
            scan.collect()
            for_rows = requests_of(case) - before - for_schema
            if for_schema > _A_FEW or (for_schema and not for_rows):
                raise ConformanceError(
                    case.spec.name,
                    rule,
                    f"scan({name!r}) made {for_schema} requests, collecting it {for_rows}",
                )


def check_batches_fit_the_schema(case: SourceCase) -> None:
    """Check that what is collected has the schema that was told, and the same rows twice.

    Raises:
        ConformanceError: It has not, or there are no rows to tell by.
    """
    rule = "give what its schema says, the same each time"
    with case.opened() as source:
        for name, table in tables_of(case, source):
            scan = source.scan(name)
            schema, rows = schema_of(scan), scan.collect()
            keys = list(table.key) or rows.columns
            finding = None
            if dict(schema) != dict(rows.schema):
                finding = f"the columns of {name!r} differ"
            elif not rows.height:
                finding = f"{name!r} has no rows: give the outside system of the case a few"
            elif not same_rows(rows.select(keys), source.scan(name).collect().select(keys)):
                finding = f"{name!r} was read twice and had other rows"
            elif table.key and rows.select(keys).is_duplicated().any():
                finding = f"the key of {name!r} stands on several rows"
            elif table.key and any(rows.select(keys).null_count().row(0)):
                finding = f"the key of {name!r} is null in some rows"
            if finding is not None:
                raise ConformanceError(case.spec.name, rule, finding)


def check_every_row_is_given(case: SourceCase) -> None:
    """Check that a table has all the rows that the case says the outside system has.

    Raises:
        ConformanceError: It has fewer, as where only the first page is read, or more.
    """
    with case.opened() as source:
        for name, wanted in case.rows.items():
            given = living(source.scan(name).collect(), source.tables[name]).height
            if given != wanted:
                raise ConformanceError(
                    case.spec.name,
                    "give every row of the outside system",
                    f"{name!r} had {given} rows, and the outside system has {wanted}",
                )


def check_only_wanted_columns_are_given(case: SourceCase) -> None:
    """Check that a selection of columns gives what the whole table has in them.

    Raises:
        ConformanceError: It does not.
    """
    with case.opened() as source:
        for name, table in tables_of(case, source):
            whole = source.scan(name).collect()
            wanted = [*table.key, *whole.columns[-1:], *whole.columns[:1]]
            wanted = list(dict.fromkeys(wanted))
            some = source.scan(name).select(wanted).collect()
            if not same_rows(some, whole.select(wanted)):
                raise ConformanceError(
                    case.spec.name,
                    "give the same rows when columns are selected",
                    f"{name!r} differs in {', '.join(wanted)}",
                )


def check_a_head_is_cheap(case: SourceCase) -> None:
    """Check that the first rows cost a few requests, however many rows there are.

    Raises:
        ConformanceError: More rows come than were asked for, or half of all requests are made.
    """
    rule = "stop asking when enough rows have come"
    with case.opened() as source:
        for name, _ in tables_of(case, source):
            before = requests_of(case)
            whole = source.scan(name).collect().height
            for_all = requests_of(case) - before
            before = requests_of(case)
            head = source.scan(name).head(_HEAD).collect().height
            for_head = requests_of(case) - before
            if head != min(_HEAD, whole):
                raise ConformanceError(
                    case.spec.name, rule, f"head({_HEAD}) of {name!r} has {head} rows"
                )
            if for_all > _A_FEW and for_head > for_all / 2:
                raise ConformanceError(
                    case.spec.name,
                    rule,
                    f"head({_HEAD}) of {name!r} made {for_head} requests, all of it {for_all}",
                )


def check_since_gives_later_rows(case: SourceCase) -> None:
    """Check that `since` gives the rows whose cursor is at or after it, and no earlier one.

    It is tried with what the case gives, and with the cursor of a row, which must come again.

    Raises:
        ConformanceError: It does not.
    """
    with case.opened() as source:
        for name, since in case.since.items():
            table = source.tables[name]
            assert table.cursor is not None
            whole = living(source.scan(name).collect(), table)
            wanted = whole.filter(pl.col(table.cursor) >= since)
            if not 0 < wanted.height < whole.height:
                raise ConformanceError(
                    case.spec.name,
                    "be given a case whose since divides the rows",
                    f"{wanted.height} of {whole.height} rows of {name!r} are at or after it",
                )
            _expect_later(case, source, table, whole, since)
            _expect_later(case, source, table, whole, wanted[table.cursor].min())


def check_several_may_read_at_once(case: SourceCase) -> None:
    """Check that threads may read side by side, as Polars does when it collects several tables.

    Raises:
        ConformanceError: One of them raises, or reads other rows.
    """
    rule = "let several read at once"
    with case.opened() as source:
        alone = {name: source.scan(name).collect() for name, _ in tables_of(case, source)}
        names = list(alone) * _THREADS
        with ThreadPoolExecutor(_THREADS) as threads:
            tried = [threads.submit(lambda one: source.scan(one).collect(), one) for one in names]
        for name, one in zip(names, tried, strict=True):
            error = one.exception()
            if error is not None:
                finding = f"reading {name!r} in {_THREADS} threads raised {type(error).__name__}"
                raise ConformanceError(case.spec.name, rule, finding)
            if not same_rows(one.result(), alone[name]):
                raise ConformanceError(
                    case.spec.name, rule, f"{name!r} had other rows in one of {_THREADS} threads"
                )


def _expect_later(
    case: SourceCase, source: Source, table: SourceTable, whole: pl.DataFrame, since: Any
) -> None:
    rule = "give with since the rows from then on"
    wanted = whole.filter(pl.col(str(table.cursor)) >= since)
    later = living(source.scan(table.name, since=since).collect(), table)
    keys = list(table.key) or whole.columns
    missing = wanted.join(later, on=keys, how="anti", nulls_equal=True).height
    if missing:
        finding = f"{missing} of {wanted.height} rows of {table.name!r} are missing"
        raise ConformanceError(case.spec.name, rule, finding)
    if later.height > wanted.height:
        finding = f"{later.height - wanted.height} rows of {table.name!r} are from before"
        raise ConformanceError(case.spec.name, rule, finding)


def _without_emulator(case: SourceCase) -> str | None:
    return None if case.emulator is not None else "the case has no emulator"


def _without_rows(case: SourceCase) -> str | None:
    return None if case.rows else "the case does not say how many rows there are"


def _without_since(case: SourceCase) -> str | None:
    if case.since:
        return None
    with case.opened() as source:
        with_cursor = [name for name, table in tables_of(case, source) if table.cursor]
    if with_cursor:
        return f"the case gives no since for {', '.join(with_cursor)}"
    return "no table has a cursor"


READING_CHECKS: Final[tuple[Check[SourceCase], ...]] = (
    Check(
        "nothing_is_read_before_it_is_needed",
        "read nothing before rows are collected",
        check_nothing_is_read_before_it_is_needed,
        _without_emulator,
    ),
    Check(
        "batches_fit_the_schema",
        "give what its schema says, each key once, the same each time",
        check_batches_fit_the_schema,
        always,
    ),
    Check(
        "every_row_is_given",
        "give every row of the outside system",
        check_every_row_is_given,
        _without_rows,
    ),
    Check(
        "only_wanted_columns_are_given",
        "give the same rows when columns are selected",
        check_only_wanted_columns_are_given,
        always,
    ),
    Check(
        "a_head_is_cheap",
        "stop asking when enough rows have come",
        check_a_head_is_cheap,
        always,
    ),
    Check(
        "since_gives_later_rows",
        "give with since the rows from then on",
        check_since_gives_later_rows,
        _without_since,
    ),
    Check(
        "several_may_read_at_once",
        "let several read at once",
        check_several_may_read_at_once,
        always,
    ),
)
