"""Whole loyalty programmes, drawn: every award, trigger, cap, expiry and way to reach a tier.

Numbers are small and lengths are short, so that a stream of a few events meets what they say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.fields import Certificates, Returns
from retention_kit.loyalty_rules.definitions.limits import PromoCode
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.definitions.tiers import Benefits, Tier, TierLadder
from retention_kit.loyalty_rules.definitions.wallets import Wallet
from retention_kit.testing._loyalty_choices import (
    CODE,
    FACTORS,
    NOT_TOBACCO,
    REGULARS,
    TEA,
    pick,
)
from retention_kit.testing._loyalty_rules import hours_of, rule_of, usual_rule, where_of
from retention_kit.testing._loyalty_wallets import wallet_of

_TIERS = ("Bronze", "Silver", "Gold")


@st.composite
def histories(draw: DrawFn, start: dt.date) -> LoyaltyProgram | ProgramHistory:
    """Draw a programme, or a history of two."""
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
    wallets = tuple(wallet_of(draw, kind, start) for kind in kinds)
    ladder = _ladder(draw, wallets, before) if pick(draw, True, True, False) else None
    count = pick(draw, 1, 0, 2, 3)
    rules = (
        usual_rule(draw, wallets[0], start),
        *(rule_of(draw, place + 1, wallets, ladder, start) for place in range(count)),
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
        discounts=_discounts(draw, ladder, start),
        combining=pick(draw, "compound", "best"),
        stacking=stacking,
        returns=Returns(within=pick(draw, "1y", "1y", "1mo", "5d")),
        certificates=pick(draw, None, None, Certificates()),
        largest_rate=100,
    )


def _ladder(draw: DrawFn, wallets: Sequence[Wallet], before: TierLadder | None) -> TierLadder:
    by = pick(draw, "orders", "spend", "points")
    named = pick(draw, *(one.name for one in wallets))
    if before is not None and before.by == "points":
        # All versions count the points of one wallet.
        named = before.wallet
    steps = {"orders": (0, 1, 2, 3), "spend": (0, 20, 100, 300), "points": (0, 5, 15, 40)}[by]
    count = pick(draw, 2, 3, 1)
    shift = pick(draw, 1, 0)
    tiers = []
    for place in range(count):
        benefits = Benefits(
            discount=pick(draw, "0", "0.05", "0.1"),
            multiplier=pick(draw, *FACTORS),
            privileges=pick(draw, (), ("free_delivery",)),
            inherits=pick(draw, True, True, False),
        )
        tiers.append(Tier(name=_TIERS[place], at=steps[place + shift], benefits=benefits))
    validity = pick(draw, None, "3d", "1mo", "2w")
    to_end_of = pick(draw, None, None, "month", "quarter") if validity else None
    downgrade: Any = pick(draw, "recompute", "one_step", "none") if validity else "none"
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


def _discounts(draw: DrawFn, ladder: TierLadder | None, start: dt.date) -> tuple[Discount, ...]:
    return tuple(_discount(draw, place, ladder, start) for place in range(pick(draw, 0, 0, 1, 2)))


def _discount(draw: DrawFn, place: int, ladder: TierLadder | None, start: dt.date) -> Discount:
    is_share = pick(draw, True, False)
    rare = pick(draw, *(None,) * 4, "tiers", "dates", "hours", "segment", "promo", "where")
    lasts = dt.timedelta(days=pick(draw, 5, 40, 1))
    named = ladder is not None and rare == "tiers"
    return Discount(
        name=f"discount {place}",
        share=pick(draw, "0.1", "0.05", "0.333") if is_share else None,
        amount=None if is_share else pick(draw, "5", "0.99", "40"),
        minimum=pick(draw, 0, 20, 100),
        lines=pick(draw, (), (), (), (TEA,), (NOT_TOBACCO,)),
        where=where_of(draw, "order") if rare == "where" else (),
        segment=REGULARS if rare == "segment" else None,
        tiers=(ladder.tiers[-1].name,) if ladder is not None and named else (),
        valid_from=start if rare == "dates" else None,
        valid_until=start + lasts if rare == "dates" else None,
        hours=(hours_of(draw),) if rare == "hours" else (),
        promo=PromoCode(code=CODE, per_customer=pick(draw, None, 1)) if rare == "promo" else None,
    )
