"""The channel: messages to guests, which the till prints on their next bill."""

from collections.abc import Mapping, Sequence

from retention_kit.delivery import (
    Action,
    AdapterContext,
    Batch,
    Outcome,
    Payload,
    Receipt,
    Rejection,
    SendMessage,
    Sent,
)
from retention_kit.profiles import normalise_phone
from retention_kit_teahouse.settings import CAPABILITIES, TeahouseSettings
from retention_kit_teahouse.till import open_till


class TeahouseChannel:
    """Writes to one till."""

    capabilities = CAPABILITIES

    def __init__(self, settings: TeahouseSettings, context: AdapterContext) -> None:
        self.name = context.instance
        self._client, self.limiter = open_till(settings, context)

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make what the till takes."""
        if not isinstance(action, SendMessage):
            return Rejection(action.id, "unsupported_action")
        phone = normalise_phone(action.phone)
        if phone is None:
            return Rejection(action.id, "no_phone", "A guest is known by a telephone number.")
        return Payload(action.id, {"id": action.id, "to": phone, "text": action.text})

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Send messages."""
        body = {"messages": [row.body for row in batch]}
        # Sending a message again changes nothing, so the client may try again by itself.
        answer = self._client.write("POST", "/v1/messages", json=body, repeatable=True)
        refused = answer.json()["refused"]
        return Receipt({id_: Outcome(id_, "rejected", code=why) for id_, why in refused.items()})

    def poll(self, receipt: Receipt) -> Receipt:
        """Give the receipt back: everything is known at once."""
        return receipt

    def lookup(self, rows: Sequence[Sent]) -> Mapping[str, Outcome]:
        """Say which messages the till has."""
        ids = [row.id for row in rows]
        known = self._client.read("GET", "/v1/messages", params={"id": ids}).json()["known"]
        return {id_: Outcome(id_, "accepted" if id_ in known else "planned") for id_ in ids}

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()
