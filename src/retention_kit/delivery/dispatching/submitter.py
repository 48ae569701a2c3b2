"""What all batches of a run share: the channel, patience, and whether to stop."""

from __future__ import annotations

import threading
from typing import Final

from retention_kit.delivery.channels import Channel
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.dispatching.deciding import key_holds
from retention_kit.delivery.dispatching.rows import Parcel
from retention_kit.delivery.journal.runs import Run

UNANSWERED: Final = 5
"""After how many batches on end without an answer a call stops: each would be left in doubt."""


class Submitter:
    """What the batches of one run share while they are submitted; safe to use from several threads.

    Args:
        run: The run, which holds the batches.
        channel: The channel.
        clock: The time.
        patience: Seconds that waiting may take before a batch gets on.

    Attributes:
        run: The run, which holds the batches.
        channel: The channel.
        clock: The time.
        patience: Seconds that waiting may take before a batch gets on.
        idempotent: What can be sent again, as `Capabilities.idempotent` says.
        stopping: Is set where nothing more is to be sent.
    """

    def __init__(self, run: Run, channel: Channel, clock: Clock, patience: float) -> None:
        self.run = run
        self.channel = channel
        self.idempotent = channel.capabilities.idempotent
        self.clock = clock
        self.patience = patience
        self._unanswered = 0
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def key_holds(self, parcel: Parcel) -> bool:
        """Say whether a batch that is in doubt would still be recognised by its key."""
        return key_holds(self.channel.capabilities, parcel.handed_at, self.clock.now())

    def answer_came(self, *, came: bool) -> bool:
        """Count batches on end without an answer, and say whether they are too many."""
        with self._lock:
            self._unanswered = 0 if came else self._unanswered + 1
            return self._unanswered >= UNANSWERED
