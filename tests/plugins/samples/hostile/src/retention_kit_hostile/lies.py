"""A source and a channel that open, and then do nothing of what they declare."""

from collections import Counter

import polars as pl
import pydantic

from retention_kit.delivery import Capabilities, ChannelSpec, Payload, Receipt, SendMessage
from retention_kit.errors import RetryableError
from retention_kit.plugins import SourceSpec, SourceTable, hookimpl

OUTSIDE = Counter()
"""What the channel has done, by the action's id."""


class LyingSettings(pydantic.BaseModel):
    """A secret in clear."""

    api_token: str = "not-a-real-secret-token"


class LyingSource:
    """Declares columns that are not there, forgets `since`, and reads at once."""

    tables = {
        "orders": SourceTable(
            name="orders", becomes="orders", key=("order_id",), cursor="changed_at"
        )
    }

    def __init__(self, settings, context):
        self.name = context.instance
        self.token = settings.api_token

    def __repr__(self):
        return f"LyingSource(token={self.token!r})"

    def scan(self, table, *, since=None):
        return pl.LazyFrame({"order_id": [1, 1], "total": [1.0, 2.0]})

    def close(self):
        pass


class LyingChannel:
    """Declares itself idempotent, and does everything each time; calls undone what it has done."""

    limiter = None
    capabilities = Capabilities(
        actions=frozenset({"send_message", "add_to_audience"}),
        max_rows=10,
        idempotent="action",
        lookup=True,
        identifiers=frozenset({"phone"}),
    )

    def __init__(self, settings, context):
        self.name = context.instance
        self.calls = 0

    def prepare(self, action):
        self.calls += 1
        return Payload(action.id, {"text": getattr(action, "text", ""), "call": self.calls})

    def submit(self, batch, *, idempotency_key):
        for row in batch:
            OUTSIDE[row.id] += 1
        if self.calls % 2:
            raise RetryableError("it did not happen, believe me")
        return Receipt()

    def poll(self, receipt):
        return receipt

    def close(self):
        pass


def actions(count, label):
    """Make actions for the checks."""
    return [
        SendMessage(campaign="hostile", customer_id=number, step=label, phone="+79000000000")
        for number in range(count)
    ]


SOURCE = SourceSpec(
    name="lying",
    summary="Declares what it has not",
    api_version=1,
    settings=LyingSettings,
    factory=LyingSource,
)
CHANNEL = ChannelSpec(
    name="lying",
    summary="Declares what it does not",
    api_version=1,
    settings=LyingSettings,
    capabilities=LyingChannel.capabilities,
    factory=LyingChannel,
)


@hookimpl
def retention_kit_sources():
    yield SOURCE


@hookimpl
def retention_kit_channels():
    yield CHANNEL
