"""Lengths of time in days, and discount rates of a named period as one continuous rate."""

from __future__ import annotations

import math
import re

from retention_kit.errors import bad_parameter

DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "mo": 365.25 / 12, "q": 365.25 / 4, "y": 365.25}
"""The days that a unit of time has; of months, quarters and years on the average."""

_PART = r"([0-9]+)(mo|[hdwqy])"
_WHOLE = re.compile(f"(?:{_PART})+")


def days_of(name: str, length: str) -> float:
    """Give a length of time in days.

    The models know no calendar: the next twelve weeks are like any other twelve. A month is
    therefore the average one of 30.4375 days, a quarter three of them and a year 365.25 days.

    Args:
        name: The parameter that it was given for.
        length: As `"39w"`, `"90d"` or `"1y6mo"`.

    Raises:
        DefinitionError: It is no length of time above 0.
    """
    parts = re.findall(_PART, length) if isinstance(length, str) else []
    if parts and _WHOLE.fullmatch(length):
        days = math.fsum(int(number) * DAYS[unit] for number, unit in parts)
        if days > 0:
            return days
    raise bad_parameter(
        name,
        got=length,
        allowed="a length of time above 0, in h, d, w, mo, q and y",
        step="'39w', '90d' or '1y', for example.",
    )


def discount_per_day(discount_rate: float, rate_period: str) -> float:
    """Give the rate of continuous discounting per day that comes to a rate per period.

    Args:
        discount_rate: The share by which a value falls over `rate_period`, as 0.1.
        rate_period: The period that the rate is of, as `"1y"`.

    Raises:
        DefinitionError: The rate is negative, or the period is no length of time.

    Notes:
        log(1 + rate) / days of the period, so that what comes after one period is worth
        1 / (1 + rate).
    """
    number("discount_rate", discount_rate)
    return math.log1p(discount_rate) / days_of("rate_period", rate_period)


def number(name: str, value: float) -> None:
    """Raise where a parameter is no finite number from 0 on.

    Raises:
        DefinitionError: It is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:
        raise bad_parameter(name, got=value, allowed="a finite number from 0 on")


def check_share(name: str, share: float) -> None:
    """Raise where a parameter is not between 0 and 1.

    Raises:
        DefinitionError: It is not.
    """
    is_number = isinstance(share, int | float) and not isinstance(share, bool)
    if not is_number or not 0 < share < 1:
        raise bad_parameter(name, got=share, allowed="a number above 0 and below 1")
