"""What one customer does, drawn so that a programme has something to decide.

Each event is drawn in sight of what the naive reading says of those before it: spends lie near
what is available, orders near thresholds, and instants on, before and after what is due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from retention_kit.loyalty_rules.online.events import place_of
from retention_kit.testing._loyalty_choices import pick
from retention_kit.testing._loyalty_holding import (
    adjustment_in,
    capture_in,
    gift_in,
    issue_in,
    membership_in,
    redemption_in,
    release_in,
    reservation_in,
    transfer_in,
)
from retention_kit.testing._loyalty_moments import midnight
from retention_kit.testing._loyalty_reference import Reading
from retention_kit.testing._loyalty_scenes import Scene, instant_in
from retention_kit.testing._loyalty_shopping import (
    activity_in,
    delivery_in,
    order_in,
    paid_order_in,
    reserved_order_in,
    return_in,
)

Drawer = Callable[[DrawFn, Scene], Any]


@st.composite
def streams_under(
    draw: DrawFn, program: Any, zone: ZoneInfo, start: dt.date, max_events: int, as_tables: bool
) -> tuple[Any, ...]:
    """Draw what one customer did under a programme, by instant and kind."""
    reading = Reading(program, zone)
    programs = getattr(program, "programs", (program,))
    rules = [rule for one in programs for rule in one.rules]
    wallets = [wallet for one in programs for wallet in one.wallets]
    has_lines = any(rule.lines or rule.trigger.type == "each_line" for rule in rules)
    has_lines |= any(one.spending is not None and one.spending.excluded for one in wallets)
    has_lines |= any(discount.lines for one in programs for discount in one.discounts)
    first = midnight(start, zone) + pick(draw, dt.timedelta(hours=10), dt.timedelta(hours=23))
    scene = Scene(reading, first, has_lines, as_tables)
    plot = list(pick(draw, *_PLOTS))[:max_events]
    more = draw(st.integers(0, max_events - len(plot)))
    for drawer in [*plot, *[_drawn] * more]:
        scene.at = instant_in(draw, scene)
        reading.advance(scene.at)
        event = drawer(draw, scene)
        scene.events.append(event)
        if event.at >= scene.at:
            reading.take(event)
    return tuple(sorted(scene.events, key=place_of))


def _drawn(draw: DrawFn, scene: Scene) -> Any:
    taken = [one for one in scene.orders if one.order_id in scene.reading.records]
    if not taken:
        return pick(draw, order_in, order_in, order_in, activity_in, issue_in)(draw, scene)
    reading = scene.reading
    choices: list[Drawer] = [order_in] * 3 + [return_in] * 4
    choices += [activity_in, delivery_in, membership_in, issue_in, transfer_in, adjustment_in]
    own = reading.to_spend(None)
    if own.spending is not None and reading.purse.available(own.name, scene.at) > 0:
        choices += [paid_order_in] * 10 + [redemption_in, reservation_in, reservation_in]
    elif pick(draw, *(False,) * 9, True):
        choices += [paid_order_in, redemption_in, reservation_in]
    if reading.purse.holds or (scene.names and pick(draw, *(False,) * 9, True)):
        choices += [capture_in, capture_in, release_in]
        choices += [reserved_order_in] * (0 if scene.as_tables else 4)
    return pick(draw, *choices)(draw, scene)


_PLOTS: tuple[tuple[Drawer, ...], ...] = (
    (order_in, _drawn, _drawn, _drawn),
    (gift_in, paid_order_in, return_in, return_in),
    (gift_in, order_in, paid_order_in, _drawn, return_in),
    (order_in, paid_order_in, return_in, return_in),
    (order_in, order_in, return_in, paid_order_in),
    (gift_in, reservation_in, capture_in, order_in),
    (gift_in, order_in, reservation_in, _drawn, _drawn),
    (gift_in, order_in, reservation_in, _drawn, release_in),
    (_drawn, _drawn),
)
"""How streams begin."""
