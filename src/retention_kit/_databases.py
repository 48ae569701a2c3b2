"""Databases: opened by URL, and one transaction at a time as each of them needs it."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy import exc, pool

from retention_kit.errors import DefinitionError, MissingDependencyError

_WAIT_SECONDS = 30
_SQLITE_BUSY: Final = frozenset({5, 6})
_SQLITE_CANNOT_OPEN: Final = 14
_POSTGRESQL_BUSY: Final = frozenset({"40001", "40P01", "55P03"})
"""Not serialisable, a deadlock, a lock that was not got."""
_CREATING = 5_713_204_551
"""The advisory lock under which one process makes the tables."""
_SYNCHRONOUS: Final = "retention_kit_synchronous"
"""By which a connection remembers what it was told about waiting for the disk."""


_OPENED: Final[weakref.WeakSet[sql.Engine]] = weakref.WeakSet()
"""Engines made here whose connections a process that forks must not share with its child."""


class LostError(Exception):
    """The transaction was undone because somebody else's came first."""


class Database:
    """An engine, and how a transaction begins and ends on it.

    SQLite's driver begins a transaction only at the first change, and one that has read cannot
    always begin to write. So transactions are begun here in so many words, and those that write
    take the lock for it at once. All changes of a database in memory go through one connection.
    """

    def __init__(self, engine: sql.Engine, *, own: bool) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._own = own
        alone = isinstance(engine.pool, pool.StaticPool | pool.SingletonThreadPool)
        self._turn = threading.Lock() if alone else contextlib.nullcontext()
        if own and not self.sqlite:
            _OPENED.add(engine)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """Open a transaction that only reads.

        Raises:
            LostError: The database would not wait any longer.
        """
        with _undone_by_others(), self._transaction("BEGIN") as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sql.Connection]:
        """Open a transaction that writes; it is undone whole if anything in it fails.

        Args:
            durable: Whether what is written outlives a loss of power from the moment it is
                committed, and all that was written before it. If not, it outlives the process all
                the same, and a loss of power from the next durable transaction on.

        Raises:
            LostError: A row is there already, or the database would not wait any longer.
        """
        begin = "BEGIN IMMEDIATE"
        with _undone_by_others(), self._transaction(begin, durable=durable) as connection:
            yield connection

    @contextlib.contextmanager
    def writing_on(self, connection: sql.Connection) -> Iterator[sql.Connection]:
        """Open a durable transaction that writes on a connection of PostgreSQL that is there.

        Raises:
            LostError: A row is there already, or the database would not wait any longer.
        """
        with _undone_by_others(), connection.begin():
            _make_durable(connection, durable=True)
            yield connection

    @contextlib.contextmanager
    def creating(self) -> Iterator[sql.Connection]:
        """Open a transaction in which tables are made, by one process at a time.

        Raises:
            DefinitionError: The file of the database cannot be opened.
        """
        with that_opens():
            yield from self._creating()

    def _creating(self) -> Iterator[sql.Connection]:
        if self.sqlite and self._own:
            # Where another process is about it at this instant, SQLite does not wait.
            with (
                contextlib.suppress(LostError),
                _undone_by_others(),
                self._connection() as connection,
            ):
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with self._transaction("BEGIN IMMEDIATE") as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_CREATING)))
            yield connection

    def checkpoint(self) -> None:
        """Let SQLite move what it wrote ahead to its place, unless somebody is reading there."""
        with self._connection() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connections, where the engine was made here."""
        if self._own:
            self.engine.dispose()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sql.Connection]:
        with self._turn, self.engine.connect() as connection:
            if self.sqlite:
                yield connection.execution_options(isolation_level="AUTOCOMMIT")
            else:
                yield connection

    @contextlib.contextmanager
    def _transaction(self, begin: str, *, durable: bool | None = None) -> Iterator[sql.Connection]:
        with self._connection() as connection:
            if not self.sqlite:
                with connection.begin():
                    _make_durable(connection, durable=durable)
                    yield connection
                return
            self._synchronise(connection, durable=durable)
            connection.exec_driver_sql(begin)
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.exec_driver_sql("COMMIT")

    def _synchronise(self, connection: sql.Connection, *, durable: bool | None) -> None:
        """Say whether SQLite waits for the disk at the end of the next transaction.

        Only what was opened here is set to write ahead, where not to wait does no harm.
        """
        wanted = "NORMAL" if durable is False and self._own else "FULL"
        if durable is not None and connection.info.get(_SYNCHRONOUS) != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
            connection.info[_SYNCHRONOUS] = wanted


def open_database(where: str | sql.URL | sql.Engine) -> Database:
    """Open a database by URL, or use an engine as it is.

    Raises:
        DefinitionError: The URL is none, or of a database that is not supported. The message does
            not show it: a password may stand in it.
        MissingDependencyError: The driver is not installed.
    """
    if isinstance(where, sql.Engine):
        return Database(where, own=False)
    try:
        url = sql.make_url(where)
        backend = "postgresql" if url.drivername == "postgres" else url.get_backend_name()
    except (exc.ArgumentError, ValueError, TypeError, AttributeError):
        raise _no_url() from None
    if backend == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        settings: dict[str, Any] = {"pool_pre_ping": True}
    elif backend == "sqlite":
        settings = {"connect_args": {"timeout": _WAIT_SECONDS}}
        if url.database in (None, "", ":memory:"):
            settings["poolclass"] = pool.StaticPool
            settings["connect_args"]["check_same_thread"] = False
    else:
        raise _no_url()
    try:
        return Database(sql.create_engine(url, hide_parameters=True, **settings), own=True)
    except ModuleNotFoundError:
        raise MissingDependencyError("psycopg", "postgres") from None


def _leave_to_parent() -> None:
    """Let a child that was forked open connections of its own, and close none of its parent's."""
    for engine in list(_OPENED):
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _make_durable(connection: sql.Connection, *, durable: bool | None) -> None:
    """Say whether PostgreSQL waits for the disk; a server that never does is told to."""
    if connection.dialect.name != "postgresql" or durable is None:
        return
    if durable:
        connection.exec_driver_sql(
            "SELECT set_config('synchronous_commit', 'on', true) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
    else:
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")


def _no_url() -> DefinitionError:
    return DefinitionError(
        "This is no URL of a database that is supported. Allowed: "
        "'sqlite:///path/to/file', 'postgresql://user:password@host/database', or an engine of "
        "SQLAlchemy. Next step: mend the URL.",
        parameter="database",
    )


@contextlib.contextmanager
def that_opens() -> Iterator[None]:
    """Say in our words that a file of SQLite cannot be opened; its path may be nobody's business.

    Raises:
        DefinitionError: It cannot.
    """
    try:
        yield
    except exc.OperationalError as problem:
        code = getattr(problem.orig, "sqlite_errorcode", None)
        if code is None or code & 0xFF != _SQLITE_CANNOT_OPEN:
            raise
        raise DefinitionError(
            "The file of the database cannot be opened. Allowed: a file in a folder that is there "
            "and may be written to. Next step: make the folder, or mend the path; three slashes "
            "begin a path from here, 'sqlite:///points.db', four one from the root.",
            parameter="database",
        ) from None


@contextlib.contextmanager
def _undone_by_others() -> Iterator[None]:
    try:
        yield
    except exc.IntegrityError:
        raise LostError from None
    except exc.OperationalError as problem:
        if _is_busy(problem):
            raise LostError from None
        raise


def _is_busy(problem: exc.OperationalError) -> bool:
    """Say whether somebody else's transaction stood in the way."""
    code = getattr(problem.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_BUSY
    return getattr(problem.orig, "sqlstate", None) in _POSTGRESQL_BUSY
