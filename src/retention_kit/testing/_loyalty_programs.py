"""Whole loyalty programmes, drawn: every award, trigger, cap, expiry and way to reach a tier.

Numbers are small and lengths are short, so that a stream of a few events meets what they say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.fields import Certificates, Returns
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.moments import (
    After,
    AtOnce,
    FixedDate,
    NeverExpires,
    OnDate,
    Rolling,
    Sliding,
    WhenDelivered,
)
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    Birthday,
    EachLine,
    EachOrder,
    FirstOrder,
    NthOrder,
    TierReached,
)
from retention_kit.loyalty_rules.definitions.wallets import Grace, Lost, Spending, Wallet
from retention_kit.smart_segments.definitions.counting import EventCount
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.values import Where

REGULARS = Segment(name="Regulars", condition=EventCount(rows=Rows(source="orders"), at_least=2))
"""The segment that rules ask for."""
ACTIVITIES = ("Review Written", "Birthday")
"""The names of what customers do."""
CODE = "TEA"
"""The promotion's code."""
CATEGORIES = ("tea", "coffee", "tobacco")
_LENGTHS = ("3d", "1mo", "10d", "1d", "36h", "2w", "1mo3d")
_TIERS = ("Bronze", "Silver", "Gold")
_FACTORS = ("2", "1.5", "1.25", "0.5", "1")
_NOT_TOBACCO = Where(column="category", operator="not_equals", value="tobacco")
_TEA = Where(column="category", operator="equals", value="tea")
_TOBACCO = Where(column="category", operator="equals", value="tobacco")


def pick(draw: DrawFn, *values: Any) -> Any:
    """Draw one of some values; the first is the simplest."""
    return draw(st.sampled_from(values))


def loyalty_programs(*, start: dt.date = dt.date(2025, 3, 28)) -> SearchStrategy[Any]:
    """Draw programmes, and histories of programmes.

    Args:
        start: About when a customer's events begin, by which dates and versions are drawn.

    Returns:
        Each a `LoyaltyProgram` or a `ProgramHistory`.
    """
    return _histories(start)


@st.composite
def _histories(draw: DrawFn, start: dt.date) -> LoyaltyProgram | ProgramHistory:
    kinds = pick(draw, ("points",), ("points",), ("money",), ("points", "money"))
    first = _program(draw, kinds, start)
    if pick(draw, *(False,) * 3, True):
        second = _program(draw, kinds, start, first.tiers)
        days = pick(draw, 10, 3, 35, 1)
        return ProgramHistory(versions=((start, first), (start + dt.timedelta(days=days), second)))
    return first


def _program(
    draw: DrawFn, kinds: Sequence[str], start: dt.date, before: TierLadder | None = None
) -> LoyaltyProgram:
    wallets = tuple(_wallet(draw, kind, start) for kind in kinds)
    ladder = _ladder(draw, wallets, before) if pick(draw, True, True, False) else None
    count = pick(draw, 1, 0, 2, 3)
    rules = (
        _usual_rule(draw, wallets[0], start),
        *(_rule(draw, place + 1, wallets, ladder, start) for place in range(count)),
    )
    groups = {rule.group for rule in rules if rule.group}
    stacking = {group: pick(draw, "best", "first", "sum") for group in sorted(groups)}
    return LoyaltyProgram(
        name="Tea club",
        currency="RUB",
        rounding=pick(draw, "down", "half_up", "half_even", "up"),
        wallets=wallets,
        rules=rules,
        tiers=ladder,
        discounts=_discounts(draw),
        combining=pick(draw, "compound", "best"),
        stacking=stacking,
        returns=Returns(within=pick(draw, "1y", "1y", "1mo", "5d")),
        certificates=pick(draw, None, None, Certificates()),
        largest_rate=100,
    )


def _wallet(draw: DrawFn, kind: str, start: dt.date) -> Wallet:
    spending = None
    if pick(draw, *(True,) * 7, False):
        spending = Spending(
            minimum=pick(draw, 0, 0, 0, 5),
            step=pick(draw, None, None, None, 5),
            largest_share=pick(draw, "1", "1", "0.5", "0.3"),
            excluded=pick(draw, (), (), (), (_TOBACCO,)),
        )
    return Wallet(
        name=kind,
        kind=kind,  # type: ignore[arg-type]
        value=pick(draw, "1", "0.5", "0.01", "0.25") if kind == "points" else 1,
        pending=_pending(draw, pick(draw, True, True, True, False)),
        expiry=_expiry(draw, start),
        negative_balance=pick(draw, "debt", "zero"),
        restored=Lost() if pick(draw, True, False) else Grace(length=pick(draw, "3d", "36h")),
        spending=spending,
    )


def _pending(draw: DrawFn, at_once: bool) -> Any:
    if at_once:
        return AtOnce()
    return pick(draw, After(length="1d"), After(length="3d"), After(length="12h"), WhenDelivered())


def _expiry(draw: DrawFn, start: dt.date, *, slides: bool = True) -> Any:
    kind = pick(draw, "rolling", "never", "fixed", "rolling", "on", "sliding")
    if kind == "rolling":
        length = pick(draw, *_LENGTHS)
        allowed = not length.endswith("h")
        return Rolling(
            length=length, to_end_of=pick(draw, None, None, "month", "quarter") if allowed else None
        )
    if kind == "fixed":
        day = start + dt.timedelta(days=pick(draw, 20, 2, 60))
        return pick(draw, FixedDate(month=day.month, day=day.day), FixedDate(month=2, day=29))
    if kind == "on":
        return OnDate(date=start + dt.timedelta(days=pick(draw, 400, 30)))
    if kind == "sliding" and slides:
        on = pick(draw, ("order",), ("order", "Review Written"), ("Review Written",))
        return Sliding(length=pick(draw, "3d", "2w", "36h"), on=on)
    return NeverExpires()


def _amount(draw: DrawFn, wallet: Wallet) -> str:
    found: str = pick(draw, "10", "3", "30", "1" if wallet.kind == "points" else "2.55")
    return found


def _award(draw: DrawFn, wallet: Wallet, on: str) -> Any:
    of_orders = on == "order"
    kind = pick(draw, "proportional", "fixed", "multiplier", "tiered", "proportional")
    if on == "tier" or kind == "fixed":
        return Fixed(amount=_amount(draw, wallet))
    if kind == "multiplier":
        return Multiplier(factor=pick(draw, *_FACTORS[:4]))
    before = of_orders and pick(draw, False, False, True)
    with_points = of_orders and pick(draw, False, False, True)
    if kind == "tiered":
        rates = pick(draw, ("0.01", "0.05", "0.1"), ("0", "0.1", "0.12"), ("0.05", "0.05", "1"))
        return TieredRate(
            mode=pick(draw, "marginal", "whole"),
            of=pick(draw, "order", "spend") if of_orders else "order",
            steps=tuple(zip(("0", "20", "100.5"), rates, strict=True)),
            before_discount=before,
            with_points=with_points,
        )
    full = pick(draw, False, False, True)
    return Proportional(
        amount=pick(draw, "1", "3") if full else pick(draw, "0.1", "0.05", "1", "0.33"),
        per=pick(draw, "10", "100", "7.5") if full else pick(draw, "1", "1", "3"),
        full_steps=full,
        before_discount=before,
        with_points=with_points,
    )


def _trigger(draw: DrawFn, ladder: TierLadder | None, *, multiplies: bool) -> Any:
    kinds: list[Any] = [EachOrder(), EachOrder(), FirstOrder(), NthOrder(n=2, every=True)]
    kinds += [NthOrder(n=3), Activity(name="Review Written"), Birthday()]
    if not multiplies:
        kinds.append(EachLine())
        if ladder is not None:
            kinds += [TierReached(), TierReached(tier=ladder.tiers[-1].name)]
    return pick(draw, *kinds)


def _caps(draw: DrawFn, award: Any) -> tuple[Cap, ...]:
    caps = []
    for _ in range(pick(draw, 0, 0, 1, 2)):
        if pick(draw, False, True):
            per = pick(draw, "day", "lifetime", "month", "week")
            limit = pick(draw, 1, 2)
            caps.append(Cap(limit=limit, of="times", per=per, beyond="reject"))
            continue
        least = award.amount if isinstance(award, Fixed) else Decimal(10)
        limit = least * pick(draw, 1, 2, 3)
        per = pick(draw, "order", "day", "month", "lifetime", "quarter", "year")
        caps.append(Cap(limit=limit, per=per, beyond=pick(draw, "reduce", "reject")))
    return tuple(caps)


def _usual_rule(draw: DrawFn, wallet: Wallet, start: dt.date) -> EarningRule:
    """Draw what most programmes have: so much of every order."""
    award = Proportional(
        amount=pick(draw, "0.1", "0.3", "1", "0.33"),
        before_discount=pick(draw, False, False, True),
        with_points=pick(draw, False, False, True),
    )
    return EarningRule(
        name="each_order 0",
        wallet=wallet.name,
        trigger=EachOrder(),
        award=award,
        group=pick(draw, "", "", f"one of {wallet.name}"),
        caps=_caps(draw, award) if pick(draw, False, False, True) else (),
        pending=pick(draw, None, None, None, AtOnce(), WhenDelivered()),
        expiry=_own_expiry(draw, start) if pick(draw, False, False, True) else None,
    )


def _rule(
    draw: DrawFn,
    place: int,
    wallets: Sequence[Wallet],
    ladder: TierLadder | None,
    start: dt.date,
) -> EarningRule:
    wallet = pick(draw, *wallets)
    first = _award(draw, wallet, "order")
    trigger = _trigger(draw, ladder, multiplies=isinstance(first, Multiplier))
    award = first if trigger.ON == "order" else _award(draw, wallet, trigger.ON)
    multiplies = isinstance(award, Multiplier)
    of_orders = trigger.ON == "order"
    rare = pick(draw, *(None,) * 4, "tiers", "dates", "hours", "segment", "promo")
    promo = None
    if rare == "promo" and of_orders:
        promo = PromoCode(code=CODE, per_customer=None if multiplies else pick(draw, None, 1))
    hours = HappyHours(
        start=pick(draw, "00:00", "22:00"),
        end=pick(draw, "12:00", "02:00"),
        weekdays=pick(draw, (1, 2, 3, 4, 5, 6, 7), (6, 7), (5,)),
    )
    lasts = dt.timedelta(days=pick(draw, 5, 40, 1))
    return EarningRule(
        name=f"{trigger.type} {place}",
        wallet=wallet.name,
        trigger=trigger,
        award=award,
        where=_where(draw, trigger.ON),
        lines=pick(draw, (), (), (), (_TEA,), (_NOT_TOBACCO,)) if of_orders else (),
        segment=REGULARS if rare == "segment" else None,
        tiers=(pick(draw, *(one.name for one in ladder.tiers)),)
        if rare == "tiers" and ladder
        else (),
        valid_from=start if rare == "dates" else None,
        valid_until=start + lasts if rare == "dates" else None,
        hours=(hours,) if rare == "hours" else (),
        promo=promo,
        group=""
        if multiplies or trigger.ON == "tier"
        else pick(draw, "", "", f"one of {wallet.name}"),
        cooldown=pick(draw, None, None, None, "1d", "12h", "3d") if not multiplies else None,
        caps=() if multiplies else _caps(draw, award),
        pending=None if multiplies else _own_pending(draw, of_orders),
        expiry=None if multiplies or pick(draw, True, True, False) else _own_expiry(draw, start),
    )


def _own_pending(draw: DrawFn, of_orders: bool) -> Any:
    kinds = (None, None, AtOnce(), After(length="2d"), After(length="6h"))
    return pick(draw, *kinds, WhenDelivered()) if of_orders else pick(draw, *kinds)


def _own_expiry(draw: DrawFn, start: dt.date) -> Any:
    return _expiry(draw, start, slides=False)


def _where(draw: DrawFn, on: str) -> tuple[Where, ...]:
    if on != "order":
        return ()
    few = Where(column="amount", operator="at_least", value=20)
    online = Where(column="channel", operator="equals", value="web")
    return pick(draw, (), (), (), (few,), (online,))  # type: ignore[no-any-return]


def _ladder(draw: DrawFn, wallets: Sequence[Wallet], before: TierLadder | None) -> TierLadder:
    by = pick(draw, "orders", "spend", "points") if before is None else before.by
    named = pick(draw, *(one.name for one in wallets)) if before is None else before.wallet
    steps = {"orders": (0, 1, 2, 3), "spend": (0, 20, 100, 300), "points": (0, 5, 15, 40)}[by]
    count = pick(draw, 2, 3, 1)
    shift = pick(draw, 1, 0)
    tiers = []
    for place in range(count):
        benefits = Benefits(
            discount=pick(draw, "0", "0.05", "0.1"),
            multiplier=pick(draw, *_FACTORS),
            privileges=pick(draw, (), ("free_delivery",)),
            inherits=pick(draw, True, True, False),
        )
        tiers.append(Tier(name=_TIERS[place], at=steps[place + shift], benefits=benefits))
    falls = before is None or before.downgrade != "none"
    validity = pick(draw, *((None,) if before is None or not falls else ()), "3d", "1mo", "2w")
    to_end_of = pick(draw, None, None, "month", "quarter") if validity else None
    downgrade: Any = pick(draw, "recompute", "one_step", "none") if validity else "none"
    if before is not None:
        downgrade = before.downgrade
    return TierLadder(
        tiers=tiers,
        by=by,
        wallet=named if by == "points" else None,
        window=pick(draw, "lifetime", "10d", "1mo", "month", "quarter", "year", "3d"),
        validity=validity,
        to_end_of=to_end_of,
        downgrade=downgrade,
        grace=pick(draw, None, None, "1d", "3d") if downgrade != "none" else None,
    )


def _discounts(draw: DrawFn) -> tuple[Discount, ...]:
    found = []
    for place in range(pick(draw, 0, 0, 1, 2)):
        if pick(draw, True, False):
            found.append(Discount(name=f"share {place}", share=pick(draw, "0.1", "0.05")))
        else:
            found.append(
                Discount(name=f"amount {place}", amount=pick(draw, "5", "0.99"), minimum=20)
            )
    return tuple(found)
