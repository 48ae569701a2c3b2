"""An order: what it is paid with, what it earns, and the tier that it reaches."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.awards import reckon, uncapped, without_points
from retention_kit.loyalty_rules.kernel.candidates import candidates, may_pay, remember
from retention_kit.loyalty_rules.kernel.discounts import count_uses, discounted
from retention_kit.loyalty_rules.kernel.giving import give
from retention_kit.loyalty_rules.kernel.layout import (
    AWARDS,
    BY_ORDER,
    DISCOUNT,
    DONE,
    INFO,
    LOTS,
    NEVER,
    NO_RESERVATION,
    NOT_A_STEP,
    ORDERS,
    RECORDS,
    SPENT_SO_FAR,
    TOTAL_ORDERS,
    VERSION,
    Entries,
    Events,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.lots import resort
from retention_kit.loyalty_rules.kernel.moments import moment
from retention_kit.loyalty_rules.kernel.numbers import share
from retention_kit.loyalty_rules.kernel.spending import (
    capture,
    held_for,
    may_spend,
    most,
    settings_of,
    spend,
    wallet_held,
    worth,
)
from retention_kit.loyalty_rules.kernel.tiers import note, rise, tier_in_force

_AS_MANY_AS_MAY_BE = -1


def take_order(
    rules: Rules, events: Events, i: int, state: State, out: Entries, applies: int
) -> int:
    """Take a sale: pay with what is held or there, then earn, then rise; or refuse it."""
    cells = state.cells
    at = events.at[i]
    tier = tier_in_force(state, at)
    record = _open_record(rules, events, i, state, out, at, tier, applies)
    goods = state.record_amount[record]
    wallet = events.wallet[i]
    wanted = events.spend[i]
    if wanted == _AS_MANY_AS_MAY_BE:
        wanted = 0
        if wallet >= 0:
            row = settings_of(rules, cells[VERSION], wallet)
            wanted = most(rules, state, wallet, _spendable(rules, events, i, state, row), at)
    answer = _pay(rules, events, i, state, out, record, wallet, wanted, at)
    if answer != DONE:
        state.record_counts[record] = 0
        return answer
    points = state.record_spent[record]
    money = 0
    if points > 0:
        money = worth(rules, settings_of(rules, cells[VERSION], wallet), points)
    if applies == 0:
        count_uses(rules, events, i, state, tier, goods)
    slide(rules, state, -1, at)
    _earn(rules, events, i, state, out, record, money, at, tier)
    return DONE


def _open_record(
    rules: Rules,
    events: Events,
    i: int,
    state: State,
    out: Entries,
    at: int,
    tier: int,
    applies: int,
) -> int:
    """Remember an order, and fill `base_now` with its bases, discounts taken off."""
    cells = state.cells
    gross = events.amount[i]
    off = 0
    if applies == 1:
        off = discounted(rules, events, i, state, out, at, tier, gross)
    cells[DISCOUNT] = off
    goods = gross - off
    for base in range(rules.bases):
        amount = events.bases[base][i]
        if off > 0 and gross > 0 and rules.base_flags[base] & 6 == 0:
            amount = share(amount, goods, gross)
        state.base_now[base] = amount
    record = cells[RECORDS]
    cells[RECORDS] = record + 1
    state.record_at[record] = at
    state.record_version[record] = cells[VERSION]
    state.record_gross[record] = gross
    state.record_amount[record] = goods
    state.record_returned[record] = 0
    state.record_spent[record] = 0
    state.record_restored[record] = 0
    state.record_wallet[record] = events.wallet[i]
    state.record_tier[record] = tier
    state.record_first_award[record] = cells[AWARDS]
    state.record_awards[record] = 0
    state.record_counts[record] = 1
    state.record_position[record] = cells[SPENT_SO_FAR]
    return record


def _spendable(rules: Rules, events: Events, i: int, state: State, row: int) -> int:
    """Give what of an order may be paid for with points, discounts taken off."""
    base = rules.wallet_base[row]
    if base < 0:
        return events.amount[i] - state.cells[DISCOUNT]
    return state.base_now[base]


def _pay(
    rules: Rules,
    events: Events,
    i: int,
    state: State,
    out: Entries,
    record: int,
    wallet: int,
    units: int,
    at: int,
) -> int:
    """Pay with points, of a reservation first where the order names one; or say why not."""
    key = events.key[i]
    held = 0
    if key >= 0:
        held = held_for(state, key)
        if held == 0 or wallet_held(state, key) != wallet:
            return NO_RESERVATION
    if units == -2:
        state.cells[INFO] = 0
        return NOT_A_STEP
    if units == 0:
        return DONE
    base = -1
    if wallet >= 0:
        row = settings_of(rules, state.cells[VERSION], wallet)
        base = _spendable(rules, events, i, state, row)
    answer = may_spend(rules, state, wallet, units, -1, held, base, at)
    if answer != DONE:
        return answer
    if held > 0:
        capture(state, out, key, units, record, i, at)
    if units > held:
        spend(state, out, wallet, units - held, -1, record, i, at, BY_ORDER)
    state.record_spent[record] = units
    return DONE


def _earn(
    rules: Rules,
    events: Events,
    i: int,
    state: State,
    out: Entries,
    record: int,
    money: int,
    at: int,
    tier: int,
) -> None:
    cells = state.cells
    goods = state.record_amount[record]
    first = cells[AWARDS]
    count = candidates(rules, state, events.mask[i], at, tier)
    state.record_awards[record] = count
    position = cells[SPENT_SO_FAR]
    reckon(rules, state, first, count, tier, position, money, goods)
    points = _give_all(rules, state, out, first, count, i, at, tier, position, money, goods, True)
    paid = goods - money
    cells[ORDERS] += 1
    cells[TOTAL_ORDERS] += 1
    cells[SPENT_SO_FAR] += paid
    note(state, at, record, paid, points)
    climb(rules, state, out, i, events.mask[i], at)


def _give_all(
    rules: Rules,
    state: State,
    out: Entries,
    first: int,
    count: int,
    event: int,
    at: int,
    tier: int,
    position: int,
    money: int,
    goods: int,
    is_remembered: bool,
) -> int:
    points = 0
    for row in range(first, first + count):
        if state.award_new[row] > 0:
            rule = state.award_rule[row]
            full = state.award_new[row]
            is_free = state.award_room[row] == NEVER and state.award_bar[row] == NEVER
            if not is_free or rules.rule_group[rule] >= 0:
                full = uncapped(rules, state, row, first, count, tier, position, money, goods)
            base = without_points(rules, rules.rule_base[rule], state.award_base[row], money, goods)
            points += give(rules, state, out, row, event, at, tier, base, full, is_remembered)
    return points


def take_activity(rules: Rules, events: Events, i: int, state: State, out: Entries) -> int:
    """Take something that a customer did: what it earns, what it keeps alive."""
    cells = state.cells
    at = events.at[i]
    tier = tier_in_force(state, at)
    for base in range(rules.bases):
        state.base_now[base] = events.bases[base][i]
    slide(rules, state, events.key[i], at)
    first = cells[AWARDS]
    count = candidates(rules, state, events.mask[i], at, tier)
    position = cells[SPENT_SO_FAR]
    reckon(rules, state, first, count, tier, position, 0, 0)
    points = _give_all(rules, state, out, first, count, i, at, tier, position, 0, 0, False)
    cells[AWARDS] = first
    if points > 0:
        note(state, at, -1, 0, points)
    climb(rules, state, out, i, events.mask[i], at)
    return DONE


def climb(rules: Rules, state: State, out: Entries, event: int, mask: int, at: int) -> None:
    """Rise to the tier that is reached, and pay what is paid for that, as long as there is one."""
    before = tier_in_force(state, at)
    tier = rise(rules, state, out, event, at)
    while tier >= 0:
        points = _pay_for_tier(rules, state, out, event, mask, at, tier, before)
        if points == 0:
            return
        note(state, at, -1, 0, points)
        tier = rise(rules, state, out, event, at)


def _pay_for_tier(
    rules: Rules,
    state: State,
    out: Entries,
    event: int,
    mask: int,
    at: int,
    tier: int,
    before: int,
) -> int:
    cells = state.cells
    first = cells[AWARDS]
    rule = 0
    while mask > 0:
        is_asked = mask & 1 == 1 and rules.rule_trigger[rule] == 5
        number = rules.rule_number[rule] if is_asked else -1
        if is_asked and (number < 0 or number == tier) and may_pay(rules, state, rule, at, before):
            remember(rules, state, rule, 0, at)
        mask >>= 1
        rule += 1
    count = cells[AWARDS] - first
    reckon(rules, state, first, count, before, 0, 0, 0)
    points = _give_all(rules, state, out, first, count, event, at, before, 0, 0, 0, False)
    cells[AWARDS] = first
    return points


def slide(rules: Rules, state: State, activity: int, at: int) -> None:
    """Move the expiry of lots that live as long as something is done; -1 is an order."""
    cells = state.cells
    for version in range(cells[VERSION] + 1):
        for wallet in range(rules.wallets):
            row = settings_of(rules, version, wallet)
            if activity < 0:
                is_moving = rules.wallet_slides[row] == 1
            else:
                is_moving = rules.slide_activity[row][activity] == 1
            if is_moving:
                # From the last one, since a lot that lives longer moves down.
                for lot in range(cells[LOTS] - 1, -1, -1):
                    _prolong(rules, state, lot, wallet, rules.wallet_expiry[row], at)


def _prolong(rules: Rules, state: State, lot: int, wallet: int, expiry: int, at: int) -> None:
    if state.lot_wallet[lot] != wallet or state.lot_expiry[lot] != expiry:
        return
    if not state.lot_active[lot] <= at < state.lot_expires[lot]:
        return
    expires = moment(rules, expiry, at)
    if expires > state.lot_expires[lot]:
        state.lot_expires[lot] = expires
        resort(state, lot)
