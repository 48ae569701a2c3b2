"""What one customer does, drawn so that a programme has something to decide.

Each event is drawn in sight of what the naive reading says of those before it: spends lie near
what is available, orders near thresholds, and instants on, before and after what is due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.loyalty_rules.online.events import (
    Activity,
    Adjustment,
    Capture,
    Delivery,
    Issue,
    Line,
    Order,
    Redemption,
    Release,
    Reservation,
    Return,
    SegmentJoined,
    SegmentLeft,
    Transfer,
)
from retention_kit.testing._loyalty_bases import worth_of
from retention_kit.testing._loyalty_moments import day_of, midnight
from retention_kit.testing._loyalty_programs import (
    ACTIVITIES,
    CATEGORIES,
    CODE,
    REGULARS,
    loyalty_programs,
    pick,
)
from retention_kit.testing._loyalty_reference import Reading, place_of, read_loyalty

STARTS = (
    ("Europe/London", dt.date(2025, 3, 28)),  # the clocks change on the 30th
    ("America/Santiago", dt.date(2025, 9, 4)),  # the 7th has no midnight
    ("UTC", dt.date(2024, 1, 30)),
    ("Europe/London", dt.date(2025, 10, 24)),  # the clocks change on the 26th
    ("Europe/Moscow", dt.date(2024, 12, 29)),
    ("America/Santiago", dt.date(2025, 4, 3)),  # the 5th has an hour before midnight twice
    ("Australia/Lord_Howe", dt.date(2025, 4, 4)),  # the clocks change by half an hour
)
"""Zones, and days about which something is hard."""
_Drawer = Callable[[DrawFn, Any], Any]
_MOMENT = dt.timedelta(microseconds=1)
_GAPS = (
    dt.timedelta(hours=5),
    dt.timedelta(0),
    dt.timedelta(days=1),
    dt.timedelta(days=3),
    dt.timedelta(minutes=10),
    dt.timedelta(days=11),
    dt.timedelta(days=32),
)
_AMOUNTS = ("100", "100", "20", "19.99", "33.33", "250.5", "100.0001", "50", "10", "0", "7.5")


@dataclass(frozen=True, repr=False)
class LoyaltyCase:
    """A programme, and what one customer did.

    Attributes:
        program: The programme, or the history of one.
        time_zone: The shop's zone.
        events: What happened, in the order in which it is taken.
        as_of: The instant of observation.
    """

    program: Any
    time_zone: str
    events: tuple[Any, ...]
    as_of: dt.datetime

    def __repr__(self) -> str:
        told = "".join(f"\n    {_short(one)}" for one in self.events)
        said = f"{self.program!r},\n  {self.time_zone!r}, as_of={self.as_of}, events:{told}"
        return f"LoyaltyCase({said})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002
        """Let Hypothesis report it as `repr` does."""
        printer.text(repr(self))

    def read(self) -> Reading:
        """Give what the naive reading says."""
        return read_loyalty(self.program, self.events, time_zone=self.time_zone, as_of=self.as_of)


def _short(event: Any) -> str:
    """Say what an event is, without what is not filled."""
    fields = {name: getattr(event, name) for name in event.__slots__}
    filled = [f"{name}={value}" for name, value in fields.items() if value not in (None, (), {})]
    return f"{type(event).__name__}({', '.join(filled)})"


@dataclass
class _Scene:
    """What was drawn so far."""

    reading: Reading
    at: dt.datetime
    has_lines: bool
    events: list[Any] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    count: int = 0

    def number(self) -> int:
        """Give an id that no other order has, and that does not follow the clock."""
        self.count += 1
        return self.count * 37 % 101 + 1

    def key(self, kind: str) -> str:
        """Give a key that no other event has."""
        self.count += 1
        return f"{kind}{self.count * 37 % 101}"


def loyalty_cases(*, max_events: int = 12) -> SearchStrategy[LoyaltyCase]:
    """Draw a programme together with what one customer did under it.

    Args:
        max_events: How many events there are at most.

    Returns:
        Cases, whose events have a key each and stand in the order in which they are taken.
    """
    return _cases(max_events)


def loyalty_streams(
    program: Any, *, time_zone: str, start: dt.date, max_events: int = 12
) -> SearchStrategy[tuple[Any, ...]]:
    """Draw what one customer did under a programme.

    Args:
        program: The programme, or the history of one.
        time_zone: The shop's zone.
        start: About when it begins.
        max_events: How many events there are at most.

    Returns:
        Events in the order in which they are taken.
    """
    return _streams(program, time_zone, start, max_events)


@st.composite
def _cases(draw: DrawFn, max_events: int) -> LoyaltyCase:
    time_zone, start = pick(draw, *STARTS)
    program = draw(loyalty_programs(start=start))
    events = draw(_streams(program, time_zone, start, max_events))
    last = max((one.at for one in events), default=dt.datetime.combine(start, dt.time(), dt.UTC))
    case = LoyaltyCase(program, time_zone, events, last + _MOMENT)
    due = _due(case.read(), last)
    choices = [last + _MOMENT, last + dt.timedelta(days=400), last + dt.timedelta(days=20)]
    choices += [one + shift for one in due for shift in (dt.timedelta(0), _MOMENT)]
    return LoyaltyCase(program, time_zone, events, pick(draw, *choices))


@st.composite
def _streams(
    draw: DrawFn, program: Any, time_zone: str, start: dt.date, max_events: int
) -> tuple[Any, ...]:
    zone = ZoneInfo(time_zone)
    reading = Reading(program, zone)
    programs = getattr(program, "programs", (program,))
    rules = [rule for one in programs for rule in one.rules]
    wallets = [wallet for one in programs for wallet in one.wallets]
    has_lines = any(rule.lines or rule.trigger.type == "each_line" for rule in rules)
    has_lines |= any(one.spending is not None and one.spending.excluded for one in wallets)
    first = midnight(start, zone) + pick(draw, dt.timedelta(hours=10), dt.timedelta(hours=23))
    scene = _Scene(reading, first, has_lines)
    plot = list(pick(draw, *_PLOTS))[:max_events]
    more = draw(st.integers(0, max_events - len(plot)))
    for drawer in [*plot, *[_drawn] * more]:
        scene.at = _instant(draw, scene)
        reading.advance(scene.at)
        event = drawer(draw, scene)
        scene.events.append(event)
        reading.take(event)
    return tuple(sorted(scene.events, key=place_of))


def _due(reading: Reading, after: dt.datetime) -> list[dt.datetime]:
    """Give instants at which something will happen by itself."""
    found = {one.expires for one in reading.purse.lots if one.left}
    found |= {one.active for one in reading.purse.lots if one.left}
    found |= {one.until for one in reading.purse.holds}
    if reading.standing.until is not None:
        found.add(reading.standing.until)
    horizon = after + dt.timedelta(days=800)
    return sorted(one for one in found if after < one < horizon)[:4]


def _instant(draw: DrawFn, scene: _Scene) -> dt.datetime:
    at = scene.at
    choices = [at + gap for gap in _GAPS]
    for due in _due(scene.reading, at)[:2]:
        choices += [due, due - _MOMENT, due + _MOMENT]
    day = day_of(at, scene.reading.zone) + dt.timedelta(days=1)
    choices.append(midnight(day, scene.reading.zone))
    found: dt.datetime = pick(draw, *choices)
    return max(found, at)


def _drawn(draw: DrawFn, scene: _Scene) -> Any:
    taken = [one for one in scene.orders if one.order_id in scene.reading.records]
    if not taken:
        return pick(draw, _order, _order, _order, _activity, _issue)(draw, scene)
    reading = scene.reading
    choices: list[_Drawer] = [_order, _order, _order, _return, _return, _return, _return]
    choices += [_activity, _delivery, _membership, _issue, _transfer, _adjustment]
    own = reading._to_spend(None)
    if own.spending is not None and reading.purse.available(own.name, scene.at) > 0:
        choices += [_paid_order] * 10 + [_redemption, _reservation, _reservation]
    elif pick(draw, *(False,) * 9, True):
        choices += [_paid_order, _redemption, _reservation]
    if reading.purse.holds or (scene.names and pick(draw, *(False,) * 9, True)):
        choices += [_capture, _capture, _release]
    return pick(draw, *choices)(draw, scene)


def _order(draw: DrawFn, scene: _Scene, points: int = 0) -> Order:
    amounts = [Decimal(one) for one in _AMOUNTS]
    ladder = scene.reading.program.tiers
    if ladder is not None and ladder.by == "spend":
        missing = ladder.tiers[-1].at - Decimal(
            str(float(scene.reading.standing.figure(ladder, scene.at)))
        )
        amounts += [one for one in (missing, missing - Decimal("0.01")) if one > 0]
    if points and pick(draw, True, True, False):
        # An order that is large enough, or just so.
        own = scene.reading._to_spend(None)
        least = points * worth_of(own) / (_share_of(own) or 1)
        exact = Decimal(-(-least.numerator * 10_000 // least.denominator)) / 10_000
        amounts = [exact, exact * 2, exact + 100]
    amount = pick(draw, *amounts).quantize(Decimal("0.0001"))
    order = Order(
        order_id=scene.number(),
        at=scene.at,
        amount=amount,
        points_paid=points,
        discount=pick(draw, Decimal(0), Decimal(0), Decimal(10), Decimal("3.33")),
        lines=_lines(draw, amount) if scene.has_lines else (),
        promo_code=pick(draw, None, CODE, None, "OTHER"),
        channel=pick(draw, "web", None, "app"),
        promo_refused=pick(draw, False, False, False, True),
    )
    scene.orders.append(order)
    return order


def _paid_order(draw: DrawFn, scene: _Scene) -> Order:
    if scene.reading._to_spend(None).spending is None:
        return _order(draw, scene)
    return _order(draw, scene, _units(draw, scene)[0])


def _share_of(wallet: Any) -> Fraction:
    return Fraction(1) if wallet.spending is None else Fraction(wallet.spending.largest_share)


def _units(draw: DrawFn, scene: _Scene, wallet: str | None = None) -> tuple[int, str]:
    """Draw how much is spent: about what is available, or what rounds steps and minima."""
    reading = scene.reading
    own = reading._to_spend(wallet)
    available = reading.purse.available(own.name, scene.at)
    largest = int(Fraction(50) / worth_of(own))
    near = [min(available, largest), available, available // 2, available // 5 * 5, available - 1]
    far = [available + 1, 5, largest]
    choices = far if pick(draw, *(False,) * 7, True) else near
    found = [one for one in choices if one > 0] or [1]
    return pick(draw, *found), own.name


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


def _return(draw: DrawFn, scene: _Scene) -> Return | Order:
    if not scene.orders:
        return _order(draw, scene)
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
        at=scene.at,
        amount=amount,
        points_back=pick(draw, None, None, None, 0, spent // 2, spent),
        discount=pick(draw, Decimal(0), Decimal(order.discount)),
        lines=lines,
    )


def _delivery(draw: DrawFn, scene: _Scene) -> Delivery | Order:
    known = {one.order_id for one in scene.events if isinstance(one, Delivery)}
    waiting = [one.order_id for one in scene.orders if one.order_id not in known]
    if not waiting:
        return _order(draw, scene)
    return Delivery(order_id=pick(draw, *waiting), at=scene.at)


def _activity(draw: DrawFn, scene: _Scene) -> Activity:
    value = pick(draw, Decimal(0), Decimal(10), Decimal("33.3"))
    return Activity(scene.key("a"), pick(draw, *ACTIVITIES), scene.at, value)


def _redemption(draw: DrawFn, scene: _Scene) -> Redemption:
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = _units(draw, scene, pick(draw, *wallets))
    label = pick(draw, *(None,) * 9, *("gift",) * 3, "unknown")
    return Redemption(scene.key("r"), scene.at, units, wallet, label)


def _reservation(draw: DrawFn, scene: _Scene) -> Reservation:
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = _units(draw, scene, pick(draw, *wallets))
    lasts = pick(draw, dt.timedelta(minutes=15), dt.timedelta(days=2), dt.timedelta(days=40))
    name = pick(draw, "checkout", None)
    key = scene.key("h")
    scene.names.append(name or key)
    return Reservation(key, scene.at, units, wallet, until=scene.at + lasts, name=name)


def _capture(draw: DrawFn, scene: _Scene) -> Capture:
    return Capture(scene.key("c"), scene.at, pick(draw, *reversed(scene.names), "unknown"))


def _release(draw: DrawFn, scene: _Scene) -> Release:
    return Release(scene.key("l"), scene.at, pick(draw, *reversed(scene.names), "unknown"))


def _gift(draw: DrawFn, scene: _Scene) -> Issue:
    """Draw what can be spent whatever the rules give."""
    own = scene.reading._to_spend(None)
    units = pick(draw, 50, 100, 500)
    until = scene.at + pick(draw, dt.timedelta(days=40), dt.timedelta(days=4))
    given = None if pick(draw, True, False) else until
    return Issue(scene.key("i"), scene.at, units, own.name, label="gift", until=given)


def _issue(draw: DrawFn, scene: _Scene) -> Issue:
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


def _transfer(draw: DrawFn, scene: _Scene) -> Transfer:
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = _units(draw, scene, pick(draw, *wallets))
    has_any = scene.reading.purse.available(wallet, scene.at) > 0
    signed = pick(draw, units, -units) if has_any else pick(draw, units, units, -units)
    return Transfer(scene.key("t"), scene.at, signed, wallet, other=999)


def _adjustment(draw: DrawFn, scene: _Scene) -> Adjustment:
    wallets = [one.name for one in scene.reading.program.wallets]
    units, wallet = _units(draw, scene, pick(draw, *wallets))
    return Adjustment(scene.key("d"), scene.at, pick(draw, units, -units), wallet, "by hand")


def _membership(draw: DrawFn, scene: _Scene) -> Any:
    is_in = REGULARS.name in scene.reading.segments
    if not _asks_for_segment(scene.reading):
        return _order(draw, scene)
    kind = SegmentLeft if is_in else SegmentJoined
    return kind(segment=REGULARS.name, at=scene.at)


def _asks_for_segment(reading: Reading) -> bool:
    programs: Sequence[Any] = [program for _, program in reading.versions]
    return any(rule.segment is not None for one in programs for rule in one.rules)


_PLOTS: tuple[tuple[_Drawer, ...], ...] = (
    (_order, _drawn, _drawn, _drawn),
    (_gift, _paid_order, _return, _return),
    (_gift, _order, _paid_order, _drawn, _return),
    (_order, _paid_order, _return, _return),
    (_order, _order, _return, _paid_order),
    (_gift, _reservation, _capture, _order),
    (_gift, _order, _reservation, _drawn, _release),
    (_drawn, _drawn),
)
"""How streams begin."""
