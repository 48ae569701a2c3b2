"""Awards: how much each rule gives for an event, by its rate, multipliers, caps and stacking."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    BEST,
    FIRST,
    FIXED,
    FULL_STEPS,
    GIVEN,
    MULTIPLIER,
    PER_COUNT,
    PROPORTIONAL,
    SUM,
    WHOLE,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.numbers import rounded, share


def _is_paying(state: State, row: int) -> bool:
    """Say whether there is still something for which a fixed award or a multiplier is."""
    left = state.award_left[row]
    return left > 0 or (left == 0 and state.award_base[row] == 0)


def without_points(rules: Rules, base: int, amount: int, points: int, goods: int) -> int:
    """Give an amount less its share of what the order was paid in points."""
    if rules.base_flags[base] & 1 == 1 and points > 0 and goods > 0:
        return max(amount - share(amount, points, goods), 0)
    return amount


def _reckoned(
    rules: Rules, state: State, row: int, top: int, bottom: int, position: int, base: int
) -> int:
    """Give what an award is without caps: one reckoning, rounded once."""
    rule = state.award_rule[row]
    kind = rules.rule_award[rule]
    if kind == FIXED:
        return rules.rule_top[rule] if _is_paying(state, row) else 0
    if kind == PER_COUNT:
        return rules.rule_top[rule] * max(state.award_left[row], 0)
    if kind == GIVEN:
        return max(state.award_left[row], 0)
    how = rules.rule_rounding[rule]
    if kind == FULL_STEPS:
        # The bottom is the money of a step.
        base = base // rules.rule_bottom[rule]
        return rounded(
            base * rules.rule_top[rule] * top // bottom,
            base * rules.rule_top[rule] * top % bottom,
            bottom,
            how,
        )
    if kind == PROPORTIONAL:
        up = rules.rule_top[rule] * top
        down = rules.rule_bottom[rule] * bottom
        return rounded(
            base // down * up + base % down * up // down, base % down * up % down, down, how
        )
    first = rules.rule_first_step[rule]
    last = first + rules.rule_steps[rule]
    down = rules.step_bottom[first] * bottom
    if kind == WHOLE:
        level = position if rules.rule_cumulative[rule] == 1 else base
        step = first
        while step + 1 < last and level >= rules.step_from[step + 1]:
            step += 1
        up = rules.step_top[step] * top
        return rounded(
            base // down * up + base % down * up // down, base % down * up % down, down, how
        )
    start = position if rules.rule_cumulative[rule] == 1 else 0
    whole = 0
    rest = 0
    for step in range(first, last):
        low = max(rules.step_from[step], start)
        high = start + base
        if step + 1 < last:
            high = min(high, rules.step_from[step + 1])
        if high > low:
            up = rules.step_top[step] * top
            whole += (high - low) // down * up
            rest += (high - low) % down * up
    return rounded(whole + rest // down, rest % down, down, how)


def reckon(
    rules: Rules,
    state: State,
    first: int,
    count: int,
    tier: int,
    position: int,
    points: int,
    goods: int,
) -> None:
    """Say what each award of an event is now: by its rate, its multipliers, caps and stacking.

    Args:
        rules: The programme.
        state: The account, whose `award_new` is written.
        first: The event's first award.
        count: How many it has.
        tier: The tier that was in force.
        position: What was spent before it.
        points: What it was paid in points, in money.
        goods: What it cost, discounts taken off, in money.
    """
    for row in range(first, first + count):
        state.award_new[row] = 0
        rule = state.award_rule[row]
        if rules.rule_award[rule] == MULTIPLIER:
            continue
        units = uncapped(rules, state, row, first, count, tier, position, points, goods)
        if units <= state.award_bar[row]:
            state.award_new[row] = min(units, state.award_room[row])
    for row in range(first, first + count):
        group = rules.rule_group[state.award_rule[row]]
        stacking = rules.rule_stacking[state.award_rule[row]]
        if group >= 0 and stacking != SUM and state.award_new[row] > 0:
            _stack(rules, state, first, count, row, group, stacking)


def uncapped(
    rules: Rules,
    state: State,
    row: int,
    first: int,
    count: int,
    tier: int,
    position: int,
    points: int,
    goods: int,
) -> int:
    """Give what one award of an event is without caps and stacking."""
    rule = state.award_rule[row]
    top = 1
    bottom = 1
    if tier >= 0:
        top = rules.tier_top[tier]
        bottom = rules.tier_bottom[tier]
    for other in range(first, first + count):
        by = state.award_rule[other]
        is_multiplier = rules.rule_award[by] == MULTIPLIER
        is_in_wallet = rules.rule_wallet[by] == rules.rule_wallet[rule]
        if is_multiplier and is_in_wallet and _is_paying(state, other):
            top *= rules.rule_top[by]
            bottom *= rules.rule_bottom[by]
    left = max(state.award_left[row], 0)
    base = without_points(rules, rules.rule_base[rule], left, points, goods)
    return _reckoned(rules, state, row, top, bottom, position, base)


def _stack(
    rules: Rules, state: State, first: int, count: int, row: int, group: int, stacking: int
) -> None:
    """Leave of a group the rule that pays: the largest award, or the first that gives any."""
    for other in range(row + 1, first + count):
        if rules.rule_group[state.award_rule[other]] != group:
            continue
        if stacking == FIRST:
            state.award_new[other] = 0
        elif stacking == BEST:
            if state.award_new[other] > state.award_new[row]:
                state.award_new[row] = 0
                return
            state.award_new[other] = 0
