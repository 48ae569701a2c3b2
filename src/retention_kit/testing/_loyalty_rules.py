"""Rules of earning, drawn: every trigger, award, cap and limit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis.strategies import DrawFn

from retention_kit.loyalty_rules.definitions.awards import (
    Fixed,
    Multiplier,
    Proportional,
    TieredRate,
)
from retention_kit.loyalty_rules.definitions.limits import Cap, HappyHours, PromoCode
from retention_kit.loyalty_rules.definitions.moments import After, AtOnce, WhenDelivered
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import TierLadder
from retention_kit.loyalty_rules.definitions.triggers import (
    Activity,
    Birthday,
    EachLine,
    EachOrder,
    FirstOrder,
    NthOrder,
    TierReached,
)
from retention_kit.loyalty_rules.definitions.wallets import Wallet
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.testing._loyalty_choices import CODE, FACTORS, NOT_TOBACCO, REGULARS, TEA, pick
from retention_kit.testing._loyalty_wallets import expiry_of


def _amount(draw: DrawFn, wallet: Wallet) -> str:
    found: str = pick(draw, "10", "3", "30", "1" if wallet.kind == "points" else "2.55")
    return found


def _award(draw: DrawFn, wallet: Wallet, on: str) -> Any:
    of_orders = on == "order"
    kind = pick(draw, "proportional", "fixed", "multiplier", "tiered", "proportional")
    if on == "tier" or kind == "fixed":
        return Fixed(amount=_amount(draw, wallet))
    if kind == "multiplier":
        return Multiplier(factor=pick(draw, *FACTORS[:4]))
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


def usual_rule(draw: DrawFn, wallet: Wallet, start: dt.date) -> EarningRule:
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


def rule_of(
    draw: DrawFn,
    place: int,
    wallets: Sequence[Wallet],
    ladder: TierLadder | None,
    start: dt.date,
) -> EarningRule:
    """Draw any rule."""
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
    hours = hours_of(draw)
    lasts = dt.timedelta(days=pick(draw, 5, 40, 1))
    return EarningRule(
        name=f"{trigger.type} {place}",
        wallet=wallet.name,
        trigger=trigger,
        award=award,
        where=where_of(draw, trigger.ON),
        lines=pick(draw, (), (), (), (TEA,), (NOT_TOBACCO,)) if of_orders else (),
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
    return expiry_of(draw, start, slides=False)


def hours_of(draw: DrawFn) -> HappyHours:
    """Draw hours, some of which run over midnight."""
    return HappyHours(
        start=pick(draw, "00:00", "22:00"),
        end=pick(draw, "12:00", "02:00"),
        weekdays=pick(draw, (1, 2, 3, 4, 5, 6, 7), (6, 7), (5,)),
    )


def where_of(draw: DrawFn, on: str) -> tuple[Where, ...]:
    """Draw what holds of an order."""
    if on != "order":
        return ()
    few = Where(column="amount", operator="at_least", value=20)
    online = Where(column="channel", operator="equals", value="web")
    return pick(draw, (), (), (), (few,), (online,))  # type: ignore[no-any-return]
