"""Who is at work on a channel, and what those who died at it left behind."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from pathlib import Path
from typing import Final

import sqlalchemy as sql

from retention_kit.delivery.journal import batches
from retention_kit.delivery.journal.book import Book
from retention_kit.delivery.journal.liveness import Hold
from retention_kit.delivery.journal.problems import JournalError
from retention_kit.delivery.journal.rows import Style, microseconds
from retention_kit.delivery.journal.tables import BATCHES, RUNS

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE: Final = Path("/proc/self/ns/pid")

GRACE: Final = 900.0
"""Seconds after which a call is over, even if its process should still live."""


class Presence:
    """A run as others see it: a row, and a lock that dies with the process.

    Args:
        book: The journal.
        channel: The number of the channel at which it works.

    Attributes:
        number: By which its batches are known.
        hold: Its lock.
    """

    def __init__(self, book: Book, channel: int) -> None:
        self._book = book
        self._channel = channel
        self.number = secrets.randbits(62)
        hold = _taken(book, self.number)
        # Nobody else draws this number; whoever held it would be no run.
        if hold is None:
            raise JournalError(
                "A lock of the journal is held by another. Next step: try again.", code="busy"
            )
        self.hold: Hold = hold
        row = {
            "number": self.number,
            "channel": channel,
            "host": _host(),
            "process": os.getpid(),
            "started_at": book.now(),
        }
        try:
            # The lock is held before anybody can know of it, so that it is never taken for dead.
            book.write(lambda connection: connection.execute(RUNS.insert().values(**row)))
        except BaseException:
            self.hold.release()
            raise

    def recover_others(self, *, cautious: bool) -> dict[str, int]:
        """Take back what dead runs of the channel left: claimed as planned, the rest as unknown.

        Args:
            cautious: Whether nothing is sent again as long as a call might be under way. Where a
                lock can be lost by a process that lives, and this one may, what it handed over
                stays so for a while.

        Returns:
            How many actions became `planned` and `unknown`.
        """
        asked = sql.select(RUNS).where(RUNS.c.channel == self._channel)
        others = self._book.read(
            lambda connection: connection.execute(asked.where(RUNS.c.number != self.number)).all()
        )
        counts = {"planned": 0, "unknown": 0}
        for other in others:
            hold = _taken(self._book, other.number)
            if hold is None:
                continue
            try:
                dead = self._book.locks.certain or _is_dead(other.host, other.process)
                found = self._recovered(other.number, wait=cautious and not dead)
            finally:
                hold.release()
            counts = {state: counts[state] + found[state] for state in counts}
        return counts

    def leave(self, *, quietly: bool) -> None:
        """Take back what the run itself left, and be gone.

        Args:
            quietly: Whether a journal that cannot be written is passed over, since something else
                went wrong before; the next run then does it.
        """
        try:
            with contextlib.suppress(*((JournalError,) if quietly else ())):
                self._recovered(self.number, wait=False)
        finally:
            self.hold.release()

    def _recovered(self, run: int, *, wait: bool) -> dict[str, int]:
        now, style = self._book.now(), self._book.style
        over = now - microseconds(GRACE) if wait else None

        def change(connection: sql.Connection) -> dict[str, int]:
            mine = BATCHES.c.run == run
            counts = {
                "planned": _take_back(connection, style, mine, "claimed", "planned", now),
                "unknown": _take_back(
                    connection,
                    style,
                    mine if over is None else mine & (BATCHES.c.updated_at < over),
                    "handed_over",
                    "unknown",
                    now,
                ),
            }
            left = sql.select(sql.literal(1)).where(mine).exists()
            connection.execute(RUNS.delete().where(RUNS.c.number == run, ~left))
            return counts

        return self._book.write(change)


def _taken(book: Book, run: int) -> Hold | None:
    return book.locks.take(f"run-{run:x}")


def _take_back(
    connection: sql.Connection,
    style: Style,
    those: sql.ColumnElement[bool],
    before: str,
    after: str,
    now: int,
) -> int:
    numbers = (
        connection.execute(sql.select(BATCHES.c.number).where(those, BATCHES.c.state == before))
        .scalars()
        .all()
    )
    rows = 0
    for number in numbers:
        changed = connection.execute(
            BATCHES.update()
            .where(BATCHES.c.number == number, those, BATCHES.c.state == before)
            .values(state=after, run=None, updated_at=now)
        )
        if changed.rowcount:
            rows += batches.count(connection, style, number)
    return rows


def _host() -> str:
    """Name the place where a process has its number: machine, its start, and the container.

    Several machines may have one name, and containers of one machine number their processes apart.
    """
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(_BOOT.read_text().strip())
    with contextlib.suppress(OSError):
        parts.append(str(_NAMESPACE.readlink()))
    return " ".join(parts)


def _is_dead(host: str, process: int) -> bool:
    """Say whether a process is certainly gone; of another machine's, that is never certain."""
    if host != _host() or os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
