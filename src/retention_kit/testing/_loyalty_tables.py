"""The same events as tables, as a shop has them: orders with their lines, and `loyalty_events`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts import table_schema
from retention_kit.loyalty_rules.deriving.rows import loyalty_events_schema
from retention_kit.testing._loyalty_bases import name_of, worth_of
from retention_kit.testing._loyalty_moments import midnight, utc

_MONEY = pl.Decimal(18, 4)
_ITEMS = ("order_id", "product_id", "quantity", "amount", "line_id", "category")
_KINDS = {
    "Activity": "activity",
    "Redemption": "redeem",
    "Reservation": "reserve",
    "Capture": "capture",
    "Release": "release",
    "Delivery": "activate",
    "Issue": "issue",
    "Transfer": "transfer",
    "Adjustment": "adjust",
    "SegmentJoined": "joined",
    "SegmentLeft": "parted",
}
_NAMES = ("name", "label", "segment")


def loyalty_tables(
    people: Mapping[int, Iterable[Any]], program: Any, time_zone: str
) -> dict[str, pl.DataFrame]:
    """Give what customers did as tables.

    Args:
        people: The events of each customer; ids of orders may be the same in several.
        program: The programme, or the history of one, by which points have a worth in money.
        time_zone: The shop's zone.

    Returns:
        The tables `orders`, `order_items` and `loyalty_events`. Order `n` of customer `c` has the
        id `1000 * c + n` in them.
    """
    zone = ZoneInfo(time_zone)
    orders: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for customer, events in people.items():
        for one in events:
            kind = name_of(one)
            if kind in ("Order", "Return"):
                row = _order(one, customer, program, zone)
                orders.append(row)
                items += _lines(one, row["order_id"], -1 if kind == "Return" else 1)
                if kind == "Order" and one.promo_refused and one.promo_code is not None:
                    others.append(_refused(one, customer))
            else:
                others.append(_other(one, kind, customer))
    schemas = _schemas(zone)
    return {
        "orders": pl.DataFrame(orders, schema=schemas["orders"], orient="row"),
        "order_items": pl.DataFrame(items, schema=schemas["order_items"], orient="row"),
        "loyalty_events": pl.DataFrame(others, schema=schemas["loyalty_events"], orient="row"),
    }


def own_id(customer: int, order_id: int) -> int:
    """Give the id that an order of a customer has in the tables."""
    return 1000 * customer + order_id


def _schemas(zone: ZoneInfo) -> dict[str, dict[str, Any]]:
    instant = pl.Datetime("us", zone.key)
    orders = {
        name: instant if isinstance(kind, pl.Datetime) else kind
        for name, kind in table_schema("orders").items()
    }
    known = table_schema("order_items")
    items = {name: known[name] for name in _ITEMS} | {"discount": _MONEY}
    others = dict(loyalty_events_schema(pl.Schema(orders))) | {"value": _MONEY}
    return {"orders": orders, "order_items": items, "loyalty_events": others}


def _order(one: Any, customer: int, program: Any, zone: ZoneInfo) -> dict[str, Any]:
    is_return = hasattr(one, "original_order_id")
    sign = -1 if is_return else 1
    units = one.points_back if is_return else one.points_paid
    return {
        "order_id": own_id(customer, one.order_id),
        "customer_id": customer,
        "ordered_at": one.at.astimezone(zone),
        "amount": sign * Decimal(one.amount),
        "kind": "return" if is_return else "sale",
        "status": "completed",
        "original_order_id": own_id(customer, one.original_order_id) if is_return else None,
        "channel": getattr(one, "channel", None),
        "promo_code": getattr(one, "promo_code", None),
        "discount": sign * Decimal(one.discount),
        "points_paid": None if units is None else sign * _money(units, one.at, program, zone),
    }


def _money(units: int, at: dt.datetime, program: Any, zone: ZoneInfo) -> Decimal:
    """Give what units of the first wallet that can be spent are worth at an instant."""
    versions = getattr(program, "versions", ((dt.date.min, program),))
    known = [own for day, own in versions[1:] if midnight(day, zone) <= utc(at)]
    wallets = (known[-1] if known else versions[0][1]).all_wallets
    spendable = [wallet for wallet in wallets if wallet.spending is not None]
    worth = units * worth_of((spendable or wallets)[0])
    return (Decimal(worth.numerator) / Decimal(worth.denominator)).quantize(Decimal("0.0001"))


def _lines(one: Any, order_id: int, sign: int) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order_id,
            "line_id": place + 1,
            "product_id": line.product_id,
            "quantity": sign * Decimal(line.quantity),
            "amount": sign * Decimal(line.amount),
            "category": line.category,
            "discount": sign * Decimal(line.discount),
        }
        for place, line in enumerate(one.lines)
    ]


def _refused(order: Any, customer: int) -> dict[str, Any]:
    return {
        "customer_id": customer,
        "occurred_at": order.at,
        "kind": "promo_refused",
        "key": f"promo:{order.order_id}",
        "name": order.promo_code,
        "order_id": own_id(customer, order.order_id),
    }


def _other(one: Any, kind: str, customer: int) -> dict[str, Any]:
    order_id = getattr(one, "order_id", None)
    names = [getattr(one, field, None) for field in _NAMES]
    return {
        "customer_id": customer,
        "occurred_at": one.at,
        "recorded_at": one.recorded_at,
        "kind": _KINDS[kind],
        "key": str(one.key),
        "name": next((name for name in names if name is not None), None),
        "wallet": getattr(one, "wallet", None),
        "units": getattr(one, "units", None),
        "order_id": None if order_id is None else own_id(customer, order_id),
        "until": getattr(one, "until", None),
        "reason": getattr(one, "reason", None),
        "value": getattr(one, "value", None),
    }
