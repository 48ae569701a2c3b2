"""What the kernel wrote, as entries of a ledger: names for numbers, instants, exact money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.layout import BY_SPEND, NEVER, Entries
from retention_kit.loyalty_rules.ledger import KINDS, REASONS, Entry
from retention_kit.loyalty_rules.lowered.parts import NO_MONEY
from retention_kit.loyalty_rules.online.events import Delivery, Event, Id, Order, Return, source_of
from retention_kit.loyalty_rules.online.exact import instant_of, money_of

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

_FINEST = Decimal("0.0001")
_NOTHING = Decimal(0).scaleb(-4)
_TO_HUNDREDTHS = 100
_OF_TIERS = (layout.TIER_UP, layout.TIER_DOWN)
_RECKONED = (layout.EARNED, layout.DISCOUNTED)


def told(
    out: Entries, program: CompiledProgram, event: Event | None, numbered_from: int
) -> tuple[Entry, ...]:
    """Give what the kernel wrote.

    Args:
        out: What it wrote.
        program: The programme.
        event: The event that was taken; None where time passed alone.
        numbered_from: How many entries there were before.
    """
    about = (None, None) if event is None else (source_of(event), order_of(event))
    return tuple(
        _entry(out, row, program, about, numbered_from + 1 + row) for row in range(out.used[0])
    )


def order_of(event: Event | None) -> Id | None:
    """Give the order that an event is about."""
    if isinstance(event, Order | Delivery):
        return event.order_id
    if isinstance(event, Return):
        return event.original_order_id
    return getattr(event, "order_id", None)


def name_or_none(names: Sequence[str], number: int) -> str | None:
    """Give a name by its number; none below 0."""
    return names[number] if number >= 0 else None


def instant_or_none(at: int) -> dt.datetime | None:
    """Give an instant; none for never."""
    return None if at >= NEVER else instant_of(at)


def worth_of(program: CompiledProgram, version: int, wallet: int, units: int) -> Decimal:
    """Give what units are worth in the shop's currency."""
    if not units:
        return _NOTHING
    rules = program.rules
    row = version * rules.wallets + wallet
    top, bottom = rules.wallet_top[row], rules.wallet_bottom[row]
    if bottom == 1:
        return money_of(units * top)
    return (money_of(units * top) / bottom).quantize(_FINEST, ROUND_HALF_EVEN)


def _entry(
    out: Entries,
    row: int,
    program: CompiledProgram,
    about: tuple[str | None, Id | None],
    number: int,
) -> Entry:
    kind, at, wallet, lot, units = (
        out.kind[row],
        out.at[row],
        out.wallet[row],
        out.lot[row],
        out.units[row],
    )
    rule = out.rule[row]
    source, order_id = about if out.event[row] >= 0 else (None, None)
    version = program.version_at(at)
    is_discount = kind == layout.DISCOUNTED
    names = program.discount_names if is_discount else program.rule_names
    return Entry(
        number=number,
        at=instant_of(at),
        kind=KINDS[kind],
        wallet=name_or_none(program.wallet_names, wallet),
        lot=lot if lot >= 0 else None,
        units=units // _TO_HUNDREDTHS if is_discount else units,
        value=money_of(units) if is_discount else _value(program, version, wallet, units),
        rule=name_or_none(names, rule),
        source=source,
        order_id=order_id,
        base=_base(out, row, program, version),
        uncapped=_uncapped(out, row),
        tier=name_or_none(program.tier_names, out.tier[row]),
        active_at=instant_or_none(out.active[row]),
        expires_at=instant_or_none(out.expires[row]),
        reason=REASONS[out.reason[row]],
    )


def _value(program: CompiledProgram, version: int, wallet: int, units: int) -> Decimal:
    return worth_of(program, version, wallet, units) if wallet >= 0 else _NOTHING


def _base(out: Entries, row: int, program: CompiledProgram, version: int) -> Decimal | None:
    """Give what was reckoned from: money, a count, or the figure by which tiers are reached."""
    kind, base = out.kind[row], out.base[row]
    rules = program.rules
    if kind in _OF_TIERS:
        by = rules.ladder_by[version]
        return money_of(base) if by == BY_SPEND else Decimal(base)
    if kind not in _RECKONED or out.reason[row] == layout.CERTIFICATE:
        return None
    if kind == layout.EARNED and rules.base_flags[rules.rule_base[out.rule[row]]] & NO_MONEY:
        return Decimal(base)
    return money_of(base)


def _uncapped(out: Entries, row: int) -> int | None:
    """Give what it would have been; of what was forgiven, how much."""
    kind, reason = out.kind[row], out.reason[row]
    is_known = kind == layout.EARNED and reason == layout.BY_RULE
    return out.uncapped[row] if is_known or reason == layout.FORGIVEN else None
