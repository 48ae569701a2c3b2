"""Fills a portal with invented people and their orders."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from retention_kit.testing.emulators.bitrix24.entities import CONTACT, DEAL, ORDER, OWNERS
from retention_kit.testing.emulators.bitrix24.portal import Portal
from retention_kit.testing.emulators.bitrix24.product_rows import made_row
from retention_kit.testing.emulators.people import (
    DAY,
    InventedOrder,
    invented_orders,
    invented_people,
)

_STAGES = {"won": "WON", "lost": "LOSE", "open": "EXECUTING"}


def populate(
    portal: Portal, *, customers: int, orders: int, seed: int, shop_orders: bool = True
) -> None:
    """Add people as contacts, and their orders as deals with rows of products.

    Args:
        portal: Where.
        customers: How many people.
        orders: How many orders, over the last two years.
        seed: The same people and orders for the same seed.
        shop_orders: Whether what was won is an order of the online shop, too.
    """
    now = portal.now()
    people = invented_people(customers, seed=seed)
    ids: dict[int, int] = {}
    for person in people:
        row = portal.add(
            CONTACT,
            {
                "NAME": person.first_name,
                "LAST_NAME": person.last_name,
                "TYPE_ID": "CLIENT",
                "SOURCE_ID": "WEB",
                "EXPORT": True,
                "PHONE": [{"VALUE_TYPE": "WORK", "VALUE": person.phone, "TYPE_ID": "PHONE"}],
                "EMAIL": [{"VALUE_TYPE": "WORK", "VALUE": person.email, "TYPE_ID": "EMAIL"}],
            },
            at=now - 731 * DAY,
            noted=False,
        )
        ids[person.number] = row["ID"]
    for order in invented_orders(people, orders, before=now, seed=seed):
        deal = _add_deal(portal, order, ids[order.person])
        if shop_orders and order.outcome == "won":
            _add_shop_order(portal, order, ids[order.person], deal)


def _add_deal(portal: Portal, order: InventedOrder, contact: int) -> int:
    day = dt.datetime.fromtimestamp(order.ordered_at, portal.zone).date()
    funnels = sorted(portal.funnels.names)
    row = portal.add(
        DEAL,
        {
            "TITLE": f"Заказ {order.number}",
            "TYPE_ID": "SALE",
            "STAGE_ID": portal.funnels.stage(
                funnels[order.number % len(funnels)], _STAGES[order.outcome]
            ),
            "CONTACT_ID": contact,
            "BEGINDATE": day,
            "CLOSEDATE": day,
            "SOURCE_ID": "WEB",
            "ORIGINATOR_ID": "invented-shop",
            "ORIGIN_ID": str(order.number),
        },
        at=order.ordered_at,
        noted=False,
    )
    rows = [made_row(name, Decimal(price) / 100, quantity) for name, price, quantity in order.lines]
    portal.set_product_rows(OWNERS[DEAL], row["ID"], rows, noted=False)
    return int(row["ID"])


def _add_shop_order(portal: Portal, order: InventedOrder, contact: int, deal: int) -> None:
    portal.add(
        ORDER,
        {
            "ACCOUNT_NUMBER": str(order.number),
            "DATE_INSERT": order.ordered_at,
            "DATE_UPDATE": order.ordered_at,
            "DATE_PAYED": order.ordered_at,
            "PRICE": Decimal(order.kopecks) / 100,
            "CURRENCY": "RUB",
            "PAYED": True,
            "CANCELED": False,
            "DEDUCTED": True,
            "STATUS_ID": "F",
            "USER_ID": contact,
            "PERSON_TYPE_ID": 1,
            "EXTERNAL_ORDER": False,
            "PRICE_DELIVERY": Decimal(0),
            "DISCOUNT_VALUE": Decimal(0),
            "TAX_VALUE": Decimal(0),
            "RESPONSIBLE_ID": portal.user,
            "XML_ID": f"deal-{deal}",
            "LID": "s1",
        },
        noted=False,
    )
