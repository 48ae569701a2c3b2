"""Files that appear whole or not at all, outlive a loss of power, and are their owner's alone."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600
_BESIDE: Final = re.compile(r"\..+\.(\d+)\.\d+")
_A_DAY: Final = 86_400.0
_STARTED: Final = time.time()


def write_whole(path: Path, content: Iterable[bytes]) -> None:
    """Write a file beside its place, force it to the disk, and move it there.

    The folder is made if it does not exist. Whoever looks finds what was there before or all of the
    new; when this returns, the new is on the disk.

    Args:
        path: The file's place.
        content: What it shall hold, piece by piece.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    beside.unlink(missing_ok=True)
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(handle, "wb") as file:
            file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    force_folder(path.parent)


def remove_leftovers(folder: Path, suffix: str) -> None:
    """Remove what processes that were killed while they wrote a file left beside its place.

    What a living process writes is left alone, unless it lies there for more than a day.

    Args:
        folder: Where; there need be none.
        suffix: How the files' own names end, as `.jsonl`.
    """
    try:
        found = [one for one in os.scandir(folder) if _is_leftover(one, suffix)]
    except FileNotFoundError:
        return
    for one in found:
        Path(one.path).unlink(missing_ok=True)


def force_folder(folder: Path) -> None:
    """Force a folder's list of files to the disk, where the system knows how.

    Raises:
        OSError: The disk refuses.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_leftover(entry: os.DirEntry[str], suffix: str) -> bool:
    beside = _BESIDE.fullmatch(entry.name)
    if beside is None or not entry.name[: beside.start(1) - 1].endswith(suffix):
        return False
    try:
        written_at = entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return False
    if written_at < time.time() - _A_DAY:
        return True
    process = int(beside[1])
    if process == os.getpid():
        # The same number as ours, which in a container it is each time, but from before our time.
        return written_at < _STARTED - 1.0
    return not _is_alive(process)


def _is_alive(process: int) -> bool:
    if os.name == "nt":
        # Asking would end it there.
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
