"""The money and the counts that rules look at in one event."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from retention_kit.loyalty_rules.kernel.layout import MONEY
from retention_kit.loyalty_rules.lowered.parts import Base
from retention_kit.loyalty_rules.online.events import Order, Return
from retention_kit.loyalty_rules.online.exact import parts_of
from retention_kit.loyalty_rules.online.filtering import holding
from retention_kit.loyalty_rules.online.rows import Rows

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

IN_PROPORTION = -1
_Reckon = Callable[[Order | Return, int, Rows, Any], int]
"""Takes the order or the return, its goods in ten-thousandths, its lines, and its row."""
BasesOf = Callable[[Order | Return, int, Rows, Any], list[list[int]]]
"""Gives each base as a column of one row."""


def bases_with(program: CompiledProgram) -> BasesOf:
    """Give the function that reckons the bases of an order or a return.

    What is paid from wallets is still in them: the kernel takes it off.
    """
    each = [_reckoning(base, program) for base in program.bases]
    if all(reckon is _goods for reckon in each):
        count = len(each)
        return lambda _, goods, __, ___: [[goods] for _ in range(count)]
    return lambda event, goods, lines, row: [[one(event, goods, lines, row)] for one in each]


def _reckoning(base: Base, program: CompiledProgram) -> _Reckon:
    if base.kind == "plugin":
        # What plug-ins give is asked for when it is known which rules look at the event.
        back = IN_PROPORTION if base.on == "order" else 0
        return lambda event, *_: 0 if isinstance(event, Order) else back
    if base.by_lines:
        return _by_lines(base, program.time_zone)
    return _before_discount if base.before_discount else _goods


def _goods(event: Order | Return, goods: int, lines: Rows, row: Any) -> int:  # noqa: ARG001
    return goods


def _before_discount(event: Order | Return, goods: int, lines: Rows, row: Any) -> int:  # noqa: ARG001
    return goods + parts_of(event.discount)


def _by_lines(base: Base, zone: str) -> _Reckon:
    matches = holding(base.lines, "order_items", zone)
    is_excluded = holding(base.excluded, "order_items", zone)
    discount = _before_discount if base.before_discount else _goods

    def money(line: Any) -> int:
        return parts_of(line["amount"]) + (
            parts_of(line["discount"]) if base.before_discount else 0
        )

    def reckon(event: Order | Return, goods: int, lines: Rows, row: Any) -> int:
        if not lines and isinstance(event, Return):
            return IN_PROPORTION
        chosen = lines if matches is None else [line for line in lines if matches(line)]
        if base.kind == "count":
            return sum(parts_of(line["quantity"]) for line in chosen) // MONEY
        found = sum(map(money, chosen)) if base.lines else discount(event, goods, lines, row)
        if is_excluded is not None:
            found -= sum(money(line) for line in lines if is_excluded(line))
        return max(found, 0)

    return reckon
