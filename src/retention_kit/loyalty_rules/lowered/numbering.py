"""Numbers for what a programme names, in the order in which it first comes up.

A version that is added later leaves the numbers of the earlier ones as they were, so that an
account kept since then means the same.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from retention_kit.loyalty_rules.definitions.moments import (
    After,
    AtOnce,
    Expiry,
    FixedDate,
    NeverExpires,
    OnDate,
    OwnExpiry,
    Pending,
    Rolling,
    WhenDelivered,
)
from retention_kit.loyalty_rules.lowered.calendars import Moment, number_of
from retention_kit.loyalty_rules.lowered.parts import Base, SegmentUse
from retention_kit.smart_segments.definitions.lengths import read_length

Kept = TypeVar("Kept", bound=Hashable)
NONE = -1
_MICROSECONDS = 1_000_000


class Numbered(Generic[Kept]):
    """Things, each with the number of its first coming."""

    def __init__(self) -> None:
        self._numbers: dict[Kept, int] = {}

    def number(self, one: Kept) -> int:
        """Give the number of a thing, a new one where it is new."""
        return self._numbers.setdefault(one, len(self._numbers))

    def all(self) -> tuple[Kept, ...]:
        """Give the things by number."""
        return tuple(self._numbers)


class Numbers:
    """What is numbered while a programme is put into columns."""

    def __init__(self) -> None:
        self.moments: Numbered[Moment] = Numbered()
        self.bases: Numbered[Base] = Numbered()
        self.wallets: Numbered[str] = Numbered()
        self.groups: Numbered[str] = Numbered()
        self.segments: Numbered[SegmentUse] = Numbered()
        self.activities: Numbered[str] = Numbered()
        # Two that everybody counts on: the moment itself, and what was paid.
        self.at_once = self.moments.number(Moment("elapsed"))
        self.bases.number(Base())

    def end(self, length: str | None, to_end_of: str | None = None) -> int:
        """Give the number of the moment at which a length is over; none for no length."""
        return NONE if length is None else self.moments.number(end_of(length, to_end_of))

    def begin(self, length: str | None, sign: int = 1) -> int:
        """Give the number of the moment at which the day so much later, or earlier, begins."""
        if length is None:
            return NONE
        read = read_length("length", length)
        if read.is_elapsed:
            return self.moments.number(end_of(length))
        moment = Moment("begin", months=sign * read.months, days=sign * read.days)
        return self.moments.number(moment)

    def window(self, window: str) -> int:
        """Give the number of the moment at which the window of tiers starts; none for ever."""
        if window == "lifetime":
            return NONE
        if window in ("month", "quarter", "year"):
            return self.moments.number(Moment("period", to_end_of=window))
        return self.begin(window, -1)

    def pending(self, pending: Pending) -> int:
        """Give the number of the moment at which it becomes active; none for delivery."""
        match pending:
            case AtOnce():
                return self.at_once
            case After():
                return self.end(pending.length)
            case WhenDelivered():
                return NONE

    def expiry(self, expiry: Expiry | OwnExpiry) -> int:
        """Give the number of the moment at which it expires; none for never."""
        match expiry:
            case NeverExpires():
                return NONE
            case Rolling():
                return self.end(expiry.length, expiry.to_end_of)
            case FixedDate():
                return self.moments.number(Moment("yearly", month=expiry.month, day=expiry.day))
            case OnDate():
                return self.moments.number(Moment("date", days=number_of(expiry.date)))
        return self.moments.number(end_of(expiry.length, slides=tuple(sorted(expiry.on))))


def end_of(length: str, to_end_of: str | None = None, *, slides: tuple[str, ...] = ()) -> Moment:
    """Give the moment at which a length is over."""
    read = read_length("length", length)
    if read.is_elapsed:
        return Moment("elapsed", microseconds=read.seconds * _MICROSECONDS, slides=slides)
    return Moment("end", months=read.months, days=read.days, to_end_of=to_end_of, slides=slides)
