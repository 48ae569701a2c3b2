"""Days and the instants that they lead to, looked up in the tables of a programme."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import NEVER, Rules

_DAY = 86_400_000_000


def day_of(rules: Rules, at: int) -> int:
    """Give the shop's day in which an instant lies, as a row of the tables of days."""
    midnights = rules.midnights
    last = len(midnights) - 2
    row = min(max(at // _DAY - rules.first_day, 0), last)
    while row < last and midnights[row + 1] <= at:
        row += 1
    while row > 0 and midnights[row] > at:
        row -= 1
    return row


def moment(rules: Rules, which: int, at: int) -> int:
    """Give the instant to which a moment leads from another; never, where there is none."""
    if which < 0 or at >= NEVER:
        return NEVER
    elapsed = rules.moment_elapsed[which]
    if elapsed >= 0:
        return at + elapsed
    return rules.instants[which][day_of(rules, at)]


def window_start(rules: Rules, version: int, at: int) -> int:
    """Give the last instant before the window in which tiers are reached; -1 for the lifetime."""
    which = rules.ladder_window[version]
    if which < 0:
        return -1
    elapsed = rules.moment_elapsed[which]
    if elapsed >= 0:
        return at - elapsed
    day = day_of(rules, at)
    start = rules.instants[which][day]
    if rules.ladder_calendar[version] == 1:
        # The period's first instant is in it.
        return start - 1
    return start + at - rules.midnights[day]
