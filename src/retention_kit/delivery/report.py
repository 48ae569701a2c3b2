"""What came of a dispatch: counts that add up to the actions, and why rows were refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from retention_kit.errors import RetentionKitError

if TYPE_CHECKING:
    import polars as pl

WITHOUT_STATE: Final = ("already_done", "already_rejected", "changed", "duplicates", "elsewhere")
"""What an action can be besides the states of a journal."""


def actions_in_words(count: int) -> str:
    """Say how many actions there are: `1 action`."""
    return f"{count:,} action{'' if count == 1 else 's'}"


def reasons_in_words(counts: Mapping[str, int]) -> str:
    """Say why rows were refused: ` (no_identifier)`, or ` (2 bad_phone, 1 no_identifier)`.

    Args:
        counts: Rows by code. The number of a single code is left out: that of the rows says it.
    """
    codes = {code: count for code, count in counts.items() if code}
    if len(codes) == len(counts) == 1:
        return f" ({next(iter(codes))})"
    return f" ({', '.join(f'{count:,} {code}' for code, count in codes.items())})" if codes else ""


@dataclass(frozen=True, kw_only=True)
class DeliveryReport:
    """What came of one call of `dispatch` or `settle`.

    Each action handed in is counted once: `handed_in` is the sum of `states` and of the counts
    from `already_done` to `elsewhere`.

    Attributes:
        channel: The channel's name.
        handed_in: Actions that were read.
        states: How many of them are now `accepted`, `pending`, `rejected`, `unknown`, `planned`
            (not sent yet: hand them in again), `suppressed`, and so on.
        already_done: Those that happened in an earlier call, with the same content.
        already_rejected: Those that were rejected in an earlier call and not tried again.
        changed: Those that happened in an earlier call with another content; not sent again.
        duplicates: Those whose key had come before in this call.
        elsewhere: Those that another process has in hand at this moment.
        unread: Actions that were not read because the call stopped; None where nobody knows.
        suppressed: Suppressed ones by reason.
        rejected: Rejected ones by code.
        batches: Batches that an answer came to.
        seconds: How long it took, by the clock that was given.
        stopped: Why the call stopped before the end; None where it did not.
        rejections: The first thousand rejected rows: `id`, `customer_id`, `kind`, `code`,
            `detail`. All of them: `journal.actions(channel, states=["rejected"])`.
        error: The error that `stopped` tells of.
    """

    channel: str
    handed_in: int
    states: Mapping[str, int]
    already_done: int = 0
    already_rejected: int = 0
    changed: int = 0
    duplicates: int = 0
    elsewhere: int = 0
    unread: int | None = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    batches: int = 0
    seconds: float = 0.0
    stopped: str | None = None
    rejections: pl.DataFrame = field(repr=False, compare=False)
    error: RetentionKitError | None = field(default=None, repr=False, compare=False)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do: nothing planned, pending, unknown or unread."""
        open_ = ("planned", "claimed", "handed_over", "pending", "unknown")
        left = sum(self.states.get(state, 0) for state in open_)
        return self.stopped is None and not left and not self.elsewhere and not self.unread

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
        return {
            "channel": self.channel,
            "handed_in": self.handed_in,
            "states": dict(self.states),
            **{name: getattr(self, name) for name in WITHOUT_STATE},
            "unread": self.unread,
            "suppressed": dict(self.suppressed),
            "rejected": dict(self.rejected),
            "batches": self.batches,
            "seconds": self.seconds,
            "stopped": self.stopped,
        }

    def to_json(self) -> str:
        """Give the counts as JSON; customers are not in it."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_frame(self) -> pl.DataFrame:
        """Give the counts as a table: `what`, `reason`, `actions` (`Int64`).

        A rejected or suppressed action stands in the row of its code or reason.
        """
        import polars as pl

        split = {"rejected": self.rejected, "suppressed": self.suppressed}
        rows: list[tuple[str, str, int]] = []
        for state, count in self.states.items():
            reasons = split.get(state, {})
            rows += [(state, reason, number) for reason, number in reasons.items()]
            if left := count - sum(reasons.values()):
                rows.append((state, "", left))
        rows += [(name, "", getattr(self, name)) for name in WITHOUT_STATE if getattr(self, name)]
        schema = {"what": pl.String, "reason": pl.String, "actions": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def __str__(self) -> str:
        why = {
            "rejected": reasons_in_words(self.rejected),
            "suppressed": reasons_in_words(self.suppressed),
        }
        parts = [
            f"{count:,} {state}{why.get(state, '')}"
            for state, count in self.states.items()
            if count
        ]
        parts += [
            f"{getattr(self, name):,} {name.replace('_', ' ')}"
            for name in WITHOUT_STATE
            if getattr(self, name)
        ]
        text = f"{self.channel}: {actions_in_words(self.handed_in)}: {', '.join(parts) or 'none'}."
        return f"{text} Stopped: {self.stopped}" if self.stopped else text
