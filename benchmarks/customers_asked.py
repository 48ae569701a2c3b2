"""Customers who are asked about one at a time, with 50 rows each. Standard library only.

The rows are what a service holds in its hands: dictionaries with aware instants and exact money.
Most of the customers meet all conditions, so that who asks cannot stop at the first of them.
"""

import datetime as dt
import random
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.segment_jobs import ASKED, CUSTOMERS, ROWS
from benchmarks.settings import SHOP_ZONE

ZONE = ZoneInfo(SHOP_ZONE)
AS_OF = dt.datetime(2025, 1, 1, tzinfo=ZONE)
"""The instant of observation, which all customers are asked at."""
CITIES = ("Moscow", "Moscow", "Kazan", "Kazan", "Samara", "Samara", "Moscow", "Tver")
_CATEGORIES = (*4 * ("coffee", "mattress"), "cover", "tea", "lamp")
_EVENTS = ("Product Viewed", "Product Viewed", "Cart Viewed")
_ORDERS, _LINES = 20, 20
_EVENT_ROWS = ROWS - _ORDERS - _LINES

Customer = dict[str, Any]


def customers() -> list[Customer]:
    """Make them, always the same."""
    return [_customer(number, random.Random(number)) for number in range(1, CUSTOMERS + 1)]


def answers_in_turn(
    ask: Callable[[Customer, dt.datetime], bool | None], people: list[Customer]
) -> dict[str, int | float]:
    """Ask about each in turn until there are enough answers, and time every one of them.

    Returns:
        How many answers there were, how many were yes, a checksum of which, and the median time.
    """
    taken, members, checksum = [], 0, 0
    for number, person in enumerate(_over_and_over(people)):
        started = time.perf_counter_ns()
        is_member = ask(person, AS_OF)
        taken.append(time.perf_counter_ns() - started)
        members += bool(is_member)
        checksum = (checksum * 31 + bool(is_member) + number) % 2**61
    return {
        "rows": len(taken),
        "members": members,
        "checksum": checksum,
        "median microseconds": median(taken) / 1000,
    }


def _over_and_over(people: list[Customer]) -> Iterable[Customer]:
    for number in range(ASKED):
        yield people[number % len(people)]


def _customer(number: int, rng: random.Random) -> Customer:
    orders = [_order(number, place, rng) for place in range(_ORDERS)]
    return {
        "customer_id": number,
        "time_zone": SHOP_ZONE,
        "customer": {
            "customer_id": number,
            "city": rng.choice(CITIES),
            "registered_at": AS_OF - dt.timedelta(days=800),
        },
        "orders": orders,
        "order_items": [_line(rng.choice(orders), place, rng) for place in range(_LINES)],
        "events": [
            {
                "customer_id": number,
                "name": rng.choice(_EVENTS),
                "occurred_at": _instant(rng, days=40),
                "product_id": rng.randrange(100),
            }
            for _ in range(_EVENT_ROWS)
        ],
    }


def _order(customer: int, place: int, rng: random.Random) -> dict[str, Any]:
    is_return = place in (3, 11)
    amount = Decimal(rng.randrange(100_00, 6_000_00)).scaleb(-2)
    return {
        "order_id": customer * 1_000 + place,
        "customer_id": customer,
        "ordered_at": _instant(rng, days=500, after=100 if is_return else 0),
        "amount": -amount if is_return else amount,
        "kind": "return" if is_return else "sale",
        "status": "cancelled" if place == 7 else "completed",
    }


def _line(order: dict[str, Any], place: int, rng: random.Random) -> dict[str, Any]:
    sign = -1 if order["kind"] == "return" else 1
    return {
        "order_id": order["order_id"],
        "customer_id": order["customer_id"],
        "ordered_at": order["ordered_at"],
        "kind": order["kind"],
        "product_id": place,
        "category": rng.choice(_CATEGORIES),
        "quantity": Decimal(sign),
        "amount": Decimal(sign * rng.randrange(50_00, 900_00)).scaleb(-2),
    }


def _instant(rng: random.Random, *, days: int, after: int = 0) -> dt.datetime:
    return AS_OF - dt.timedelta(seconds=rng.randrange(1 + after * 86_400, days * 86_400))
