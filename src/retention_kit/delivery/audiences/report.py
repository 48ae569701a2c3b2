"""What came of a synchronisation."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from retention_kit.delivery.audiences.difference import Mode
from retention_kit.delivery.audiences.state import AudienceState
from retention_kit.delivery.report import DeliveryReport
from retention_kit.errors import RetentionKitError

_NOT_WRITTEN: Final = frozenset({"deliveries", "error", "state"})


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What a synchronisation found, did and left.

    `wanted` is the sum of `without_consent`, `unusable`, `unchanged`, `moved` and `joining`.

    Attributes:
        channel: The channel's name.
        audience: The audience's name.
        campaign: Under which name its actions are in the journal.
        mode: What was to become of the audience.
        dry_run: Whether nothing was sent because nothing was to be.
        wanted: Customers in the table of members.
        duplicates: Further rows of theirs, which do not count: of several, the one counts whose
            contacts come first in the order of the alphabet.
        without_consent: Those of them left out because their consent does not stand.
        unusable: Those of them whom the channel cannot take, by reason.
        unchanged: Those who were in the audience already.
        moved: Those who were in it with other contacts, or of whom nobody was sure.
        joining: Those who were not in it.
        leaving: Those who were in the audience and are not wanted, and are taken out.
        withdrawn: Those of them who withdrew their consent, or were forgotten.
        shared: Those of the unchanged who share a contact with one who is taken out; they are put
            in again after it.
        kept: Those who were in it and are not wanted, and are left there.
        held: Customers not put in, because the audience would be too small to be made.
        added: Customers accepted into the audience in this call; with `replace` all of the whole.
        removed: Customers taken out in this call; one who moved was taken out and added.
        unsure: Customers of whom nobody knows, since an answer was lost; the next call sends
            them again.
        not_accepted: Customers whose change did not happen; the next call tries again, but for
            those who were rejected.
        rejected: Rejected ones by code.
        caught_up: Changes of earlier calls that were found accepted in this one.
        pending: Customers whose outcome is still to come.
        waiting: Whether changes were not sent because the outside system is still at work on
            earlier ones. Call again later.
        members: Customers in the audience now, as far as was accepted.
        smallest_audience: Below how many it is of no use outside.
        below_minimum: Whether it is.
        state: The audience as the outside system says it is, where the channel can ask.
        stopped: Why the call stopped before the end; None where it did not.
        deliveries: The reports of what was sent, in order.
        error: The error that `stopped` tells of.
    """

    channel: str
    audience: str
    campaign: str
    mode: Mode
    dry_run: bool = False
    wanted: int = 0
    duplicates: int = 0
    without_consent: int = 0
    unusable: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    moved: int = 0
    joining: int = 0
    leaving: int = 0
    withdrawn: int = 0
    shared: int = 0
    kept: int = 0
    held: int = 0
    added: int = 0
    removed: int = 0
    unsure: int = 0
    not_accepted: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    caught_up: int = 0
    pending: int = 0
    waiting: bool = False
    members: int = 0
    smallest_audience: int = 0
    below_minimum: bool = False
    state: AudienceState | None = None
    stopped: str | None = None
    deliveries: tuple[DeliveryReport, ...] = field(default=(), repr=False)
    error: RetentionKitError | None = field(default=None, repr=False, compare=False)

    @property
    def is_complete(self) -> bool:
        """Whether the audience is what it should be, as far as the outside system takes it.

        False where customers are `held`: the audience was not made.
        """
        open_ = self.pending or self.unsure or self.waiting or self.held
        return self.stopped is None and not open_ and not self.dry_run

    def raise_for_stop(self) -> None:
        """Raise the error that stopped the call, where one did.

        Raises:
            RetentionKitError: The call stopped before the end.
        """
        if self.error is not None:
            raise self.error
        if self.stopped is not None:
            raise RetentionKitError(self.stopped)

    def to_dict(self) -> dict[str, Any]:
        """Give the counts as what JSON can hold; customers are not in it."""
        fields = [one.name for one in dataclasses.fields(self) if one.name not in _NOT_WRITTEN]
        written = {name: getattr(self, name) for name in fields}
        written |= {"unusable": dict(self.unusable), "rejected": dict(self.rejected)}
        written["state"] = None if self.state is None else dataclasses.asdict(self.state)
        written["deliveries"] = [one.to_dict() for one in self.deliveries]
        return written

    def to_json(self) -> str:
        """Give the counts as JSON; customers are not in it."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __str__(self) -> str:
        counts = [one.name for one in dataclasses.fields(self) if one.type == "int"]
        if self.stopped and not any(getattr(self, name) for name in counts):
            # It stopped before anybody was counted: "0 wanted" would be untrue.
            return f"{self.channel}, audience {self.audience!r}: stopped: {self.stopped}"
        said = [f"{self.wanted:,} wanted"]
        said += [
            f"{getattr(self, name):,} {name.replace('_', ' ')}"
            for name in (
                "without_consent",
                "unchanged",
                "moved",
                "joining",
                "leaving",
                "held",
                "added",
                "removed",
                "pending",
                "unsure",
                "not_accepted",
            )
            if getattr(self, name)
        ]
        said += [f"{count:,} {code.replace('_', ' ')}" for code, count in self.unusable.items()]
        text = f"{self.channel}, audience {self.audience!r}: {', '.join(said)}."
        if self.below_minimum:
            text += f" Below the minimum of {self.smallest_audience:,}."
        if self.waiting:
            text += " An earlier change is still being worked on: call again later."
        return f"{text} Stopped: {self.stopped}" if self.stopped else text
