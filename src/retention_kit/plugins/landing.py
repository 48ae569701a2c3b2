"""A source's tables landed once as Parquet, and topped up from where they were read to."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl

from retention_kit._logging import get_logger
from retention_kit.contracts.temporary import temporary_file
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.errors import PluginError, bad_parameter, nearest_names
from retention_kit.plugins.full_disks import in_words_where_full
from retention_kit.plugins.io_source import schema_of
from retention_kit.plugins.landed_state import (
    KEPT,
    Landed,
    LandingFolder,
    landing_folder,
    new_folder,
)
from retention_kit.plugins.merging import is_known, latest_rows, merged_rows, without_deleted
from retention_kit.plugins.resuming import can_resume, next_cursor
from retention_kit.plugins.types import Cursor, Source, SourceTable

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LandedTable:
    """A table that was landed.

    Attributes:
        name: Its name in the source.
        path: The Parquet file with its rows. It never changes; topping up makes another, and the
            two before it are kept for those who are still reading them.
        rows: How many rows it has.
        cursor: From where it is read the next time; None where it will be read whole.
        is_topped_up: Whether only what had changed was read this time.
    """

    name: str
    path: Path
    rows: int
    cursor: Cursor | None
    is_topped_up: bool

    def scan(self) -> pl.LazyFrame:
        """Give its rows lazily."""
        return pl.scan_parquet(self.path)


@dataclass(frozen=True, slots=True)
class Landing:
    """The tables of a source that were landed.

    Attributes:
        folder: Where they are.
        tables: They, by their names in the source.
    """

    folder: Path
    tables: Mapping[str, LandedTable]


def land_source(
    source: Source,
    folder: str | Path | None = None,
    *,
    tables: Iterable[str] | None = None,
    since: Cursor | Mapping[str, Cursor] | None = None,
    clock: Clock = SYSTEM_CLOCK,
    mark: str = "",
) -> Landing:
    """Read a source's tables once, in bounded memory, and write them as Parquet.

    A folder that is named is kept, and topped up the next time: only rows that changed are read,
    later rows of a key take the place of earlier ones, and deleted ones go. A table without a
    cursor or a key, or whose columns have changed, is read whole. Where a source does not tell of
    deletions, rows that are gone there stay until the folder is removed and landed anew. Whoever is
    killed meanwhile leaves each table as it was or as it is to be. A second process waits for the
    first.

    Args:
        source: The source; it stays open.
        folder: Where to land; None for a temporary folder that goes with the process.
        tables: Which tables; None for all.
        since: Where to begin the first time: a cursor for all tables that have one, or by table.
        clock: The time.
        mark: Tells how the source is set up: where it is another than the last time, all is read
            whole. No secret: it is written into the folder.

    Returns:
        What was landed.

    Raises:
        DefinitionError: There is no such table, `since` is no cursor, or the folder holds something
            else.
        DataError: There is no room left where it lands. What was there stays as it was.
        FileFormatError: The folder's state cannot be read.
        PluginError: The source does not do what it says of itself.
        ChannelError: The outside system does not answer as it should.
        MissingDependencyError: A folder is named, and the extra `delivery` is not installed.

    Notes:
        Rows may change while pages are read. So the next reading begins at the greatest cursor
        seen, but not later than five minutes before this one began, where the cursor is an instant
        of change; without a zone, half a day more.
    """
    known = source.tables
    _check_since(since, known)
    wanted = list(known) if tables is None else list(dict.fromkeys(tables))
    for name in wanted:
        if name not in known:
            near = ", ".join(nearest_names(name, known))
            raise bad_parameter(
                "tables",
                got=name,
                allowed=", ".join(known) or "none",
                step=f"nearest: {near}." if near else "",
            )
    with _folder(folder, source.name, mark) as place:
        with in_words_where_full(place.path):
            landed = {
                name: _land(source, known[name], _start(known[name], since), place, clock)
                for name in wanted
            }
        return Landing(place.path, MappingProxyType(landed))


@contextlib.contextmanager
def _folder(folder: str | Path | None, source: str, mark: str) -> Iterator[LandingFolder]:
    if folder is None:
        yield new_folder(temporary_file(""), source)
        return
    with landing_folder(Path(folder), source, mark) as opened:
        yield opened


def _check_since(
    since: Cursor | Mapping[str, Cursor] | None, known: Mapping[str, SourceTable]
) -> None:
    by_table: Mapping[str, object] = since if isinstance(since, Mapping) else {"": since}
    for name, one in by_table.items():
        if isinstance(since, Mapping) and name not in known:
            near = ", ".join(nearest_names(name, known))
            raise bad_parameter(
                "since",
                got=name,
                allowed=f"tables of the source: {', '.join(known) or 'none'}",
                step=f"nearest: {near}." if near else "leave it out.",
            )
        if isinstance(one, bool) or not isinstance(one, dt.datetime | int | str | None):
            raise bad_parameter(
                "since",
                got=one,
                allowed="a datetime, a whole number or a text",
                step="write an instant as datetime.datetime, with its zone.",
            )


def _start(table: SourceTable, since: Cursor | Mapping[str, Cursor] | None) -> Cursor | None:
    if table.cursor is None:
        return None
    return since.get(table.name) if isinstance(since, Mapping) else since


def _land(
    source: Source, table: SourceTable, start: Cursor | None, place: LandingFolder, clock: Clock
) -> LandedTable:
    before = place.tables.get(table.name)
    resumed = None
    if before is not None and table.cursor is not None and table.key and before.start == start:
        resumed = before.cursor
    began = clock.now()
    rows = _scan(source, table, start if resumed is None else resumed)
    schema = _mark_of(rows, table)
    if resumed is not None and before is not None and before.schema != schema:
        logger.info("%s.%s: columns have changed, it is read whole", source.name, table.name)
        resumed = None
        rows = _scan(source, table, start)
        schema = _mark_of(rows, table)
    generation, file = place.begin(table.name)
    fresh = file.with_name("fresh.parquet")
    _sink(rows, fresh)
    cursor = next_cursor(fresh, resumed, began, table)
    came = pl.scan_parquet(fresh).select(pl.len()).collect().item()
    old = None if resumed is None else place.rows_of(table.name)
    if before is not None and old is not None and is_known(old, fresh, table):
        landed = Landed(before.generation, schema, start, cursor, before.rows, began, before.kept)
    else:
        _write(file, fresh, old, table)
        count = pl.scan_parquet(file).select(pl.len()).collect().item()
        kept = () if before is None else (before.generation, *before.kept)[:KEPT]
        landed = Landed(generation, schema, start, cursor, count, began, kept)
    fresh.unlink(missing_ok=True)
    landed = dataclasses.replace(landed, columns=dict(table.columns))
    place.finish(table.name, landed)
    place.sweep()
    logger.info(
        "%s.%s: %d rows read%s, %d in all",
        source.name,
        table.name,
        came,
        "" if resumed is None else " since the last time",
        landed.rows,
    )
    return LandedTable(
        table.name, place.rows_of(table.name), landed.rows, cursor, resumed is not None
    )


def _write(file: Path, fresh: Path, old: Path | None, table: SourceTable) -> None:
    latest = latest_rows(fresh, table)
    before = None if old is None else pl.scan_parquet(old)
    _sink(merged_rows(before, latest, table), file)


def _sink(rows: pl.LazyFrame, file: Path) -> None:
    """Write rows, which may be customers', into a file that nobody but its owner may read."""
    file.touch(mode=0o600)
    try:
        rows.sink_parquet(file, engine="streaming")
    except Exception:
        # Half of them are of no use, and take room; what was left by a kill goes the next time.
        file.unlink(missing_ok=True)
        raise


def _scan(source: Source, table: SourceTable, since: Cursor | None) -> pl.LazyFrame:
    rows = source.scan(table.name, since=since)
    if not isinstance(rows, pl.LazyFrame):
        raise PluginError(
            f"The source {source.name!r} gave a {type(rows).__name__} for its table "
            f"{table.name!r}. Allowed: a Polars LazyFrame. Next step: mend the plugin; "
            "retention_kit.plugins.lazy_source makes one."
        )
    schema = schema_of(rows)
    for column in (*table.key, *([] if table.cursor is None else [table.cursor])):
        if column not in schema:
            raise PluginError(
                f"The table {table.name!r} of the source {source.name!r} has no column "
                f"{column!r}, which it says is its key or cursor. Next step: mend the plugin."
            )
    if table.cursor is not None and not can_resume(schema[table.cursor]):
        raise PluginError(
            f"The cursor {table.cursor!r} of the table {table.name!r} of the source "
            f"{source.name!r} is {schema[table.cursor]}. Allowed: instants, days, whole numbers "
            "and texts. Next step: mend the plugin."
        )
    return rows


def _mark_of(rows: pl.LazyFrame, table: SourceTable) -> str:
    """Give a mark of what is landed: columns, types, and by what a row is known."""
    schema = without_deleted(rows, table).collect_schema()
    told = repr(([(name, str(dtype)) for name, dtype in schema.items()], table.key, table.cursor))
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
