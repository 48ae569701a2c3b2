"""Exact numbers and names of a programme: amounts, shares and factors, never a float."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

import pydantic

from retention_kit.errors import bad_parameter

Exact = Decimal | int | str
"""What a person may write where an exact number stands."""
MOST_PLACES = 8
"""How many digits a number may have after the point."""
LARGEST = Decimal(10) ** 12
"""Below which every number stays."""
_CURRENCY = re.compile("^[A-Z]{3}$", re.ASCII)
_ALLOWED = f"a Decimal, a whole number or the text of a number, with {MOST_PLACES} places at most"


def exact(value: object, parameter: str = "amount") -> Decimal:
    """Read an exact number.

    Args:
        value: A `Decimal`, a whole number, or the text of one such as `"0.05"`.
        parameter: What it is of, for the message.

    Returns:
        The number, without zeros at its end.

    Raises:
        DefinitionError: It is a float or no number; or too large, or too fine.

    Examples:
        >>> exact("2.50")
        Decimal('2.5')
    """
    if isinstance(value, float):
        raise bad_parameter(
            parameter,
            got=value,
            allowed=_ALLOWED,
            step=f"a float is not exact: write Decimal('{value}') or the text '{value}'.",
        )
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise bad_parameter(parameter, got=type(value).__name__, allowed=_ALLOWED)
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise bad_parameter(parameter, got=value, allowed=_ALLOWED) from None
    if not number.is_finite() or abs(number) >= LARGEST:
        raise bad_parameter(parameter, got=value, allowed=f"a number below {LARGEST:,f}")
    sign, digits, exponent = number.as_tuple()
    places = -int(exponent)
    while places > 0 and digits[-1] == 0:
        digits, places = digits[:-1] or (0,), places - 1
    if places > MOST_PLACES:
        raise bad_parameter(parameter, got=value, allowed=_ALLOWED)
    # Not normalize(), which would round to the digits of whoever's context it is.
    whole = int("".join(map(str, digits))) * 10 ** max(0, -places)
    return Decimal(-whole if sign else whole).scaleb(-max(0, places)) if whole else Decimal(0)


def _read(value: Any, about: pydantic.ValidationInfo) -> Decimal:
    return exact(value, about.field_name or "amount")


def _not_below_zero(value: Decimal, about: pydantic.ValidationInfo) -> Decimal:
    if value < 0:
        raise bad_parameter(about.field_name or "amount", got=str(value), allowed="0 or more")
    return value


def _above_zero(value: Decimal, about: pydantic.ValidationInfo) -> Decimal:
    if value <= 0:
        raise bad_parameter(about.field_name or "amount", got=str(value), allowed="more than 0")
    return value


def _a_share(value: Decimal, about: pydantic.ValidationInfo) -> Decimal:
    if not 0 <= value <= 1:
        raise bad_parameter(
            about.field_name or "share",
            got=str(value),
            allowed="a share from 0 to 1",
            step="5 % is '0.05'.",
        )
    return value


def _not_blank(value: str, about: pydantic.ValidationInfo) -> str:
    if not value.strip() or value != value.strip():
        raise bad_parameter(
            about.field_name or "name", got=value, allowed="a name without blanks around it"
        )
    return value


def _a_currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise bad_parameter(
            "currency",
            got=value,
            allowed="a code of three capital letters",
            step="'RUB', 'EUR', 'GBP': the codes of ISO 4217.",
        )
    return value


_READ = pydantic.BeforeValidator(_read)
_WRITTEN = pydantic.PlainSerializer("{:f}".format, return_type=str, when_used="json")
_SCHEMA = pydantic.WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})

Amount = Annotated[Decimal, _READ, pydantic.AfterValidator(_not_below_zero), _WRITTEN, _SCHEMA]
"""An exact number, 0 or more; in JSON its plain text."""
Positive = Annotated[Decimal, _READ, pydantic.AfterValidator(_above_zero), _WRITTEN, _SCHEMA]
"""An exact number above 0; in JSON its plain text."""
Share = Annotated[Decimal, _READ, pydantic.AfterValidator(_a_share), _WRITTEN, _SCHEMA]
"""An exact share from 0 to 1; in JSON its plain text."""
Name = Annotated[
    str, pydantic.Field(min_length=1, max_length=200), pydantic.AfterValidator(_not_blank)
]
"""A name."""
Currency = Annotated[
    str,
    pydantic.AfterValidator(_a_currency),
    pydantic.WithJsonSchema({"type": "string", "pattern": _CURRENCY.pattern}),
]
"""A currency by its code."""
Whole = Annotated[int, pydantic.Field(strict=True, ge=1, lt=10**9)]
"""A whole number, 1 or more."""
