"""Lots: what an account holds, in the order in which it is spent."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    DEBT_MADE,
    DEBT_SETTLED,
    EXPIRED,
    LAST_AT,
    LOTS,
    NEVER,
    NEXT_DUE,
    NEXT_LOT,
    TAKEN_BACK,
    TIER,
    TRANSFERRED,
    Entries,
    State,
)
from retention_kit.loyalty_rules.kernel.writing import write


def add_lot(
    state: State,
    lot: int,
    wallet: int,
    units: int,
    active: int,
    expires: int,
    expiry: int,
    rule: int,
    award: int,
    label: int,
) -> int:
    """Put a lot where it stands by expiry, activation and number; give its row."""
    cells = state.cells
    row = cells[LOTS]
    cells[LOTS] = row + 1
    while row > 0 and _is_later(state, row - 1, expires, active, lot):
        _move(state, row - 1, row)
        row -= 1
    state.lot_id[row] = lot
    state.lot_wallet[row] = wallet
    state.lot_remaining[row] = units
    state.lot_reserved[row] = 0
    state.lot_active[row] = active
    state.lot_expires[row] = expires
    state.lot_expiry[row] = expiry
    state.lot_rule[row] = rule
    state.lot_award[row] = award
    state.lot_label[row] = label
    due = min(expires, active if active > cells[LAST_AT] else NEVER)
    cells[NEXT_DUE] = min(cells[NEXT_DUE], due)
    return row


def new_lot(state: State) -> int:
    """Give the number of a new lot."""
    lot = state.cells[NEXT_LOT]
    state.cells[NEXT_LOT] = lot + 1
    return lot


def _is_later(state: State, row: int, expires: int, active: int, lot: int) -> bool:
    if state.lot_expires[row] != expires:
        return state.lot_expires[row] > expires
    if state.lot_active[row] != active:
        return state.lot_active[row] > active
    return state.lot_id[row] > lot


def _move(state: State, row: int, to: int) -> None:
    state.lot_id[to] = state.lot_id[row]
    state.lot_wallet[to] = state.lot_wallet[row]
    state.lot_remaining[to] = state.lot_remaining[row]
    state.lot_reserved[to] = state.lot_reserved[row]
    state.lot_active[to] = state.lot_active[row]
    state.lot_expires[to] = state.lot_expires[row]
    state.lot_expiry[to] = state.lot_expiry[row]
    state.lot_rule[to] = state.lot_rule[row]
    state.lot_award[to] = state.lot_award[row]
    state.lot_label[to] = state.lot_label[row]


def row_of_lot(state: State, lot: int) -> int:
    """Give the row of a lot; -1 where it is closed."""
    for row in range(state.cells[LOTS]):
        if state.lot_id[row] == lot:
            return row
    return -1


def drop_closed(state: State) -> None:
    """Drop the lots in which nothing is left."""
    remaining = state.lot_remaining
    count = state.cells[LOTS]
    first = 0
    while first < count and remaining[first] != 0:
        first += 1
    if first == count:
        return
    end = first
    while end < count and remaining[end] == 0:
        end += 1
    _close_up(state, first, end - first, count)
    kept = first
    for row in range(first, count - end + first):
        if remaining[row] != 0:
            if kept != row:
                _move(state, row, kept)
            kept += 1
    state.cells[LOTS] = kept


def _close_up(state: State, first: int, gap: int, count: int) -> None:
    """Move the lots below a gap up, as fast as Python can."""
    ids = state.lot_id
    wallets = state.lot_wallet
    remaining = state.lot_remaining
    reserved = state.lot_reserved
    active = state.lot_active
    expires = state.lot_expires
    expiry = state.lot_expiry
    rules = state.lot_rule
    awards = state.lot_award
    labels = state.lot_label
    for row in range(first + gap, count):
        to = row - gap
        ids[to] = ids[row]
        wallets[to] = wallets[row]
        remaining[to] = remaining[row]
        reserved[to] = reserved[row]
        active[to] = active[row]
        expires[to] = expires[row]
        expiry[to] = expiry[row]
        rules[to] = rules[row]
        awards[to] = awards[row]
        labels[to] = labels[row]


def resort(state: State, row: int) -> None:
    """Put a lot whose dates have changed where it stands now."""
    lot = state.lot_id[row]
    wallet, units = state.lot_wallet[row], state.lot_remaining[row]
    reserved, active = state.lot_reserved[row], state.lot_active[row]
    expires, expiry = state.lot_expires[row], state.lot_expiry[row]
    rule, award, label = state.lot_rule[row], state.lot_award[row], state.lot_label[row]
    for below in range(row + 1, state.cells[LOTS]):
        _move(state, below, below - 1)
    state.cells[LOTS] -= 1
    now = add_lot(state, lot, wallet, units, active, expires, expiry, rule, award, label)
    state.lot_reserved[now] = reserved


def free(state: State, row: int, at: int) -> int:
    """Give how much of a lot can be spent now; a debt is below 0."""
    if state.lot_active[row] > at or state.lot_expires[row] <= at:
        return 0
    return state.lot_remaining[row] - state.lot_reserved[row]


def available(state: State, wallet: int, label: int, at: int) -> int:
    """Give how much of a wallet can be spent now, less its debt.

    Args:
        state: The account, as it is now.
        wallet: The wallet.
        label: Of which label alone; -1 for all.
        at: Now.
    """
    wallets = state.lot_wallet
    active = state.lot_active
    expires = state.lot_expires
    remaining = state.lot_remaining
    reserved = state.lot_reserved
    found = 0
    for row in range(state.cells[LOTS]):
        # This runs for every lot of every payment, so what `free` does is said again.
        if (
            wallets[row] == wallet
            and active[row] <= at < expires[row]
            and (label < 0 or state.lot_label[row] == label)
        ):
            found += remaining[row] - reserved[row]
    return found


def settle(state: State, out: Entries, row: int, event: int, at: int) -> None:
    """Pay the debt of a wallet with a lot that can be spent now; closed lots are kept."""
    if state.lot_active[row] > at:
        return
    # A debt never expires, so it stands below whatever does.
    debt = state.cells[LOTS]
    while debt > 0 and state.lot_expires[debt - 1] == NEVER:
        debt -= 1
        if state.lot_wallet[debt] == state.lot_wallet[row] and state.lot_remaining[debt] < 0:
            units = min(free(state, row, at), -state.lot_remaining[debt])
            if units > 0:
                state.lot_remaining[row] -= units
                state.lot_remaining[debt] += units
                write_on_lot(state, out, TRANSFERRED, row, -units, event, at, DEBT_SETTLED)
                write_on_lot(state, out, TRANSFERRED, debt, units, event, at, DEBT_SETTLED)


def owe(
    state: State, out: Entries, kind: int, wallet: int, units: int, event: int, at: int
) -> None:
    """Let a wallet owe units more: its debt is a lot below 0."""
    debt = -1
    for row in range(state.cells[LOTS]):
        if state.lot_wallet[row] == wallet and state.lot_remaining[row] < 0:
            debt = row
    if debt < 0:
        debt = add_lot(state, new_lot(state), wallet, 0, at, NEVER, -1, -1, -1, -1)
    state.lot_remaining[debt] -= units
    write_on_lot(state, out, kind, debt, -units, event, at, DEBT_MADE)


def write_on_lot(
    state: State, out: Entries, kind: int, row: int, units: int, event: int, at: int, reason: int
) -> None:
    """Write an entry of a lot, with its rule and dates."""
    write(
        out,
        kind,
        event,
        at,
        state.lot_wallet[row],
        state.lot_id[row],
        units,
        state.lot_rule[row],
        0,
        0,
        state.cells[TIER],
        state.lot_active[row],
        state.lot_expires[row],
        reason,
    )


def expire(state: State, out: Entries, row: int, event: int, at: int, reason: int) -> None:
    """Let what is free of a lot expire; a closed lot is kept."""
    units = state.lot_remaining[row] - state.lot_reserved[row]
    if units <= 0:
        return
    state.lot_remaining[row] -= units
    if state.lot_award[row] >= 0:
        state.award_expired[state.lot_award[row]] += units
    write_on_lot(state, out, EXPIRED, row, -units, event, at, reason)


def take_back_from_others(
    state: State, out: Entries, wallet: int, units: int, event: int, at: int, reason: int
) -> int:
    """Take units back from whatever can be spent, soonest to expire first; give what is missing."""
    for row in range(state.cells[LOTS]):
        if units == 0:
            break
        if state.lot_wallet[row] != wallet:
            continue
        taken = min(free(state, row, at), units)
        if taken > 0:
            state.lot_remaining[row] -= taken
            units -= taken
            write_on_lot(state, out, TAKEN_BACK, row, -taken, event, at, reason)
    return units
