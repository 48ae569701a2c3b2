"""Fractions of whole numbers, exactly, in 64 bits."""

from __future__ import annotations

from retention_kit.loyalty_rules.kernel.layout import DOWN, HALF_EVEN, HALF_UP

_LARGEST = 9_000_000_000_000_000_000
_DIGITS = 8


def share(number: int, top: int, bottom: int) -> int:
    """Give `number * top / bottom`, rounded down; all are at least 0, the last at least 1.

    The last two and their quotient times the number stay below 10^16, but the product may not fit.
    """
    if number == 0 or top == 0:
        return 0
    if number <= _LARGEST // top:
        return number * top // bottom
    whole = 0
    rest = 0
    shift = 56
    while shift >= 0:
        # Long multiplication, a digit of eight bits after the other, with division at once.
        rest = (rest << _DIGITS) + number % bottom * ((top >> shift) & 255)
        whole = (whole << _DIGITS) + number // bottom * ((top >> shift) & 255) + rest // bottom
        rest %= bottom
        shift -= _DIGITS
    return whole


def rounded(whole: int, rest: int, bottom: int, how: int) -> int:
    """Round `whole + rest / bottom`, of which the rest is at least 0 and less than the bottom."""
    if rest == 0 or how == DOWN:
        return whole
    if how == HALF_UP:
        return whole + (1 if 2 * rest >= bottom else 0)
    if how == HALF_EVEN:
        if 2 * rest == bottom:
            return whole + whole % 2
        return whole + (1 if 2 * rest > bottom else 0)
    return whole + 1
