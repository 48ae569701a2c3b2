"""Which rules an event meets by itself, and the figures of it that rules look at.

Part of the naive reading of loyalty programmes: exact fractions of money, and the filters of one
row compared one after another.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from retention_kit.smart_segments.definitions.values import COMPARED
from retention_kit.testing._loyalty_moments import day_of

SMALLEST = Fraction(1, 10_000)
"""The part of a unit of money up to which money is kept."""


@dataclass(frozen=True)
class Taken:
    """What one discount takes off; without a name it is the tier's."""

    name: str | None
    amount: Fraction


def name_of(part: object) -> str:
    """Give the name of what a definition is."""
    return type(part).__name__


def unit_of(wallet: Any) -> Fraction:
    """Give what the smallest unit of a wallet is, in the wallet's own amounts."""
    return Fraction(1) if wallet.kind == "points" else Fraction(1, 100)


def worth_of(wallet: Any) -> Fraction:
    """Give what the smallest unit of a wallet is worth in the shop's money."""
    return unit_of(wallet) * Fraction(wallet.value)


def units_of(wallet: Any, amount: Any) -> int:
    """Give an amount of a wallet in its smallest units."""
    return int(Fraction(amount) / unit_of(wallet))


def is_of_lines(rule: Any) -> bool:
    """Say whether a rule looks at lines, and not at the order as a whole."""
    return bool(rule.lines) or counts(rule)


def counts(rule: Any) -> bool:
    """Say whether a rule pays by the quantity of its lines."""
    return name_of(rule.trigger) == "EachLine" and name_of(rule.award) == "Fixed"


def holds(filters: Sequence[Any], row: dict[str, Any]) -> bool:
    """Say whether all filters hold of a row; what is missing holds of nothing."""
    return all(_holds(one, row.get(one.column)) for one in filters)


def row_of(event: Any) -> dict[str, Any]:
    """Give the columns of an order, or of an activity, that filters look at."""
    fields = ("order_id", "amount", "discount", "promo_code", "channel", "value", "name")
    return {one: getattr(event, one) for one in fields if hasattr(event, one)} | dict(event.columns)


def row_of_line(line: Any) -> dict[str, Any]:
    """Give the columns of a line."""
    fields = ("product_id", "amount", "quantity", "category", "discount")
    return {one: getattr(line, one) for one in fields} | dict(line.columns)


def matching(lines: Sequence[Any], filters: Sequence[Any]) -> list[Any]:
    """Give the lines of which all filters hold."""
    return [one for one in lines if holds(filters, row_of_line(one))]


def happens(rule: Any, at: dt.datetime, zone: ZoneInfo) -> bool:
    """Say whether the dates and the hours of a rule have the instant in them."""
    day = day_of(at, zone)
    if rule.valid_from is not None and day < rule.valid_from:
        return False
    if rule.valid_until is not None and day > rule.valid_until:
        return False
    return not rule.hours or any(_is_in(hours, at.astimezone(zone)) for hours in rule.hours)


def base_of(event: Any, rule: Any) -> Fraction | None:
    """Give what a rule looks at in an order or a return, before points are taken off.

    Args:
        event: The order, or the return.
        rule: The rule.

    Returns:
        Money, or a count of lines; None of a return whose lines are not told.
    """
    before = getattr(rule.award, "before_discount", False)
    if not is_of_lines(rule):
        return Fraction(event.amount) + (Fraction(event.discount) if before else 0)
    if hasattr(event, "original_order_id") and not event.lines:
        return None
    lines = matching(event.lines, rule.lines)
    if counts(rule):
        return Fraction(math.floor(sum((Fraction(one.quantity) for one in lines), Fraction(0))))
    own = sum((Fraction(one.amount) for one in lines), Fraction(0))
    if before:
        own += sum((Fraction(one.discount) for one in lines), Fraction(0))
    return own


def shrunk(figure: Fraction, event: Any, taken: Sequence[Taken]) -> Fraction:
    """Give a part of a price after discounts: less in proportion."""
    off = sum((one.amount for one in taken), Fraction(0))
    goods = Fraction(event.amount)
    return in_parts(figure * (goods - off) / goods) if off else figure


def base_after(event: Any, rule: Any, taken: Sequence[Taken]) -> Fraction:
    """Give what a rule looks at in an order off whose price something is taken."""
    base = base_of(event, rule) or Fraction(0)
    if counts(rule) or getattr(rule.award, "before_discount", False):
        return base
    return shrunk(base, event, taken)


def in_parts(figure: Fraction) -> Fraction:
    """Give money down to the smallest part that is kept."""
    return figure // SMALLEST * SMALLEST


def without_points(base: Fraction, points: Fraction, goods: Fraction) -> Fraction:
    """Take off the share of money that was paid with points.

    Args:
        base: The money.
        points: What of the order was paid with points, in money.
        goods: All of the order.
    """
    if not goods:
        return base
    share = base * points / goods
    return max(Fraction(0), base - in_parts(share))


def spendable_of(order: Any, wallet: Any) -> Fraction:
    """Give what of an order may be paid with a wallet, before its largest share."""
    excluded = () if wallet.spending is None else wallet.spending.excluded
    apart = matching(order.lines, excluded) if excluded else []
    own = sum((Fraction(one.amount) for one in apart), Fraction(0))
    return max(Fraction(0), Fraction(order.amount) - own)


def rounded(figure: Fraction, how: str) -> int:
    """Round a figure, which is not below zero, to a whole number."""
    match how:
        case "down":
            return math.floor(figure)
        case "up":
            return math.ceil(figure)
        case "half_up":
            return math.floor(figure + Fraction(1, 2))
    return round(figure)


def _is_in(hours: Any, clock: dt.datetime) -> bool:
    start, end, now = (_minutes(one) for one in (hours.start, hours.end, clock.time()))
    today, yesterday = clock.isoweekday(), (clock - dt.timedelta(days=1)).isoweekday()
    if start < end:
        return today in hours.weekdays and start <= now < end
    return (today in hours.weekdays and now >= start) or (yesterday in hours.weekdays and now < end)


def _minutes(time: Any) -> Fraction:
    if isinstance(time, str):
        hour, minute = time.split(":")[:2]
        return Fraction(int(hour) * 60 + int(minute))
    micros = ((time.hour * 60 + time.minute) * 60 + time.second) * 1_000_000 + time.microsecond
    return Fraction(micros, 60_000_000)


def _holds(one: Any, value: Any) -> bool:
    if one.operator == "unknown":
        return value is None
    if value is None:
        return False
    match one.operator:
        case "known":
            return True
        case "in":
            return any(_same(value, other) for other in one.values)
        case "not_in":
            return not any(_same(value, other) for other in one.values)
    if isinstance(value, str) or isinstance(one.value, str):
        return bool(COMPARED[one.operator](value, one.value))
    return bool(COMPARED[one.operator](Decimal(value), Decimal(one.value)))


def _same(value: Any, other: Any) -> bool:
    return bool(value == other)
