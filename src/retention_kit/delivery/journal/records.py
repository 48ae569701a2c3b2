"""What is handed to a journal and what it gives back. Instants are seconds since 1970 (UTC)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from retention_kit.delivery.actions import ActionKey
from retention_kit.delivery.outcomes import ActionState


class Planned(NamedTuple):
    """An action as it is planned: all that a journal keeps of it.

    Attributes:
        id: The action's id.
        key: What the id is made of.
        kind: The action's kind.
        group: The payload's group.
        fingerprint: A hash of the payload, as text.
    """

    id: str
    key: ActionKey
    kind: str
    group: str
    fingerprint: str


class Known(NamedTuple):
    """What a journal knows of an action.

    Attributes:
        state: What became of it.
        kind: The action's kind.
        group: The payload's group.
        fingerprint: A hash of the payload.
        batch: The batch that it is in, or was in last; None where it never was in one.
        attempts: How often it was handed over.
        updated_at: When anything of it changed last.
        handed_at: When its batch was first handed over, None where it was not. Recovery does not
            change it; the time for which an idempotency key holds begins here.
    """

    state: ActionState
    kind: str
    group: str
    fingerprint: str
    batch: str | None
    attempts: int
    updated_at: float
    handed_at: float | None


class Claimed(NamedTuple):
    """What became of rows that were planned and claimed in one step.

    Attributes:
        claimed: The ids of those that were new, in the order they were given; claimed now.
        known: Those that were known before; nothing was changed of them.
    """

    claimed: list[str]
    known: Mapping[str, Known]


class BatchSize(NamedTuple):
    """How large a batch is.

    Attributes:
        rows: Rows in it.
        unknown: Rows of it of which nobody knows what became of them.
        whole: Whether these are all that went out under its name first, so that an outside system
            which knows a batch by its key takes them for the same batch.
    """

    rows: int
    unknown: int
    whole: bool


class PendingReceipt(NamedTuple):
    """A receipt by which can be asked what became of a batch.

    Attributes:
        batch: The batch.
        token: What the channel needs to ask.
        poll_at: From when on it may ask.
    """

    batch: str
    token: str
    poll_at: float


class Recorded(NamedTuple):
    """What became of outcomes that were recorded.

    Attributes:
        recorded: How many changed a state.
        unchanged: How many said what was known, or less than what was known.
        unheard: The ids of which the journal knows nothing.
    """

    recorded: int
    unchanged: int
    unheard: tuple[str, ...]
