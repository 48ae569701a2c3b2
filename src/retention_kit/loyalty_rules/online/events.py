"""What may happen to one customer: small frozen values, checked where they are made.

Money is exact, instants have a zone and become UTC, and wallets hold whole numbers of their
smallest units: points, or hundredths of money. Each event has a key of its own; the same kind and
key again is the same event.
"""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.online.account_events import (
    Adjustment,
    Capture,
    Issue,
    Redemption,
    Release,
    Reservation,
    SegmentJoined,
    SegmentLeft,
    Transfer,
)
from retention_kit.loyalty_rules.online.shopping import (
    Activity,
    Delivery,
    Id,
    Line,
    Order,
    Return,
)

__all__ = [
    "Activity",
    "Adjustment",
    "Capture",
    "Delivery",
    "Event",
    "Id",
    "Issue",
    "Line",
    "Order",
    "Place",
    "Redemption",
    "Release",
    "Reservation",
    "Return",
    "SegmentJoined",
    "SegmentLeft",
    "Transfer",
    "place_of",
    "source_of",
]

_TAKEN_FIRST = 20
Event = (
    Order
    | Return
    | Activity
    | Redemption
    | Reservation
    | Capture
    | Release
    | Delivery
    | Issue
    | Transfer
    | Adjustment
    | SegmentJoined
    | SegmentLeft
)
Place = tuple[int, int, int, str]
"""Where an event stands in the order of taking: instant, kind, and its key."""


def source_of(event: Event) -> str:
    """Give the text by which an event is known: its kind and its key.

    Examples:
        >>> from datetime import UTC, datetime
        >>> source_of(Release(key="r1", at=datetime(2025, 5, 1, tzinfo=UTC)))
        'release:r1'
    """
    return f"{event.TYPE}:{event.key}"


def place_of(event: Event) -> Place:
    """Say where an event stands in the order in which events are taken.

    Events of one instant are taken by kind: who joined and left segments, then releases,
    deliveries, returns, reservations, captures, redemptions, orders, activities, issues,
    transfers, adjustments; those of one kind by key.
    """
    at = event.at
    seconds = (at.toordinal() - 719_163) * 86_400 + at.hour * 3600 + at.minute * 60 + at.second
    kind = event.KIND
    # Who joined and left segments is numbered last, and taken first.
    rank = kind - _TAKEN_FIRST if kind >= layout.JOINED else kind
    key = event.key
    if key.__class__ is int:
        return seconds * 1_000_000 + at.microsecond, rank, key, ""
    return seconds * 1_000_000 + at.microsecond, rank, 0, str(key)
