"""Discounts: what a programme takes off the price of an order that has none of its own yet."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    BY_RULE,
    DISCOUNTED,
    SEGMENTS,
    VERSION,
    Entries,
    Events,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.numbers import rounded, share
from retention_kit.loyalty_rules.kernel.writing import write

_HUNDREDTH = 100
"""A hundredth of money, in ten-thousandths."""


def discounted(
    rules: Rules,
    events: Events,
    i: int,
    state: State,
    out: Entries,
    at: int,
    tier: int,
    goods: int,
) -> int:
    """Give what is taken off an order: the tier's discount first, then the others in order.

    Each is of what the earlier ones have left of its base, or the largest counts alone.
    """
    version = state.cells[VERSION]
    is_best = rules.discounts_best[version] == 1
    taken = 0
    best = -1
    if tier >= 0 and rules.tier_discount_top[tier] > 0:
        taken = _rounded_off(
            rules, version, goods, rules.tier_discount_top[tier], rules.tier_discount_bottom[tier]
        )
        if not is_best and taken > 0:
            _say(out, i, at, tier, -1, taken, goods)
    mask = events.discounts[i]
    discount = 0
    while mask > 0:
        if mask & 1 == 1 and _may_have(rules, state, discount, tier, goods):
            base = events.bases[rules.discount_base[discount]][i]
            top = rules.discount_top[discount]
            bottom = rules.discount_bottom[discount]
            before = 0 if is_best else taken
            left = base - share(base, before, goods) if goods > 0 else 0
            off = min(top, left) if bottom == 0 else _rounded_off(rules, version, left, top, bottom)
            if is_best:
                if off > taken:
                    taken = off
                    best = discount
            elif off > 0:
                off = min(off, goods - taken)
                taken += off
                state.discount_used[discount] += 1
                _say(out, i, at, tier, discount, off, left)
        mask >>= 1
        discount += 1
    if is_best and taken > 0:
        if best >= 0:
            state.discount_used[best] += 1
        _say(out, i, at, tier, best, taken, goods)
    return taken


def _rounded_off(rules: Rules, version: int, base: int, top: int, bottom: int) -> int:
    whole = base // bottom * top + base % bottom * top // bottom
    rest = base % bottom * top % bottom
    hundredths = whole // _HUNDREDTH
    # What is left below a hundredth, as a fraction of it.
    part = whole % _HUNDREDTH * bottom + rest
    how = rules.money_rounding[version]
    return min(rounded(hundredths, part, _HUNDREDTH * bottom, how) * _HUNDREDTH, base)


def _may_have(rules: Rules, state: State, discount: int, tier: int, goods: int) -> bool:
    tiers = rules.discount_tiers[discount]
    if tiers != 0 and (tier < 0 or (tiers >> tier) & 1 == 0):
        return False
    segment = rules.discount_segment[discount]
    if segment >= 0 and (state.cells[SEGMENTS] >> segment) & 1 == 0:
        return False
    if state.discount_used[discount] >= rules.discount_limit[discount]:
        return False
    return goods >= rules.discount_minimum[discount]


def _say(
    out: Entries,
    event: int,
    at: int,
    tier: int,
    discount: int,
    taken: int,
    base: int,
) -> None:
    write(out, DISCOUNTED, event, at, -1, -1, taken, discount, base, taken, tier, at, at, BY_RULE)


def count_uses(rules: Rules, events: Events, i: int, state: State, tier: int, goods: int) -> None:
    """Count the discounts that an order, whose price is net of them, has had."""
    mask = events.discounts[i]
    discount = 0
    while mask > 0:
        if mask & 1 == 1 and _may_have(rules, state, discount, tier, goods):
            state.discount_used[discount] += 1
        mask >>= 1
        discount += 1
