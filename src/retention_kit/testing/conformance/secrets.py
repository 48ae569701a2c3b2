"""Whether anything that must not be seen is seen: in errors, in reprs, in what is logged."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pydantic

from retention_kit.testing.conformance.findings import ConformanceError

_SHORTEST = 6
"""Shorter texts stand in others by chance."""


class Listening(logging.Handler):
    """Keeps what is logged anywhere, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, with the traceback that it may carry."""
        self.lines.append(logging.Formatter("%(name)s %(message)s").format(record))


@contextmanager
def listening() -> Iterator[Listening]:
    """Listen to all loggers, at every level."""
    handler, root = Listening(), logging.getLogger()
    level = root.level
    ours = logging.getLogger("retention_kit")
    before = ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        ours.setLevel(before)


def secrets_of(model: type[pydantic.BaseModel], settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the values of settings that are secret, in clear."""
    checked = model.model_validate(dict(settings))
    found = []
    for name in type(checked).model_fields:
        value = getattr(checked, name)
        if isinstance(value, pydantic.SecretStr | pydantic.SecretBytes):
            clear = value.get_secret_value()
            found.append(clear.decode() if isinstance(clear, bytes) else clear)
    return tuple(one for one in found if len(one) >= _SHORTEST)


def told(error: BaseException) -> str:
    """Give all that an error would show a person: its text, its causes, their tracebacks."""
    return "".join(traceback.format_exception(error)) + repr(error)


def check_hidden(subject: str, rule: str, hidden: Iterable[str], shown: Mapping[str, str]) -> None:
    """Raise where one of what is hidden stands in what is shown.

    Args:
        subject: The adapter's name.
        rule: What it should do.
        hidden: What must not be seen.
        shown: What people see, by what it is: "an error".

    Raises:
        ConformanceError: One does. Which one is not said.
    """
    for what, text in shown.items():
        if any(one in text for one in hidden if len(one) >= _SHORTEST):
            raise ConformanceError(subject, rule, f"{what} shows one")
