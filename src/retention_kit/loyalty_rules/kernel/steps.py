"""One event of one customer, taken after everything that is due by then."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    ACTIVATE,
    ACTIVATED,
    ACTIVITY,
    ADJUST,
    ADJUSTED,
    ASKED,
    AT_ITS_END,
    BY_HAND,
    BY_ORDER,
    CAPTURE,
    CERTIFICATE,
    DONE,
    EARNED,
    INFO,
    ISSUE,
    JOINED,
    LOTS,
    NEVER,
    NEXT_DUE,
    NO_RESERVATION,
    ORDER,
    OTHER_CUSTOMER,
    OVER_BALANCE,
    PARTED,
    RECORDS,
    REDEEM,
    RELEASE,
    RESERVE,
    RETURN,
    SEGMENTS,
    TRANSFER,
    TRANSFERRED,
    UNKNOWN_LABEL,
    UNKNOWN_ORDER,
    VERSION,
    Entries,
    Events,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.lots import (
    add_lot,
    available,
    drop_closed,
    expire,
    free,
    new_lot,
    owe,
    resort,
    settle,
    write_on_lot,
)
from retention_kit.loyalty_rules.kernel.moments import moment
from retention_kit.loyalty_rules.kernel.orders import take_activity, take_order
from retention_kit.loyalty_rules.kernel.passing import advance, release
from retention_kit.loyalty_rules.kernel.returns import take_return
from retention_kit.loyalty_rules.kernel.spending import (
    capture,
    held_for,
    may_spend,
    reserve,
    settings_of,
    spend,
)


def take(rules: Rules, events: Events, i: int, state: State, out: Entries, applies: int) -> int:
    """Take an event: what is due by then happens first; then it, or nothing where it is refused.

    Args:
        rules: The programme.
        events: The events, each of which is in its place.
        i: Which of them.
        state: The customer's account, which is changed.
        out: Where the entries go.
        applies: 1 where the price of an order has no discounts yet, 0 where it is net of them.

    Returns:
        `DONE`, or why it is refused; `INFO` then has what is available or allowed.
    """
    cells = state.cells
    at = events.at[i]
    kind = events.kind[i]
    # What comes back at the very instant at which a tier ends still counts for it.
    early = kind in (JOINED, PARTED, RELEASE, ACTIVATE, RETURN)
    advance(rules, state, out, at + 1, at if early else at + 1, -1)
    cells[INFO] = 0
    answer = DONE
    if kind == ORDER:
        answer = take_order(rules, events, i, state, out, applies)
    elif kind == RETURN:
        answer = take_return(rules, events, i, state, out)
    elif kind == ACTIVITY:
        answer = take_activity(rules, events, i, state, out)
    elif kind == REDEEM:
        answer = _redeem(rules, events, i, state, out, at)
    elif kind == RESERVE:
        until = events.until[i] if events.until[i] > 0 else NEVER
        wallet, units = events.wallet[i], events.amount[i]
        answer = reserve(rules, state, out, wallet, units, events.key[i], until, i, at)
        if answer == DONE:
            cells[NEXT_DUE] = min(cells[NEXT_DUE], until)
    elif kind == CAPTURE:
        answer = capture(state, out, events.key[i], -1, -1, i, at)
    elif kind == RELEASE:
        if held_for(state, events.key[i]) > 0:
            release(state, out, events.key[i], i, at, ASKED)
        else:
            answer = NO_RESERVATION
    elif kind == ACTIVATE:
        answer = _activate(rules, events, i, state, out, at)
    elif kind == ISSUE:
        _issue(rules, events, i, state, out, at)
    elif kind in (TRANSFER, ADJUST):
        answer = _move(rules, events, i, state, out, at, kind)
    elif kind == JOINED:
        cells[SEGMENTS] |= 1 << events.key[i]
    elif kind == PARTED:
        cells[SEGMENTS] &= ~(1 << events.key[i])
    drop_closed(state)
    return answer


def _redeem(rules: Rules, events: Events, i: int, state: State, out: Entries, at: int) -> int:
    label = events.key[i]
    wallet = events.wallet[i]
    if label >= 0:
        found = False
        for row in range(state.cells[LOTS]):
            if state.lot_label[row] == label and state.lot_wallet[row] == wallet:
                found = True
        if not found:
            return UNKNOWN_LABEL
    units = events.amount[i]
    answer = may_spend(rules, state, wallet, units, label, 0, -1, at)
    if answer == DONE:
        spend(state, out, wallet, units, label, -1, i, at, ASKED)
    return answer


def _activate(rules: Rules, events: Events, i: int, state: State, out: Entries, at: int) -> int:
    """Let what an order has earned be spent, since it was delivered."""
    record = events.record[i]
    there = state.cells[RECORDS]
    if record < 0 or record >= there or state.record_counts[record] == 0:
        return UNKNOWN_ORDER
    first = state.record_first_award[record]
    last = first + state.record_awards[record]
    row = 0
    while row < state.cells[LOTS]:
        award = state.lot_award[row]
        is_waiting = state.lot_active[row] == NEVER and state.lot_expires[row] == NEVER
        if is_waiting and first <= award < last:
            state.lot_active[row] = at
            rule = state.lot_rule[row]
            state.lot_expires[row] = max(moment(rules, rules.rule_expiry[rule], at), at)
            lot = state.lot_id[row]
            if state.lot_expires[row] <= at:
                expire(state, out, row, i, at, AT_ITS_END)
                row += 1
                continue
            write_on_lot(state, out, ACTIVATED, row, state.lot_remaining[row], i, at, BY_ORDER)
            resort(state, row)
            for now in range(state.cells[LOTS]):
                if state.lot_id[now] == lot:
                    settle(state, out, now, i, at)
            row = 0
        else:
            row += 1
    return DONE


def _issue(rules: Rules, events: Events, i: int, state: State, out: Entries, at: int) -> None:
    wallet = events.wallet[i]
    settings = settings_of(rules, state.cells[VERSION], wallet)
    expiry = -1
    expires = events.until[i]
    if expires == 0:
        expiry = rules.wallet_expiry[settings]
        expires = moment(rules, expiry, at)
    expires = max(expires, at)
    units = events.amount[i]
    lot = new_lot(state)
    row = add_lot(state, lot, wallet, units, at, expires, expiry, -1, -1, events.key[i])
    write_on_lot(state, out, EARNED, row, units, i, at, CERTIFICATE)
    settle(state, out, row, i, at)


def _move(
    rules: Rules, events: Events, i: int, state: State, out: Entries, at: int, kind: int
) -> int:
    """Take what comes from or goes to another customer, or is put right by hand."""
    wallet = events.wallet[i]
    units = events.amount[i]
    written = TRANSFERRED if kind == TRANSFER else ADJUSTED
    reason = OTHER_CUSTOMER if kind == TRANSFER else BY_HAND
    if units >= 0:
        expiry = rules.wallet_expiry[settings_of(rules, state.cells[VERSION], wallet)]
        expires = max(moment(rules, expiry, at), at)
        lot = new_lot(state)
        row = add_lot(state, lot, wallet, units, at, expires, expiry, -1, -1, -1)
        write_on_lot(state, out, written, row, units, i, at, reason)
        settle(state, out, row, i, at)
        return DONE
    left = -units
    there = available(state, wallet, -1, at)
    if kind == ADJUST and left > there:
        state.cells[INFO] = max(there, 0)
        return OVER_BALANCE
    for row in range(state.cells[LOTS]):
        if state.lot_wallet[row] == wallet and left > 0:
            taken = min(free(state, row, at), left)
            if taken > 0:
                state.lot_remaining[row] -= taken
                left -= taken
                write_on_lot(state, out, written, row, -taken, i, at, reason)
    if left > 0:
        owe(state, out, written, wallet, left, i, at)
    return DONE
