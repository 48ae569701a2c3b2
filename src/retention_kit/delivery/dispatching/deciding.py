"""What is to be done about an action that a journal may know already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.clocks import Clock
from retention_kit.delivery.dispatching.rows import Row
from retention_kit.delivery.journal.records import Known
from retention_kit.delivery.outcomes import DONE

Decision = Literal[
    "send",
    "send_anew",
    "send_together",
    "already_done",
    "already_rejected",
    "changed",
    "elsewhere",
    "pending",
    "unknown",
]
"""What is to be done about an action.

`send`: it is planned. `send_anew`: it must be planned anew first. `send_together`: it may have
happened; it may go again with the rest of its old batch under the same key. The others are not
sent, and say why.
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """By what is decided.

    Attributes:
        capabilities: The channel's.
        retry_rejected: Whether what was rejected is tried again as it is.
        clock: The time.
    """

    capabilities: Capabilities
    retry_rejected: bool
    clock: Clock

    def decide(self, row: Row, known: Known | None) -> Decision:
        """Say what is to be done about a row.

        Args:
            row: The row.
            known: What the journal knew of it before; None where it is new.
        """
        if known is None:
            return "send"
        same = known.fingerprint == row.fingerprint
        state = known.state
        if state in DONE:
            return "already_done" if same else "changed"
        if state == "pending":
            return "pending"
        if state in ("claimed", "handed_over"):
            return "elsewhere"
        if state == "unknown":
            # To replace an audience by the same people once more changes nothing.
            return "send_anew" if row.replaces else self._in_doubt(known, same=same)
        if state == "rejected" and same and not self.retry_rejected:
            return "already_rejected"
        if state == "planned" and same and known.group == row.payload.group:
            return "send"
        return "send_anew"

    def _in_doubt(self, known: Known, *, same: bool) -> Decision:
        """Decide about what may have happened."""
        can = self.capabilities
        if can.idempotent == "action":
            return "send_anew"
        together = can.idempotent == "batch" and same and known.batch is not None
        if together and key_holds(can, known.handed_at, self.clock.now()):
            return "send_together"
        return "unknown"


def key_holds(capabilities: Capabilities, handed_at: float | None, now: float) -> bool:
    """Say whether the outside system still recognises a batch by its idempotency key.

    Args:
        capabilities: The channel's.
        handed_at: When the batch was first handed over.
        now: The present.
    """
    holds = capabilities.idempotency_seconds
    # By a clock that was put right since, it was handed over in the future: nobody knows when.
    return holds is None or (handed_at is not None and 0 <= now - handed_at < holds)


def of_the_refused(known: Known) -> str:
    """Say what counts of an action that is refused now, where the journal would not have that."""
    if known.state in DONE:
        return "already_done"
    return "elsewhere" if known.state in ("claimed", "handed_over") else known.state
