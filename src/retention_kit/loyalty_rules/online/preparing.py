"""One event as the kernel takes it: which rules look at it, and what they see there."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retention_kit.errors import DataError, nearest_names
from retention_kit.loyalty_rules.kernel.layout import Events
from retention_kit.loyalty_rules.online.bases import BasesOf, bases_with
from retention_kit.loyalty_rules.online.events import (
    Activity,
    Adjustment,
    Capture,
    Delivery,
    Event,
    Id,
    Issue,
    Order,
    Redemption,
    Release,
    Reservation,
    Return,
    SegmentJoined,
    SegmentLeft,
    Transfer,
)
from retention_kit.loyalty_rules.online.exact import microseconds, parts_of
from retention_kit.loyalty_rules.online.masks import Masks, mask_of, masks_with
from retention_kit.loyalty_rules.online.plugged import Plugged, plugged_with, put_units
from retention_kit.loyalty_rules.online.rows import row_of_activity, row_of_order, rows_of_lines

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
    from retention_kit.loyalty_rules.online.account import Account

NONE = -1
Names = tuple[tuple[int, str], ...]
_FIRST, _LAST = 31_536_000_000_000, 6_942_672_000_000_000


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is made ready once for a programme."""

    masks: Masks
    bases: BasesOf
    zeros: tuple[tuple[int], ...]
    needs_row: bool
    plugged: Plugged
    segments: dict[str, int]


@dataclass(slots=True)
class Row:
    """One event on its way to the kernel; see `layout.Events` for the fields."""

    at: int
    kind: int
    version: int
    mask: int = 0
    discounts: int = 0
    record: int = NONE
    amount: int = 0
    wallet: int = NONE
    spend: int = 0
    key: int = NONE
    until: int = 0
    bases: Any = ()
    names: Names = ()
    """The account's names, with those that the event brings."""

    def as_events(self) -> Events:
        """Give it as columns of one row."""
        return Events(
            (self.at,),
            (self.kind,),
            (self.version,),
            (self.mask,),
            (self.discounts,),
            (self.record,),
            (self.amount,),
            (self.wallet,),
            (self.spend,),
            (self.key,),
            (self.until,),
            self.bases,
            (NONE,),
        )


def prepared(event: Event, account: Account, program: CompiledProgram) -> Row | None:
    """Make an event ready for the kernel.

    Args:
        event: The event.
        account: The account that it happens to.
        program: The programme.

    Returns:
        Its row; None where no rule and no wallet knows of such an activity or segment.

    Raises:
        DataError: It is in another currency, out of the calendar, or of a wallet that there is not.
    """
    at = microseconds(event.at)
    if not _FIRST <= at < _LAST:
        raise DataError(
            "An event lies outside of the years that programmes are made for. Allowed: from 1971 "
            "to 2189. Next step: mend its instant."
        )
    ready = _ready(program)
    row = Row(at, event.KIND, program.version_at(at), names=account.names, bases=ready.zeros)
    match event:
        case Order():
            _of_order(row, event, account, program, ready)
        case Return():
            _of_return(row, event, account, program, ready)
        case Activity():
            if event.name not in program.activities:
                return None
            _of_activity(row, event, account, program, ready)
        case SegmentJoined() | SegmentLeft():
            if event.segment not in ready.segments:
                return None
            row.key = ready.segments[event.segment]
        case Delivery():
            row.record = record_of(account, event.order_id)
        case Redemption() | Issue() | Transfer() | Adjustment() | Reservation():
            row.wallet = wallet_of(event.wallet, program, row.version)
            row.amount = event.units
            if isinstance(event, Redemption | Issue) and event.label is not None:
                _name(row, event.label)
            elif isinstance(event, Reservation):
                _name(row, event.name or event.key)
            if isinstance(event, Issue | Reservation) and event.until is not None:
                row.until = microseconds(event.until)
        case Capture() | Release():
            _name(row, event.name or event.key)
    return row


def record_of(account: Account, order_id: Id) -> int:
    """Give the row of an order that something may still happen to; -1 where there is none."""
    return account.orders.index(order_id) if order_id in account.orders else NONE


def wallet_of(name: str | None, program: CompiledProgram, version: int) -> int:
    """Give the number of a wallet; without a name, of that which orders are paid from.

    Raises:
        DataError: There is no such wallet.
    """
    if name is None:
        return program.paying[version]
    if name in program.wallet_names:
        return program.wallet_names.index(name)
    near = nearest_names(name, program.wallet_names)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    raise DataError(
        f"The programme has no wallet {name!r}. It has: "
        f"{', '.join(map(repr, program.wallet_names)) or 'none'}.{hint} Next step: name one of "
        "these, or leave the name out for the one that orders are paid from."
    )


@functools.lru_cache(maxsize=64)
def _ready(program: CompiledProgram) -> _Prepared:
    masks = masks_with(program)
    on_orders = (*masks.orders, *masks.discounts)
    return _Prepared(
        masks=masks,
        bases=bases_with(program),
        zeros=tuple((0,) for _ in program.bases),
        needs_row=any(bits.needs_row for bits in on_orders),
        plugged=plugged_with(program),
        segments={one.segment.name: number for number, one in enumerate(program.segments)},
    )


def _of_order(
    row: Row, order: Order, account: Account, program: CompiledProgram, ready: _Prepared
) -> None:
    _check_currency(order.currency, program)
    row.amount = goods = parts_of(order.amount)
    row.wallet = wallet_of(order.wallet, program, row.version)
    row.spend = order.points_paid
    row.record = len(account.orders)
    if order.reservation is not None:
        _name(row, order.reservation)
    lines = rows_of_lines(order.lines, order, account.customer_id) if order.lines else []
    columns: Any = None
    if ready.needs_row or ready.plugged:
        points = _worth(program, row.version, row.wallet, row.spend)
        columns = row_of_order(order, account.customer_id, points)
    promo = None if order.promo_refused else order.promo_code
    masks, version = ready.masks, row.version
    row.mask = mask_of(masks.orders[version], program, row.at, columns, lines, promo)
    if program.discount_filters:
        row.discounts = mask_of(masks.discounts[version], program, row.at, columns, lines, promo)
    row.bases = ready.bases(order, goods, lines, columns)
    if ready.plugged:
        put_units(ready.plugged, row.bases, row.mask, columns, program)


def _of_return(
    row: Row, back: Return, account: Account, program: CompiledProgram, ready: _Prepared
) -> None:
    _check_currency(back.currency, program)
    row.amount = goods = parts_of(back.amount)
    row.record = record_of(account, back.original_order_id)
    row.spend = NONE if back.points_back is None else back.points_back
    lines = rows_of_lines(back.lines, back, account.customer_id) if back.lines else []
    row.bases = ready.bases(back, goods, lines, None)


def _of_activity(
    row: Row, activity: Activity, account: Account, program: CompiledProgram, ready: _Prepared
) -> None:
    row.key = program.activities[activity.name]
    bits = ready.masks.activities[row.key][row.version]
    columns: Any = None
    if bits.needs_row or ready.plugged:
        columns = row_of_activity(activity, account.customer_id)
    row.mask = mask_of(bits, program, row.at, columns, [], None)
    # What happened has no price: all that rules can look at is its value.
    bases = [[0] for _ in program.bases]
    bases[0] = [max(parts_of(activity.value), 0)]
    if ready.plugged:
        put_units(ready.plugged, bases, row.mask, columns, program)
    row.bases = bases


def _name(row: Row, name: str) -> None:
    """Number a name, anew where it is new."""
    for number, known in row.names:
        if known == name:
            row.key = number
            return
    row.key = 1 + max((number for number, _ in row.names), default=NONE)
    row.names = (*row.names, (row.key, name))


def _check_currency(currency: str | None, program: CompiledProgram) -> None:
    if currency is not None and currency != program.currency:
        raise DataError(
            f"An event is in {currency!r}, and the programme in {program.currency!r}. Next step: "
            "change its money into the programme's currency before."
        )


def _worth(program: CompiledProgram, version: int, wallet: int, units: int) -> int:
    if wallet < 0 or units <= 0:
        return 0
    row = version * program.rules.wallets + wallet
    return int(units * program.rules.wallet_top[row] // program.rules.wallet_bottom[row])
