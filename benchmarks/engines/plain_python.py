"""The ten conditions about one customer, written by hand in plain Python.

As one writes them in a service that asks nothing else: each is a loop over the rows, and the first
that does not hold ends it. All instants are of one zone, where no clock was changed in these years.
"""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from benchmarks.customers_asked import Customer, answers_in_turn, customers
from benchmarks.job import Job

_DAY = dt.timedelta(days=1)
_YEAR, _HALF, _QUARTER = 365 * _DAY, 180 * _DAY, 90 * _DAY


def prepare(job: Job, path: str, engine: str) -> Callable[[], Any]:
    people = customers()
    return lambda: answers_in_turn(is_member, people)


def present(result: Any) -> Any:
    return result


def is_member(rows: Customer, as_of: dt.datetime) -> bool:
    """Say whether a customer meets all ten; `engines.library_segments` says them in words."""
    if rows["customer"]["city"] not in ("Moscow", "Kazan", "Samara"):
        return False
    seen = [
        order
        for order in rows["orders"]
        if order["ordered_at"] < as_of and order["status"] == "completed"
    ]
    sales = [order for order in seen if order["kind"] == "sale"]
    year = [order["amount"] for order in sales if order["ordered_at"] >= as_of - _YEAR]
    if len(year) < 3 or not 500 * len(year) <= sum(year) <= 20_000 * len(year):
        return False
    if sum((order["amount"] for order in sales), Decimal()) < 5_000:
        return False
    if any(order["kind"] == "return" and order["ordered_at"] >= as_of - _QUARTER for order in seen):
        return False
    if max(order["ordered_at"] for order in sales) < as_of - 200 * _DAY:
        return False
    return (
        _buys_coffee_and_has_no_cover(rows, as_of)
        and _active_months(sales, as_of) >= 2
        and _views(rows, as_of) >= 2
    )


def _buys_coffee_and_has_no_cover(rows: Customer, as_of: dt.datetime) -> bool:
    dropped = {order["order_id"] for order in rows["orders"] if order["status"] != "completed"}
    last: dict[str, dt.datetime] = {}
    for line in rows["order_items"]:
        at, category = line["ordered_at"], line["category"]
        if line["kind"] == "sale" and at < as_of and line["order_id"] not in dropped:
            last[category] = max(at, last.get(category, at))
    from_then = as_of - _HALF
    coffee, mattress, cover = (last.get(name) for name in ("coffee", "mattress", "cover"))
    return (
        coffee is not None
        and coffee >= from_then
        and mattress is not None
        and mattress >= from_then
        and (cover is None or cover < mattress)
    )


def _active_months(sales: list[dict[str, Any]], as_of: dt.datetime) -> int:
    this = 12 * as_of.year + as_of.month
    months = {12 * order["ordered_at"].year + order["ordered_at"].month for order in sales}
    return sum(this - 6 <= month < this for month in months)


def _views(rows: Customer, as_of: dt.datetime) -> int:
    from_then = as_of - 30 * _DAY
    return sum(
        event["name"] == "Product Viewed" and from_then <= event["occurred_at"] < as_of
        for event in rows["events"]
    )
