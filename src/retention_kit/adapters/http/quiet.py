"""Keeps the libraries below silent about our calls: they would log addresses with secrets."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Final

_TALKERS: Final = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)
_ours = threading.local()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let this thread's calls go unlogged by the libraries below; others' are none of our business.

    What we log of them ourselves is fit to be shown.
    """
    for name in _TALKERS:
        # Each time, since an application may have set logging up anew; adding twice is adding once.
        logging.getLogger(name).addFilter(_is_not_ours)
    _ours.depth = getattr(_ours, "depth", 0) + 1
    try:
        yield
    finally:
        _ours.depth -= 1


def _is_not_ours(record: logging.LogRecord) -> bool:
    del record
    return not getattr(_ours, "depth", 0)
