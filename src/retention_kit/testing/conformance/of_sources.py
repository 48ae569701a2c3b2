"""Checks of sources: schemas, keys, pushdown, `since`, the door, errors."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import polars as pl

from retention_kit.contracts import Dataset
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    DataWarning,
    DefinitionError,
    RetentionKitError,
)
from retention_kit.plugins.types import Source, SourceTable
from retention_kit.testing.conformance.cases import SourceCase
from retention_kit.testing.conformance.findings import Check, ConformanceError, run_checks
from retention_kit.testing.conformance.findings import ConformanceReport as Report
from retention_kit.testing.conformance.of_specs import SPEC_CHECKS
from retention_kit.testing.conformance.secrets import (
    check_hidden,
    listening,
    secrets_of,
    told,
)

_HEAD = 3


def check_source(case: SourceCase, *, expected_failures: Mapping[str, str] | None = None) -> Report:
    """Run all checks of a source that fit what it declares and what the case gives.

    Args:
        case: The source, and what is outside of it.
        expected_failures: Checks that are known to fail, and why; one that passes is a failure.

    Returns:
        What became of each check; `raise_for_failures()` makes a test of it.
    """

    @contextmanager
    def opened() -> Iterator[SourceCase]:
        if case.emulator is not None:
            case.emulator.faults.clear()
        yield case

    return run_checks(case.spec.name, SOURCE_CHECKS, opened, expected_failures=expected_failures)


def check_declared_columns_are_there(case: SourceCase) -> None:
    """Check that keys, cursors, marks and mapped columns stand in the schemas.

    Raises:
        ConformanceError: One does not.
    """
    with case.opened() as source:
        for name, table in _tables(case, source):
            schema = source.scan(name).collect_schema()
            mentioned = [*table.key, *table.columns.values()]
            mentioned += [one for one in (table.cursor, table.deletions) if one is not None]
            missing = sorted(set(mentioned) - set(schema.names()))
            if missing:
                raise ConformanceError(
                    case.spec.name,
                    "have the columns it declares",
                    f"table {name!r} has no {', '.join(map(repr, missing))}",
                )
            if table.deletions is not None and schema[table.deletions] != pl.Boolean:
                raise ConformanceError(
                    case.spec.name,
                    "mark deletions with a Boolean",
                    f"{table.deletions!r} of {name!r} is {schema[table.deletions]}",
                )


def check_nothing_is_read_before_it_is_needed(case: SourceCase) -> None:
    """Check that scanning reads no rows: a schema may be asked for, rows not.

    Raises:
        ConformanceError: Opening a source already asks, or a scan reads as much as collecting.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "read nothing before rows are collected"
    before = emulator.requests.count()
    with case.opened() as source:
        if emulator.requests.count() != before:
            raise ConformanceError(case.spec.name, rule, "opening it asked the outside system")
        for name, _ in _tables(case, source):
            before = emulator.requests.count()
            source.scan(name)
            asked = emulator.requests.count() - before
            if asked:
                raise ConformanceError(
                    case.spec.name, rule, f"scan({name!r}) made {asked} requests"
                )


def check_batches_fit_the_schema(case: SourceCase) -> None:
    """Check that what is collected has the schema that was told, and the same rows twice.

    Raises:
        ConformanceError: It has not.
    """
    rule = "give what its schema says, the same each time"
    with case.opened() as source:
        for name, table in _tables(case, source):
            scan = source.scan(name)
            schema, rows = scan.collect_schema(), scan.collect()
            if dict(schema) != dict(rows.schema):
                raise ConformanceError(case.spec.name, rule, f"the columns of {name!r} differ")
            again = source.scan(name).collect()
            keys = list(table.key) or rows.columns
            if not _same(rows.select(keys), again.select(keys)):
                raise ConformanceError(
                    case.spec.name, rule, f"{name!r} was read twice and had other rows"
                )
            if table.key and rows.select(keys).is_duplicated().any():
                raise ConformanceError(
                    case.spec.name, rule, f"the key of {name!r} stands on several rows"
                )


def check_only_wanted_columns_are_given(case: SourceCase) -> None:
    """Check that a selection of columns gives what the whole table has in them.

    Raises:
        ConformanceError: It does not.
    """
    with case.opened() as source:
        for name, table in _tables(case, source):
            whole = source.scan(name).collect()
            wanted = [*table.key, *whole.columns[-1:], *whole.columns[:1]]
            wanted = list(dict.fromkeys(wanted))
            some = source.scan(name).select(wanted).collect()
            if not _same(some, whole.select(wanted)):
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
        for name, _ in _tables(case, source):
            before = _asked(case)
            whole = source.scan(name).collect().height
            for_all = _asked(case) - before
            before = _asked(case)
            head = source.scan(name).head(_HEAD).collect().height
            for_head = _asked(case) - before
            if head != min(_HEAD, whole):
                raise ConformanceError(
                    case.spec.name, rule, f"head({_HEAD}) of {name!r} has {head} rows"
                )
            # Small tables are read in one or two requests whatever is asked for.
            if for_all > 6 and for_head > for_all / 2:
                raise ConformanceError(
                    case.spec.name,
                    rule,
                    f"head({_HEAD}) of {name!r} made {for_head} requests, all of it {for_all}",
                )


def check_since_gives_later_rows(case: SourceCase) -> None:
    """Check that `since` gives the rows whose cursor is at or after it, and no earlier one.

    Raises:
        ConformanceError: It does not.
    """
    rule = "give with since the rows from then on"
    with case.opened() as source:
        for name, since in case.since.items():
            table = source.tables[name]
            assert table.cursor is not None
            whole = source.scan(name).collect()
            later = source.scan(name, since=since).collect()
            if table.deletions is not None:
                later = later.filter(~pl.col(table.deletions))
                whole = whole.filter(~pl.col(table.deletions))
            wanted = whole.filter(pl.col(table.cursor) >= since)
            keys = list(table.key) or whole.columns
            if not 0 < wanted.height < whole.height:
                raise ConformanceError(
                    case.spec.name,
                    "be given a case whose since divides the rows",
                    f"{wanted.height} of {whole.height} rows of {name!r} are at or after it",
                )
            missing = wanted.join(later, on=keys, how="anti", nulls_equal=True).height
            if missing:
                raise ConformanceError(
                    case.spec.name,
                    rule,
                    f"{missing} of {wanted.height} rows of {name!r} are missing",
                )
            if later.height > wanted.height:
                raise ConformanceError(
                    case.spec.name,
                    rule,
                    f"{later.height - wanted.height} rows of {name!r} are from before",
                )


def check_tables_come_through_the_door(case: SourceCase) -> None:
    """Check that tables that become tables of a `Dataset` do.

    Raises:
        ConformanceError: The door refuses them, or rejects every row.
    """
    rule = "give tables that a Dataset takes"
    with case.opened() as source:
        given: dict[str, Any] = {}
        columns: dict[str, dict[str, str]] = {}
        for name, table in _tables(case, source):
            if table.becomes is None:
                continue
            rows = source.scan(name).collect()
            if table.deletions is not None:
                rows = rows.filter(~pl.col(table.deletions))
            given[table.becomes] = rows
            columns[table.becomes] = dict(table.columns)
        if "orders" not in given:
            return
        try:
            with warnings.catch_warnings():
                # A few invented customers stand out, which the door warns of.
                warnings.simplefilter("ignore", DataWarning)
                dataset = Dataset.from_frames(
                    **given, columns=columns, time_zone="Europe/Moscow", currency="RUB"
                )
        except RetentionKitError as error:
            raise ConformanceError(
                case.spec.name, rule, f"the door raised {type(error).__name__}: {error}"
            ) from error
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
                ) from error
        else:
            raise ConformanceError(case.spec.name, rule, "an unknown table raised nothing")
        for name, table in _tables(case, source):
            if table.cursor is None:
                try:
                    source.scan(name, since=0)
                except DefinitionError:
                    continue
                raise ConformanceError(
                    case.spec.name, rule, f"since for {name!r}, which has no cursor, raised nothing"
                )


def check_refused_credentials_are_told(case: SourceCase) -> None:
    """Check that wrong credentials are an `AuthenticationError` that shows no secret.

    Raises:
        ConformanceError: They are not.
    """
    rule = "say that credentials are refused, and show no secret"
    assert case.wrong_settings is not None
    hidden = secrets_of(case.spec.settings, case.wrong_settings)
    with listening() as log, case.opened(case.wrong_settings) as source:
        name = case.names(source)[0]
        shown = _told_by(case, source, name, rule, AuthenticationError)
    check_hidden(
        case.spec.name, rule, hidden, {"the error": shown, "the log": "\n".join(log.lines)}
    )


def check_reads_are_tried_again(case: SourceCase) -> None:
    """Check that a read survives a dropped connection, an error of a gateway and a cut answer.

    Raises:
        ConformanceError: It does not, or rows are lost or come twice.
    """
    emulator = case.emulator
    assert emulator is not None
    with case.opened() as source:
        for name, table in _tables(case, source):
            whole = source.scan(name).collect()
            for kind in ("drop_before", "drop_after", "error_502_html", "truncate", "html_200"):
                emulator.faults.add(kind, times=1)
                try:
                    rows = source.scan(name).collect()
                except Exception as error:
                    raise ConformanceError(
                        case.spec.name,
                        "try reads again",
                        f"{name!r} raised {type(error).__name__} after one {kind!r}",
                    ) from error
                finally:
                    emulator.faults.clear()
                keys = list(table.key) or whole.columns
                if not _same(rows.select(keys), whole.select(keys)):
                    raise ConformanceError(
                        case.spec.name,
                        "try reads again",
                        f"{name!r} had {rows.height} rows, not {whole.height}, after one {kind!r}",
                    )


def check_a_dead_system_is_told(case: SourceCase) -> None:
    """Check that an outside system that never answers is a `ChannelError` that shows no secret.

    Raises:
        ConformanceError: It is not.
    """
    emulator = case.emulator
    assert emulator is not None
    rule = "say that the outside system does not answer, and show no secret"
    hidden = secrets_of(case.spec.settings, case.settings)
    with listening() as log, case.opened() as source:
        name = case.names(source)[0]
        emulator.faults.add("drop_before")
        try:
            shown = _told_by(case, source, name, rule, ChannelError)
        finally:
            emulator.faults.clear()
    check_hidden(
        case.spec.name, rule, hidden, {"the error": shown, "the log": "\n".join(log.lines)}
    )


def _told_by(
    case: SourceCase, source: Source, name: str, rule: str, wanted: type[RetentionKitError]
) -> str:
    try:
        source.scan(name).collect()
    except wanted as error:
        return told(error)
    except pl.exceptions.PolarsError as error:
        # Polars tells of what a source raised in its own error, with the name in the text.
        if wanted.__name__ in str(error) or isinstance(error.__cause__, wanted):
            return told(error)
        raise ConformanceError(
            case.spec.name, rule, f"{name!r} raised {type(error).__name__}, not {wanted.__name__}"
        ) from None
    except Exception as error:
        raise ConformanceError(
            case.spec.name, rule, f"{name!r} raised {type(error).__name__}, not {wanted.__name__}"
        ) from None
    raise ConformanceError(case.spec.name, rule, f"{name!r} raised nothing")


def _tables(case: SourceCase, source: Source) -> list[tuple[str, SourceTable]]:
    return [(name, source.tables[name]) for name in case.names(source)]


def _asked(case: SourceCase) -> int:
    return 0 if case.emulator is None else case.emulator.requests.count()


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    def sortable(frame: pl.DataFrame) -> pl.DataFrame:
        texts = [
            pl.col(name).map_elements(repr, return_dtype=pl.String)
            if isinstance(kind, pl.List | pl.Struct | pl.Object)
            else pl.col(name)
            for name, kind in frame.schema.items()
        ]
        plain = frame.select(texts)
        return plain.sort(plain.columns, nulls_last=True)

    return sortable(one).equals(sortable(other))


def _without_emulator(case: SourceCase) -> str | None:
    return None if case.emulator is not None else "the case has no emulator"


def _without_since(case: SourceCase) -> str | None:
    if case.since:
        return None
    with case.opened() as source:
        with_cursor = [name for name, table in _tables(case, source) if table.cursor]
    if with_cursor:
        return f"the case gives no since for {', '.join(with_cursor)}"
    return "no table has a cursor"


def _without_wrong_settings(case: SourceCase) -> str | None:
    return None if case.wrong_settings is not None else "the case has no wrong settings"


def _nothing(case: SourceCase) -> str | None:
    del case
    return None


SOURCE_CHECKS: Final[tuple[Check[SourceCase], ...]] = (
    *SPEC_CHECKS,
    Check(
        "declared_columns_are_there",
        "have the columns that its tables declare",
        check_declared_columns_are_there,
        _nothing,
    ),
    Check(
        "nothing_is_read_before_it_is_needed",
        "ask nobody before rows are collected",
        check_nothing_is_read_before_it_is_needed,
        _without_emulator,
    ),
    Check(
        "batches_fit_the_schema",
        "give what its schema says, each key once, the same each time",
        check_batches_fit_the_schema,
        _nothing,
    ),
    Check(
        "only_wanted_columns_are_given",
        "give the same rows when columns are selected",
        check_only_wanted_columns_are_given,
        _nothing,
    ),
    Check(
        "a_head_is_cheap",
        "stop asking when enough rows have come",
        check_a_head_is_cheap,
        _nothing,
    ),
    Check(
        "since_gives_later_rows",
        "give with since the rows from then on",
        check_since_gives_later_rows,
        _without_since,
    ),
    Check(
        "tables_come_through_the_door",
        "give tables that a Dataset takes",
        check_tables_come_through_the_door,
        _nothing,
    ),
    Check(
        "unknown_tables_are_told",
        "say which tables there are",
        check_unknown_tables_are_told,
        _nothing,
    ),
    Check(
        "refused_credentials_are_told",
        "say that credentials are refused, and show no secret",
        check_refused_credentials_are_told,
        _without_wrong_settings,
    ),
    Check(
        "reads_are_tried_again",
        "try reads again that did not come through",
        check_reads_are_tried_again,
        _without_emulator,
    ),
    Check(
        "a_dead_system_is_told",
        "say that the outside system does not answer, and show no secret",
        check_a_dead_system_is_told,
        _without_emulator,
    ),
)
