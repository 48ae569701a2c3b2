"""The kernel, run over one account: time passes, and an event is taken."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.layout import Entries, Events
from retention_kit.loyalty_rules.kernel.passing import advance
from retention_kit.loyalty_rules.kernel.steps import take
from retention_kit.loyalty_rules.online.columns import (
    COUNTED_BY,
    Rest,
    closed,
    empty_entries,
    opened,
    opened_in_part,
)
from retention_kit.loyalty_rules.online.kept import Kept

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

BY_TIME = -1
"""The event that entries have which time alone has made."""
_ON_TIER = 5
_SPARE = 4
_ENTRIES = 32
_PER_LOT = 3
_LARGEST = 1 << 20


def moved(state: Rest, program: CompiledProgram, events: Events) -> tuple[int, Any, Entries]:
    """Take one event; give what became of it, the account after it, and the entries.

    The state that is given stays as it is.
    """
    room = _ENTRIES + _PER_LOT * state.cells[layout.LOTS]
    while True:
        now = opened(state, _room(program, state), program.rules.bases)
        out = empty_entries(room)
        answer = take(program.rules, events, 0, now, out, 0)
        if not out.used[1]:
            return answer, now, out
        room = min(room * 8, _LARGEST)


def passed(state: Rest, program: CompiledProgram, until: int) -> tuple[Any, Entries]:
    """Let time pass up to an instant, exclusive; give the account then, and the entries."""
    room = _ENTRIES + _PER_LOT * state.cells[layout.LOTS]
    while True:
        now = opened(state, _room(program, state), program.rules.bases)
        out = empty_entries(room)
        advance(program.rules, now, out, until, until, BY_TIME)
        if not out.used[1]:
            return now, out
        room = min(room * 8, _LARGEST)


def advanced(account: Kept, program: CompiledProgram, until: int) -> Rest:
    """Give the state of an account at an instant, exclusive; it may be the account's own."""
    state = account.state
    assert state is not None
    if state.cells[layout.VERSION] >= 0 and state.cells[layout.NEXT_DUE] >= until:
        return state
    return closed(passed(state, program, until)[0])


def copied(state: Rest, program: CompiledProgram, at: int) -> tuple[Any, Entries]:
    """Give a copy of a state on which an order may be tried, and room for what that writes."""
    # Nobody reads what it writes beyond the rules' own entries; what time makes may be lost.
    room = _ENTRIES + _PER_LOT * state.cells[layout.LOTS] + 2 * len(program.rules_by_number)
    is_quiet = state.cells[layout.NEXT_DUE] > at and not state.cells[layout.HOLDS]
    make = opened_in_part if is_quiet and not _has_windows(program) else opened
    return make(state, _room(program, state), program.rules.bases), empty_entries(room)


@functools.lru_cache(maxsize=64)
def _has_windows(program: CompiledProgram) -> bool:
    """Say whether any tiers look at the orders of some time, not at totals."""
    rules = program.rules
    versions = range(rules.versions)
    return any(rules.tiers[one] > 0 and rules.ladder_window[one] >= 0 for one in versions)


def _room(program: CompiledProgram, state: Rest) -> Mapping[str, int]:
    """Say how many rows of each kind one event may add."""
    fresh = _of_event(program)
    cells = state.cells
    lots = cells[layout.LOTS]
    return {
        **fresh,
        # What was spent comes back as so many lots at the most; what is there may be spent.
        "lot": fresh["lot"] + cells[layout.SPENDINGS],
        "spending": lots + _SPARE,
        "hold": lots + _SPARE,
    }


@functools.lru_cache(maxsize=64)
def _of_event(program: CompiledProgram) -> Mapping[str, int]:
    rules: Any = program.rules
    count = len(rules.rule_wallet)
    on_tier = sum(1 for trigger in rules.rule_trigger if trigger == _ON_TIER)
    rises = max(rules.tiers, default=0)
    found = dict.fromkeys(COUNTED_BY, _SPARE)
    found["lot"] = count + on_tier * rises + rules.wallets + _SPARE
    found["award"] = count + _SPARE
    found["qualifying"] = rises + _SPARE
    return found
