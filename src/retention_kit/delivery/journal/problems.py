"""What can be wrong with a journal: said in the library's words, with nothing of its rows."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from sqlalchemy import exc

from retention_kit._databases import LostError
from retention_kit.errors import DataError

Reason = Literal["read_only", "full", "io", "busy", "lost", "damaged", "denied"]
"""Why a journal cannot be read or written, for programs."""


class JournalError(DataError):
    """The journal cannot be read or written; nothing that is not in it is sent.

    Attributes:
        code: Why, for programs.
    """

    def __init__(self, message: str, *, code: Reason) -> None:
        self.code: Reason = code
        super().__init__(message)


class LostRowsError(JournalError):
    """A batch is not this run's any more, so it must not be sent by it.

    Attributes:
        batch: The batch.
    """

    def __init__(self, batch: str) -> None:
        self.batch = batch
        super().__init__(
            f"The batch {batch!r} is no longer this run's: it was taken back while the run had "
            "lost its database. Nothing of it was sent. Next step: dispatch again.",
            code="lost",
        )


class _Saying(NamedTuple):
    code: Reason
    what: str
    step: str


_READ_ONLY: Final = _Saying(
    "read_only",
    "may only be read",
    "let the process write to the file and to its folder, or to the database",
)
_FULL: Final = _Saying("full", "has no room: the disk is full", "make room, then dispatch again")
_DISK: Final = _Saying("io", "cannot be read or written: the disk failed", "look at the disk")
_DAMAGED: Final = _Saying(
    "damaged", "is damaged, or is no database", "restore it from a copy, or mend the path"
)
_DENIED: Final = _Saying(
    "denied", "cannot be opened or is not allowed", "mend the path, or give the user the rights"
)
_BUSY: Final = _Saying(
    "busy", "is in the hands of others and did not become free", "try again later"
)
_LOST: Final = _Saying(
    "lost", "lost its connection to the database", "see that the server runs, then dispatch again"
)
_OF_SQLITE = MappingProxyType(
    {
        3: _DENIED,
        5: _BUSY,
        6: _BUSY,
        8: _READ_ONLY,
        10: _DISK,
        11: _DAMAGED,
        13: _FULL,
        14: _DENIED,
        26: _DAMAGED,
    }
)
_OF_POSTGRESQL = MappingProxyType(
    {"25006": _READ_ONLY, "42501": _DENIED, "53100": _FULL, "58030": _DISK}
)
_CLASSES_OF_POSTGRESQL = MappingProxyType({"08": _LOST, "57": _LOST, "28": _DENIED, "XX": _DAMAGED})


@contextlib.contextmanager
def in_plain_words() -> Iterator[None]:
    """Turn what a database raises into a `JournalError`, where it is known what it means.

    Raises:
        JournalError: The database cannot be read or written.
    """
    try:
        yield
    except LostError:
        raise _error(_BUSY) from None
    except exc.DBAPIError as problem:
        saying = _saying(problem)
        if saying is None:
            raise
        raise _error(saying) from None


def lost() -> JournalError:
    """Give the error for a lost connection."""
    return _error(_LOST)


def denied() -> JournalError:
    """Give the error for a folder in which no lock can be made."""
    return _error(_DENIED)


def _saying(problem: exc.DBAPIError) -> _Saying | None:
    code = getattr(problem.orig, "sqlite_errorcode", None)
    if code is not None:
        return _OF_SQLITE.get(code & 0xFF)
    state = getattr(problem.orig, "sqlstate", None)
    if state is not None:
        return _OF_POSTGRESQL.get(state) or _CLASSES_OF_POSTGRESQL.get(state[:2])
    # A server that cannot be reached says no state, nor does one whose answers got out of order.
    gone = problem.connection_invalidated or isinstance(problem, exc.OperationalError)
    confused = isinstance(problem, exc.ProgrammingError | exc.InterfaceError)
    return _LOST if gone or (confused and not isinstance(problem.orig, sqlite3.Error)) else None


def _error(saying: _Saying) -> JournalError:
    return JournalError(
        f"The journal {saying.what}. Nothing more was sent. Next step: {saying.step}.",
        code=saying.code,
    )
