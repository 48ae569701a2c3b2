"""What a channel is and what a plugin says of it: capabilities as data, and five methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, runtime_checkable

from retention_kit.delivery.actions import Action
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.delivery.limits import Limit, Limiter
from retention_kit.delivery.outcomes import Batch, Outcome, Payload, Receipt, Rejection, Sent

if TYPE_CHECKING:
    import pydantic

CHANNEL_API_VERSION: Final = 1
"""The version of this interface; a spec says which one it was written to, as a literal."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a channel can do, for delivery to act by and for people to read.

    Attributes:
        actions: The kinds of actions that it carries.
        max_rows: The most rows of a batch.
        max_bytes: The most bytes of a batch, by the payloads' sizes; None for no limit.
        limits: What the outside system allows in which time.
        idempotent: Whether a row may be submitted again without happening again. `action`: always
            (sets, upserts, a look-up before each create). `batch`: where the same rows are
            submitted together under the same idempotency key. `no`: not.
        idempotency_seconds: For how long `batch` holds; None for ever.
        results: Whether what became of a row is known `at_once`, `later` by `poll` or `receive`,
            or `never`.
        lookup: Whether `lookup` can tell what became of a row.
        receive: Whether `receive` understands a web hook of the outside system.
        identifiers: By what it knows a customer; at least one is needed: `email`, `phone`,
            or names of `Action.identifiers`.
        smallest_audience: Below how many members an audience is of no use there.
        audience_modes: What it can do to an audience.
        parallel: How many batches may be under way at once.
    """

    actions: frozenset[str]
    max_rows: int = 1
    max_bytes: int | None = None
    limits: tuple[Limit, ...] = ()
    idempotent: Literal["no", "action", "batch"] = "no"
    idempotency_seconds: float | None = None
    results: Literal["at_once", "later", "never"] = "at_once"
    lookup: bool = False
    receive: bool = False
    identifiers: frozenset[str] = frozenset()
    smallest_audience: int = 0
    audience_modes: frozenset[Literal["add", "remove", "replace"]] = frozenset()
    parallel: int = 1


@runtime_checkable
class Channel(Protocol):
    """Carries actions to one outside system.

    Batching, retrying, limiting, journalling and taking the difference to what was sent before are
    delivery's and never a channel's; forms and hashes of contacts are the channel's.

    What `submit` raises tells what became of the whole batch:

    - `RetryableError`, `RateLimitedError`, `AuthenticationError`: it certainly did not happen.
    - `RejectedError`: it was refused whole, and nothing of it happened. Where `rejected` names
      rows, the others are submitted again without them; else the batch is halved.
    - `UnknownOutcomeError`, and anything else: nobody knows whether it happened.

    A channel that has `lookup` or `receive` in its capabilities has those methods as well (see
    `LooksUp`, `Receives`).
    """

    @property
    def name(self) -> str:
        """The instance's name, by which a journal keeps its actions: `amocrm`, `amocrm.msk`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can do."""
        ...

    @property
    def limiter(self) -> Limiter | None:
        """What its requests wait for, so that a journal can keep count of them; None for none."""
        ...

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make what will be sent for an action, or say why it cannot be. Asks nobody outside."""
        ...

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Send rows."""
        ...

    def poll(self, receipt: Receipt) -> Receipt:
        """Ask what became of a batch whose receipt has a token."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """A channel that can tell what became of rows, by their external ids."""

    def lookup(self, rows: Sequence[Sent]) -> Mapping[str, Outcome]:
        """Say what became of rows, by id.

        `accepted` where it is there, `planned` where it certainly is not; those of which nothing
        can be said are left out.
        """
        ...


@runtime_checkable
class Receives(Protocol):
    """A channel whose outside system calls back."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[Outcome]:
        """Read a web hook: delivered, bounced, opened, unsubscribed.

        Raises:
            AuthenticationError: It is not from whom it says.
            DataError: It cannot be read.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class AdapterContext:
    """What an adapter is given besides its settings.

    Attributes:
        instance: The name that it was configured under.
        clock: The time, which tests replace.
        limiter: Makes the limiter that all requests of one account wait for.
    """

    instance: str
    clock: Clock = SYSTEM_CLOCK
    limiter: Callable[..., Limiter] = Limiter

    def limiter_for(self, account: str, limits: Sequence[Limit]) -> Limiter:
        """Give what the requests of an account wait for.

        Args:
            account: By what the outside system counts: a portal, a login, an integration. No
                secret: it is kept in a journal.
            limits: What it allows.
        """
        return self.limiter(account, limits, clock=self.clock)


@dataclass(frozen=True, kw_only=True)
class ChannelSpec:
    """What a plugin says of a channel.

    Attributes:
        name: The name that users open it by, in small Latin letters, digits and `_`.
        summary: What it does, in a few words.
        api_version: The version of this interface it was written to, as a literal: 1.
        settings: The pydantic model of its settings; secrets are `pydantic.SecretStr`.
        capabilities: What it can do by default; an instance may say otherwise of itself.
        factory: Makes the channel, of settings that were checked.
    """

    name: str
    summary: str
    api_version: int
    settings: type[pydantic.BaseModel]
    capabilities: Capabilities
    factory: Callable[[Any, AdapterContext], Channel] = field(repr=False)


@runtime_checkable
class Observer(Protocol):
    """Is told of deliveries, and can change nothing: what it raises is logged, and no more."""

    def delivered(self, event: Mapping[str, Any]) -> None:
        """Hear of a batch or a run: counts by state, names of campaign and channel, no customers.

        Args:
            event: `what` (`batch` or `run`), `channel`, `campaigns`, `states` (counts by state),
                `seconds`.
        """
        ...
