"""How much of an order can be paid from a wallet, and why not more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.numbers import share
from retention_kit.loyalty_rules.kernel.spending import (
    held_for,
    most_by_share,
    settings_of,
    wallet_held,
)
from retention_kit.loyalty_rules.online.exact import money_of
from retention_kit.loyalty_rules.online.preparing import NONE, Row
from retention_kit.loyalty_rules.online.quotes import LimitedBy, Spendable
from retention_kit.loyalty_rules.online.telling import name_or_none, worth_of

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram


def spendable_of(row: Row, state: Any, program: CompiledProgram) -> Spendable:
    """Say how much of an order can be paid from its wallet, and why not more."""
    rules, wallet = program.rules, row.wallet
    name = name_or_none(program.wallet_names, wallet)
    settings = settings_of(rules, row.version, wallet) if wallet >= 0 else NONE
    if wallet < 0 or rules.wallet_spends[settings] == 0:
        return Spendable(name, 0, money_of(0), 0, 0, 0, 1, "not_spendable")
    there = _available(state, wallet, row.at)
    if row.key >= 0 and wallet_held(state, row.key) == wallet:
        there += held_for(state, row.key)
    goods = row.amount - state.cells[layout.DISCOUNT]
    base = row.bases[rules.wallet_base[settings]][0]
    if goods < row.amount and row.amount > 0:
        base = share(base, goods, row.amount)
    by_share = most_by_share(rules, settings, base)
    minimum, step = rules.wallet_minimum[settings], rules.wallet_step[settings]
    units = max(min(there, by_share), 0) // step * step
    limited_by: LimitedBy = "balance"
    if units < minimum:
        units, limited_by = 0, "minimum"
    elif by_share < there:
        is_excluded = base < goods and most_by_share(rules, settings, goods) > by_share
        limited_by = "excluded" if is_excluded else "share"
    return Spendable(
        wallet=name,
        units=units,
        value=worth_of(program, row.version, wallet, units),
        available=max(there, 0),
        by_share=by_share,
        minimum=minimum,
        step=step,
        limited_by=limited_by,
    )


def _available(state: Any, wallet: int, at: int) -> int:
    """Give what the kernel says is available, without calling it lot by lot."""
    lots = zip(
        state.lot_wallet[: state.cells[layout.LOTS]],
        state.lot_active,
        state.lot_expires,
        state.lot_remaining,
        state.lot_reserved,
        strict=False,
    )
    # A list, since that is quicker than a generator.
    return sum(
        [
            left - held
            for of, active, expires, left, held in lots
            if of == wallet and active <= at < expires
        ]
    )
