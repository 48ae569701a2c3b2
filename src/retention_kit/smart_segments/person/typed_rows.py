"""One customer's rows as a service hands them over: typed mappings that mirror the tables.

Instants carry a time zone, money and numbers are `Decimal`. Rows may have further keys, the shop's
own columns, of which segments can ask as of any other; in such tables every row has the key, with
None where nothing is known.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, Required, TypedDict

Id = int | str


class OrderRow(TypedDict, total=False):
    """One sale or one return; see the table `orders`."""

    order_id: Required[Id]
    customer_id: Required[Id]
    ordered_at: Required[dt.datetime]
    amount: Required[Decimal]
    kind: Literal["sale", "return"] | None
    status: Literal["completed", "cancelled", "open"] | None
    original_order_id: Id | None
    channel: str | None
    manager: str | None
    promo_code: str | None
    referrer_id: Id | None
    delivered_at: dt.datetime | None
    discount: Decimal | None
    points_paid: Decimal | None
    delivery: Decimal | None
    margin: Decimal | None
    currency: str | None


class OrderItemRow(TypedDict, total=False):
    """One line of an order, with the instant and the kind of its order; see `order_items`."""

    order_id: Required[Id]
    product_id: Required[Id]
    quantity: Required[Decimal]
    amount: Required[Decimal]
    line_id: Id | None
    original_line_id: Id | None
    category: str | None
    name: str | None
    customer_id: Id
    ordered_at: Required[dt.datetime]
    kind: Literal["sale", "return"] | None


class CustomerRow(TypedDict, total=False):
    """What is known of the customer; see the table `customers`."""

    customer_id: Required[Id]
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    birthday: dt.date | None
    registered_at: dt.datetime | None
    acquisition_channel: str | None
    time_zone: str | None
    city: str | None
    gender: str | None


class ConsentRow(TypedDict, total=False):
    """One decision about one channel; see the table `consents`."""

    customer_id: Required[Id]
    channel: Required[str]
    status: Required[Literal["granted", "withdrawn"]]
    decided_at: Required[dt.datetime]
    purpose: str | None
    evidence: str | None


class EventRow(TypedDict, total=False):
    """Something the customer did; see the table `events`."""

    customer_id: Required[Id]
    name: Required[str]
    occurred_at: Required[dt.datetime]
    recorded_at: dt.datetime | None
    order_id: Id | None
    product_id: Id | None
    value: Decimal | None
    campaign: str | None
    message_id: str | None
    properties: str | None


class MembershipRow(TypedDict, total=False):
    """That a snapshot of a segment holds the customer."""

    segment: Required[str]
    version: str | int
    as_of: Required[dt.datetime]
    customer_id: Id


class CustomerRows(TypedDict, total=False):
    """One customer's rows.

    A key that is absent means that the table is not given, and a condition that needs it raises.
    An empty list, or None for the customer and the scores, means that it is given and there is
    nothing of this customer in it. All rows are of this customer, in any order.

    Attributes:
        customer_id: The customer's id.
        time_zone: The shop's time zone, as the IANA database names it.
        customer: What is known of the customer.
        orders: Sales and returns, of every status.
        order_items: The lines of those orders; they need `orders` beside them.
        events: What the customer did.
        consents: What the customer decided.
        scores: Scores by name. Without a row of this customer it cannot be told which columns the
            table has, and a score is then looked for in `customer`; hand in the names with None
            where the table has them.
        memberships: Which snapshots of segments hold the customer.
    """

    customer_id: Required[Id]
    time_zone: Required[str]
    customer: CustomerRow | Mapping[str, Any] | None
    orders: Sequence[OrderRow | Mapping[str, Any]]
    order_items: Sequence[OrderItemRow | Mapping[str, Any]]
    events: Sequence[EventRow | Mapping[str, Any]]
    consents: Sequence[ConsentRow | Mapping[str, Any]]
    scores: Mapping[str, object] | None
    memberships: Sequence[MembershipRow | Mapping[str, Any]]
