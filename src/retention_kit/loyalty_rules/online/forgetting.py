"""What an account need not remember: what nothing can happen to any more.

Forgetting changes no later answer. Orders stay known by their ids.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.layout import NEVER
from retention_kit.loyalty_rules.kernel.moments import moment, window_start
from retention_kit.loyalty_rules.online.columns import Rest, kept

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
    from retention_kit.loyalty_rules.online.account import Account

SOURCES = 64
"""How many events other than orders are remembered, so that they are not taken twice."""
_EVERY = 8
"""After how many orders it is looked what can be forgotten."""
_NONE = -1


def forgotten(account: Account, program: CompiledProgram) -> Account:
    """Give an account without what nothing can happen to any more.

    Args:
        account: The account after a post.
        program: The programme.
    """
    state = account.state
    assert state is not None
    if account.names:
        account = _without_names(account, state)
    if not account.orders or len(account.orders) % _EVERY:
        return account
    at = state.cells[layout.LAST_AT]
    over = _over(state, program, at)
    if not any(over):
        return account
    counted = _counted(state, program, at)
    dropped_rows = len(counted) < state.cells[layout.QUALIFYING]
    outgrown = account.outgrown
    if dropped_rows:
        first_kept = counted[0] if counted else state.cells[layout.QUALIFYING]
        outgrown = state.qualifying_at[first_kept - 1]
    state = kept(state, "qualifying", counted)
    needed = set(state.qualifying_record)
    records = [row for row, is_over in enumerate(over) if not is_over or row in needed]
    state = _with_records(_with_awards(state, over), records)
    kept_orders = set(records)
    return replace(
        account,
        state=state,
        outgrown=outgrown,
        orders=tuple(account.orders[row] for row in records),
        past=(
            *account.past,
            *(one for row, one in enumerate(account.orders) if row not in kept_orders),
        ),
    )


def _over(state: Rest, program: CompiledProgram, at: int) -> list[bool]:
    """Say of each order whether no return and no delivery changes anything of it any more."""
    rules = program.rules
    waiting = {
        state.lot_award[row]
        for row in range(state.cells[layout.LOTS])
        if state.lot_active[row] == NEVER
    }
    found: list[bool] = []
    for row in range(state.cells[layout.RECORDS]):
        until = moment(rules, rules.return_until[state.record_version[row]], state.record_at[row])
        first = state.record_first_award[row]
        awards = range(first, first + state.record_awards[row])
        found.append(until <= at and waiting.isdisjoint(awards))
    return found


def _counted(state: Rest, program: CompiledProgram, at: int) -> list[int]:
    """Give the rows that count towards a tier in some window, now or later."""
    rules = program.rules
    starts = [
        window_start(rules, version, at)
        for version in range(state.cells[layout.VERSION], rules.versions)
        if rules.tiers[version] > 0 and rules.ladder_window[version] >= 0
    ]
    if not starts:
        return []
    start = min(starts)
    rows = range(state.cells[layout.QUALIFYING])
    return [row for row in rows if state.qualifying_at[row] > start]


def _with_awards(state: Rest, over: list[bool]) -> Rest:
    """Forget the awards and the spendings of orders that are over."""
    awards: list[int] = []
    firsts, counts = list(state.record_first_award), list(state.record_awards)
    for row, is_over in enumerate(over):
        own = range(firsts[row], firsts[row] + counts[row])
        firsts[row] = 0 if is_over else len(awards)
        if is_over:
            counts[row] = 0
        else:
            awards.extend(own)
    now = {award: place for place, award in enumerate(awards)}
    now[_NONE] = _NONE
    spendings = [
        row for row in range(state.cells[layout.SPENDINGS]) if not over[state.spending_record[row]]
    ]
    state = kept(kept(state, "award", awards), "spending", spendings)
    return state._replace(
        record_first_award=tuple(firsts),
        record_awards=tuple(counts),
        lot_award=tuple(now.get(award, _NONE) for award in state.lot_award),
        spending_award=tuple(now.get(award, _NONE) for award in state.spending_award),
    )


def _with_records(state: Rest, records: list[int]) -> Rest:
    now = {record: place for place, record in enumerate(records)}
    now[_NONE] = _NONE
    state = kept(state, "record", records)
    return state._replace(
        spending_record=tuple(now[record] for record in state.spending_record),
        qualifying_record=tuple(now.get(record, _NONE) for record in state.qualifying_record),
    )


def _without_names(account: Account, state: Rest) -> Account:
    """Forget the names of reservations and labels that nothing bears any more."""
    borne = {*state.lot_label, *state.spending_label, *state.hold_key}
    if all(number in borne for number, _ in account.names):
        return account
    return replace(
        account, names=tuple((number, name) for number, name in account.names if number in borne)
    )
