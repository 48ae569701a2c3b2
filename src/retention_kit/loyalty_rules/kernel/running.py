"""Many customers, one after the other; the part that is worth compiling."""

from __future__ import annotations

from collections.abc import Sequence

from retention_kit.loyalty_rules.kernel.layout import (
    DONE,
    INFO,
    LOTS,
    NEVER,
    REPEATED,
    TIER,
    TIER_BEFORE,
    TIER_SINCE,
    TIER_UNTIL,
    VERSION,
    Cells,
    Column,
    Entries,
    Events,
    Grid,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.passing import advance
from retention_kit.loyalty_rules.kernel.room import clear, has_room
from retention_kit.loyalty_rules.kernel.steps import take

HELD, ACTIVE, PENDING, HELD_BACK, DEBT, EXPIRES_NEXT, EXPIRES_NEXT_UNITS = range(7)
BALANCE_COLUMNS = 7
LOT_COLUMNS = 8
TIER_COLUMNS = 4


def run(  # noqa: PLR0913, PLR0917 - a compiled function takes its columns one by one
    rules: Rules,
    events: Events,
    starts: Column,
    state: State,
    out: Entries,
    as_of: int,
    applies: int,
    first: int,
    writes: int,
    outcome: Cells,
    available: Cells,
    ends: Cells,
    balances: Sequence[Grid],
    lots: Grid,
    lot_ends: Cells,
    tiers: Grid,
) -> int:
    """Take the events of customers, one customer after the other.

    Args:
        rules: The programme.
        events: The events of all, customer by customer, each customer's in their order.
        starts: Where each customer's begin, and where the last one's end.
        state: Room for one account.
        out: Where the entries go.
        as_of: Until when time passes, exclusive.
        applies: Whether prices have no discounts yet.
        first: With which customer to begin.
        writes: 1 where entries are wanted.
        outcome: By event, what became of it.
        available: By event, what was available or allowed where it was refused.
        ends: By customer, how many entries there are after them.
        balances: By customer and wallet, what is held, can be spent, is pending, reserved and owed,
            when something expires next, and how much.
        lots: The open lots: wallet, number, remaining, reserved, active, expires, rule, label.
        lot_ends: By customer, how many open lots there are after them.
        tiers: By customer, the tier, the one before, since when and until when.

    Returns:
        The first customer who was not done, for whose entries or lots there was no room; `-1 -`
        that customer where it is the account that has none.
    """
    customers = len(starts) - 1
    used = 0
    if first > 0 and len(lots) > 0:
        used = lot_ends[first - 1]
    for customer in range(first, customers):
        before = out.used[0]
        clear(state)
        is_new = True
        for i in range(starts[customer], starts[customer + 1]):
            if not has_room(rules, state):
                out.used[0] = before
                out.used[1] = 0
                return -1 - customer
            if _is_told_again(events, outcome, i):
                outcome[i] = REPEATED
                available[i] = 0
                continue
            outcome[i] = take(rules, events, i, state, out, applies)
            available[i] = state.cells[INFO] if outcome[i] != DONE else 0
            is_new = is_new and outcome[i] != DONE
            if is_new:
                # An account begins with the first event that is taken.
                state.cells[VERSION] = -1
        if starts[customer + 1] > starts[customer]:
            advance(rules, state, out, as_of, as_of, -1)
        if writes == 1 and out.used[1] > 0:
            out.used[0] = before
            out.used[1] = 0
            return customer
        if len(lots) > 0:
            if used + state.cells[LOTS] > len(lots):
                out.used[0] = before
                out.used[1] = 0
                return customer
            used = _copy_lots(state, lots, used)
            lot_ends[customer] = used
        out.used[1] = 0
        ends[customer] = out.used[0]
        if len(balances) > 0:
            _sum_up(rules, state, as_of, balances[customer])
        if len(tiers) > 0:
            tiers[customer][0] = state.cells[TIER]
            tiers[customer][1] = state.cells[TIER_BEFORE]
            tiers[customer][2] = state.cells[TIER_SINCE]
            tiers[customer][3] = state.cells[TIER_UNTIL]
    return customers


def _is_told_again(events: Events, outcome: Cells, i: int) -> bool:
    """Say whether an event has been taken already; one that was refused may come again."""
    before = events.previous[i]
    while before >= 0:
        if outcome[before] == DONE:
            return True
        before = events.previous[before]
    return False


def _copy_lots(state: State, lots: Grid, used: int) -> int:
    for row in range(state.cells[LOTS]):
        into = lots[used]
        into[0] = state.lot_wallet[row]
        into[1] = state.lot_id[row]
        into[2] = state.lot_remaining[row]
        into[3] = state.lot_reserved[row]
        into[4] = state.lot_active[row]
        into[5] = state.lot_expires[row]
        into[6] = state.lot_rule[row]
        into[7] = state.lot_label[row]
        used += 1
    return used


def _sum_up(rules: Rules, state: State, as_of: int, balances: Grid) -> None:
    for wallet in range(rules.wallets):
        into = balances[wallet]
        for column in range(BALANCE_COLUMNS):
            into[column] = 0
        into[EXPIRES_NEXT] = NEVER
    for row in range(state.cells[LOTS]):
        into = balances[state.lot_wallet[row]]
        units = state.lot_remaining[row]
        into[HELD] += units
        if units < 0:
            into[DEBT] -= units
        elif state.lot_active[row] < as_of:
            into[ACTIVE] += units
            into[HELD_BACK] += state.lot_reserved[row]
            if state.lot_expires[row] < into[EXPIRES_NEXT]:
                into[EXPIRES_NEXT] = state.lot_expires[row]
                into[EXPIRES_NEXT_UNITS] = 0
            if state.lot_expires[row] == into[EXPIRES_NEXT] and into[EXPIRES_NEXT] < NEVER:
                into[EXPIRES_NEXT_UNITS] += units
        else:
            into[PENDING] += units
