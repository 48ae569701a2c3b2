"""Files that appear whole or not at all, outlive a loss of power, and are their owner's alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600


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
