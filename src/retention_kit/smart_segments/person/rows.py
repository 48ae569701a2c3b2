"""A customer's rows made of dicts and ORM rows: checked, completed, and of this customer alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DataError
from retention_kit.smart_segments.definitions.lengths import zone_named
from retention_kit.smart_segments.person.asking import instant_of
from retention_kit.smart_segments.person.columns import missing_key
from retention_kit.smart_segments.person.fields import fields_of, row_of, value_of
from retention_kit.smart_segments.person.typed_rows import (
    ConsentRow,
    CustomerRow,
    CustomerRows,
    EventRow,
    Id,
    MembershipRow,
    OrderItemRow,
    OrderRow,
)

__all__ = [
    "ConsentRow",
    "CustomerRow",
    "CustomerRows",
    "EventRow",
    "MembershipRow",
    "OrderItemRow",
    "OrderRow",
    "customer_rows",
]


def customer_rows(
    customer_id: Id,
    *,
    time_zone: str,
    customer: object | None = None,
    orders: Iterable[object] | None = None,
    order_items: Iterable[object] | None = None,
    events: Iterable[object] | None = None,
    consents: Iterable[object] | None = None,
    scores: object | None = None,
    memberships: Iterable[object] | None = None,
) -> CustomerRows:
    """Make a customer's rows of what a service has: dicts, dataclasses, rows of an ORM.

    Rows become what the door makes of tables: numbers become `Decimal` with four digits (floats
    are rounded half to even), instants are in UTC, `kind`, `status` and `recorded_at` get their
    defaults, lines get the instant and the kind of their order. A row without a `customer_id` is
    this customer's. Columns that no table describes come along as they are.

    Args:
        customer_id: The customer's id.
        time_zone: The shop's time zone, as the IANA database names it.
        customer: What is known of the customer. `{}` means that the table is given and has no row
            of this customer; None, here and below, that it is not given.
        orders: Sales and returns, of every status.
        order_items: The lines of those orders. Where a sale and its return share an id, a line
            with a negative quantity (or amount, where the quantity is 0) goes to the return.
            Without `orders` they must have `ordered_at` themselves.
        events: What the customer did.
        consents: What the customer decided.
        scores: Scores by name; `{}` means that there are none of this customer.
        memberships: Which snapshots of segments hold the customer: `segment`, `version`, `as_of`.

    Returns:
        The rows, for `CompiledSegment.is_member`.

    Raises:
        MissingColumnError: A required column is absent.
        DataError: A value cannot be what its column holds, such as an instant without a time zone;
            a row is of another customer; an id stands on two sales; a line's order is not there.
        DefinitionError: There is no such time zone.

    Examples:
        >>> import datetime as dt
        >>> at = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
        >>> rows = customer_rows(
        ...     7,
        ...     time_zone="Europe/Moscow",
        ...     orders=[{"order_id": 1, "ordered_at": at, "amount": 99.5}],
        ... )
        >>> rows["orders"][0]["amount"], rows["orders"][0]["kind"]
        (Decimal('99.5000'), 'sale')
    """
    zone_named(time_zone)
    customer_id = _read_id(customer_id)
    rows: CustomerRows = {"customer_id": customer_id, "time_zone": time_zone}
    if customer is not None:
        rows["customer"] = None if customer == {} else owned_row("customers", customer, customer_id)
    if orders is not None:
        rows["orders"] = [owned_row("orders", one, customer_id) for one in orders]
        check_orders(rows["orders"])
    if order_items is not None:
        found = orders_by_id(rows["orders"]) if "orders" in rows else None
        rows["order_items"] = [line_row(one, customer_id, found) for one in order_items]
    if events is not None:
        rows["events"] = [owned_row("events", one, customer_id) for one in events]
    if consents is not None:
        rows["consents"] = [owned_row("consents", one, customer_id) for one in consents]
    if scores is not None:
        rows["scores"] = fields_of("scores", scores) or None
    if memberships is not None:
        rows["memberships"] = [membership_row(one, customer_id) for one in memberships]
    return rows


def _read_id(customer_id: Any) -> Id:
    column = TABLES["customers"].columns["customer_id"]
    read: Id = value_of("customers", column, customer_id)
    return read


def owned_row(table: str, given: object, customer_id: Id) -> dict[str, Any]:
    """Read a row of a table, which must be this customer's.

    Raises:
        MissingColumnError: A required column is absent.
        DataError: A value cannot be read, or the row is of another customer.
    """
    row = row_of(table, _with_customer(table, given, customer_id))
    _check_owner(table, row, customer_id)
    return row


def line_row(
    given: object,
    customer_id: Id,
    orders: Mapping[tuple[Id, str], Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Read a line, and give it the instant and the kind of its order.

    Args:
        given: The line.
        customer_id: The customer's id.
        orders: Orders by id and kind; None where they are not given.

    Raises:
        MissingColumnError: A required column is absent.
        DataError: A value cannot be read, the line is of another customer, or its order is not
            there.
    """
    table = "order_items"
    row = row_of(table, _with_customer(table, given, customer_id))
    _check_owner(table, row, customer_id)
    if orders is None:
        if row.get("ordered_at") is None:
            raise missing_key(table, "ordered_at", row)
        for name in ("ordered_at", "kind"):
            row[name] = value_of(table, TABLES["orders"].columns[name], row.get(name))
        row["kind"] = row["kind"] or "sale"
    else:
        order = _order_of(row, orders)
        if order is None:
            raise DataError(
                "A row of table 'order_items' names an order that is not among the orders. Next "
                "step: hand in the orders of all lines, or leave the line out."
            )
        row.update(ordered_at=order["ordered_at"], kind=order.get("kind") or "sale")
    if row["kind"] == "return" and (row["quantity"] > 0 or row["amount"] > 0):
        raise DataError(
            "A line of a return has a positive quantity or amount. Allowed: 0 and below. Next "
            "step: turn their signs."
        )
    return row


def membership_row(given: object, customer_id: Id) -> dict[str, Any]:
    """Read that a snapshot holds the customer.

    Raises:
        MissingColumnError: The segment or the instant is absent.
        DataError: The instant has no time zone, or the row is of another customer.
    """
    row = fields_of("snapshots", given)
    for name in ("segment", "as_of"):
        if name not in row:
            raise missing_key("snapshots", name, row)
    instant_of("snapshots", "as_of", row)
    row.setdefault("customer_id", customer_id)
    _check_owner("snapshots", row, customer_id)
    return row


def check_orders(orders: Iterable[Mapping[str, Any]]) -> None:
    """Raise where an id stands on two sales, or an amount has the wrong sign.

    Raises:
        DataError: It does.
    """
    sales: set[Id] = set()
    for row in orders:
        is_return = row.get("kind") == "return"
        if (row["amount"] > 0) if is_return else (row["amount"] < 0):
            what = "return has a positive" if is_return else "sale has a negative"
            raise DataError(f"A {what} amount. Next step: turn its sign, or mend 'kind'.")
        if not is_return:
            if row["order_id"] in sales:
                raise DataError(
                    "One order id stands on two sales. Allowed: one row for each sale. Next step: "
                    "hand in each order once; its lines go to order_items."
                )
            sales.add(row["order_id"])


def orders_by_id(
    orders: Iterable[Mapping[str, Any]],
) -> dict[tuple[Id, str], Mapping[str, Any]]:
    """Give orders by id and kind, for lines to find theirs."""
    return {(row["order_id"], row.get("kind") or "sale"): row for row in orders}


def _order_of(
    line: Mapping[str, Any], orders: Mapping[tuple[Id, str], Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    sale = orders.get((line["order_id"], "sale"))
    back = orders.get((line["order_id"], "return"))
    if sale is None or back is None:
        return sale or back
    quantity: Decimal = line["quantity"]
    return back if quantity < 0 or (quantity == 0 and line["amount"] < 0) else sale


def _with_customer(table: str, given: object, customer_id: Id) -> dict[str, Any]:
    row = fields_of(table, given)
    row.setdefault("customer_id", customer_id)
    return row


def _check_owner(table: str, row: Mapping[str, Any], customer_id: Id) -> None:
    if row["customer_id"] != customer_id:
        raise DataError(
            f"A row of table {table!r} has another customer_id than the customer. Allowed: rows of "
            "one customer, and one type of ids. Next step: hand in that customer's rows alone."
        )
