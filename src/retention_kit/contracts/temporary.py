"""The temporary folder in which foreign files stand as Parquet while the process runs.

It may hold customers' rows: nobody but its owner may enter it, and it goes when the process ends.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from itertools import count
from pathlib import Path

_LOCK = threading.Lock()
_NUMBERS = count(1)
_FOLDERS: dict[int, Path] = {}


def temporary_file(ending: str) -> Path:
    """Give the path of a new file in the process's own temporary folder.

    Args:
        ending: Of its name, with the dot.

    Returns:
        A path where nothing is yet. What is written there is removed when the process ends.
    """
    with _LOCK:
        owner = os.getpid()
        # A process made by a fork has a folder of its own, and leaves its parent's alone.
        if owner not in _FOLDERS or not _FOLDERS[owner].is_dir():
            _FOLDERS[owner] = Path(tempfile.mkdtemp(prefix="retention_kit-"))
        return _FOLDERS[owner] / f"{next(_NUMBERS)}{ending}"


@atexit.register
def _remove() -> None:
    folder = _FOLDERS.pop(os.getpid(), None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
