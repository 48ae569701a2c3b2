"""A channel in memory, whose outside world counts what happens, and which fails when it is told to.

For whoever builds on `dispatch`: no network, and afterwards the world says what was done how often.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from retention_kit.delivery.actions import ACTIONS, Action, AddToAudience
from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.limits import Limiter
from retention_kit.delivery.outcomes import Batch, Outcome, Payload, Receipt, Rejection, Sent
from retention_kit.delivery.written_actions import action_to_dict
from retention_kit.errors import AuthenticationError, DataError, RejectedError

_ANYTHING: Final = Capabilities(
    actions=frozenset(ACTIONS), max_rows=100, identifiers=frozenset({"email", "phone"})
)
_SECRET_HEADER: Final = "x-secret"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happened in the outside world.

    Attributes:
        id: The action's id.
        group: The group of its batch.
        body: What was sent.
        key: The idempotency key of its batch.
    """

    id: str
    group: str
    body: Any = field(repr=False)
    key: str = ""


@dataclass
class OutsideWorld:
    """What a `MemoryChannel` acts on. Outlives channels, as the real one does.

    Attributes:
        acts: What happened, in order.
        calls: How often a batch came in, whatever became of it.
    """

    acts: list[Act] = field(default_factory=list)
    calls: int = 0
    _keys: set[tuple[str, str]] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def counts(self) -> Counter[str]:
        """How often each action happened, by id."""
        with self._lock:
            return Counter(act.id for act in self.acts)

    @property
    def doubles(self) -> dict[str, int]:
        """The actions that happened more than once, by id."""
        return {id_: count for id_, count in self.counts.items() if count > 1}

    def carry_out(self, rows: Sequence[Payload], *, key: str, by: str) -> None:
        """Let rows happen; again only where they are not recognised.

        Args:
            rows: What to do.
            key: The idempotency key of the batch.
            by: By what rows are recognised: `action`, `batch` or `no`.
        """
        with self._lock:
            for row in rows:
                seen = (row.id if by == "action" else key, row.id)
                if by == "no" or seen not in self._keys:
                    self._keys.add(seen)
                    self.acts.append(Act(row.id, row.group, row.body, key))

    def came_in(self) -> int:
        """Count a call, and give its number, from 1."""
        with self._lock:
            self.calls += 1
            return self.calls


@dataclass(frozen=True, slots=True)
class Fault:
    """How a call fails.

    Attributes:
        error: What is raised. It may be no `ChannelError`, and no `Exception`: a crash.
        carried_out: How many rows of the batch happened before that; None for all of them.
    """

    error: BaseException
    carried_out: int | None = 0


class MemoryChannel:
    """A channel that acts on an `OutsideWorld` in memory.

    Args:
        name: The instance's name.
        world: What it acts on; a new one unless given.
        capabilities: What it can do; everything, 100 rows at a time and not idempotent, unless
            given. The world recognises what comes again as `idempotent` says, and `results` says
            whether they come `at_once` or by `poll`.
        limiter: What its requests wait for.
        refused: Why the outside system refuses rows, by customer.
        refusal: How it says so: as an outcome `by_row`, refusing the whole batch with rows
            `named`, or the whole batch with `nothing` named.
        secret: What the header `x-secret` of a web hook must be.
        fault: Is asked at each call: takes its number, from 1, and the batch; gives how the call
            fails, or None.

    Attributes:
        world: What it acts on.

    Examples:
        >>> from retention_kit.delivery.actions import SendMessage
        >>> channel = MemoryChannel()
        >>> action = SendMessage(campaign="win back", customer_id=7, email="a@b.example", text="Hi")
        >>> row = channel.prepare(action)
        >>> channel.submit([row], idempotency_key="1").rest
        'accepted'
        >>> channel.world.counts[action.id]
        1
    """

    def __init__(
        self,
        name: str = "memory",
        *,
        world: OutsideWorld | None = None,
        capabilities: Capabilities = _ANYTHING,
        limiter: Limiter | None = None,
        refused: Mapping[int | str, str] | None = None,
        refusal: Literal["by_row", "named", "nothing"] = "by_row",
        secret: str = "",
        fault: Callable[[int, Batch], Fault | None] | None = None,
    ) -> None:
        self.world = OutsideWorld() if world is None else world
        self._name = name
        self._capabilities = capabilities
        self._limiter = limiter
        self._refused = dict(refused or {})
        self._refusal = refusal
        self._secret = secret
        self._fault = fault
        self._next: deque[Fault] = deque()

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can do."""
        return self._capabilities

    @property
    def limiter(self) -> Limiter | None:
        """What its requests wait for."""
        return self._limiter

    def fail_next(
        self, error: BaseException, *, times: int = 1, carried_out: int | None = 0
    ) -> None:
        """Let the next calls fail.

        Args:
            error: What is raised.
            times: How many calls.
            carried_out: How many rows of the batch happen before that; None for all of them.
        """
        self._next.extend([Fault(error, carried_out)] * times)

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make what will be sent: the action as a dictionary."""
        known = {"email": action.email, "phone": action.phone, **action.identifiers}
        wanted = self._capabilities.identifiers
        if wanted and not any(known.get(name) for name in wanted):
            return Rejection(action.id, "no_identifier", "None of the identifiers is known.")
        body = action_to_dict(action)
        group = action.kind
        if isinstance(action, AddToAudience):
            group = f"{action.kind}:{action.audience}:{action.mode}"
        size = 0 if self._capabilities.max_bytes is None else len(json.dumps(body))
        return Payload(action.id, body, group, size)

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Let the rows of a batch happen in the world."""
        if self._limiter is not None:
            self._limiter.acquire()
        number = self.world.came_in()
        fault = self._next.popleft() if self._next else None
        if fault is None and self._fault is not None:
            fault = self._fault(number, batch)
        refused = {
            row.id: reason
            for row in batch
            if (reason := self._refused.get(row.body["customer_id"])) is not None
        }
        if fault is None and refused and self._refusal != "by_row":
            named = refused if self._refusal == "named" else None
            raise RejectedError("The batch is refused.", code="refused", rejected=named)
        rows = [row for row in batch if row.id not in refused]
        if fault is not None:
            rows = rows if fault.carried_out is None else rows[: fault.carried_out]
        self.world.carry_out(rows, key=idempotency_key, by=self._capabilities.idempotent)
        if fault is not None:
            raise fault.error
        outcomes = {one: Outcome(one, "rejected", code=code) for one, code in refused.items()}
        if self._capabilities.results == "later":
            return Receipt(outcomes, rest="pending", token=json.dumps(idempotency_key))
        return Receipt(outcomes)

    def poll(self, receipt: Receipt) -> Receipt:
        """Say that all rows that were taken are accepted."""
        if receipt.token is None:
            raise DataError("The receipt has no token. Next step: poll only where there is one.")
        return Receipt(rest="accepted")

    def lookup(self, rows: Sequence[Sent]) -> Mapping[str, Outcome]:
        """Say what happened of rows, and what did not."""
        counts = self.world.counts
        return {
            row.id: Outcome(row.id, "accepted" if counts[row.id] else "planned") for row in rows
        }

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[Outcome]:
        """Read a web hook: a JSON list of objects with `id`, `state` and, if need be, `code`.

        Raises:
            AuthenticationError: The header `x-secret` is not the secret.
            DataError: It cannot be read.
        """
        given = {name.lower(): value for name, value in headers.items()}.get(_SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            raise AuthenticationError(
                f"The web hook's header {_SECRET_HEADER!r} is not the secret. Next step: give the "
                "outside system the secret that the channel has."
            )
        try:
            return [
                Outcome(str(one["id"]), one["state"], code=str(one.get("code", "")))
                for one in json.loads(body)
            ]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(
                "The web hook cannot be read. Allowed: a JSON list of objects with 'id' and "
                "'state'. Next step: mend what sends it."
            ) from None

    def close(self) -> None:
        """Nothing is to be let go of; the world stays."""
