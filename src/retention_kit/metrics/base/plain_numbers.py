"""What formulas on plain numbers ask of their arguments."""

from __future__ import annotations

import math
from decimal import Decimal

from retention_kit.errors import bad_parameter

Number = float | Decimal
"""A whole number, a float or an exact one."""


def divided(numerator: float, denominator: float) -> float | None:
    """Divide, and give None where there is nothing to divide by."""
    return numerator / denominator if denominator else None


def finite(name: str, value: object) -> float:
    """Take a number.

    Raises:
        DefinitionError: It is none, or not a finite one.
    """
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):  # type: ignore[arg-type]
        raise bad_parameter(name, got=value, allowed="a finite number")
    return float(value)  # type: ignore[arg-type]


def at_least_0(name: str, value: object) -> float:
    """Take a count or an amount.

    Raises:
        DefinitionError: It is below 0 or no number.
    """
    number = finite(name, value)
    if number < 0:
        raise bad_parameter(name, got=value, allowed="a number of at least 0")
    return number


def share_of(name: str, value: object) -> float:
    """Take a share.

    Raises:
        DefinitionError: It is not between 0 and 1.
    """
    number = finite(name, value)
    if not 0 <= number <= 1:
        raise bad_parameter(name, got=value, allowed="a share from 0 to 1", step="80% is 0.8.")
    return number


def whole(name: str, value: object) -> int:
    """Take a count of whole ones.

    Raises:
        DefinitionError: It is below 0 or not a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise bad_parameter(name, got=value, allowed="a whole number of at least 0")
    return value
