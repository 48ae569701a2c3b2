"""What happens to the account of a drawn customer besides orders."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis.strategies import DrawFn

from retention_kit.loyalty_rules.online.events import (
    Adjustment,
    Capture,
    Issue,
    Redemption,
    Release,
    Reservation,
    SegmentJoined,
    SegmentLeft,
    Transfer,
)
from retention_kit.testing._loyalty_choices import REGULARS, pick
from retention_kit.testing._loyalty_scenes import Scene, asks_for_segment, units_in
from retention_kit.testing._loyalty_shopping import order_in


def redemption_in(draw: DrawFn, scene: Scene) -> Redemption:
    """Draw a redemption for a reward."""
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = units_in(draw, scene, pick(draw, *wallets))
    label = pick(draw, *(None,) * 9, *("gift",) * 3, "unknown")
    return Redemption(scene.key("r"), scene.at, units, wallet, label)


def reservation_in(draw: DrawFn, scene: Scene) -> Reservation:
    """Draw a reservation, for a short or a long time."""
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = units_in(draw, scene, pick(draw, *wallets))
    days = pick(draw, dt.timedelta(days=2), dt.timedelta(days=40))
    lasts = pick(draw, days, days, dt.timedelta(minutes=15))
    name = pick(draw, "checkout", None)
    key = scene.key("h")
    scene.names.append(name or key)
    return Reservation(key, scene.at, units, wallet, until=scene.at + lasts, name=name)


def capture_in(draw: DrawFn, scene: Scene) -> Capture:
    """Draw the payment of a reservation."""
    return Capture(scene.key("c"), scene.at, _held_in(draw, scene))


def release_in(draw: DrawFn, scene: Scene) -> Release:
    """Draw that a reservation is given up."""
    return Release(scene.key("l"), scene.at, _held_in(draw, scene))


def _held_in(draw: DrawFn, scene: Scene) -> str:
    """Draw the name of a reservation, mostly of one that is open."""
    is_open = [one.name for one in scene.reading.purse.holds]
    names = [*reversed(scene.names), "unknown"]
    return pick(draw, *(is_open or names) * 4, *names)  # type: ignore[no-any-return]


def gift_in(draw: DrawFn, scene: Scene) -> Issue:
    """Draw what can be spent whatever the rules give."""
    own = scene.reading.to_spend(None)
    units = pick(draw, 50, 100, 500)
    until = scene.at + pick(draw, dt.timedelta(days=40), dt.timedelta(days=4))
    given = None if pick(draw, True, False) else until
    return Issue(scene.key("i"), scene.at, units, own.name, label="gift", until=given)


def issue_in(draw: DrawFn, scene: Scene) -> Issue:
    """Draw a certificate, or units by hand."""
    wallets = [one.name for one in scene.reading.program.all_wallets]
    until = pick(draw, None, dt.timedelta(days=1), dt.timedelta(hours=5))
    return Issue(
        scene.key("i"),
        scene.at,
        pick(draw, 10, 50, 3),
        pick(draw, *wallets),
        label=pick(draw, None, "gift"),
        until=None if until is None else scene.at + until,
    )


def transfer_in(draw: DrawFn, scene: Scene) -> Transfer:
    """Draw what comes from or goes to another customer."""
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = units_in(draw, scene, pick(draw, *wallets))
    has_any = scene.reading.purse.available(wallet, scene.at) > 0
    signed = pick(draw, units, -units) if has_any else pick(draw, units, units, -units)
    return Transfer(scene.key("t"), scene.at, signed, wallet, other=999)


def adjustment_in(draw: DrawFn, scene: Scene) -> Adjustment:
    """Draw what is put right by hand."""
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = units_in(draw, scene, pick(draw, *wallets))
    return Adjustment(scene.key("d"), scene.at, pick(draw, units, -units), wallet, "by hand")


def membership_in(draw: DrawFn, scene: Scene) -> Any:
    """Draw that a segment is joined or left."""
    is_in = REGULARS.name in scene.reading.segments
    if not asks_for_segment(scene.reading):
        return order_in(draw, scene)
    kind = SegmentLeft if is_in else SegmentJoined
    return kind(segment=REGULARS.name, at=scene.at)
