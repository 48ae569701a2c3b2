"""Tiers: what is reached, when it is in force, and how it ends."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import (
    AT_ITS_END,
    BY_ORDER,
    BY_ORDERS,
    BY_SPEND,
    LONG_AGO,
    NEVER,
    NEW_VERSION,
    NEXT_DUE,
    ONE_STEP,
    QUALIFYING,
    SPENT_SO_FAR,
    STAYS,
    TIER,
    TIER_BEFORE,
    TIER_DOWN,
    TIER_SINCE,
    TIER_UNTIL,
    TIER_UP,
    TIER_VERSION,
    TOTAL_ORDERS,
    TOTAL_POINTS,
    VERSION,
    Entries,
    Rules,
    State,
)
from retention_kit.loyalty_rules.kernel.moments import moment, window_start
from retention_kit.loyalty_rules.kernel.writing import write


def tier_in_force(state: State, at: int) -> int:
    """Give the tier whose benefits count: what is reached at an instant starts after it."""
    if state.cells[TIER_SINCE] == at:
        return state.cells[TIER_BEFORE]
    return state.cells[TIER]


def standing(rules: Rules, state: State, version: int, at: int) -> int:
    """Give the figure by which tiers are reached, over the window that ends with an instant."""
    by = rules.ladder_by[version]
    cells = state.cells
    start = window_start(rules, version, at)
    if start < 0 and rules.ladder_window[version] < 0:
        if by == BY_ORDERS:
            return cells[TOTAL_ORDERS]
        return cells[SPENT_SO_FAR] if by == BY_SPEND else cells[TOTAL_POINTS]
    found = 0
    row = cells[QUALIFYING] - 1
    while row >= 0 and state.qualifying_at[row] > start:
        record = state.qualifying_record[row]
        if by == BY_ORDERS:
            if record >= 0 and state.record_counts[record] == 1:
                found += 1
        elif by == BY_SPEND:
            found += state.qualifying_spend[row]
        else:
            found += state.qualifying_points[row]
        row -= 1
    return found


def reached(rules: Rules, version: int, figure: int) -> int:
    """Give the highest tier of a version that a figure reaches; -1 for none."""
    found = -1
    first = rules.first_tier[version]
    for tier in range(first, first + rules.tiers[version]):
        if figure >= rules.tier_threshold[tier]:
            found = tier
    return found


def begin(rules: Rules, state: State, at: int) -> None:
    """Put a new account under the version of an instant, into the tier that everybody has."""
    version = 0
    while version + 1 < rules.versions and rules.version_from[version + 1] <= at:
        version += 1
    cells = state.cells
    cells[VERSION] = version
    cells[TIER] = cells[TIER_BEFORE] = reached(rules, version, 0)
    cells[TIER_SINCE] = LONG_AGO
    cells[TIER_UNTIL] = NEVER
    if version + 1 < rules.versions:
        cells[NEXT_DUE] = min(cells[NEXT_DUE], rules.version_from[version + 1])


def _enter(rules: Rules, state: State, tier: int, at: int) -> None:
    """Say until when a tier that is entered now lasts."""
    version = state.cells[VERSION]
    until = NEVER
    if tier >= 0 and rules.tier_threshold[tier] > 0:
        until = moment(rules, rules.ladder_validity[version], at)
        if rules.ladder_grace[version] >= 0:
            until = moment(rules, rules.ladder_grace[version], until)
    state.cells[TIER_UNTIL] = until
    # How it ends is as it was when it was entered, whatever version comes.
    state.cells[TIER_VERSION] = version
    state.cells[NEXT_DUE] = min(state.cells[NEXT_DUE], until)


def rise(rules: Rules, state: State, out: Entries, event: int, at: int) -> int:
    """Go up to the tier that is reached now; give it, or -1 where it is not a higher one."""
    cells = state.cells
    version = cells[VERSION]
    if rules.tiers[version] == 0:
        return -1
    figure = standing(rules, state, version, at)
    tier = reached(rules, version, figure)
    if tier <= cells[TIER]:
        return -1
    if cells[TIER_SINCE] != at:
        cells[TIER_BEFORE] = cells[TIER]
        cells[TIER_SINCE] = at
    cells[TIER] = tier
    _enter(rules, state, tier, at)
    _say(state, out, TIER_UP, event, at, figure, BY_ORDER)
    return tier


def fall(rules: Rules, state: State, out: Entries, event: int, at: int) -> None:
    """End the tier whose time is up, or renew it where it is still reached."""
    cells = state.cells
    version = cells[VERSION]
    made = cells[TIER_VERSION]
    tier = cells[TIER]
    figure = standing(rules, state, version, at)
    now = reached(rules, version, figure)
    if now < tier and rules.ladder_downgrade[made] != STAYS:
        if rules.ladder_downgrade[made] == ONE_STEP:
            lowest = reached(rules, version, 0)
            now = max(now, tier - 1 if tier > rules.first_tier[version] else -1, lowest)
        _put(state, now, at)
        _enter(rules, state, now, at)
        _say(state, out, TIER_DOWN, event, at, figure, AT_ITS_END)
    else:
        _enter(rules, state, tier, at)


def change_version(rules: Rules, state: State, out: Entries, event: int, at: int) -> None:
    """Go on under the next version: a tier of the same name is kept, as long as it was to last."""
    cells = state.cells
    version = cells[VERSION] + 1
    cells[VERSION] = version
    if version + 1 < rules.versions:
        cells[NEXT_DUE] = min(cells[NEXT_DUE], rules.version_from[version + 1])
    tier = cells[TIER]
    place = tier - rules.first_tier[version - 1]
    now = rules.tier_same[version][tier + 1]
    if now >= 0:
        cells[TIER] = now
        before = rules.tier_same[version][cells[TIER_BEFORE] + 1]
        cells[TIER_BEFORE] = before if before >= 0 else now
        return
    figure = standing(rules, state, version, at) if rules.tiers[version] > 0 else 0
    if tier < 0:
        figure = min(figure, 0)
    now = reached(rules, version, figure)
    _put(state, now, at)
    _enter(rules, state, now, at)
    if tier >= 0:
        is_lower = now < 0 or now - rules.first_tier[version] < place
        _say(state, out, TIER_DOWN if is_lower else TIER_UP, event, at, figure, NEW_VERSION)


def _put(state: State, tier: int, at: int) -> None:
    """Change the tier with effect at once."""
    state.cells[TIER] = tier
    state.cells[TIER_BEFORE] = tier
    state.cells[TIER_SINCE] = at


def _say(
    state: State, out: Entries, kind: int, event: int, at: int, figure: int, reason: int
) -> None:
    cells = state.cells
    until = cells[TIER_UNTIL]
    write(out, kind, event, at, -1, -1, 0, -1, figure, 0, cells[TIER], at, until, reason)


def note(state: State, at: int, record: int, spend: int, points: int) -> None:
    """Remember what counts towards a tier."""
    row = state.cells[QUALIFYING]
    state.cells[QUALIFYING] = row + 1
    state.qualifying_at[row] = at
    state.qualifying_record[row] = record
    state.qualifying_spend[row] = spend
    state.qualifying_points[row] = points


def row_of_record(state: State, record: int) -> int:
    """Give the row of what an order counts towards a tier; -1 where it is forgotten."""
    row = state.cells[QUALIFYING] - 1
    while row >= 0:
        if state.qualifying_record[row] == record:
            return row
        row -= 1
    return -1
