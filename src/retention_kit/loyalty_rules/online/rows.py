"""Events as rows of the tables that filters speak of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from retention_kit.loyalty_rules.online.events import Activity, Id, Line, Order, Return
from retention_kit.loyalty_rules.online.exact import money_of

Rows = list[dict[str, Any]]


def row_of_order(order: Order, customer_id: Id, points: int) -> dict[str, Any]:
    """Give a sale as a row of `orders`.

    Args:
        order: The sale.
        customer_id: Whose it is.
        points: What it is paid with from wallets, in ten-thousandths of money.
    """
    return {
        "order_id": order.order_id,
        "customer_id": customer_id,
        "ordered_at": order.at,
        "amount": order.amount,
        "kind": "sale",
        "status": "completed",
        "promo_code": order.promo_code,
        "channel": order.channel,
        "discount": order.discount,
        "points_paid": money_of(points),
        "currency": order.currency,
        **order.columns,
    }


def row_of_activity(activity: Activity, customer_id: Id) -> dict[str, Any]:
    """Give what a customer did as a row of `events`."""
    return {
        "customer_id": customer_id,
        "name": activity.name,
        "occurred_at": activity.at,
        "recorded_at": activity.recorded_at or activity.at,
        "value": activity.value,
        **activity.columns,
    }


def rows_of_lines(lines: Iterable[Line], of: Order | Return, customer_id: Id) -> Rows:
    """Give lines as rows of `order_items`."""
    kind = "sale" if isinstance(of, Order) else "return"
    return [
        {
            "order_id": of.order_id,
            "customer_id": customer_id,
            "ordered_at": of.at,
            "kind": kind,
            "product_id": line.product_id,
            "amount": line.amount,
            "quantity": line.quantity,
            "discount": line.discount,
            "category": line.category,
            **line.columns,
        }
        for line in lines
    ]
