"""What happens to an account besides orders: spending, reservations, gifts and corrections."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.online.exact import exact_id, exact_instant, exact_units
from retention_kit.loyalty_rules.online.fields import (
    check_after,
    check_common,
    check_segment,
    check_signed,
    elapsed,
    put,
)
from retention_kit.loyalty_rules.online.shopping import Id


@dataclass(frozen=True, slots=True)
class Redemption:
    """Units spent on a reward, which may belong to no order.

    Attributes:
        key: What tells it from other redemptions.
        at: When they are spent.
        units: How many, above 0.
        wallet: Of which wallet; None for the first that can be spent.
        label: Of which certificate or gift alone.
        order_id: The order that it belongs to, where it does.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.REDEEM
    TYPE: ClassVar[str] = "redeem"

    key: str
    at: dt.datetime
    units: int
    wallet: str | None = None
    label: str | None = None
    order_id: Id | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        exact_units("units", self.units, least=1)
        check_common(self)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units set aside between a quote and the payment.

    Attributes:
        key: What tells it from other reservations.
        at: When they are set aside.
        units: How many, above 0.
        wallet: Of which wallet; None for the first that can be spent.
        until: When they are released by themselves, unless captured before.
        length: Instead of `until`, how long after `at`, such as `15m`; of elapsed time.
        name: How `Capture` and `Release` call it; None for its key.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.RESERVE
    TYPE: ClassVar[str] = "reserve"

    key: str
    at: dt.datetime
    units: int
    wallet: str | None = None
    until: dt.datetime | None = None
    length: str | None = None
    name: str | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        exact_units("units", self.units, least=1)
        check_common(self)
        if (self.until is None) == (self.length is None):
            raise DataError(
                "A reservation has an end: either `until` or `length`. Next step: give one of "
                "them, such as length='15m'."
            )
        if self.until is None:
            put(self, "until", self.at + elapsed(self.length))
            put(self, "length", None)
        put(self, "until", exact_instant("until", self.until))
        check_after("until", self.until, self.at)


@dataclass(frozen=True, slots=True)
class Capture:
    """What was reserved is spent.

    Attributes:
        key: What tells it from other captures.
        at: When it is.
        name: The reservation's name; None for the key.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.CAPTURE
    TYPE: ClassVar[str] = "capture"

    key: str
    at: dt.datetime
    name: str | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        check_common(self)


@dataclass(frozen=True, slots=True)
class Release:
    """What was reserved is free again.

    Attributes:
        key: What tells it from other releases.
        at: When it is.
        name: The reservation's name; None for the key.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.RELEASE
    TYPE: ClassVar[str] = "release"

    key: str
    at: dt.datetime
    name: str | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        check_common(self)


@dataclass(frozen=True, slots=True)
class Issue:
    """Units given outside of any rule: a gift certificate, a lot by hand.

    Attributes:
        key: What tells it from other issues.
        at: When they are given.
        units: How many, above 0.
        wallet: Into which wallet.
        label: What it is called, so that it can be spent by that name.
        until: When they expire; None by the wallet's rule.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.ISSUE
    TYPE: ClassVar[str] = "issue"

    key: str
    at: dt.datetime
    units: int
    wallet: str
    label: str | None = None
    until: dt.datetime | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        exact_units("units", self.units, least=1)
        check_common(self)
        if self.until is not None:
            put(self, "until", exact_instant("until", self.until))
            check_after("until", self.until, self.at)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units that went to another customer, or came from one: one side of it.

    Attributes:
        key: What tells it from other transfers.
        at: When they went.
        units: How many: below 0 where they went, above where they came.
        wallet: Of which wallet.
        other: The other customer, where it is known.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.TRANSFER
    TYPE: ClassVar[str] = "transfer"

    key: str
    at: dt.datetime
    units: int
    wallet: str
    other: Id | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        check_signed(self.units)
        if self.other is not None:
            put(self, "other", exact_id("other", self.other))
        check_common(self)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Units put right by hand.

    Attributes:
        key: What tells it from other adjustments.
        at: When they are.
        units: How many: above 0 where the customer gets them, below where they are taken.
        wallet: Of which wallet.
        reason: Why, in the shop's words.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.ADJUST
    TYPE: ClassVar[str] = "adjust"

    key: str
    at: dt.datetime
    units: int
    wallet: str
    reason: str | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        check_signed(self.units)
        check_common(self)


@dataclass(frozen=True, slots=True)
class SegmentJoined:
    """The customer became one of a segment that a rule asks for.

    Attributes:
        segment: The segment's name.
        at: When.
        key: What tells it from other times; None for the segment's name and the instant.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.JOINED
    TYPE: ClassVar[str] = "joined"

    segment: str
    at: dt.datetime
    key: str | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        check_segment(self)


@dataclass(frozen=True, slots=True)
class SegmentLeft:
    """The customer is no longer one of a segment.

    Attributes:
        segment: The segment's name.
        at: When.
        key: What tells it from other times; None for the segment's name and the instant.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.PARTED
    TYPE: ClassVar[str] = "parted"

    segment: str
    at: dt.datetime
    key: str | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        check_segment(self)
