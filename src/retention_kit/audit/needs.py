"""What a report needs besides the core, and how to come by it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from retention_kit.errors import MissingDependencyError


@contextlib.contextmanager
def needing(extra: str) -> Iterator[None]:
    """Turn the lack of an optional library into an error that names the extra.

    Raises:
        MissingDependencyError: A module that is imported inside is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("retention_kit"):
            raise
        raise MissingDependencyError(error.name, extra) from error
