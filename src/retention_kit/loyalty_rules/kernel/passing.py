"""The passing of time: what happens to an account by itself."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    ACTIVATED,
    AT_ITS_END,
    HOLDS,
    LAST_AT,
    LOTS,
    NEVER,
    NEXT_DUE,
    RELEASED,
    TIER,
    TIER_UNTIL,
    TIMED_OUT,
    VERSION,
    Entries,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.lots import (
    drop_closed,
    expire,
    row_of_lot,
    settle,
    write_on_lot,
)
from retention_kit.loyalty_rules.kernel.tiers import begin, change_version, fall


def advance(
    rules: Rules, state: State, out: Entries, until: int, falls_until: int, event: int
) -> None:
    """Let everything happen that is due before an instant, in the order of time.

    Args:
        rules: The programme.
        state: The account, which is changed.
        out: Where the entries go.
        until: What is due before it happens.
        falls_until: Before when a tier falls: what is returned at the very instant counts first.
        event: The event that entries are written under.
    """
    cells = state.cells
    if cells[VERSION] < 0:
        begin(rules, state, until - 1)
    while cells[NEXT_DUE] < until:
        due = _next_due(rules, state, falls_until)
        if due >= until:
            # A tier that falls later than everything else is still to come.
            cells[NEXT_DUE] = min(due, cells[TIER_UNTIL])
            break
        _pass(rules, state, out, due, falls_until, event)
        cells[LAST_AT] = due
        cells[NEXT_DUE] = _next_due(rules, state, NEVER)
    cells[LAST_AT] = max(cells[LAST_AT], until - 1)


def _next_due(rules: Rules, state: State, falls_until: int) -> int:
    cells = state.cells
    now = cells[LAST_AT]
    due = NEVER
    if cells[TIER_UNTIL] < falls_until:
        due = cells[TIER_UNTIL]
    if cells[VERSION] + 1 < rules.versions:
        due = min(due, rules.version_from[cells[VERSION] + 1])
    for row in range(cells[LOTS]):
        if state.lot_remaining[row] > state.lot_reserved[row]:
            due = min(due, state.lot_expires[row])
        if state.lot_active[row] > now:
            due = min(due, state.lot_active[row])
    for row in range(cells[HOLDS]):
        due = min(due, state.hold_until[row])
    return due


def _pass(rules: Rules, state: State, out: Entries, due: int, falls_until: int, event: int) -> None:
    cells = state.cells
    now = cells[LAST_AT]
    if cells[VERSION] + 1 < rules.versions and rules.version_from[cells[VERSION] + 1] <= due:
        change_version(rules, state, out, event, due)
    for row in range(cells[LOTS]):
        if state.lot_expires[row] <= due:
            expire(state, out, row, event, due, AT_ITS_END)
    row = 0
    while row < cells[HOLDS]:
        if state.hold_until[row] <= due:
            release(state, out, state.hold_key[row], event, due, TIMED_OUT)
            row = 0
        else:
            row += 1
    for row in range(cells[LOTS]):
        if now < state.lot_active[row] <= due < state.lot_expires[row]:
            units = state.lot_remaining[row]
            write_on_lot(state, out, ACTIVATED, row, units, event, due, AT_ITS_END)
            settle(state, out, row, event, due)
    drop_closed(state)
    if cells[TIER] >= 0 and cells[TIER_UNTIL] <= due and cells[TIER_UNTIL] < falls_until:
        fall(rules, state, out, event, due)


def release(state: State, out: Entries, key: int, event: int, at: int, reason: int) -> None:
    """Give back what a reservation holds; what has expired meanwhile expires now."""
    kept = 0
    for row in range(state.cells[HOLDS]):
        if state.hold_key[row] == key:
            lot = row_of_lot(state, state.hold_lot[row])
            state.lot_reserved[lot] -= state.hold_units[row]
            write_on_lot(state, out, RELEASED, lot, state.hold_units[row], event, at, reason)
            due = state.lot_expires[lot]
            state.cells[NEXT_DUE] = min(state.cells[NEXT_DUE], due)
        else:
            keep_hold(state, row, kept)
            kept += 1
    state.cells[HOLDS] = kept
    for row in range(state.cells[LOTS]):
        if state.lot_expires[row] <= at:
            expire(state, out, row, event, at, AT_ITS_END)


def keep_hold(state: State, row: int, to: int) -> None:
    """Move a row of a reservation."""
    state.hold_key[to] = state.hold_key[row]
    state.hold_lot[to] = state.hold_lot[row]
    state.hold_units[to] = state.hold_units[row]
    state.hold_until[to] = state.hold_until[row]
    state.hold_wallet[to] = state.hold_wallet[row]
