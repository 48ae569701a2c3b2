"""How much room an account needs, and a new account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retention_kit.loyalty_rules.kernel.layout import (
    AWARDS,
    CELLS,
    HOLDS,
    LAST_AT,
    LONG_AGO,
    LOTS,
    NEVER,
    NEXT_DUE,
    QUALIFYING,
    RECORDS,
    SPENDINGS,
    TIER,
    TIER_BEFORE,
    TIER_SINCE,
    TIER_UNTIL,
    VERSION,
    Cells,
    Rules,
    State,
)

OF_LOTS = (
    "lot_id",
    "lot_wallet",
    "lot_remaining",
    "lot_reserved",
    "lot_active",
    "lot_expires",
    "lot_expiry",
    "lot_rule",
    "lot_award",
    "lot_label",
)
OF_RECORDS = (
    "record_at",
    "record_version",
    "record_gross",
    "record_amount",
    "record_returned",
    "record_spent",
    "record_restored",
    "record_wallet",
    "record_tier",
    "record_first_award",
    "record_awards",
    "record_counts",
    "record_position",
)
OF_AWARDS = (
    "award_rule",
    "award_base",
    "award_left",
    "award_room",
    "award_bar",
    "award_period",
    "award_units",
    "award_lot",
    "award_expired",
    "award_new",
)
OF_SPENDINGS = (
    "spending_record",
    "spending_lot",
    "spending_award",
    "spending_units",
    "spending_active",
    "spending_expires",
    "spending_expiry",
    "spending_rule",
    "spending_label",
)
OF_HOLDS = (
    "hold_key",
    "hold_lot",
    "hold_units",
    "hold_until",
    "hold_wallet",
)
OF_QUALIFYING = (
    "qualifying_at",
    "qualifying_record",
    "qualifying_spend",
    "qualifying_points",
)


def new_state(
    rules: Rules,
    make: Callable[[int], Cells],
    *,
    lots: int,
    records: int,
    awards: int,
    spendings: int,
    holds: int,
    qualifying: int,
) -> State:
    """Make a new account with room for so many rows.

    Args:
        rules: The programme.
        make: Gives a column of so many zeros.
        lots: For how many lots.
        records: For how many orders.
        awards: For how many awards that may be taken back.
        spendings: For how many lots spent on orders.
        holds: For how many parts of reservations.
        qualifying: For how many rows that count towards tiers.
    """
    rooms = {
        **dict.fromkeys(OF_LOTS, lots),
        **dict.fromkeys(OF_RECORDS, records),
        **dict.fromkeys(OF_AWARDS, awards),
        **dict.fromkeys(OF_SPENDINGS, spendings),
        **dict.fromkeys(OF_HOLDS, holds),
        **dict.fromkeys(OF_QUALIFYING, qualifying),
        "cells": CELLS,
        "cool_until": len(rules.rule_wallet),
        "cap_used": len(rules.cap_limit),
        "cap_in": len(rules.cap_limit),
        "discount_used": len(rules.discount_top),
        "base_now": rules.bases,
    }
    columns: dict[str, Any] = {name: make(rooms[name]) for name in State._fields}
    state = State(**columns)
    clear(state)
    return state


def clear(state: State) -> None:
    """Make an account new."""
    cells = state.cells
    for cell in range(CELLS):
        cells[cell] = 0
    cells[LAST_AT] = cells[TIER_SINCE] = LONG_AGO
    cells[NEXT_DUE] = cells[TIER_UNTIL] = NEVER
    cells[TIER] = cells[TIER_BEFORE] = cells[VERSION] = -1
    for rule in range(len(state.cool_until)):
        state.cool_until[rule] = LONG_AGO
    for cap in range(len(state.cap_used)):
        state.cap_used[cap] = 0
        state.cap_in[cap] = LONG_AGO
    for discount in range(len(state.discount_used)):
        state.discount_used[discount] = 0


def has_room(rules: Rules, state: State) -> bool:
    """Say whether an account has room for whatever one more event may bring."""
    cells = state.cells
    lots = cells[LOTS]
    spendings = cells[SPENDINGS]
    holds = cells[HOLDS]
    # Every rule may pay, and again at every tier that is reached then; each wallet may owe.
    most = len(rules.rule_wallet) * (len(rules.tier_threshold) + 2) + rules.wallets + 2
    return (
        # A return may reopen a lot for whatever was spent.
        lots + spendings + most <= len(state.lot_id)
        and cells[RECORDS] < len(state.record_at)
        and cells[AWARDS] + most <= len(state.award_rule)
        # An order may be paid from every lot.
        and spendings + lots + holds <= len(state.spending_lot)
        and holds + lots <= len(state.hold_key)
        and cells[QUALIFYING] + most <= len(state.qualifying_at)
    )
