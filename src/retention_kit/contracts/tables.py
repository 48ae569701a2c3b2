"""The seven tables everybody speaks: which columns each has, of what kind, and what they mean.

Pure data, without Polars: `retention_kit.contracts.schemas` turns it into types and checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

ColumnKind = Literal["id", "instant", "date", "month", "money", "number", "text", "choice"]
"""What a column holds: `money` and `number` are exact, a `month` is its first day."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: The column's name.
        kind: What it holds.
        meaning: What it says, in a few words.
        required: Whether the table must have it. Optional ones that are absent are null.
        choices: The allowed values of a `choice`.
        default: What an absent or null `choice` means.
        default_column: The column whose value an absent or null one takes.
        nullable: Whether a value may be missing; by default in optional columns only.
    """

    name: str
    kind: ColumnKind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    default: str | None = None
    default_column: str | None = None
    nullable: bool | None = None

    @property
    def may_be_null(self) -> bool:
        """Whether an accepted row may lack the value."""
        return not self.required if self.nullable is None else self.nullable


@dataclass(frozen=True, slots=True)
class Table:
    """One of the seven tables.

    Attributes:
        name: The table's name, which is also the parameter name of every function that takes it.
        row: What one row is.
        columns: The columns by name, in order.
        key: The column that may not repeat, if there is one.
        by_customer: Whether each row belongs to one customer.
    """

    name: str
    row: str
    columns: Mapping[str, Column]
    key: str | None = None
    by_customer: bool = True

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns a table must have."""
        return tuple(name for name, column in self.columns.items() if column.required)


def _table(
    name: str, row: str, *columns: Column, key: str | None = None, by_customer: bool = True
) -> Table:
    by_name = MappingProxyType({column.name: column for column in columns})
    return Table(name=name, row=row, columns=by_name, key=key, by_customer=by_customer)


ORDERS = _table(
    "orders",
    "one sale or one return",
    Column("order_id", "id", "the sale's or the return's id", required=True),
    # A null customer is a guest, not a mistake: the row goes to `guest_orders`.
    Column("customer_id", "id", "who bought; null is a guest", required=True, nullable=True),
    Column("ordered_at", "instant", "when it was ordered, or returned", required=True),
    Column("amount", "money", "goods after discount; negative on a return", required=True),
    Column("kind", "choice", "sale or return", choices=("sale", "return"), default="sale"),
    Column(
        "status",
        "choice",
        "only completed orders count",
        choices=("completed", "cancelled", "open"),
        default="completed",
    ),
    Column("original_order_id", "id", "the sale that a return is of"),
    Column("channel", "text", "where it was sold"),
    Column("manager", "text", "who looks after it"),
    Column("promo_code", "text", "the promotion used"),
    Column("referrer_id", "id", "the customer who recommended the shop"),
    Column("delivered_at", "instant", "when it reached the customer"),
    Column("discount", "money", "taken off the price, already left out of amount"),
    Column("points_paid", "money", "the part of amount paid in points"),
    Column("delivery", "money", "paid for delivery, not part of amount"),
    Column("margin", "money", "what the shop earns on it, an amount"),
    Column("currency", "text", "the currency of the money columns"),
    key="order_id",
)

ORDER_ITEMS = _table(
    "order_items",
    "one line of an order",
    Column("order_id", "id", "the order it belongs to", required=True),
    Column("product_id", "id", "what was bought", required=True),
    Column("quantity", "number", "how many; negative on a return", required=True),
    Column("amount", "money", "the line's share of the order's amount", required=True),
    Column("line_id", "id", "the line's own id"),
    Column("original_line_id", "id", "the line that a returned line is of"),
    Column("category", "text", "the product's category"),
    Column("name", "text", "the product's name"),
)

CUSTOMERS = _table(
    "customers",
    "one customer",
    Column("customer_id", "id", "the customer's id", required=True),
    Column("email", "text", "e-mail address"),
    Column("phone", "text", "telephone number"),
    Column("first_name", "text", "given name"),
    Column("last_name", "text", "family name"),
    Column("birthday", "date", "date of birth"),
    Column("registered_at", "instant", "when the shop first knew the customer"),
    Column("acquisition_channel", "text", "what brought the customer"),
    Column("time_zone", "text", "the customer's own time zone"),
    Column("city", "text", "where the customer lives"),
    Column("gender", "text", "as the shop writes it"),
    key="customer_id",
)

CONSENTS = _table(
    "consents",
    "one decision of a customer about one channel",
    Column("customer_id", "id", "who decided", required=True),
    Column("channel", "text", "for which channel", required=True),
    Column(
        "status",
        "choice",
        "granted or withdrawn",
        required=True,
        choices=("granted", "withdrawn"),
    ),
    Column("decided_at", "instant", "when", required=True),
    Column("purpose", "text", "messages, or sharing with advertising platforms"),
    Column("evidence", "text", "where the decision is recorded"),
)

EVENTS = _table(
    "events",
    "something a customer did",
    Column("customer_id", "id", "who did it", required=True),
    Column("name", "text", "what, in the words of Segment's e-commerce events", required=True),
    Column("occurred_at", "instant", "when it happened", required=True),
    Column("recorded_at", "instant", "when the shop learned of it", default_column="occurred_at"),
    Column("order_id", "id", "the order it is about"),
    Column("product_id", "id", "the product it is about"),
    Column("value", "number", "an amount or a count that belongs to it"),
    Column("campaign", "text", "the campaign it answers"),
    Column("message_id", "text", "the message it answers"),
    Column("properties", "text", "anything else, as JSON"),
)

COSTS = _table(
    "costs",
    "money spent on customers in one month",
    Column("month", "month", "the month, as its first day", required=True),
    Column("amount", "money", "what was spent", required=True),
    Column("channel", "text", "for which channel; null is for all"),
    Column(
        "category",
        "choice",
        "on what",
        choices=("advertising", "salaries", "software", "rent", "other"),
        default="other",
    ),
    Column(
        "purpose",
        "choice",
        "to win customers or to keep them",
        choices=("acquisition", "retention"),
        default="acquisition",
    ),
    by_customer=False,
)

REVIEWS = _table(
    "reviews",
    "one review or mention",
    Column("review_id", "id", "the review's id", required=True),
    Column("published_at", "instant", "when it appeared", required=True),
    Column("text", "text", "what it says", required=True),
    Column("rating", "number", "the mark given"),
    Column("customer_id", "id", "who wrote it, where known"),
    Column("product_id", "id", "what it is about"),
    Column("source", "text", "where it appeared"),
    key="review_id",
)

LINES = _table(
    "lines",
    "one line of an export by line, from which orders and order_items are made",
    *(
        replace(column, required=column.required and column.name != "amount")
        for column in {**ORDER_ITEMS.columns, **ORDERS.columns}.values()
    ),
    Column("price", "number", "for one piece; with quantity it stands in for amount"),
)

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (ORDERS, ORDER_ITEMS, CUSTOMERS, CONSENTS, EVENTS, COSTS, REVIEWS)
    }
)
"""The seven tables by name."""

DESCRIPTIONS: Mapping[str, Table] = MappingProxyType({**TABLES, "lines": LINES})
"""What the door can read: the seven tables, and lines."""
