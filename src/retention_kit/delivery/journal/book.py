"""What journals, runs and counts share: transactions that are tried again, and names by number."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import sqlalchemy as sql
from sqlalchemy import event

from retention_kit._databases import Database, LostError, open_database, that_opens
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.journal.liveness import Hold, locks_for
from retention_kit.delivery.journal.problems import in_plain_words
from retention_kit.delivery.journal.rows import Style, microseconds
from retention_kit.delivery.journal.tables import (
    CHANNELS,
    TOPICS,
    VERSION,
    create,
    version_of,
)

_T = TypeVar("_T")
_ATTEMPTS: Final = 5
_PATIENT_ATTEMPTS: Final = 60
_PAUSE: Final = 0.02
"""Seconds between two tries at most, times their number, so that no two meet again and again."""
_LONGEST_PAUSE: Final = 0.5
_MOST_TOPICS: Final = 100_000
_CACHE_KILOBYTES: Final = 65_536
_AHEAD_PAGES: Final = 2_000
"""What is written ahead before it is moved to its place: ids are scattered over many pages."""


class Topic(NamedTuple):
    """What many actions share.

    Attributes:
        campaign: Why they are done.
        step: Which step of it.
        kind: What is done.
        group: The payloads' group.
    """

    campaign: str
    step: str
    kind: str
    group: str


class Book:
    """A journal's database, and what is known of it without asking.

    Args:
        where: A path of SQLite, a URL or an engine.
        clock: The time.
    """

    def __init__(self, where: str | Path | sql.Engine, clock: Clock) -> None:
        self.clock = clock
        self.database = _opened(where)
        # Who waits for another thread here does not wait for SQLite, which only looks now and then.
        self._turn = threading.Lock() if self.database.sqlite else contextlib.nullcontext()
        self._topics: dict[Topic, int] = {}
        self._channels: dict[str, int] = {}
        try:
            with in_plain_words():
                self._prepare()
        except BaseException:
            self.database.close()
            raise
        self.locks = locks_for(self.database)
        sqlite = self.database.sqlite
        self.style = Style("?" if sqlite else "%s", locks=not sqlite)

    def now(self) -> int:
        """Give the instant in microseconds since 1970."""
        return microseconds(self.clock.now())

    def read(self, ask: Callable[[sql.Connection], _T]) -> _T:
        """Ask in a transaction that only reads.

        Raises:
            JournalError: The database cannot be read.
        """

        def once() -> _T:
            with self.database.reading() as connection:
                return ask(connection)

        return _tried(once)

    def write(
        self,
        change: Callable[[sql.Connection], _T],
        *,
        durable: bool = True,
        hold: Hold | None = None,
        patient: bool = False,
    ) -> _T:
        """Change something in one transaction; undone by others, it is tried again.

        Args:
            change: What is done; perhaps several times, so it keeps nothing.
            durable: Whether it outlives a loss of power at once, with all that was before.
            hold: A lock that must still be held when it is committed.
            patient: Whether it is tried much more often where others come first, since what is to
                be written cannot be had again.

        Raises:
            JournalError: The database cannot be written.
        """

        def once() -> _T:
            opened = self.database.writing(durable=durable) if hold is None else hold.writing()
            with self._turn, opened as connection:
                return change(connection)

        # SQLite has waited long for each try.
        return _tried(once, _PATIENT_ATTEMPTS if patient and self.style.locks else _ATTEMPTS)

    @contextlib.contextmanager
    def changing(self) -> Iterator[sql.Connection]:
        """Open a transaction for a small change that need not outlive a loss of power at once.

        Raises:
            JournalError: The database cannot be written.
        """
        with in_plain_words(), self._turn, self.database.writing(durable=False) as connection:
            yield connection

    def write_through(self) -> None:
        """Let SQLite move what it wrote ahead to its place, so that nothing older is left there.

        Where others are reading, it is done by whoever writes later.
        """
        if self.database.sqlite:
            with in_plain_words(), self._turn:
                self.database.checkpoint()

    def channel(self, name: str) -> int | None:
        """Give a channel's number; None where the journal never heard of it."""
        if name not in self._channels:
            asked = sql.select(CHANNELS.c.number).where(CHANNELS.c.name == name)
            number = self.read(lambda connection: connection.execute(asked).scalar())
            if number is None:
                return None
            self._channels[name] = number
        return self._channels[name]

    def new_channel(self, name: str) -> int:
        """Give a channel's number, a new one where it has none."""
        known = self.channel(name)
        if known is not None:
            return known

        def found_or_made(connection: sql.Connection) -> int:
            asked = sql.select(CHANNELS.c.number).where(CHANNELS.c.name == name)
            number = connection.execute(asked).scalar()
            return _inserted(connection, CHANNELS, {"name": name}) if number is None else number

        # Only what is committed is remembered.
        self._channels[name] = self.write(found_or_made)
        return self._channels[name]

    def topics(self, wanted: Set[Topic]) -> Mapping[Topic, int]:
        """Give topics by number, new ones where they have none."""
        known = self._topics
        missing = wanted - known.keys()
        if missing:

            def found_or_made(connection: sql.Connection) -> dict[Topic, int]:
                return {one: _topic_number(connection, one) for one in sorted(missing)}

            kept = (
                known
                if len(known) < _MOST_TOPICS
                else {one: known[one] for one in wanted & known.keys()}
            )
            self._topics = known = {**kept, **self.write(found_or_made)}
        return known

    def _prepare(self) -> None:
        with that_opens(), self.database.reading() as connection:
            version = version_of(connection)
        if version != VERSION:
            with self._turn, self.database.creating() as connection:
                create(connection)


def _opened(where: str | Path | sql.Engine) -> Database:
    """Open a database, of which SQLite may keep more in memory than it does by itself."""
    if isinstance(where, sql.Engine):
        return open_database(where)
    if isinstance(where, Path) or (isinstance(where, str) and "://" not in where):
        database = open_database(sql.URL.create("sqlite", database=str(where)))
    else:
        database = open_database(where)
    if database.sqlite:
        event.listen(database.engine, "connect", _enlarge_cache)
    return database


def _enlarge_cache(connection: Any, record: object) -> None:  # noqa: ARG001
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA cache_size=-{_CACHE_KILOBYTES}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_AHEAD_PAGES}")
    cursor.execute("PRAGMA fullfsync=ON")
    cursor.close()


def _tried(once: Callable[[], _T], attempts: int = _ATTEMPTS) -> _T:
    with in_plain_words():
        for attempt in range(1, attempts):
            with contextlib.suppress(LostError):
                return once()
            time.sleep(random.uniform(0, min(_PAUSE * attempt, _LONGEST_PAUSE)))
        return once()


def _topic_number(connection: sql.Connection, topic: Topic) -> int:
    row = {**topic._asdict(), "payload_group": topic.group}
    del row["group"]
    same = [TOPICS.c[name] == value for name, value in row.items()]
    number = connection.execute(sql.select(TOPICS.c.number).where(*same)).scalar()
    return _inserted(connection, TOPICS, row) if number is None else number


def _inserted(connection: sql.Connection, table: sql.Table, row: dict[str, Any]) -> int:
    key = connection.execute(table.insert().values(**row)).inserted_primary_key
    assert key is not None
    return int(key[0])
