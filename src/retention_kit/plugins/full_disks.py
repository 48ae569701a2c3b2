"""A disk that is full, told in words of what is landed there."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from retention_kit.errors import DataError

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_FULL_IN_WORDS: Final = re.compile(r"\(os error (28|112|122)\)|No space left on device")
"""What Linux, Windows, and systems with quotas say."""


@contextlib.contextmanager
def in_words_where_full(path: Path) -> Iterator[None]:
    """Say in words that there is no room left to land in.

    Args:
        path: The folder that is landed in.

    Raises:
        DataError: There is none. Anything else comes out as it is.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as problem:
        # Polars knows no kind of error for it, and keeps the system's words.
        said = _FULL_IN_WORDS.search(str(problem)) is not None
        if not said and getattr(problem, "errno", None) not in _FULL:
            raise
    else:
        return
    raise DataError(
        f"There is no room left to land in {str(path)!r}: the disk is full, or a quota is used up. "
        "What was landed there before stays as it was. Next step: make room, or name a folder on "
        "another disk, and read again."
    )
