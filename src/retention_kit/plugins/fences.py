"""Adapters inside a fence: what they raise that is no error of this library names the plugin."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Self

from retention_kit._logging import get_logger
from retention_kit.delivery.channels import (
    AdapterContext,
    Capabilities,
    Channel,
    ChannelSpec,
    LooksUp,
    Receives,
)
from retention_kit.errors import PluginError, RetentionKitError
from retention_kit.plugins.gathering import Found, Origin
from retention_kit.plugins.types import Cursor, Source, SourceSpec, SourceTable

if TYPE_CHECKING:
    import polars as pl

    from retention_kit.delivery.actions import Action
    from retention_kit.delivery.limits import Limiter
    from retention_kit.delivery.outcomes import (
        Batch,
        Outcome,
        Payload,
        Receipt,
        Rejection,
        Sent,
    )
logger = get_logger(__name__)
_DECLARED: Final = frozenset({"lookup", "receive"})
"""Methods that a channel has where its capabilities say so, and else not."""


@contextlib.contextmanager
def fence(what: str, part: str, origin: Origin) -> Iterator[None]:
    """Let what an adapter raises out as an error that names the plugin.

    Args:
        what: What it is: `channel 'acme'`.
        part: Which of its methods is called.
        origin: Where it comes from.

    Raises:
        PluginError: It raised something that is no error of this library; the cause is what.
    """
    try:
        yield
    except RetentionKitError:
        raise
    except Exception as problem:
        raise PluginError(
            f"The {what} of {origin} raised a {type(problem).__name__} in {part!r}. Next step: "
            "look at the cause of this error, whose text may hold customers' data, and mend the "
            "plugin."
        ) from problem


def make_source(found: Found[SourceSpec], settings: Any, context: AdapterContext) -> FencedSource:
    """Make a source inside a fence.

    Raises:
        PluginError: Its factory raised something, or gave no source, or one that is named
            otherwise than its instance.
    """
    what = f"source {context.instance!r}"
    with fence(what, "factory", found.origin):
        made = found.spec.factory(settings, context)
        is_one = isinstance(made, Source)
    if not is_one:
        raise _no_such_thing(what, found.origin, made, "name, tables, scan and close")
    _check_name(made, what, found.origin, context)
    return FencedSource(made, what, found.origin)


def make_channel(
    found: Found[ChannelSpec], settings: Any, context: AdapterContext
) -> FencedChannel:
    """Make a channel inside a fence.

    Returns:
        The channel; it has `lookup` and `receive` where its capabilities say so.

    Raises:
        PluginError: Its factory raised something, or gave no channel, or one that is named
            otherwise than its instance, or has not what its capabilities say.
    """
    what = f"channel {context.instance!r}"
    with fence(what, "factory", found.origin):
        made = found.spec.factory(settings, context)
        is_one = isinstance(made, Channel)
        capabilities = made.capabilities if is_one else None
    if not is_one or not isinstance(capabilities, Capabilities):
        needed = "name, capabilities, limiter, prepare, submit, poll and close"
        raise _no_such_thing(what, found.origin, made, needed)
    _check_name(made, what, found.origin, context)
    for said, has, method in (
        (capabilities.lookup, isinstance(made, LooksUp), "lookup"),
        (capabilities.receive, isinstance(made, Receives), "receive"),
    ):
        if said and not has:
            raise PluginError(
                f"The {what} of {found.origin} says in its capabilities that it can {method!r}, "
                f"and has no such method. Next step: mend the plugin."
            )
    kind = _CHANNELS[capabilities.lookup, capabilities.receive]
    return kind(made, what, found.origin)


class _Fenced:
    """Something of a plugin's, and how to call it."""

    def __init__(self, made: Any, what: str, origin: Origin) -> None:
        self._made = made
        self._what = what
        self._origin = origin

    def __repr__(self) -> str:
        return f"<{self._what} of {self._origin}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        close_logged(self)

    def __getattr__(self, name: str) -> Any:
        """Give what else the adapter has, such as `audience`; its methods are fenced as well."""
        if name.startswith("_") or name in _DECLARED:
            raise AttributeError(name)
        value = getattr(self._made, name)
        if not callable(value):
            return value

        @functools.wraps(value)
        def called(*given: Any, **named: Any) -> Any:
            with fence(self._what, name, self._origin):
                return value(*given, **named)

        return called

    def close(self) -> None:
        """Let go of connections."""
        self._call("close")

    def _call(self, method: str, *given: Any, **named: Any) -> Any:
        with fence(self._what, method, self._origin):
            return getattr(self._made, method)(*given, **named)

    def _get(self, attribute: str) -> Any:
        with fence(self._what, attribute, self._origin):
            return getattr(self._made, attribute)


class FencedSource(_Fenced):
    """A source whose errors name its plugin."""

    @property
    def name(self) -> str:
        """The instance's name."""
        return str(self._get("name"))

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name."""
        given: Mapping[str, SourceTable] = self._get("tables")
        with fence(self._what, "tables", self._origin):
            wrong = _wrong_tables(given)
        if wrong is not None:
            raise PluginError(
                f"The {self._what} of {self._origin} {wrong}. Allowed: a mapping of names to "
                "SourceTable, each under its own name. Next step: mend the plugin."
            )
        return given

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame."""
        given: pl.LazyFrame = self._call("scan", table, since=since)
        return given


class FencedChannel(_Fenced):
    """A channel whose errors name its plugin."""

    @property
    def name(self) -> str:
        """The instance's name."""
        return str(self._get("name"))

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can do."""
        given: Capabilities = self._get("capabilities")
        return given

    @property
    def limiter(self) -> Limiter | None:
        """What its requests wait for."""
        given: Limiter | None = self._get("limiter")
        return given

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make what will be sent for an action, or say why it cannot be."""
        given: Payload | Rejection = self._call("prepare", action)
        return given

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Send rows."""
        given: Receipt = self._call("submit", batch, idempotency_key=idempotency_key)
        return given

    def poll(self, receipt: Receipt) -> Receipt:
        """Ask what became of a batch whose receipt has a token."""
        given: Receipt = self._call("poll", receipt)
        return given


class _LooksUp(FencedChannel):
    def lookup(self, rows: Sequence[Sent]) -> Mapping[str, Outcome]:
        """Say what became of rows, by id."""
        given: Mapping[str, Outcome] = self._call("lookup", rows)
        return given


class _Receives(FencedChannel):
    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[Outcome]:
        """Read a web hook."""
        given: Sequence[Outcome] = self._call("receive", headers, body)
        return given


class _LooksUpAndReceives(_LooksUp, _Receives):
    pass


_CHANNELS: Mapping[tuple[bool, bool], Callable[[Any, str, Origin], FencedChannel]] = {
    (False, False): FencedChannel,
    (True, False): _LooksUp,
    (False, True): _Receives,
    (True, True): _LooksUpAndReceives,
}
"""By whether a channel looks up and receives: one that does not must not look as if it did."""


def close_logged(opened: Source | Channel) -> None:
    """Close what is no longer needed; what it raises is logged, and hides no other error.

    Args:
        opened: A source or a channel.
    """
    try:
        opened.close()
    except Exception as problem:
        cause = type(problem.__cause__ or problem).__name__
        logger.warning("%r raised a %s where it was closed", opened, cause)


def _check_name(made: Any, what: str, origin: Origin, context: AdapterContext) -> None:
    """Have an adapter be named after its instance: a journal keeps what was sent by that name."""
    with fence(what, "name", origin):
        agrees = bool(made.name == context.instance)
    if not agrees:
        raise PluginError(
            f"The {what} of {origin} gives itself another name. Allowed: {context.instance!r}, "
            "which its factory gets as context.instance; else two instances would be one to a "
            "journal. Next step: mend the plugin."
        )


def _wrong_tables(given: object) -> str | None:
    if not isinstance(given, Mapping):
        return f"has tables that are a {type(given).__name__}"
    for name, table in given.items():
        if not isinstance(table, SourceTable):
            return f"has a table that is a {type(table).__name__}"
        if table.name != name:
            return f"has a table under {name!r} that is named {table.name!r}"
    return None


def _no_such_thing(what: str, origin: Origin, made: object, needed: str) -> PluginError:
    return PluginError(
        f"The factory of the {what} of {origin} gave a {type(made).__name__}. Allowed: what has "
        f"{needed}. Next step: mend the plugin."
    )
