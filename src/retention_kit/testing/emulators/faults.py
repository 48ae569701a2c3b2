"""Faults on demand: what goes wrong between a client and a server that both work."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

from retention_kit.errors import bad_parameter

FaultKind = Literal[
    "drop_before",
    "drop_after",
    "stall_before",
    "stall_after",
    "error_500",
    "error_502_html",
    "error_503_html",
    "truncate",
    "drip",
    "html_200",
]
"""What can go wrong. Those that end in `before`, errors and pages act on nothing; `drop_after`,
`stall_after`, `truncate` and `drip` carry the request out, so that a client cannot know it."""

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(eq=False)
class Fault:
    """One fault that was asked for.

    Attributes:
        kind: What goes wrong.
        route: On which route, a pattern as `crm.item.*`; on every one unless given.
        times: How many requests it still meets; without end unless given.
        share: Which share of the requests it meets, from 0 to 1; all unless given.
        after: How many requests it still lets pass first.
        seconds: How long a stall holds a connection before it closes it, or the pause between two
            bytes of a drip, in real seconds.
    """

    kind: FaultKind
    route: str | None
    times: int | None
    share: float | None
    after: int
    seconds: float | None

    def meets(self, route: str, random: random.Random) -> bool:
        """Tell whether it meets this request, and count it if it could."""
        if self.times == 0 or not (self.route is None or fnmatchcase(route, self.route)):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.share is not None and random.random() >= self.share:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults of one emulator.

    Args:
        seed: Of the generator that picks shares of requests.

    Attributes:
        happened: How often each kind met a request.
    """

    def __init__(self, seed: int = 0) -> None:
        self.happened: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: FaultKind,
        *,
        route: str | None = None,
        times: int | None = None,
        share: float | None = None,
        after: int = 0,
        seconds: float | None = None,
    ) -> None:
        """Ask for a fault, until it has met `times` requests or `clear` is called.

        Where several could meet a request, the one that was asked for first does.

        Args:
            kind: What goes wrong: see `FaultKind`.
            route: On which route, as the emulator names it; `*` stands for any characters.
            times: How many requests it meets.
            share: Which share of the requests it meets, picked at random.
            after: How many requests on the route pass first.
            seconds: Of a stall, after how many real seconds the connection is closed; until the
                client gives up or the emulator stops unless given. Of a drip, the pause between
                two bytes; 0.02 unless given.

        Raises:
            DefinitionError: There is no such kind, or a number is out of its bounds.
        """
        if kind not in KINDS:
            raise bad_parameter("kind", got=kind, allowed=", ".join(KINDS))
        if times is not None and times < 1:
            raise bad_parameter("times", got=times, allowed="a whole number from 1 on")
        if share is not None and not 0 <= share <= 1:
            raise bad_parameter("share", got=share, allowed="a number from 0 to 1")
        if after < 0:
            raise bad_parameter("after", got=after, allowed="a whole number from 0 on")
        if seconds is not None and seconds < 0:
            raise bad_parameter("seconds", got=seconds, allowed="a number from 0 on")
        if seconds is not None and not kind.startswith(("stall", "drip")):
            raise bad_parameter(
                "seconds", got=seconds, allowed=f"nothing where the kind is {kind!r}"
            )
        with self._lock:
            self._faults.append(Fault(kind, route, times, share, after, seconds))

    def clear(self) -> None:
        """Ask for no fault any more; what happened stays counted."""
        with self._lock:
            self._faults.clear()

    def pick(self, route: str) -> Fault | None:
        """Give the fault that meets a request on this route, if one does, and count it."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.meets(route, self._random):
                    self.happened[fault.kind] += 1
                    return fault
        return None
