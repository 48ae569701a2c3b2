"""Entries, written one after the other."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import Entries


def write(  # noqa: PLR0913, PLR0917 - a compiled function takes its numbers one by one
    out: Entries,
    kind: int,
    event: int,
    at: int,
    wallet: int,
    lot: int,
    units: int,
    rule: int,
    base: int,
    uncapped: int,
    tier: int,
    active: int,
    expires: int,
    reason: int,
) -> None:
    """Write an entry; count it as lost where there is no room."""
    row = out.used[0]
    if row >= len(out.kind):
        out.used[1] += 1
        return
    out.used[0] = row + 1
    out.kind[row] = kind
    out.event[row] = event
    out.at[row] = at
    out.wallet[row] = wallet
    out.lot[row] = lot
    out.units[row] = units
    out.rule[row] = rule
    out.base[row] = base
    out.uncapped[row] = uncapped
    out.tier[row] = tier
    out.active[row] = active
    out.expires[row] = expires
    out.reason[row] = reason
