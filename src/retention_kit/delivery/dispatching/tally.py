"""Counting what becomes of actions, so that in the end each was counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from retention_kit.delivery.dispatching.intake import Refused
from retention_kit.delivery.dispatching.rows import Row
from retention_kit.delivery.outcomes import Outcome, OutcomeState
from retention_kit.delivery.progress import Progress
from retention_kit.delivery.report import WITHOUT_STATE, DeliveryReport
from retention_kit.errors import RetentionKitError

SHOWN: Final = 1_000
"""How many rejected rows a report shows."""


@dataclass(slots=True)
class Tally:
    """Counts of what became of actions.

    Attributes:
        states: By state, and by what an action can be besides.
        rejected: Rejected ones by code.
        suppressed: Suppressed ones by reason.
        shown: The first rejected ones.
        batches: Batches that an answer came to.
        stop: Why nothing more is to be sent.
    """

    states: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    shown: list[Refused] = field(default_factory=list)
    batches: int = 0
    stop: RetentionKitError | None = None

    @property
    def done(self) -> int:
        """How many were counted."""
        return sum(self.states.values())

    def refuse(self, one: Refused) -> None:
        """Count an action that is not sent."""
        if one.suppressed:
            self.states["suppressed"] += 1
            self.suppressed[one.code] += 1
            return
        self.states["rejected"] += 1
        self.rejected[one.code] += 1
        if len(self.shown) < SHOWN:
            self.shown.append(one)

    def settle(self, row: Row, outcome: Outcome | None, rest: OutcomeState) -> None:
        """Count what became of a row."""
        state = rest if outcome is None else outcome.state
        if state == "rejected":
            code, detail = ("", "") if outcome is None else (outcome.code, outcome.detail)
            self.refuse(Refused(row.id, row.key, row.kind, code, detail))
        else:
            self.states[state] += 1

    def add(self, other: Tally) -> None:
        """Add the counts of a part."""
        self.states.update(other.states)
        self.rejected.update(other.rejected)
        self.suppressed.update(other.suppressed)
        self.shown += other.shown[: SHOWN - len(self.shown)]
        self.batches += other.batches
        self.stop = self.stop or other.stop

    def progress(self, total: int | None) -> Progress:
        """Give how far it is."""
        return Progress(
            self.done, total, {one: count for one, count in self.states.items() if count}
        )

    def report(self, channel: str, *, unread: int | None, seconds: float) -> DeliveryReport:
        """Give the counts as a report."""
        import polars as pl

        names = ("id", "customer_id", "kind", "code", "detail")
        rows = [(one.id, str(one.key.customer_id), *one[2:5]) for one in self.shown]
        counts = {name: count for name, count in self.states.items() if count}
        apart = {name: counts.pop(name) for name in WITHOUT_STATE if name in counts}
        return DeliveryReport(
            channel=channel,
            handed_in=self.done,
            states=counts,
            unread=unread,
            suppressed=_sorted(self.suppressed),
            rejected=_sorted(self.rejected),
            batches=self.batches,
            seconds=seconds,
            stopped=None if self.stop is None else str(self.stop),
            rejections=pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row"),
            error=self.stop,
            **apart,
        )


def _sorted(counts: Counter[str]) -> Mapping[str, int]:
    return dict(counts.most_common())
