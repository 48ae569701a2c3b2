"""The channel that posts actions as events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retention_kit.adapters.http import AddressGuard, Answer, HttpClient, StaticToken
from retention_kit.adapters.webhook.events import SEVERAL, SINGLE, event_of, outcomes_of, written
from retention_kit.adapters.webhook.settings import WebhookSettings
from retention_kit.adapters.webhook.signatures import check_signature, signed_headers, signing_key
from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import AdapterContext, Capabilities
from retention_kit.delivery.limits import Limiter
from retention_kit.delivery.outcomes import Batch, Outcome, Payload, Receipt, Rejection
from retention_kit.errors import AuthenticationError, DefinitionError

_LARGEST_BATCH = 1_000_000
_CLOSED = frozenset({404, 405, 410})


class WebhookChannel:
    """Posts each action as an event; what answers 2xx has taken it.

    Args:
        settings: What it is configured by.
        context: The name and the clock.

    Raises:
        DefinitionError: The address or a secret is none.
    """

    def __init__(self, settings: WebhookSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._name = context.instance
        self._clock = context.clock
        given = (settings.signing_secret, settings.previous_signing_secret)
        self._keys = [signing_key(one.get_secret_value()) for one in given if one is not None]
        token = settings.token
        self._client = HttpClient(
            settings.url.get_secret_value(),
            name=context.instance,
            auth=None if token is None else StaticToken(token.get_secret_value()),
            clock=context.clock,
            timeout=settings.timeout,
            read_answer=_read,
            guard=AddressGuard(settings.allowed_hosts),
        )

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can do."""
        return capabilities_by(self._settings)

    @property
    def limiter(self) -> Limiter | None:
        """None: receivers say with 429 when it is too much."""
        return None

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make an action's event."""
        settings = self._settings
        event = event_of(action, source=settings.source, contacts=settings.contacts)
        try:
            size = len(written(event)) + 1
        except (TypeError, ValueError):
            detail = "A field holds what JSON has not."
            return Rejection(action.id, "not_json", detail)
        return Payload(action.id, event, size=size)

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Post events: one by itself, or several together."""
        events = [payload.body for payload in batch]
        alone = self._settings.batch_rows == 1 and len(events) == 1
        body = written(events[0] if alone else events)
        # One event's id is its action's, so that a receiver knows it again in whatever request.
        message_id = batch_id(batch, idempotency_key)
        headers = signed_headers(self._keys, message_id, int(self._clock.now()), body)
        self._client.write(
            "POST",
            "",
            content=body,
            headers={**headers, "content-type": SINGLE if alone else SEVERAL},
            repeatable=self._settings.receiver_deduplicates,
        )
        return Receipt()

    def poll(self, receipt: Receipt) -> Receipt:
        """Give the receipt back: nothing more comes this way."""
        return receipt

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[Outcome]:
        """Read signed reports of what became of actions; see `events.outcomes_of`.

        Raises:
            AuthenticationError: It was not signed with our secret, or too long ago.
            DataError: It cannot be read.
            DefinitionError: There is no signing secret to tell by.
        """
        if not self._keys:
            raise DefinitionError(
                f"The channel {self._name!r} has no signing_secret, so nobody can tell who sends "
                "what it receives. Next step: set signing_secret.",
                parameter="signing_secret",
            )
        check_signature(self._keys, headers, body, now=self._clock.now())
        return outcomes_of(body)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def capabilities_by(settings: WebhookSettings) -> Capabilities:
    """Say what an instance of such settings can do."""
    return Capabilities(
        actions=settings.kinds,
        max_rows=settings.batch_rows,
        max_bytes=None if settings.batch_rows == 1 else _LARGEST_BATCH,
        idempotent="action" if settings.receiver_deduplicates else "no",
        receive=settings.signing_secret is not None,
        audience_modes=frozenset({"add", "remove"}),
    )


def batch_id(batch: Batch, idempotency_key: str) -> str:
    """Give a message's id: the action's where it is one, else the batch's."""
    return next(iter(batch)).id if len(batch) == 1 else idempotency_key


def _read(answer: Answer) -> Exception | None:
    """Tell a receiver that takes nothing any more from one that refuses this event."""
    if answer.status not in _CLOSED:
        return None
    return AuthenticationError(
        f"{answer.method} {answer.url_shown} answered {answer.status}: nobody takes events there "
        "any more. Next step: ask the receiver for a new address; nothing was taken."
    )
