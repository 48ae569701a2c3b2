"""Pairs of tokens, and where they are kept so that no process loses or doubles them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from retention_kit.adapters.durable_files import write_whole
from retention_kit.errors import DataError, MissingDependencyError, RetryableError

try:
    import filelock
except ModuleNotFoundError:
    raise MissingDependencyError("filelock", "delivery") from None

_UNUSUAL = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True, repr=False)
class Tokens:
    """What an account is opened with. Its `repr` says nothing.

    Attributes:
        access: What requests carry.
        refresh: What the next pair is got with; empty where there is none.
        expires_at: Until when `access` holds, in seconds since 1970-01-01T00:00:00Z; None where
            nobody said.
        extra: What else came with them and is needed, such as the account's own address.
        origin: A digest of what they were first made from; `RotatingTokens` keeps it.
    """

    access: str
    refresh: str = ""
    expires_at: float | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""


class TokenStore(Protocol):
    """Keeps the tokens of accounts."""

    def load(self, account: str) -> Tokens | None:
        """Give what is kept of an account; None for nothing."""
        ...

    def save(self, account: str, tokens: Tokens) -> None:
        """Keep tokens in place of those before; they outlive the machine's next breath."""
        ...

    def locked(self, account: str) -> AbstractContextManager[None]:
        """Let nobody else, in any process, renew this account's tokens meanwhile.

        Raises:
            RetryableError: Somebody else holds it for too long.
        """
        ...


class MemoryTokenStore:
    """Keeps tokens as long as the process lives, for tests and for tokens that are not used up."""

    def __init__(self) -> None:
        self._tokens: dict[str, Tokens] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def load(self, account: str) -> Tokens | None:
        """Give what is kept of an account; None for nothing."""
        return self._tokens.get(account)

    def save(self, account: str, tokens: Tokens) -> None:
        """Keep tokens in place of those before."""
        self._tokens[account] = tokens

    @contextlib.contextmanager
    def locked(self, account: str) -> Iterator[None]:
        """Let no other thread renew this account's tokens meanwhile."""
        with self._lock:
            lock = self._locks.setdefault(account, threading.Lock())
        with lock:
            yield


class FileTokenStore:
    """Keeps tokens in a folder, one file for each account, readable by its owner alone.

    A file is written beside its predecessor, forced to the disk and moved into its place: whoever
    reads finds the old pair or the new one, whatever happens. Locks are files too; the system lets
    go of them when a process ends, however it ends.

    Args:
        folder: Where; it is made if it does not exist.
        patience: For how many seconds a lock is waited for.
    """

    def __init__(self, folder: str | Path, *, patience: float = 120.0) -> None:
        self._folder = Path(folder)
        self._patience = patience

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._folder)!r})"

    def load(self, account: str) -> Tokens | None:
        """Give what is kept of an account; None for nothing.

        Raises:
            DataError: The file cannot be read, or is none of ours.
        """
        path = self._path(account)
        try:
            return Tokens(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise _trouble("read", path, problem) from None
        except (ValueError, TypeError):
            raise DataError(
                f"The file {str(path)!r} holds no tokens. Next step: remove it and authorise anew."
            ) from None

    def save(self, account: str, tokens: Tokens) -> None:
        """Keep tokens in place of those before, on the disk before it returns.

        Raises:
            DataError: They cannot be written.
        """
        path = self._path(account)
        content = json.dumps(asdict(tokens) | {"extra": dict(tokens.extra)}).encode()
        try:
            write_whole(path, [content])
        except OSError as problem:
            raise _trouble("write", path, problem) from None

    @contextlib.contextmanager
    def locked(self, account: str) -> Iterator[None]:
        """Let nobody else, in any process, renew this account's tokens meanwhile.

        Raises:
            DataError: The folder cannot be written.
            RetryableError: Somebody else holds it for too long.
        """
        path = self._path(account).with_suffix(".lock")
        # A new object each time: threads of one process must exclude each other as well.
        lock = filelock.FileLock(path, mode=0o600)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire(timeout=self._patience)
        except filelock.Timeout:
            raise RetryableError(
                f"Another process renews the tokens of {account!r} for more than "
                f"{self._patience:g} s. Next step: see what it waits for."
            ) from None
        except OSError as problem:
            raise _trouble("lock", path, problem) from None
        try:
            yield
        finally:
            lock.release()

    def _path(self, account: str) -> Path:
        digest = hashlib.blake2b(account.encode(), digest_size=6).hexdigest()
        return self._folder / f"{_UNUSUAL.sub('_', account)[:60]}-{digest}.json"


def _trouble(doing: str, path: Path, problem: OSError) -> DataError:
    return DataError(
        f"Cannot {doing} {str(path)!r}: {problem.strerror or type(problem).__name__}. Next step: "
        "mend the folder's rights, or choose another."
    )
