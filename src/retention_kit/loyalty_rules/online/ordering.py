"""The order in which events are taken: in time, at one instant by kind, what is of orders after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from retention_kit.loyalty_rules.kernel.layout import RECORDS
from retention_kit.loyalty_rules.online.events import Delivery, Event, Id, Order, Return, place_of
from retention_kit.loyalty_rules.online.exact import instant_of
from retention_kit.loyalty_rules.online.kept import Kept

_RIGHT_AFTER = dt.timedelta(microseconds=1)


def in_order(events: Iterable[Event]) -> list[Event]:
    """Put events into the order in which they are taken.

    A return or a delivery that is dated at its order's instant or before, as where only the day is
    known, is taken right after the order: a microsecond later.

    Args:
        events: Events of one customer, in any order.
    """
    told = list(events)
    ordered: dict[Id, dt.datetime] = {}
    for one in told:
        if isinstance(one, Order):
            ordered.setdefault(one.order_id, one.at)
    taken = []
    for one in told:
        order = whose_order(one)
        taken.append(one if order is None else after_its_order(one, ordered.get(order)))
    return sorted(taken, key=place_of)


def whose_order(event: Event) -> Id | None:
    """Give the order that a return or a delivery is of; None of any other event."""
    if isinstance(event, Return):
        return event.original_order_id
    return event.order_id if isinstance(event, Delivery) else None


def after_its_order(event: Event, ordered_at: dt.datetime | None) -> Event:
    """Give an event as it is taken: a return or a delivery not before its order.

    Args:
        event: The event.
        ordered_at: When its order was placed; None where it is not known.
    """
    if ordered_at is None or not isinstance(event, Return | Delivery) or event.at > ordered_at:
        return event
    return replace(event, at=ordered_at + _RIGHT_AFTER)


def as_taken(event: Event, account: Kept) -> Event:
    """Give an event as an account takes it: see `after_its_order`."""
    order = whose_order(event)
    if order is None or account.state is None or order not in account.orders:
        return event
    row = account.orders.index(order)
    assert row < account.state.cells[RECORDS]
    return after_its_order(event, instant_of(account.state.record_at[row]))
