"""What two readings of one programme must agree in: entries, what is held, and the tier.

Entries of one instant are compared as a whole, since some of them have no order among themselves.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from retention_kit.testing._loyalty_moments import FOREVER, utc
from retention_kit.testing._loyalty_reference import Reading

Row = tuple[Any, ...]
MOVES = ("earn", "redeem", "expire", "clawback", "restore", "adjust", "transfer")
"""The kinds of entries whose units add up to the balance."""
_WITH_DATES = ("earn", "restore")


def rows_of_reading(reading: Reading) -> Counter[Row]:
    """Give the entries of the naive reading, to be compared."""
    return Counter(
        _row(one, one.kind, _ever(one.active), _ever(one.expires)) for one in reading.purse.lines
    )


def rows_of_entries(entries: Iterable[Any]) -> Counter[Row]:
    """Give entries of a ledger, to be compared."""
    return Counter(
        _row(one, one.kind, _ever(one.active_at), _ever(one.expires_at)) for one in entries
    )


def lots_of_reading(reading: Reading) -> Counter[Row]:
    """Give what is left of the naive reading's lots, to be compared."""
    purse = reading.purse
    return Counter(
        (
            lot.wallet,
            lot.left,
            purse.reserved(lot),
            None if lot.left < 0 else _ever(lot.active),
            _ever(lot.expires),
        )
        for lot in purse.lots
        if lot.left
    )


def lots_of_view(lots: Iterable[Any]) -> Counter[Row]:
    """Give the open lots of an account, to be compared."""
    return Counter(
        (
            one.wallet,
            one.remaining,
            one.reserved,
            None if one.remaining < 0 else _ever(one.active_at),
            _ever(one.expires_at),
        )
        for one in lots
    )


def _ever(at: dt.datetime | None) -> dt.datetime | None:
    # In UTC, since an hour that comes twice equals no instant of another zone.
    return None if at is None or at == FOREVER else utc(at)


def _row(one: Any, kind: str, active: dt.datetime | None, expires: dt.datetime | None) -> Row:
    has_dates = kind in _WITH_DATES and one.reason != "lost"
    return (
        utc(one.at),
        kind,
        one.wallet,
        one.units,
        one.rule,
        one.tier if kind.startswith("tier") else None,
        active if has_dates else None,
        expires if has_dates else None,
    )
