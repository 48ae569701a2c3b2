"""Locks that die with the process that holds them, by which it is known who is still at work."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import urllib.parse
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import sqlalchemy as sql
from sqlalchemy import exc

from retention_kit._databases import Database
from retention_kit.delivery.journal.problems import denied, lost
from retention_kit.errors import MissingDependencyError

try:
    import filelock
except ModuleNotFoundError:
    raise MissingDependencyError("filelock", "delivery") from None


class Hold(Protocol):
    """A lock that is held."""

    def writing(self) -> contextlib.AbstractContextManager[sql.Connection]:
        """Open a durable transaction that can only be committed while the lock is held.

        Raises:
            JournalError: It is not held any more.
        """
        ...

    def release(self) -> None:
        """Let the lock go, and leave nothing of it behind."""
        ...


class Locks(Protocol):
    """Where locks are kept.

    Attributes:
        certain: Whether a lock can be lost only by the death of its process.
    """

    certain: bool

    def take(self, name: str) -> Hold | None:
        """Take a lock; None where another has it."""
        ...


def locks_for(database: Database) -> Locks:
    """Give the locks that belong to a database."""
    if not database.sqlite:
        return _SessionLocks(database)
    file = _file_of(database.engine.url)
    return _MemoryLocks(database) if file is None else _FileLocks(database, file)


def _file_of(url: sql.URL) -> Path | None:
    """Give the file of SQLite; None where all is in memory."""
    name = url.database or ":memory:"
    if name.startswith("file:"):
        name = urllib.parse.unquote(urllib.parse.urlsplit(name).path)
    in_memory = name in ("", ":memory:") or url.query.get("mode") == "memory"
    return None if in_memory else Path(name)


class _FileLocks:
    """A file for each lock, beside the file of the database."""

    certain = True

    def __init__(self, database: Database, file: Path) -> None:
        self._database = database
        # By whatever name somebody opens the database, the locks are at the same place.
        self._file = file.resolve()

    def take(self, name: str) -> Hold | None:
        path = self._file.with_name(f"{self._file.name}-{name}.lock")
        lock = filelock.FileLock(str(path), timeout=0, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            return None
        except OSError:
            raise denied() from None
        return _FileHold(self._database, lock, path)


class _FileHold:
    def __init__(self, database: Database, lock: filelock.BaseFileLock, path: Path) -> None:
        self._database = database
        self._lock = lock
        self._path = path

    def writing(self) -> contextlib.AbstractContextManager[sql.Connection]:
        return self._database.writing()

    def release(self) -> None:
        # Where an open file cannot be removed, the lock's own release does it.
        with contextlib.suppress(OSError):
            self._path.unlink()
        self._lock.release()


_HELD_IN_MEMORY: weakref.WeakKeyDictionary[sql.Engine, set[str]] = weakref.WeakKeyDictionary()
_GUARD = threading.Lock()


class _MemoryLocks:
    """Locks of a database that no other process sees."""

    certain = True

    def __init__(self, database: Database) -> None:
        self._database = database
        with _GUARD:
            self._held = _HELD_IN_MEMORY.setdefault(database.engine, set())

    def take(self, name: str) -> Hold | None:
        with _GUARD:
            if name in self._held:
                return None
            self._held.add(name)
        return _MemoryHold(self._database, self._held, name)


class _MemoryHold:
    def __init__(self, database: Database, held: set[str], name: str) -> None:
        self._database = database
        self._held = held
        self._name = name

    def writing(self) -> contextlib.AbstractContextManager[sql.Connection]:
        return self._database.writing()

    def release(self) -> None:
        with _GUARD:
            self._held.discard(self._name)


class _SessionLocks:
    """Advisory locks of PostgreSQL, each of a connection of its own.

    A connection can be lost while its process lives.
    """

    certain = False

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str) -> Hold | None:
        number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 2
        connection = self._database.engine.connect()
        try:
            with connection.begin():
                got = connection.execute(
                    sql.text("SELECT pg_try_advisory_lock(:number)"), {"number": number}
                ).scalar()
                connection.execute(_PATIENT)
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        hold = _SessionHold(self._database, connection, number)
        if not got:
            hold.release()
            return None
        return hold


_PATIENT = sql.text(
    "SELECT set_config(name, CASE name WHEN 'tcp_keepalives_idle' THEN '60' "
    "WHEN 'tcp_keepalives_interval' THEN '10' WHEN 'tcp_keepalives_count' THEN '6' ELSE '0' END, "
    "false) FROM pg_settings WHERE name IN ('tcp_keepalives_idle', 'tcp_keepalives_interval', "
    "'tcp_keepalives_count', 'idle_session_timeout')"
)
"""A client that fell silent is noticed within two minutes, one that has nothing to say is kept."""

_IS_HELD = sql.text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
    "AND granted AND objsubid = 1 AND classid::bigint << 32 | objid::bigint = :number "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


_UNLOCK = sql.text("SELECT pg_advisory_unlock(:number)")


class _SessionHold:
    def __init__(self, database: Database, connection: sql.Connection, number: int) -> None:
        self._database = database
        self._connection = connection
        self._number = number
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sql.Connection]:
        with self._turn:
            # A connection that was lost would be opened anew, without the lock.
            if self._connection.invalidated or self._connection.closed:
                raise lost()
            with self._database.writing_on(self._connection) as connection:
                if connection.execute(_IS_HELD, {"number": self._number}).scalar() != 1:
                    raise lost()
                yield connection

    def release(self) -> None:
        # The lock goes with the connection, which does not go back to others.
        with self._turn:
            with contextlib.suppress(exc.SQLAlchemyError):
                # The server notices a connection that was closed only a little later.
                if not self._connection.invalidated and not self._connection.closed:
                    with self._connection.begin():
                        self._connection.execute(_UNLOCK, {"number": self._number})
            with contextlib.suppress(exc.DBAPIError):
                self._connection.invalidate()
            self._connection.close()
