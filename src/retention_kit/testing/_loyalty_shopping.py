"""What a drawn customer buys, brings back, receives and does."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis.strategies import DrawFn

from retention_kit.loyalty_rules.online.events import Activity, Delivery, Line, Order, Return
from retention_kit.testing._loyalty_bases import worth_of
from retention_kit.testing._loyalty_choices import ACTIVITIES, CATEGORIES, CODE, pick
from retention_kit.testing._loyalty_scenes import Scene, units_in

_AMOUNTS = ("100", "100", "20", "19.99", "33.33", "250.5", "100.0001", "50", "10", "0", "7.5")


def order_in(
    draw: DrawFn,
    scene: Scene,
    points: int = 0,
    wallet: str | None = None,
    reservation: str | None = None,
) -> Order:
    """Draw an order, near a threshold of tiers or as large as what it is paid with asks for."""
    amounts = [Decimal(one) for one in _AMOUNTS]
    ladder = scene.reading.program.tiers
    if ladder is not None and ladder.by == "spend":
        missing = ladder.tiers[-1].at - Decimal(
            str(float(scene.reading.standing.figure(ladder, scene.at)))
        )
        amounts += [one for one in (missing, missing - Decimal("0.01")) if one > 0]
    if points and pick(draw, True, True, False):
        # An order that is large enough, or just so.
        own = scene.reading.to_spend(wallet)
        least = points * worth_of(own) / (_share_of(own) or 1)
        exact = Decimal(-(-least.numerator * 10_000 // least.denominator)) / 10_000
        amounts = [exact, exact * 2, exact + 100]
    amount = pick(draw, *amounts).quantize(Decimal("0.0001"))
    order = Order(
        order_id=scene.number(),
        at=scene.at,
        amount=amount,
        points_paid=points,
        wallet=wallet,
        discount=pick(draw, Decimal(0), Decimal(0), Decimal(10), Decimal("3.33")),
        lines=_lines(draw, amount) if scene.has_lines else (),
        promo_code=pick(draw, None, CODE, None, "OTHER"),
        channel=pick(draw, "web", None, "app"),
        promo_refused=pick(draw, False, False, False, True),
        reservation=reservation,
    )
    scene.orders.append(order)
    return order


def paid_order_in(draw: DrawFn, scene: Scene) -> Order:
    """Draw an order that is paid with units."""
    if scene.reading.to_spend(None).spending is None and scene.as_tables:
        # In tables it would be an order that was paid in some other way.
        return order_in(draw, scene)
    named = None
    if not scene.as_tables:
        named = pick(draw, None, None, *(one.name for one in scene.reading.program.all_wallets))
    return order_in(draw, scene, units_in(draw, scene, named)[0], named)


def reserved_order_in(draw: DrawFn, scene: Scene) -> Order:
    """Draw an order that is paid with what is reserved: with all of it, less, or more."""
    holds = scene.reading.purse.holds
    if not holds:
        return order_in(draw, scene, reservation=pick(draw, None, *scene.names))
    hold = pick(draw, *reversed(holds))
    units = sum(part for _, part in hold.parts)
    more = max(0, scene.reading.purse.available(hold.wallet, scene.at))
    paid = pick(draw, units, units, units // 2, units + more, units + more + 1, 0)
    wallet = pick(draw, *(hold.wallet,) * 5, None)
    return order_in(draw, scene, paid, wallet, hold.name)


def _share_of(wallet: Any) -> Fraction:
    return Fraction(1) if wallet.spending is None else Fraction(wallet.spending.largest_share)


def _lines(draw: DrawFn, amount: Decimal) -> tuple[Line, ...]:
    count = pick(draw, 2, 1, 3)
    part = (amount / count).quantize(Decimal("0.0001"))
    parts = [part] * (count - 1)
    parts.append(amount - sum(parts))
    return tuple(
        Line(
            product_id=place + 1,
            amount=max(Decimal(0), one),
            quantity=pick(draw, 1, 2, Decimal("0.5"), Decimal("1.7")),
            category=pick(draw, *CATEGORIES, None),
            discount=pick(draw, Decimal(0), Decimal("1.5")),
        )
        for place, one in enumerate(parts)
    )


def return_in(draw: DrawFn, scene: Scene) -> Return | Order:
    """Draw a return, of a part or of all, mostly of an order that there is."""
    if not scene.orders:
        return order_in(draw, scene)
    known = [one for one in scene.orders if one.order_id in scene.reading.records]
    paid = [one for one in known if one.points_paid]
    among = pick(
        draw, *(known or scene.orders,) * 4, *(paid or known or scene.orders,) * 5, scene.orders
    )
    order = pick(draw, *reversed(among))
    record = scene.reading.records.get(order.order_id)
    left = Decimal(order.amount)
    if record is not None:
        returned = record.returned
        left -= Decimal(returned.numerator) / Decimal(returned.denominator)
    part = (left / 2).quantize(Decimal("0.0001"))
    third = (left / 3).quantize(Decimal("0.01"))
    choices = [one for one in (part, left, third, left + 1, Decimal(1)) if one > 0]
    amount = pick(draw, *choices)
    spent = order.points_paid
    lines: tuple[Line, ...] = ()
    if order.lines and pick(draw, True, True, False):
        lines = order.lines[:1] if amount != left else order.lines
        lines = tuple(one for one in lines if one.amount > 0)
    return Return(
        order_id=scene.number(),
        original_order_id=order.order_id if pick(draw, *(True,) * 19, False) else 9_999,
        at=_dated(draw, scene, order),
        amount=amount,
        points_back=pick(draw, None, None, None, 0, spent // 2, spent),
        discount=pick(draw, Decimal(0), Decimal(order.discount)),
        lines=lines,
    )


def delivery_in(draw: DrawFn, scene: Scene) -> Delivery | Order:
    """Draw the delivery of an order."""
    known = {one.order_id for one in scene.events if isinstance(one, Delivery)}
    waiting = [one for one in scene.orders if one.order_id not in known]
    if not waiting:
        return order_in(draw, scene)
    order = pick(draw, *waiting)
    return Delivery(order_id=order.order_id, at=_dated(draw, scene, order))


def _dated(draw: DrawFn, scene: Scene, order: Order) -> dt.datetime:
    """Draw when something of an order happens: now, or as if it were before the order."""
    return pick(  # type: ignore[no-any-return]
        draw, *(scene.at,) * 14, order.at, order.at - dt.timedelta(days=1)
    )


def activity_in(draw: DrawFn, scene: Scene) -> Activity:
    """Draw what rules or wallets may look at."""
    value = pick(draw, Decimal(0), Decimal(10), Decimal("33.3"))
    return Activity(scene.key("a"), pick(draw, *ACTIVITIES), scene.at, value)
