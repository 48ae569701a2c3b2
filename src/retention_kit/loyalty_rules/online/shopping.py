"""What a customer buys, brings back, receives and does."""

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
)
from retention_kit.loyalty_rules.online.fields import check_common, check_recorded, put

Id = int | str
_SMALLEST = Decimal("0.0001")
_LARGEST = Decimal(LARGEST)


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
        put(self, "product_id", exact_id("product_id", self.product_id))
        for name in ("amount", "quantity", "discount"):
            put(self, name, exact_money(name, getattr(self, name)))


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
        put(self, "order_id", exact_id("order_id", self.order_id))
        put(self, "at", exact_instant("at", self.at))
        put(self, "amount", exact_money("amount", self.amount))
        put(self, "points_paid", exact_units("points_paid", self.points_paid))
        if self.discount != 0:
            put(self, "discount", exact_money("discount", self.discount))
        put(self, "lines", _lines(self.lines))
        check_recorded(self)

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
        put(self, "order_id", exact_id("order_id", self.order_id))
        original = exact_id("original_order_id", self.original_order_id)
        put(self, "original_order_id", original)
        put(self, "at", exact_instant("at", self.at))
        put(self, "amount", exact_money("amount", self.amount, least=_SMALLEST))
        if self.points_back is not None:
            exact_units("points_back", self.points_back)
        put(self, "discount", exact_money("discount", self.discount))
        put(self, "lines", _lines(self.lines))
        check_recorded(self)

    @property
    def key(self) -> Id:
        """What tells it from other returns."""
        return self.order_id


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
        put(self, "order_id", exact_id("order_id", self.order_id))
        put(self, "at", exact_instant("at", self.at))
        check_recorded(self)

    @property
    def key(self) -> Id:
        """What tells it from other deliveries."""
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
        put(self, "value", exact_money("value", self.value, least=-_LARGEST))
        check_common(self)


def _lines(lines: Iterable[Line]) -> tuple[Line, ...]:
    found = tuple(lines)
    if not all(isinstance(line, Line) for line in found):
        raise DataError("Lines of an order are `Line` values. Next step: Line(product_id, amount).")
    return found
