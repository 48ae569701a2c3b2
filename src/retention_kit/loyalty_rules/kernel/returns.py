"""A return: what was earned is taken back, and what was spent comes back."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.awards import reckon, without_points
from retention_kit.loyalty_rules.kernel.giving import counts_for_tiers, reopen
from retention_kit.loyalty_rules.kernel.layout import (
    BEST,
    BY_RETURN,
    DONE,
    EXPIRED,
    FIRST,
    FORGIVEN,
    GRACE,
    INFO,
    LOST,
    MORE_THAN_BOUGHT,
    NOT_A_STEP,
    OTHER_LOTS,
    RECORDS,
    RESTORED,
    SPENDINGS,
    SPENT_SO_FAR,
    TAKEN_BACK,
    TIER,
    TOO_LATE,
    TOTAL_ORDERS,
    TOTAL_POINTS,
    UNKNOWN_ORDER,
    Entries,
    Events,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.lots import (
    add_lot,
    new_lot,
    owe,
    row_of_lot,
    settle,
    take_back_from_others,
    write_on_lot,
)
from retention_kit.loyalty_rules.kernel.moments import moment
from retention_kit.loyalty_rules.kernel.numbers import share
from retention_kit.loyalty_rules.kernel.spending import settings_of, worth
from retention_kit.loyalty_rules.kernel.tiers import row_of_record
from retention_kit.loyalty_rules.kernel.writing import write

_NO_NUMBER_OF_UNITS = -2


def take_return(rules: Rules, events: Events, i: int, state: State, out: Entries) -> int:
    """Take a return of a whole order or of a part of it, or refuse it."""
    record = events.record[i]
    at = events.at[i]
    amount = events.amount[i]
    cells = state.cells
    if record < 0 or record >= cells[RECORDS] or state.record_counts[record] == 0:
        return UNKNOWN_ORDER
    version = state.record_version[record]
    if at >= moment(rules, rules.return_until[version], state.record_at[record]):
        return TOO_LATE
    gross = state.record_gross[record]
    returned = state.record_returned[record] + amount
    is_whole = returned >= gross
    back = events.spend[i]
    if back == _NO_NUMBER_OF_UNITS:
        cells[INFO] = 0
        return NOT_A_STEP
    spent = state.record_spent[record]
    there = spent - state.record_restored[record]
    if returned > gross or back > there or state.record_counts[record] == -1:
        cells[INFO] = gross - state.record_returned[record]
        return MORE_THAN_BOUGHT
    if back < 0:
        target = spent if is_whole else share(spent, returned, gross)
        back = max(target - state.record_restored[record], 0)
    paid = _paid(rules, state, record)
    state.record_returned[record] = returned
    _lower_bases(rules, events, i, state, record, is_whole)
    _count_less(state, record, paid - _paid(rules, state, record), is_whole)
    _take_back(rules, state, out, record, i, at)
    if back > 0:
        state.record_restored[record] += back
        _restore(rules, state, out, record, back, i, at)
    return DONE


def _money_in_points(rules: Rules, state: State, record: int) -> int:
    if state.record_spent[record] == 0:
        return 0
    row = settings_of(rules, state.record_version[record], state.record_wallet[record])
    return worth(rules, row, state.record_spent[record])


def _paid(rules: Rules, state: State, record: int) -> int:
    """Give what of an order was paid in money and has not been returned."""
    goods = state.record_amount[record]
    gross = state.record_gross[record]
    left = gross - state.record_returned[record]
    if left != gross:
        goods = share(goods, left, gross)
    money = _money_in_points(rules, state, record)
    return without_points(rules, 0, goods, money, state.record_amount[record])


def _lower_bases(
    rules: Rules,
    events: Events,
    i: int,
    state: State,
    record: int,
    is_whole: bool,
) -> None:
    gross = state.record_gross[record]
    goods = state.record_amount[record]
    first = state.record_first_award[record]
    for row in range(first, first + state.record_awards[record]):
        base = rules.rule_base[state.award_rule[row]]
        came = events.bases[base][i]
        if is_whole:
            # Even what was given for nothing is given back.
            left = -1
        elif came < 0:
            left = min(
                state.award_left[row],
                share(state.award_base[row], gross - state.record_returned[record], gross),
            )
        else:
            if goods != gross and rules.base_flags[base] & 6 == 0:
                came = share(came, goods, gross)
            left = state.award_left[row] - min(came, state.award_left[row])
        state.award_left[row] = left


def _count_less(state: State, record: int, paid: int, is_whole: bool) -> None:
    """Let what was returned no longer count towards tiers."""
    state.cells[SPENT_SO_FAR] -= paid
    row = row_of_record(state, record)
    if row >= 0:
        state.qualifying_spend[row] -= paid
    if is_whole:
        state.record_counts[record] = -1
        state.cells[TOTAL_ORDERS] -= 1


def _take_back(rules: Rules, state: State, out: Entries, record: int, event: int, at: int) -> None:
    first = state.record_first_award[record]
    count = state.record_awards[record]
    money = _money_in_points(rules, state, record)
    reckon(
        rules,
        state,
        first,
        count,
        state.record_tier[record],
        state.record_position[record],
        money,
        state.record_amount[record],
    )
    for row in range(first, first + count):
        if state.award_units[row] > 0:
            now = _now(rules, state, first, count, row)
            if now < state.award_units[row]:
                _take_back_award(rules, state, out, record, row, now, event, at)


def _now(rules: Rules, state: State, first: int, count: int, row: int) -> int:
    """Give what an award that was given is now; of a group, whichever of its rules gives it."""
    rule = state.award_rule[row]
    now = state.award_new[row]
    group = rules.rule_group[rule]
    stacking = rules.rule_stacking[rule]
    if now == 0 and group >= 0 and stacking in (BEST, FIRST):
        for other in range(first, first + count):
            if rules.rule_group[state.award_rule[other]] == group:
                now = max(now, state.award_new[other])
    return now


def _take_back_award(
    rules: Rules,
    state: State,
    out: Entries,
    record: int,
    award: int,
    now: int,
    event: int,
    at: int,
) -> None:
    """Take an award back: from its lot; then, of what was spent, from others; then as a debt."""
    units = state.award_units[award] - now
    state.award_units[award] = now
    wallet = rules.rule_wallet[state.award_rule[award]]
    reopen(rules, state, award, units)
    version = state.record_version[record]
    if counts_for_tiers(rules, wallet):
        state.cells[TOTAL_POINTS] -= units
        counted = row_of_record(state, record)
        if counted >= 0:
            state.qualifying_points[counted] -= units
    lot = row_of_lot(state, state.award_lot[award])
    if lot >= 0:
        taken = min(state.lot_remaining[lot] - state.lot_reserved[lot], units)
        if taken > 0:
            state.lot_remaining[lot] -= taken
            units -= taken
            write_on_lot(state, out, TAKEN_BACK, lot, -taken, event, at, BY_RETURN)
    # What has expired is gone already.
    gone = min(state.award_expired[award], units)
    state.award_expired[award] -= gone
    units -= gone
    if units == 0:
        return
    units = take_back_from_others(state, out, wallet, units, event, at, OTHER_LOTS)
    if units == 0:
        return
    if rules.wallet_debt[settings_of(rules, version, wallet)] == 1:
        owe(state, out, TAKEN_BACK, wallet, units, event, at)
    else:
        tier = state.cells[TIER]
        rule = state.award_rule[award]
        write(out, TAKEN_BACK, event, at, wallet, -1, 0, rule, 0, units, tier, at, at, FORGIVEN)


def _restore(
    rules: Rules, state: State, out: Entries, record: int, units: int, event: int, at: int
) -> None:
    """Give back what an order was paid with, what lives longest first."""
    row = state.cells[SPENDINGS] - 1
    while row >= 0 and units > 0:
        if state.spending_record[row] == record and state.spending_units[row] > 0:
            back = min(state.spending_units[row], units)
            state.spending_units[row] -= back
            units -= back
            _restore_one(rules, state, out, record, row, back, event, at)
        row -= 1


def _restore_one(
    rules: Rules,
    state: State,
    out: Entries,
    record: int,
    spending: int,
    units: int,
    event: int,
    at: int,
) -> None:
    wallet = state.record_wallet[record]
    lot_id = state.spending_lot[spending]
    award = state.spending_award[spending]
    active = state.spending_active[spending]
    expires = state.spending_expires[spending]
    rule = state.spending_rule[spending]
    lot = row_of_lot(state, lot_id)
    if lot >= 0:
        # It may have been prolonged since.
        expires = state.lot_expires[lot]
    if expires > at:
        if lot < 0:
            label = state.spending_label[spending]
            expiry = state.spending_expiry[spending]
            lot = add_lot(state, lot_id, wallet, 0, active, expires, expiry, rule, award, label)
        state.lot_remaining[lot] += units
        write_on_lot(state, out, RESTORED, lot, units, event, at, BY_RETURN)
        settle(state, out, lot, event, at)
        return
    grace = rules.wallet_grace[settings_of(rules, state.record_version[record], wallet)]
    tier = state.cells[TIER]
    if grace >= 0:
        until = moment(rules, grace, at)
        fresh = new_lot(state)
        label = state.spending_label[spending]
        lot = add_lot(state, fresh, wallet, units, at, until, -1, rule, award, label)
        write_on_lot(state, out, RESTORED, lot, units, event, at, GRACE)
        settle(state, out, lot, event, at)
        return
    if award >= 0:
        state.award_expired[award] += units
    write(out, RESTORED, event, at, wallet, lot_id, units, rule, 0, 0, tier, active, expires, LOST)
    write(out, EXPIRED, event, at, wallet, lot_id, -units, rule, 0, 0, tier, active, expires, LOST)
