"""What may happen to one customer: small frozen values, checked where they are made.

Money is exact, instants have a zone and become UTC, and wallets hold whole numbers of their
smallest units: points, or hundredths of money. Each event has a key of its own; the same kind and
key again is the same event.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.online.exact import (
    LARGEST,
    exact_id,
    exact_instant,
    exact_money,
    exact_text,
    exact_units,
    refused,
)

Id = int | str
_SMALLEST = Decimal("0.0001")
_LARGEST = Decimal(LARGEST)
_TAKEN_FIRST = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order, or of a return, where quantity and amount are above 0 too.

    Attributes:
        product_id: What was bought.
        amount: The line's share of the order's amount.
        quantity: How many, exactly.
        category: The product's category.
        discount: What was taken off its price.
        columns: Other columns that filters of lines look at.
    """

    product_id: Id
    amount: Decimal | int
    quantity: Decimal | int = 1
    category: str | None = None
    discount: Decimal | int = 0
    columns: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _set(self, "product_id", exact_id("product_id", self.product_id))
        for name in ("amount", "quantity", "discount"):
            _set(self, name, exact_money(name, getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Order:
    """A completed sale.

    Attributes:
        order_id: Its id.
        at: When it was ordered.
        amount: The goods after discounts, without delivery, as `orders` has it.
        points_paid: How many units of `wallet` it is paid with.
        wallet: Of which wallet; None for the first that can be spent.
        discount: What was taken off the price, already left out of `amount`.
        lines: Its lines, where rules ask for them.
        promo_code: The promotion used.
        channel: Where it was sold.
        currency: The currency of its money; None for the programme's own.
        columns: Other columns of the order that rules look at, such as `manager`.
        promo_refused: Whether the code is used up by all customers together.
        reservation: The name of the reservation from which it is paid first.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.ORDER
    TYPE: ClassVar[str] = "order"

    order_id: Id
    at: dt.datetime
    amount: Decimal | int
    points_paid: int = 0
    wallet: str | None = None
    discount: Decimal | int = 0
    lines: tuple[Line, ...] = ()
    promo_code: str | None = None
    channel: str | None = None
    currency: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    promo_refused: bool = False
    reservation: str | None = None
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        _set(self, "order_id", exact_id("order_id", self.order_id))
        _set(self, "at", exact_instant("at", self.at))
        _set(self, "amount", exact_money("amount", self.amount))
        _set(self, "points_paid", exact_units("points_paid", self.points_paid))
        if self.discount != 0:
            _set(self, "discount", exact_money("discount", self.discount))
        _set(self, "lines", _lines(self.lines))
        _check_recorded(self)

    @property
    def key(self) -> Id:
        """What tells it from other orders."""
        return self.order_id


@dataclass(frozen=True, slots=True)
class Return:
    """A completed return, of a whole order or of a part.

    Attributes:
        order_id: Its own id.
        original_order_id: The order that it is of.
        at: When it was returned.
        amount: What came back, above 0: the goods as `amount` of the order has them.
        points_back: How many units come back that the order was paid with; None in proportion.
        discount: The part of the order's discount on what came back.
        lines: What came back, where rules ask for lines.
        currency: The currency of its money; None for the programme's own.
        columns: Other columns of its row.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.RETURN
    TYPE: ClassVar[str] = "return"

    order_id: Id
    original_order_id: Id
    at: dt.datetime
    amount: Decimal | int
    points_back: int | None = None
    discount: Decimal | int = 0
    lines: tuple[Line, ...] = ()
    currency: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        _set(self, "order_id", exact_id("order_id", self.order_id))
        original = exact_id("original_order_id", self.original_order_id)
        _set(self, "original_order_id", original)
        _set(self, "at", exact_instant("at", self.at))
        _set(self, "amount", exact_money("amount", self.amount, least=_SMALLEST))
        if self.points_back is not None:
            exact_units("points_back", self.points_back)
        _set(self, "discount", exact_money("discount", self.discount))
        _set(self, "lines", _lines(self.lines))
        _check_recorded(self)

    @property
    def key(self) -> Id:
        """What tells it from other returns."""
        return self.order_id


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that the customer did and rules name: a review, a visit, a birthday.

    Attributes:
        key: What tells it from other activities.
        name: Its name, as `events` has it.
        at: When it happened.
        value: An amount that belongs to it.
        columns: Other columns of its row.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.ACTIVITY
    TYPE: ClassVar[str] = "activity"

    key: str
    name: str
    at: dt.datetime
    value: Decimal | int = 0
    columns: Mapping[str, Any] = field(default_factory=dict)
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        exact_text("name", self.name)
        _set(self, "value", exact_money("value", self.value, least=-_LARGEST))
        _check_common(self)


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
        _check_common(self)


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
        _check_common(self)
        if (self.until is None) == (self.length is None):
            raise DataError(
                "A reservation has an end: either `until` or `length`. Next step: give one of "
                "them, such as length='15m'."
            )
        if self.until is None:
            _set(self, "until", self.at + _elapsed(self.length))
            _set(self, "length", None)
        _set(self, "until", exact_instant("until", self.until))
        _check_after("until", self.until, self.at)


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
        _check_common(self)


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
        _check_common(self)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order reached the customer: what waits for that becomes active.

    Attributes:
        order_id: The order.
        at: When it did.
        recorded_at: When the shop learned of it; None for at once.
    """

    KIND: ClassVar[int] = layout.ACTIVATE
    TYPE: ClassVar[str] = "activate"

    order_id: Id
    at: dt.datetime
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        _set(self, "order_id", exact_id("order_id", self.order_id))
        _set(self, "at", exact_instant("at", self.at))
        _check_recorded(self)

    @property
    def key(self) -> Id:
        """What tells it from other deliveries."""
        return self.order_id


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
        _check_common(self)
        if self.until is not None:
            _set(self, "until", exact_instant("until", self.until))
            _check_after("until", self.until, self.at)


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
        _check_signed(self.units)
        if self.other is not None:
            _set(self, "other", exact_id("other", self.other))
        _check_common(self)


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
        _check_signed(self.units)
        _check_common(self)


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
        _check_segment(self)


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
        _check_segment(self)


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
        >>> source_of(Release(key="r1", at=dt.datetime(2025, 5, 1, tzinfo=dt.UTC)))
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


def _set(event: object, name: str, value: object) -> None:
    object.__setattr__(event, name, value)


def _lines(lines: Iterable[Line]) -> tuple[Line, ...]:
    found = tuple(lines)
    if not all(isinstance(line, Line) for line in found):
        raise DataError("Lines of an order are `Line` values. Next step: Line(product_id, amount).")
    return found


def _check_recorded(event: Any) -> None:
    if event.recorded_at is not None:
        _set(event, "recorded_at", exact_instant("recorded_at", event.recorded_at))


def _check_common(event: Any) -> None:
    exact_text("key", event.key)
    _set(event, "at", exact_instant("at", event.at))
    _check_recorded(event)


def _check_segment(event: Any) -> None:
    exact_text("segment", event.segment)
    _set(event, "at", exact_instant("at", event.at))
    if event.key is None:
        _set(event, "key", f"{event.segment}:{event.at.isoformat()}")
    exact_text("key", event.key)
    _check_recorded(event)


def _check_signed(units: object) -> None:
    if exact_units("units", units, least=1 - LARGEST) == 0:
        raise DataError("Units of an event are 0. Allowed: a whole number above or below 0.")


def _check_after(name: str, later: dt.datetime | None, at: dt.datetime) -> None:
    if later is not None and later <= at:
        raise refused(name, got="an instant not after the event's own", allowed="a later instant")


def _elapsed(text: str | None) -> dt.timedelta:
    # Read here alone, since most events have no length.
    from retention_kit.errors import bad_parameter
    from retention_kit.smart_segments.definitions.lengths import read_length

    length = read_length("length", text)
    if not length.is_elapsed:
        raise bad_parameter("length", got=text, allowed="hours, minutes and seconds: '15m', '24h'")
    return dt.timedelta(seconds=length.seconds)
