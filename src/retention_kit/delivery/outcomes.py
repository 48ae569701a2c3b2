"""What passes between delivery and a channel: payloads in batches, receipts and outcomes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol

OutcomeState = Literal[
    "planned",
    "pending",
    "accepted",
    "rejected",
    "unknown",
    "delivered",
    "bounced",
    "opened",
    "clicked",
    "unsubscribed",
]
"""What a channel can say became of a row.

`planned`: it certainly did not happen and may be tried again. `pending`: taken, the result comes
later. `accepted`, `rejected`: for good. `unknown`: nobody can say. The rest happen to messages
after they were accepted.
"""

ActionState = Literal[
    "planned",
    "claimed",
    "handed_over",
    "pending",
    "accepted",
    "rejected",
    "unknown",
    "delivered",
    "bounced",
    "opened",
    "clicked",
    "unsubscribed",
    "suppressed",
]
"""What a journal knows of an action."""

DONE: Final[frozenset[str]] = frozenset(
    {"accepted", "delivered", "bounced", "opened", "clicked", "unsubscribed"}
)
"""States in which an action has happened."""


_NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Payload:
    """What a channel will send for one action.

    Attributes:
        id: The action's id; give it to the outside system as the external id where it takes one.
        body: What is sent, in whatever shape the channel likes, if it is JSON.
        group: Only rows of one group share a batch: the audience, the kind.
        size: Bytes on the wire, where the channel has a limit of bytes.
        keep: By what the row can be taken out again: hashes or the outside system's own ids, never
            a contact in clear. A synchronisation keeps them and hands them back in
            `Action.identifiers`.
    """

    id: str
    body: Any = field(repr=False)
    group: str = ""
    size: int = 0
    keep: Mapping[str, str] = field(default_factory=lambda: _NO_NAMES, repr=False)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an action will not be sent at all.

    Attributes:
        id: The action's id.
        code: One word for counting: `no_phone`, `no_identifier`, `unknown_field`.
        detail: A sentence, with nothing of the customer in it.
    """

    id: str
    code: str
    detail: str = ""


class Batch(Protocol):
    """Rows that are submitted together, in the order they were claimed. Can be read repeatedly.

    A large batch is kept on disk and read in passing: do not make a list of it where the outside
    system takes a stream.
    """

    @property
    def group(self) -> str:
        """The group of all its rows."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Payload]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row.

    Attributes:
        id: The action's id.
        state: What became of it.
        code: One word or number for counting, of the outside system where it gives one.
        detail: A sentence, with nothing of the customer in it.
        external_id: What the outside system calls what was made.
        occurred_at: When, where the outside system says so.
    """

    id: str
    state: OutcomeState
    code: str = ""
    detail: str = ""
    external_id: str | None = None
    occurred_at: dt.datetime | None = None


_NOTHING: Final[Mapping[str, Outcome]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of a batch after it was submitted, or polled.

    Attributes:
        outcomes: What became of single rows, by id.
        rest: What became of all the others.
        token: What `poll` needs to ask again, as JSON text without contacts or secrets; None
            where nothing more will come.
        poll_after: Seconds to wait before that.
    """

    outcomes: Mapping[str, Outcome] = field(default_factory=lambda: _NOTHING)
    rest: OutcomeState = "accepted"
    token: str | None = None
    poll_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A row as a journal remembers it, for a channel to look up.

    Attributes:
        id: The action's id.
        kind: The action's kind.
        group: The payload's group.
    """

    id: str
    kind: str
    group: str
