"""Databases opened by URL, and what goes wrong with them in words that quote nobody."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pydantic
import sqlalchemy as sql
from sqlalchemy import exc, pool

from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    DataError,
    DefinitionError,
    MissingDependencyError,
    RetryableError,
)

_SQLITE_WRONG: Final = 1
_NOT_LET_IN: Final = ("28000", "28P01")


def open_engine(url: pydantic.SecretStr) -> sql.Engine:
    """Open a database for reading; nobody is asked yet.

    PostgreSQL is spoken with through psycopg where the URL names no driver.

    Args:
        url: Where it is. A secret: tracebacks may be shown with the values of arguments.

    Raises:
        DefinitionError: It is no URL, or of a file of SQLite that is not there, or its driver is
            not installed. The message does not show it: a password may stand in it.
        MissingDependencyError: psycopg is not installed.
    """
    try:
        address = sql.make_url(url.get_secret_value())
        backend = "postgresql" if address.drivername == "postgres" else address.get_backend_name()
        if address.drivername in ("postgres", "postgresql"):
            address = address.set(drivername="postgresql+psycopg")
        settings: dict[str, Any] = {}
        if backend == "sqlite":
            _check_file(address.database)
            if address.database in (None, "", ":memory:"):
                settings["poolclass"] = pool.StaticPool
                settings["connect_args"] = {"check_same_thread": False}
        return sql.create_engine(address, hide_parameters=True, **settings)
    except ModuleNotFoundError as error:
        if error.name == "psycopg":
            raise MissingDependencyError("psycopg", "postgres") from None
        raise driver_missing(str(error.name)) from None
    except (exc.ArgumentError, exc.NoSuchModuleError, ValueError, TypeError, AttributeError):
        raise DefinitionError(
            "This is no URL of a database. Allowed: what SQLAlchemy takes, as "
            "'postgresql://user:password@host/database' or 'sqlite:///path/to/file'. Next step: "
            "mend the URL, or install its dialect.",
            parameter="url",
        ) from None


def driver_missing(module: str) -> DefinitionError:
    """Make the error for a driver that no extra of the library brings."""
    return DefinitionError(
        f"The driver of the database is not installed: there is no module {module!r}. Next step: "
        "pip install the driver, or choose another.",
        parameter="driver",
    )


@contextlib.contextmanager
def in_our_words(table: str) -> Iterator[None]:
    """Turn what a database or its driver raises into an error that quotes no row and no address.

    Args:
        table: What is being read.

    Raises:
        DefinitionError: There is no such relation or column, or the query cannot be understood.
        AuthenticationError: The database does not let the user in.
        RetryableError: The database is not there, or too busy.
        DataError: The database finds a value at fault.
        ChannelError: Something else went wrong.
    """
    try:
        yield
    except exc.DBAPIError as problem:
        raise _told(table, problem) from None
    except (exc.StatementError, exc.ArgumentError, exc.CompileError, exc.InvalidRequestError):
        raise DefinitionError(
            f"The statement that reads table {table!r} cannot be made: its parameters and its "
            "names do not agree. Next step: give each :name of the query a value in its "
            "parameters; a colon that begins no name is written \\:.",
            parameter="query",
        ) from None


def _told(table: str, problem: exc.DBAPIError) -> Exception:
    cause = problem.orig
    state = getattr(cause, "sqlstate", None)
    number = getattr(cause, "sqlite_errorcode", None)
    code = f"{type(problem).__name__}{f', SQLSTATE {state}' if state else ''}"
    if state in _NOT_LET_IN:
        return AuthenticationError(
            f"The database does not let the user in who reads table {table!r} ({code}). Next "
            "step: mend the user's name or password in the URL."
        )
    is_wrong = number is not None and number & 0xFF == _SQLITE_WRONG
    if isinstance(problem, exc.ProgrammingError) or is_wrong:
        return DefinitionError(
            f"The database does not understand what is asked of it for table {table!r} ({code}): a "
            "relation or a column is not there, may not be read, or the query has a slip. Next "
            "step: try the query by hand, and mend the declaration.",
            parameter="declared",
        )
    if isinstance(problem, exc.OperationalError | exc.InterfaceError):
        return RetryableError(
            f"The database cannot be reached, or broke off, where table {table!r} is read "
            f"({code}). Next step: look whether it is up, and try again."
        )
    if isinstance(problem, exc.DataError):
        return DataError(
            f"The database finds a value of table {table!r} at fault ({code}). Next step: mend the "
            "query or the rows."
        )
    return ChannelError(
        f"The database failed where table {table!r} is read ({code}). Next step: look into its log."
    )


def _check_file(database: str | None) -> None:
    if not database or database == ":memory:" or database.startswith("file:"):
        return
    # SQLite would make an empty database of a slip in the path.
    if not Path(database).is_file():
        raise DefinitionError(
            "The file of the database is not there. Allowed: a file of SQLite. Next step: mend the "
            "path; three slashes begin a path from here, 'sqlite:///shop.db', four one from the "
            "root.",
            parameter="url",
        )
