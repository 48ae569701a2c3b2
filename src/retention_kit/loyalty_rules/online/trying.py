"""An order tried on a copy of an account, so that nothing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.discounts import discounted
from retention_kit.loyalty_rules.kernel.passing import advance
from retention_kit.loyalty_rules.kernel.spending import settings_of, worth
from retention_kit.loyalty_rules.kernel.steps import take
from retention_kit.loyalty_rules.kernel.tiers import tier_in_force
from retention_kit.loyalty_rules.online.moving import BY_TIME, copied
from retention_kit.loyalty_rules.online.preparing import Row
from retention_kit.loyalty_rules.online.spendable import spendable_of
from retention_kit.loyalty_rules.online.viewing import missing_in

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
    from retention_kit.loyalty_rules.online.account import Account

_PRICES_ARE_GROSS = 1


class Trial:
    """An order tried on a copy of an account.

    Attributes:
        program: The programme.
        row: The order.
        before: The account's state before the order.
        state: The copy.
        out: What the kernel writes.
        tier: The tier in force.
        spendable: How much can be spent.
        missing: What is missing to the next tier.
    """

    __slots__ = ("before", "missing", "out", "program", "row", "spendable", "state", "tier")

    def __init__(self, account: Account, row: Row, program: CompiledProgram) -> None:
        self.program, self.row, self.before = program, row, account.state
        self.state, self.out = copied(account.state, program, row.at)
        rules, state, out = program.rules, self.state, self.out
        advance(rules, state, out, row.at + 1, row.at + 1, BY_TIME)
        self.tier = tier_in_force(state, row.at)
        events = row.as_events()
        off = discounted(rules, events, 0, state, out, row.at, self.tier, row.amount)
        state.cells[layout.DISCOUNT] = off
        self.spendable = spendable_of(row, self.state, program)
        self.missing = missing_in(self.state, program, row.at)

    def take(self) -> int:
        """Take the order; give what became of it."""
        # What finding the discounts wrote and counted is written and counted again.
        self.out.used[0] = self.out.used[1] = 0
        for discount, used in enumerate(self.before.discount_used):
            self.state.discount_used[discount] = used
        events = self.row.as_events()
        return take(self.program.rules, events, 0, self.state, self.out, _PRICES_ARE_GROSS)


def awards_of(state: Any) -> range:
    """Give the awards of the order that was taken last."""
    record = state.cells[layout.RECORDS] - 1
    first = state.record_first_award[record]
    return range(first, first + state.record_awards[record])


def points_in_money(tried: Trial) -> int:
    """Give what the units are worth that the order is paid with."""
    row, rules = tried.row, tried.program.rules
    if row.spend <= 0:
        return 0
    settings = settings_of(rules, row.version, row.wallet)
    return worth(rules, settings, row.spend)
