"""Candidates: which rules may pay for an event, and what their caps leave them."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    AWARDS,
    NEVER,
    ORDERS,
    SEGMENTS,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.moments import day_of

_OF_TIER = 5
_FIRST_ORDER, _NTH, _EVERY_NTH = 1, 2, 3


def may_pay(rules: Rules, state: State, rule: int, at: int, tier: int) -> bool:
    """Say whether a rule whose filters hold may pay, as the account stands."""
    trigger = rules.rule_trigger[rule]
    order = state.cells[ORDERS] + 1
    if trigger == _FIRST_ORDER and order != 1:
        return False
    if trigger == _NTH and order != rules.rule_number[rule]:
        return False
    if trigger == _EVERY_NTH and order % rules.rule_number[rule] != 0:
        return False
    tiers = rules.rule_tiers[rule]
    if tiers != 0 and (tier < 0 or (tiers >> tier) & 1 == 0):
        return False
    segment = rules.rule_segment[rule]
    if segment >= 0 and (state.cells[SEGMENTS] >> segment) & 1 == 0:
        return False
    if rules.rule_cooldown[rule] >= 0 and at < state.cool_until[rule]:
        return False
    first = rules.rule_first_cap[rule]
    day = day_of(rules, at) if rules.rule_caps[rule] > 0 else 0
    for cap in range(first, first + rules.rule_caps[rule]):
        if rules.cap_times[cap] == 1 and left_of_cap(rules, state, cap, day) <= 0:
            return False
    return True


def left_of_cap(rules: Rules, state: State, cap: int, day: int) -> int:
    """Give how much a cap leaves on a day."""
    if state.cap_in[cap] == period_of_cap(rules, cap, day):
        return rules.cap_limit[cap] - state.cap_used[cap]
    return rules.cap_limit[cap]


def period_of_cap(rules: Rules, cap: int, day: int) -> int:
    """Give the number of the period in which a cap counts a day; of an order there is none."""
    period = rules.cap_period[cap]
    if period >= 0:
        return rules.periods[period][day]
    # What an order has used counts for no other one.
    return 0 if period == -1 else -2


def remember(rules: Rules, state: State, rule: int, base: int, at: int) -> None:
    """Remember a rule that may pay, what it looks at, and what its caps leave it."""
    row = state.cells[AWARDS]
    state.cells[AWARDS] = row + 1
    room = NEVER
    bar = NEVER
    day = day_of(rules, at)
    first = rules.rule_first_cap[rule]
    for cap in range(first, first + rules.rule_caps[rule]):
        if rules.cap_times[cap] == 0:
            left = max(left_of_cap(rules, state, cap, day), 0)
            if rules.cap_rejects[cap] == 1:
                bar = min(bar, left)
            else:
                room = min(room, left)
    state.award_rule[row] = rule
    state.award_base[row] = base
    state.award_left[row] = base
    state.award_room[row] = room
    state.award_bar[row] = bar
    state.award_period[row] = day
    state.award_units[row] = 0
    state.award_lot[row] = -1
    state.award_expired[row] = 0
    state.award_new[row] = 0


def candidates(rules: Rules, state: State, mask: int, at: int, tier: int) -> int:
    """Remember the rules that may pay for an event, with its `base_now`; give how many.

    Args:
        rules: The programme.
        state: The account.
        mask: The rules whose filters hold.
        at: When it happened.
        tier: The tier in force.
    """
    found = 0
    rule = 0
    while mask > 0:
        is_asked = mask & 1 == 1 and rules.rule_trigger[rule] != _OF_TIER
        if is_asked and may_pay(rules, state, rule, at, tier):
            remember(rules, state, rule, state.base_now[rules.rule_base[rule]], at)
            found += 1
        mask >>= 1
        rule += 1
    return found
