"""Awards: which rules may pay for an event, how much each gives, and what becomes of it."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    AWARDS,
    BEST,
    BY_RULE,
    EARNED,
    FIRST,
    FIXED,
    FULL_STEPS,
    GIVEN,
    MULTIPLIER,
    NEVER,
    ORDERS,
    PER_COUNT,
    PROPORTIONAL,
    SEGMENTS,
    SUM,
    TOTAL_POINTS,
    WHOLE,
    Entries,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.lots import add_lot, new_lot, settle
from retention_kit.loyalty_rules.kernel.moments import day_of, moment
from retention_kit.loyalty_rules.kernel.numbers import rounded, share
from retention_kit.loyalty_rules.kernel.writing import write

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
    day = day_of(rules, at)
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


def give(
    rules: Rules,
    state: State,
    out: Entries,
    row: int,
    event: int,
    at: int,
    tier: int,
    base: int,
    full: int,
    is_remembered: bool,
) -> int:
    """Give an award: a lot, an entry, and what caps and rests it uses; give what tiers count.

    Args:
        rules: The programme.
        state: The account.
        out: Where the entry goes.
        row: The award.
        event: The event.
        at: When it happened.
        tier: The tier in force.
        base: What it was reckoned from.
        full: What it would be without caps and stacking.
        is_remembered: Whether a return may take it back.
    """
    rule = state.award_rule[row]
    units = state.award_new[row]
    wallet = rules.rule_wallet[rule]
    lot = new_lot(state)
    active = moment(rules, rules.rule_pending[rule], at)
    expires = max(moment(rules, rules.rule_expiry[rule], active), active)
    state.award_units[row] = units
    state.award_lot[row] = lot
    award = row if is_remembered else -1
    at_row = add_lot(
        state, lot, wallet, units, active, expires, rules.rule_expiry[rule], rule, award, -1
    )
    write(
        out, EARNED, event, at, wallet, lot, units, rule, base, full, tier, active, expires, BY_RULE
    )
    settle(state, out, at_row, event, at)
    _use(rules, state, rule, units, at)
    if counts_for_tiers(rules, wallet):
        state.cells[TOTAL_POINTS] += units
        return units
    return 0


def counts_for_tiers(rules: Rules, wallet: int) -> bool:
    """Say whether what is earned in a wallet counts towards the tiers of some version."""
    for version in range(rules.versions):
        if rules.tiers[version] > 0 and rules.ladder_wallet[version] == wallet:
            return True
    return False


def _use(rules: Rules, state: State, rule: int, units: int, at: int) -> None:
    day = day_of(rules, at)
    first = rules.rule_first_cap[rule]
    for cap in range(first, first + rules.rule_caps[rule]):
        period = period_of_cap(rules, cap, day)
        if state.cap_in[cap] != period:
            state.cap_in[cap] = period
            state.cap_used[cap] = 0
        if period != -2:
            state.cap_used[cap] += 1 if rules.cap_times[cap] == 1 else units
    if rules.rule_cooldown[rule] >= 0:
        state.cool_until[rule] = moment(rules, rules.rule_cooldown[rule], at)


def reopen(rules: Rules, state: State, row: int, units: int) -> None:
    """Let caps have back what was taken back, as long as their period is the same."""
    rule = state.award_rule[row]
    first = rules.rule_first_cap[rule]
    for cap in range(first, first + rules.rule_caps[rule]):
        period = period_of_cap(rules, cap, state.award_period[row])
        if period == -2 or state.cap_in[cap] != period:
            continue
        if rules.cap_times[cap] == 0:
            state.cap_used[cap] -= units
        elif state.award_units[row] == 0:
            state.cap_used[cap] -= 1
