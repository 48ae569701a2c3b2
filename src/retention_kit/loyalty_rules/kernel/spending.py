"""Spending: what may be spent, from which lots, and what is held for a payment."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    ABOVE_SHARE,
    ASKED,
    BELOW_MINIMUM,
    BY_ORDER,
    CAPTURED,
    DONE,
    HOLDS,
    INFO,
    LOTS,
    NO_RESERVATION,
    NOT_A_STEP,
    NOT_SPENDABLE,
    OVER_BALANCE,
    REDEEMED,
    RESERVED,
    RESERVED_ALREADY,
    SPENDINGS,
    VERSION,
    Entries,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.lots import (
    available,
    expire,
    free,
    row_of_lot,
    write_on_lot,
)
from retention_kit.loyalty_rules.kernel.numbers import share
from retention_kit.loyalty_rules.kernel.passing import keep_hold


def settings_of(rules: Rules, version: int, wallet: int) -> int:
    """Give the row of a wallet's settings in a version."""
    return version * rules.wallets + wallet


def worth(rules: Rules, row: int, units: int) -> int:
    """Give what units are worth in money."""
    return share(units, rules.wallet_top[row], rules.wallet_bottom[row])


def most_by_share(rules: Rules, row: int, base: int) -> int:
    """Give how many units an order may be paid with at the most, by its share."""
    money = share(base, rules.wallet_share_top[row], rules.wallet_share_bottom[row])
    return share(money, rules.wallet_bottom[row], rules.wallet_top[row])


def most(rules: Rules, state: State, wallet: int, base: int, at: int) -> int:
    """Give how many units an order can be paid with at the most: a step, not below the minimum."""
    row = settings_of(rules, state.cells[VERSION], wallet)
    if rules.wallet_spends[row] == 0:
        return 0
    units = min(available(state, wallet, -1, at), most_by_share(rules, row, base))
    units = max(units, 0) // rules.wallet_step[row] * rules.wallet_step[row]
    return units if units >= rules.wallet_minimum[row] else 0


def may_spend(
    rules: Rules,
    state: State,
    wallet: int,
    units: int,
    label: int,
    held: int,
    base: int,
    at: int,
) -> int:
    """Say whether units can be spent, or why not; `INFO` then has what is available or allowed.

    Args:
        rules: The programme.
        state: The account.
        wallet: The wallet; -1 is none.
        units: How many, above 0; -2 where what was paid is no number of units.
        label: Of which label; -1 for all.
        held: How many of them are held for it.
        base: What of an order may be paid for with them, in money; -1 where there is no order.
        at: Now.
    """
    cells = state.cells
    if wallet < 0:
        cells[INFO] = 0
        return NOT_SPENDABLE
    row = settings_of(rules, cells[VERSION], wallet)
    if rules.wallet_spends[row] == 0:
        cells[INFO] = 0
        return NOT_SPENDABLE
    if units < 0 or units % rules.wallet_step[row] != 0:
        cells[INFO] = rules.wallet_step[row]
        return NOT_A_STEP
    if units < rules.wallet_minimum[row]:
        cells[INFO] = rules.wallet_minimum[row]
        return BELOW_MINIMUM
    if base >= 0 and units > most_by_share(rules, row, base):
        cells[INFO] = most_by_share(rules, row, base)
        return ABOVE_SHARE
    there = available(state, wallet, label, at)
    if units - held > there:
        cells[INFO] = max(there + held, 0)
        return OVER_BALANCE
    return DONE


def spend(
    state: State,
    out: Entries,
    wallet: int,
    units: int,
    label: int,
    record: int,
    event: int,
    at: int,
    reason: int,
) -> None:
    """Spend units that are there, of the lots that expire soonest."""
    for row in range(state.cells[LOTS]):
        if units == 0:
            break
        if state.lot_wallet[row] != wallet or (label >= 0 and state.lot_label[row] != label):
            continue
        taken = min(free(state, row, at), units)
        if taken > 0:
            units -= taken
            _redeem(state, out, row, taken, record, event, at, reason)


def _redeem(
    state: State, out: Entries, row: int, units: int, record: int, event: int, at: int, reason: int
) -> None:
    state.lot_remaining[row] -= units
    write_on_lot(state, out, REDEEMED, row, -units, event, at, reason)
    if record < 0:
        return
    cells = state.cells
    place = cells[SPENDINGS]
    cells[SPENDINGS] = place + 1
    state.spending_record[place] = record
    state.spending_lot[place] = state.lot_id[row]
    state.spending_award[place] = state.lot_award[row]
    state.spending_units[place] = units
    state.spending_active[place] = state.lot_active[row]
    state.spending_expires[place] = state.lot_expires[row]
    state.spending_expiry[place] = state.lot_expiry[row]
    state.spending_rule[place] = state.lot_rule[row]
    state.spending_label[place] = state.lot_label[row]


def held_for(state: State, key: int) -> int:
    """Give how much a reservation holds; 0 where there is none."""
    units = 0
    for row in range(state.cells[HOLDS]):
        if state.hold_key[row] == key:
            units += state.hold_units[row]
    return units


def wallet_held(state: State, key: int) -> int:
    """Give of which wallet a reservation is; -1 where there is none."""
    for row in range(state.cells[HOLDS]):
        if state.hold_key[row] == key:
            return state.hold_wallet[row]
    return -1


def reserve(
    rules: Rules,
    state: State,
    out: Entries,
    wallet: int,
    units: int,
    key: int,
    until: int,
    event: int,
    at: int,
) -> int:
    """Hold units for a payment until an instant."""
    if held_for(state, key) > 0:
        return RESERVED_ALREADY
    if units <= 0:
        state.cells[INFO] = 0
        return BELOW_MINIMUM
    answer = may_spend(rules, state, wallet, units, -1, 0, -1, at)
    if answer != DONE:
        return answer
    left = units
    cells = state.cells
    for row in range(cells[LOTS]):
        if state.lot_wallet[row] == wallet and left > 0:
            taken = min(free(state, row, at), left)
            if taken > 0:
                left -= taken
                state.lot_reserved[row] += taken
                place = cells[HOLDS]
                cells[HOLDS] = place + 1
                state.hold_key[place] = key
                state.hold_lot[place] = state.lot_id[row]
                state.hold_units[place] = taken
                state.hold_until[place] = until
                state.hold_wallet[place] = wallet
                write_on_lot(state, out, RESERVED, row, taken, event, at, ASKED)
    return DONE


def capture(
    state: State, out: Entries, key: int, wanted: int, record: int, event: int, at: int
) -> int:
    """Spend what a reservation holds, or as much of it as is wanted; the rest is free again.

    Args:
        state: The account.
        out: Where the entries go.
        key: The reservation.
        wanted: How many units at the most; -1 for all.
        record: The order that is paid; -1 for none.
        event: The event.
        at: Now.

    Returns:
        `DONE`, or that there is no such reservation.
    """
    cells = state.cells
    units = held_for(state, key)
    if units == 0:
        return NO_RESERVATION
    if wanted >= 0:
        units = min(units, wanted)
    kept = 0
    for row in range(cells[HOLDS]):
        if state.hold_key[row] != key:
            keep_hold(state, row, kept)
            kept += 1
            continue
        lot = row_of_lot(state, state.hold_lot[row])
        state.lot_reserved[lot] -= state.hold_units[row]
        taken = min(state.hold_units[row], units)
        units -= taken
        if taken > 0:
            write_on_lot(state, out, CAPTURED, lot, taken, event, at, ASKED)
            _redeem(state, out, lot, taken, record, event, at, BY_ORDER if record >= 0 else ASKED)
        if state.lot_expires[lot] <= at:
            expire(state, out, lot, event, at, ASKED)
    cells[HOLDS] = kept
    return DONE
