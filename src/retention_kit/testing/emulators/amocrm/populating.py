"""Invented people and orders as contacts, leads, customers and purchases."""

from __future__ import annotations

from retention_kit.testing.emulators.amocrm.desk import Desk
from retention_kit.testing.emulators.amocrm.world import LOST, WON
from retention_kit.testing.emulators.people import invented_orders, invented_people

_OUTCOMES = {"won": WON, "lost": LOST}
_MONTH = 30 * 86_400


def populate(desk: Desk, *, customers: int, orders: int, now: float, seed: int) -> None:
    """Fill an account.

    Each person becomes a contact and each order a lead of theirs, closed on the day it was made.
    Where customers are switched on, who bought is a customer too, and each deal won a purchase.

    Args:
        desk: The account.
        customers: How many people.
        orders: How many orders.
        now: The end of the time that orders fall into, in Unix seconds.
        seed: The same people and orders for the same seed.
    """
    people = invented_people(customers, seed=seed)
    contacts = {
        person.number: desk.entities.add(
            "contacts",
            {
                "name": f"{person.first_name} {person.last_name}",
                "first_name": person.first_name,
                "last_name": person.last_name,
                "custom_fields_values": [
                    _multitext("PHONE", person.phone),
                    _multitext("EMAIL", person.email),
                ],
            },
        )
        for person in people
    }
    buyers: dict[int, int] = {}
    for order in invented_orders(people, orders, before=now, seed=seed):
        at = {"created_at": order.ordered_at, "updated_at": order.ordered_at}
        status = _OUTCOMES.get(order.outcome)
        price = order.kopecks // 100
        desk.entities.add(
            "leads",
            {
                "name": f"Заказ {order.number}",
                "price": price,
                **at,
                **({} if status is None else {"status_id": status, "closed_at": order.ordered_at}),
                "_embedded": {"contacts": [{"id": contacts[order.person]}]},
            },
        )
        if status != WON or desk.customers_mode not in {"segments", "periodicity"}:
            continue
        if order.person not in buyers:
            buyers[order.person] = desk.entities.add(
                "customers",
                {
                    "name": f"Покупатель {order.person}",
                    "next_date": int(now) + _MONTH,
                    **at,
                    "_embedded": {"contacts": [{"id": contacts[order.person]}]},
                },
            )
        desk.purchases.add(
            buyers[order.person],
            {"price": price, "completed_at": order.ordered_at, "comment": f"Заказ {order.number}"},
        )


def _multitext(code: str, value: str) -> dict[str, object]:
    return {"field_code": code, "values": [{"value": value, "enum_code": "WORK"}]}
