"""Exact values that an event may hold: money, whole units, instants and ids."""

from __future__ import annotations

import datetime as dt
import functools
import re
from decimal import Decimal

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel.layout import MONEY

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
LARGEST = 10**12
"""Below how much money an event must stay, and below how many units."""
_LARGEST = Decimal(LARGEST)
_PLACES = -4
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_SHOWN = 10**24


def exact_money(field: str, value: object, *, least: Decimal = Decimal(0)) -> Decimal:
    """Give money as a Decimal of at most four places.

    Raises:
        DataError: It is no exact money: a float, or too many places, or out of bounds.
    """
    if isinstance(value, str):
        money = _number(field, value)
    elif isinstance(value, Decimal):
        money = value
    elif isinstance(value, int) and not isinstance(value, bool):
        money = Decimal(value)
    else:
        raise refused(
            field,
            got=_kind(value),
            allowed="a Decimal, a whole number or the text of a number; a float is not exact",
            step="Decimal('12.50') of the text that the shop keeps.",
        )
    # Comparing what is not a number would raise, and infinity is above every bound.
    if money.is_nan() or not least <= money < _LARGEST:
        raise refused(field, got=_beyond(money), allowed=f"from {least} to below 10**12")
    exponent = money.as_tuple().exponent
    if isinstance(exponent, int) and exponent < _PLACES and (money * MONEY) % 1:
        raise refused(field, got="more than four places", allowed="at most four decimal places")
    return money


def _number(field: str, text: str) -> Decimal:
    # Not what Decimal reads besides: digits of other scripts, underscores, NaN.
    if not _NUMBER.fullmatch(text):
        raise refused(
            field,
            got="a text that is no number",
            allowed="a Decimal, a whole number or the text of a number such as '1990.00'",
        )
    return Decimal(text)


def _beyond(value: Decimal | int) -> str:
    """Say what is out of bounds: nothing, too much, or below what may be."""
    if isinstance(value, Decimal) and not value.is_finite():
        return "no finite number, which is out of bounds"
    return f"{value}, out of bounds" if -_SHOWN < value < _SHOWN else "a number out of bounds"


def exact_units(field: str, value: object, *, least: int = 0) -> int:
    """Give a whole number of a wallet's smallest units.

    Raises:
        DataError: It is none, or out of bounds.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise refused(
            field,
            got=_kind(value),
            allowed="a whole number of the wallet's smallest units: points, or hundredths of money",
            step="wallet.to_units(Decimal('12.50')) gives the units of an amount.",
        )
    if not least <= value < LARGEST:
        raise refused(field, got=_beyond(value), allowed=f"from {least} to below 10**12")
    return value


def exact_instant(field: str, value: object) -> dt.datetime:
    """Give an instant in UTC.

    Raises:
        DataError: It is no instant, or has no time zone.
    """
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise refused(field, **_no_instant(field, value))
    return value.astimezone(dt.UTC)


def exact_as_of(value: object) -> dt.datetime:
    """Give the instant of an observation in UTC.

    Raises:
        DataError: It is no instant, or has no time zone.
    """
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        said = _no_instant("as_of", value)
        raise DataError(
            f"Parameter 'as_of' is {said['got']}. Allowed: {said['allowed']}. Next step: "
            f"{said['step']}"
        )
    return value.astimezone(dt.UTC)


def _no_instant(field: str, value: object) -> dict[str, str]:
    """Say what came instead of an instant, and how one is made of it."""
    zone = "tzinfo=ZoneInfo('Europe/Moscow')"
    got, step = _kind(value), f"dt.datetime(2025, 5, 1, 12, {zone})."
    if isinstance(value, dt.datetime):
        got, step = "an instant without a time zone", f"{field}.replace({zone})."
    elif isinstance(value, dt.date):
        got, step = "a date", f"dt.datetime.combine({field}, dt.time(), {zone})."
    elif isinstance(value, str):
        got, step = "a text", f"dt.datetime.fromisoformat('2025-05-01T12:00').replace({zone})."
    return {"got": got, "allowed": "an instant with a time zone", "step": step}


def exact_id(field: str, value: object) -> int | str:
    """Give an id.

    Raises:
        DataError: It is neither a whole number nor a text.
    """
    if value.__class__ is str or value.__class__ is int:
        return value
    raise refused(field, got=_kind(value), allowed="a whole number or a text")


def exact_text(field: str, value: object) -> str:
    """Give a text of at least one character.

    Raises:
        DataError: It is none.
    """
    if isinstance(value, str) and value:
        return value
    raise refused(field, got=_kind(value) if value != "" else "an empty text", allowed="a text")


def microseconds(at: dt.datetime) -> int:
    """Give an instant in microseconds since 1970 in UTC."""
    return (at - EPOCH) // MICROSECOND


@functools.lru_cache(maxsize=4096)
def instant_of(at: int) -> dt.datetime:
    """Give the instant, in UTC, of microseconds since 1970."""
    return EPOCH + dt.timedelta(microseconds=at)


def parts_of(money: Decimal | int) -> int:
    """Give money in ten-thousandths."""
    return int(money * MONEY)


def money_of(parts: int) -> Decimal:
    """Give the money of so many ten-thousandths, with four places."""
    return Decimal(parts).scaleb(_PLACES)


def refused(field: str, *, got: str, allowed: str, step: str = "") -> DataError:
    """Make the error for a field of an event, without what stands in it."""
    tail = f" Next step: {step}" if step else ""
    return DataError(f"Field {field!r} of an event holds {got}. Allowed: {allowed}.{tail}")


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
