"""What an account shows at an instant: balances, lots, the tier, what is missing to the next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.layout import NEVER
from retention_kit.loyalty_rules.kernel.tiers import standing
from retention_kit.loyalty_rules.online.adopting import adopted
from retention_kit.loyalty_rules.online.checking import check_compiled
from retention_kit.loyalty_rules.online.columns import Rest
from retention_kit.loyalty_rules.online.exact import exact_as_of, instant_of, microseconds
from retention_kit.loyalty_rules.online.kept import Kept
from retention_kit.loyalty_rules.online.moving import advanced
from retention_kit.loyalty_rules.online.telling import instant_or_none, name_or_none, worth_of

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.definitions.tiers import By
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands in a wallet, in its smallest units.

    Attributes:
        wallet: The wallet.
        held: All of it: what is active and what is pending, less the debt.
        active: What is active, the reserved part included.
        pending: What is not active yet.
        reserved: What is set aside for a payment.
        available: What can be spent: active, less what is reserved and owed; below 0 in debt.
        debt: What is owed, as a number above 0.
        expires_next_at: When some of what is active expires next; None where nothing does.
        expires_next_units: How much of what is active expires then.
        value: What is held, in the shop's currency.
    """

    wallet: str
    held: int
    active: int
    pending: int
    reserved: int
    available: int
    debt: int
    expires_next_at: dt.datetime | None
    expires_next_units: int
    value: Decimal


@dataclass(frozen=True, slots=True)
class Lot:
    """An open lot: units that came together and expire together.

    Attributes:
        lot: Its number within the customer.
        wallet: The wallet.
        remaining: What is left of it, in the wallet's smallest units; below 0 it is a debt.
        reserved: How much of that is set aside for a payment.
        active_at: From when on it can be spent; None where that waits for the delivery.
        expires_at: Until when; None for ever.
        rule: The rule that gave it; None of what was given by hand, and of a debt.
        label: What it is called, so that it can be spent by that name.
    """

    lot: int
    wallet: str
    remaining: int
    reserved: int
    active_at: dt.datetime | None
    expires_at: dt.datetime | None
    rule: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The tier that a customer is in.

    Attributes:
        tier: Its name; None below the first, and where there are no tiers.
        since: When it was reached; None where everybody is in it.
        until: When it ends, its grace included; None for never.
        privileges: What it brings besides discounts and multipliers.
    """

    tier: str | None
    since: dt.datetime | None
    until: dt.datetime | None
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """The next tier, and what is missing to it.

    Attributes:
        tier: Its name.
        by: By what it is reached: `orders`, `spend` or `points`.
        figure: What there is of it so far, in the window that ends now.
        at: From which figure on the tier is reached.
        missing: How much is missing.
    """

    tier: str
    by: By
    figure: Decimal
    at: Decimal
    missing: Decimal


def state_at(account: Kept, program: CompiledProgram, as_of: dt.datetime) -> tuple[Rest, int]:
    """Give the state of an account before an instant, and that instant; the last event counts.

    Raises:
        DataError: The account is of another programme, or already further.
    """
    check_compiled(program)
    until = microseconds(exact_as_of(as_of))
    if account.last is not None and until < account.last[0]:
        raise DataError(
            "The account already holds an event after the instant that it is asked for. Next "
            "step: ask for a later one, or fold the events before it."
        )
    if account.last is not None:
        until = max(until, account.last[0] + 1)
    return advanced(adopted(account, program), program, until), until


def balances_of(account: Kept, program: CompiledProgram, as_of: dt.datetime) -> tuple[Balance, ...]:
    """Give what stands in each wallet."""
    state, until = state_at(account, program, as_of)
    return tuple(_balance(state, program, wallet, until) for wallet in range(program.rules.wallets))


def lots_of(account: Kept, program: CompiledProgram, as_of: dt.datetime) -> tuple[Lot, ...]:
    """Give the open lots in the order in which they are spent."""
    state, _ = state_at(account, program, as_of)
    labels = dict(account.names)
    return tuple(
        Lot(
            lot=state.lot_id[row],
            wallet=program.wallet_names[state.lot_wallet[row]],
            remaining=state.lot_remaining[row],
            reserved=state.lot_reserved[row],
            active_at=instant_or_none(state.lot_active[row]),
            expires_at=instant_or_none(state.lot_expires[row]),
            rule=name_or_none(program.rule_names, state.lot_rule[row]),
            label=labels.get(state.lot_label[row]),
        )
        for row in range(state.cells[layout.LOTS])
    )


def standing_of(account: Kept, program: CompiledProgram, as_of: dt.datetime) -> Standing:
    """Give the tier, since when and until when."""
    state, _ = state_at(account, program, as_of)
    return standing_in(state, program)


def standing_in(state: Rest, program: CompiledProgram) -> Standing:
    """Give the tier in a state."""
    cells = state.cells
    tier = name_or_none(program.tier_names, cells[layout.TIER])
    ladder = program.versions[cells[layout.VERSION]].tiers
    has_benefits = ladder is not None and tier is not None
    since = cells[layout.TIER_SINCE]
    return Standing(
        tier=tier,
        since=None if since == layout.LONG_AGO or tier is None else instant_of(since),
        until=instant_or_none(cells[layout.TIER_UNTIL]),
        privileges=ladder.benefits_of(tier).privileges if has_benefits else (),
    )


def missing_of(account: Kept, program: CompiledProgram, as_of: dt.datetime) -> Missing | None:
    """Give the next tier and what is missing to it; None in the highest."""
    state, until = state_at(account, program, as_of)
    return missing_in(state, program, until - 1)


def missing_in(state: Rest, program: CompiledProgram, at: int) -> Missing | None:
    """Give the next tier of a state and what is missing to it."""
    rules, version = program.rules, state.cells[layout.VERSION]
    first = rules.first_tier[version]
    tier = max(state.cells[layout.TIER] + 1, first)
    if tier >= first + rules.tiers[version]:
        return None
    figure = standing(rules, state, version, at)
    threshold = rules.tier_threshold[tier]
    ladder = program.versions[version].tiers
    assert ladder is not None
    wallet = program.versions[version].wallet(ladder.wallet) if ladder.wallet else None
    unit = {
        "orders": Decimal(1),
        "spend": Decimal(1).scaleb(-4),
        "points": Decimal(1) if wallet is None else Decimal(1) / wallet.units_per_one,
    }[ladder.by]
    return Missing(
        tier=program.tier_names[tier],
        by=ladder.by,
        figure=figure * unit,
        at=threshold * unit,
        missing=max(threshold - figure, 0) * unit,
    )


def _balance(state: Rest, program: CompiledProgram, wallet: int, until: int) -> Balance:
    active = pending = reserved = debt = next_units = 0
    next_at = NEVER
    for row in range(state.cells[layout.LOTS]):
        if state.lot_wallet[row] != wallet:
            continue
        remaining = state.lot_remaining[row]
        if remaining < 0:
            debt -= remaining
        elif state.lot_active[row] >= until:
            pending += remaining
        else:
            active += remaining
            reserved += state.lot_reserved[row]
            # The lots stand in the order in which they expire.
            if state.lot_expires[row] < NEVER and state.lot_expires[row] <= next_at:
                next_at = state.lot_expires[row]
                next_units += remaining
    return Balance(
        wallet=program.wallet_names[wallet],
        held=active + pending - debt,
        active=active,
        pending=pending,
        reserved=reserved,
        available=active - reserved - debt,
        debt=debt,
        expires_next_at=instant_or_none(next_at),
        expires_next_units=next_units,
        value=worth_of(program, state.cells[layout.VERSION], wallet, active + pending - debt),
    )
