"""A mark of how a source is set up, by which a landing knows that it is the same one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import pydantic

_PLUMBING: Final = frozenset(
    {
        "batch_rows",
        "page_rows",
        "requests_at_once",
        "requests_per_second",
        "timeout",
        "token_folder",
    }
)
"""Settings that say how rows are fetched, and not which."""


def mark_of(settings: pydantic.BaseModel) -> str:
    """Give a mark of settings that is another where other rows may come.

    A new token or password changes no rows, and its digest might be guessed; so secrets play no
    part in it. Where a secret says which system is meant, the model's property `identity` says so
    without credentials; of another secret that is an address, scheme, host and port play a part.
    Neither do fields that only say how rows are fetched, such as `timeout`; of others, a model says
    so by `json_schema_extra={"plumbing": True}`.

    Args:
        settings: The settings of a source.
    """
    plumbing = {
        name
        for name, info in type(settings).model_fields.items()
        if name in _PLUMBING
        or (
            isinstance(info.json_schema_extra, Mapping)
            and info.json_schema_extra.get("plumbing") is True
        )
    }
    plain = settings.model_dump(
        mode="json", exclude=plumbing, fallback=lambda value: type(value).__name__
    )
    identity = getattr(settings, "identity", None)
    told = [identity] if isinstance(identity, str) and identity else sorted(_hosts(settings))
    written = json.dumps([plain, told], sort_keys=True)
    return hashlib.blake2b(written.encode(), digest_size=16).hexdigest()


def _hosts(value: Any) -> Iterator[str]:
    """Give where the addresses lead that are secrets, in a model and what is inside of it."""
    if isinstance(value, pydantic.SecretStr):
        yield from _host(value.get_secret_value())
        return
    inside: Iterable[Any] = ()
    if isinstance(value, pydantic.BaseModel):
        inside = (getattr(value, name) for name in type(value).model_fields)
    elif isinstance(value, Mapping):
        inside = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        inside = value
    for one in inside:
        yield from _hosts(one)


def _host(secret: str) -> Iterator[str]:
    try:
        parts = urlsplit(secret.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if parts.scheme and host:
        yield f"{parts.scheme}://{host}:{port}"
