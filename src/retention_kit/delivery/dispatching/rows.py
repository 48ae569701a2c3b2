"""Rows on their way: what a channel prepared, and what a journal must know of it; in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from retention_kit.delivery.actions import ActionKey
from retention_kit.delivery.outcomes import Payload


@dataclass(slots=True)
class Row:
    """One action, prepared.

    Attributes:
        payload: What will be sent.
        key: The action's key.
        kind: The action's kind.
        fingerprint: Of the payload.
        extra: Whether it is only sent along because its audience is replaced as a whole: the
            journal has it as done already.
        replaces: Whether an audience becomes exactly what is handed in together with it.
        needs: The id of an action that must be through before it; empty for none.
        batch: The batch that it was claimed for when it was planned; empty where it was not yet.
    """

    payload: Payload
    key: ActionKey
    kind: str
    fingerprint: str
    extra: bool = False
    replaces: bool = False
    needs: str = ""
    batch: str = ""

    @property
    def id(self) -> str:
        """The action's id."""
        return self.payload.id


class Rows(Protocol):
    """Rows of one batch, in memory or on disk; can be read repeatedly."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Row]: ...

    def close(self) -> None:
        """Let go of what they are kept in."""
        ...


class RowsInMemory:
    """Rows of a small batch.

    Args:
        rows: The rows.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def close(self) -> None:
        """Nothing is to be let go of."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a channel is given: the payloads of rows, as a `Batch`.

    Attributes:
        group: The group of all rows.
        rows: The rows.
    """

    group: str
    rows: Rows = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Payload]:
        for row in self.rows:
            yield row.payload


@dataclass(slots=True)
class Parcel:
    """A batch on its way, claimed in the journal under its name.

    Attributes:
        name: The batch's name in the journal, which is its idempotency key.
        group: The group of all rows.
        rows: The rows.
        claimed: How many of them the journal holds under this name; the others are `extra`.
        replaces: Whether an audience becomes exactly these rows, so that they must stay together.
        handed_at: When it was first handed over, in seconds since 1970.
        doubtful: Whether it may have been carried out already: it was sent, and no answer came.
        waited: Seconds that it has waited since it last got on.
        tries: How often it was sent and no answer came.
        campaigns: Of its rows.
        needs: Ids of actions that must be through before it.
    """

    name: str
    group: str
    rows: Rows = field(repr=False)
    claimed: int
    replaces: bool = False
    handed_at: float | None = None
    doubtful: bool = False
    waited: float = 0.0
    tries: int = 0
    campaigns: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
