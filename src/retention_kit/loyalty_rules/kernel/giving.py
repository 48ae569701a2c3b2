"""Giving: an award becomes a lot, and uses its caps; what is taken back opens them again."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.candidates import period_of_cap
from retention_kit.loyalty_rules.kernel.layout import (
    BY_RULE,
    EARNED,
    TOTAL_POINTS,
    Entries,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.lots import add_lot, new_lot, settle
from retention_kit.loyalty_rules.kernel.moments import day_of, moment
from retention_kit.loyalty_rules.kernel.writing import write


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
    first = rules.rule_first_cap[rule]
    day = day_of(rules, at) if rules.rule_caps[rule] > 0 else 0
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
