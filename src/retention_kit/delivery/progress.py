"""How far a dispatch has come, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a dispatch has come.

    Attributes:
        done: Actions that this call is through with.
        total: Actions handed in; None where they come without a length.
        states: Counts of those it is through with: states of the journal, and `already_done`,
            `already_rejected`, `changed`, `duplicates`, `elsewhere`.
    """

    done: int
    total: int | None = None
    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """The share that is done, 0…1; None where the total is unknown or nothing."""
        return self.done / self.total if self.total else None


OnProgress = Callable[[Progress], None]
"""Is called after each batch, in the thread that called `dispatch`."""
