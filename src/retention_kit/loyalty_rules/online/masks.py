"""Which rules and discounts look at one event: by kind, version, day, hour, code and filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from retention_kit.loyalty_rules.kernel.moments import day_of
from retention_kit.loyalty_rules.lowered.parts import EVER, Filter
from retention_kit.loyalty_rules.online.exact import instant_of
from retention_kit.loyalty_rules.online.filtering import Holds, holding
from retention_kit.loyalty_rules.online.rows import Rows

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

Promo = str | None
"""The code of an order that may still be used."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """A rule, or a discount, that does not look at every event of its kind."""

    bit: int
    filter: Filter
    has_time: bool
    where: Holds | None
    lines: Holds | None


@dataclass(frozen=True, slots=True)
class Bits:
    """The rules of one version that look at events of one kind.

    Attributes:
        always: The bits of those that look at all of them.
        asking: The others.
        needs_row: Whether any looks at the row.
    """

    always: int
    asking: tuple[_Asking, ...]
    needs_row: bool


@dataclass(frozen=True, slots=True)
class Masks:
    """All filters of a programme, by version.

    Attributes:
        orders: Of rules, on orders; those on tiers are among them.
        activities: Of rules, by the number of the activity; those on tiers are among them.
        discounts: Of discounts, on orders.
    """

    orders: tuple[Bits, ...]
    activities: tuple[tuple[Bits, ...], ...]
    discounts: tuple[Bits, ...]


def masks_with(program: CompiledProgram) -> Masks:
    """Put the filters of a programme into the form in which they are asked."""
    versions = range(len(program.versions))
    rules, zone = program.rule_filters, program.time_zone

    def among(filters: Iterable[Filter], takes: Callable[[Filter], bool], table: str) -> Any:
        found = [one for one in filters if takes(one)]
        return tuple(
            _bits([one for one in found if one.version == version], table, zone)
            for version in versions
        )

    def on_activity(name: str) -> Callable[[Filter], bool]:
        return lambda one: one.on == "tier" or (one.on == "activity" and one.activity == name)

    return Masks(
        orders=among(rules, lambda one: one.on in ("order", "tier"), "orders"),
        activities=tuple(among(rules, on_activity(name), "events") for name in program.activities),
        discounts=among(program.discount_filters, lambda _: True, "orders"),
    )


def mask_of(
    bits: Bits, program: CompiledProgram, at: int, row: Any, lines: Rows, promo: Promo
) -> int:
    """Give the bits of the rules that look at an event.

    Args:
        bits: Those that may.
        program: The programme.
        at: When it happened.
        row: It, as a row of its table.
        lines: Its lines.
        promo: Its code.
    """
    found = bits.always
    if not bits.asking:
        return found
    day, clock = _shown(program, at, bits.asking)
    for one in bits.asking:
        asked = one.filter
        if asked.promo is not None and asked.promo != promo:
            continue
        if one.has_time and not asked.is_open(day, clock):
            continue
        if one.where is not None and not one.where(row):
            continue
        if one.lines is not None and not any(map(one.lines, lines)):
            continue
        found |= one.bit
    return found


def _shown(program: CompiledProgram, at: int, asking: Sequence[_Asking]) -> tuple[int, int]:
    """Give the shop's day, and what its clock shows."""
    if not any(one.has_time for one in asking):
        return 0, 0
    clock = instant_of(at).astimezone(ZoneInfo(program.time_zone))
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    return day_of(program.rules, at), seconds * 1_000_000 + clock.microsecond


def _bits(filters: Iterable[Filter], table: str, zone: str) -> Bits:
    always = 0
    asking: list[_Asking] = []
    for one in filters:
        has_time = bool(one.hours) or one.first_day > -EVER or one.last_day < EVER
        if has_time or one.where or one.lines or one.promo is not None:
            asking.append(
                _Asking(
                    bit=1 << one.bit,
                    filter=one,
                    has_time=has_time,
                    where=holding(one.where, table, zone),
                    lines=holding(one.lines, "order_items", zone),
                )
            )
        else:
            always |= 1 << one.bit
    return Bits(always, tuple(asking), any(one.where is not None for one in asking))
