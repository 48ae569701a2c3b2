"""Whether anything that must not be seen is seen: in errors, in reprs, in what is logged."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pydantic

from retention_kit.delivery.actions import Action
from retention_kit.testing.conformance.findings import ConformanceError

_SHORTEST: Final = 6
"""Shorter texts stand in others by chance."""
_SECRET: Final = re.compile(r"secret|token|password|passphrase|api_key|webhook(_url)?$")
_OPEN: Final = (str, bytes)


class Listening(logging.Handler):
    """Keeps what is logged anywhere, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, with the traceback that it may carry."""
        self.lines.append(logging.Formatter("%(name)s %(message)s").format(record))

    def __str__(self) -> str:
        return "\n".join(self.lines)


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
    """Give what is secret in settings, in clear: also inside of others, and inside of addresses."""
    checked = model.model_validate(dict(settings))
    found = {part for one in _secrets_in(checked) for part in (one, *_parts_of_address(one))}
    return tuple(sorted(one for one in found if len(one) >= _SHORTEST))


def contacts_of(actions: Iterable[Action]) -> tuple[str, ...]:
    """Give the contacts of customers, in the forms in which they may be shown."""
    found: set[str] = set()
    for action in actions:
        if action.email:
            found |= {action.email, action.email.strip().lower()}
        if action.phone:
            found |= {action.phone, re.sub(r"\D", "", action.phone)}
    return tuple(sorted(one for one in found if len(one) >= _SHORTEST))


def identifiers_of(actions: Iterable[Action]) -> tuple[str, ...]:
    """Give the identifiers by which outside systems know the customers."""
    found = {one for action in actions for one in action.identifiers.values()}
    return tuple(sorted(one for one in found if len(one) >= _SHORTEST))


def plain_secrets(model: type[pydantic.BaseModel]) -> tuple[str, ...]:
    """Give the settings whose names speak of a secret and that are plain text.

    One that is none says so: `Field(json_schema_extra={"secret": False})`.
    """
    found = []
    for name, one in model.model_fields.items():
        extra = one.json_schema_extra
        stated = isinstance(extra, Mapping) and extra.get("secret") is False
        if _SECRET.search(name) and not stated and _is_text(one.annotation):
            found.append(name)
    return tuple(found)


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
    hidden = [one for one in hidden if len(one) >= _SHORTEST]
    for what, text in shown.items():
        if any(one in text for one in hidden):
            raise ConformanceError(subject, rule, f"{what} shows one")


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, pydantic.SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, pydantic.SecretBytes):
        yield value.get_secret_value().decode(errors="replace")
    elif isinstance(value, pydantic.BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets_in(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _secrets_in(one)


def _parts_of_address(text: str) -> Iterator[str]:
    """Give what is secret in a secret address by itself: the password, a path's end, a query."""
    if "://" not in text:
        return
    parts = urlsplit(text)
    if parts.password:
        yield parts.password
    if parts.scheme in ("http", "https"):
        yield parts.path.rstrip("/").rpartition("/")[2]
        yield from (value for _, value in parse_qsl(parts.query))


def _is_text(annotation: Any) -> bool:
    inner = getattr(annotation, "__args__", ())
    return any(map(_is_text, inner)) if inner else annotation in _OPEN
