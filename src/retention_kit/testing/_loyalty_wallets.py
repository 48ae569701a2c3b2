"""Wallets, drawn: of points and of money, with every way to wait, to expire and to be spent."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis.strategies import DrawFn

from retention_kit.loyalty_rules.definitions.moments import (
    After,
    AtOnce,
    FixedDate,
    NeverExpires,
    OnDate,
    Rolling,
    Sliding,
    WhenDelivered,
)
from retention_kit.loyalty_rules.definitions.wallets import Grace, Lost, Spending, Wallet
from retention_kit.testing._loyalty_choices import TOBACCO, pick

_LENGTHS = ("3d", "1mo", "10d", "1d", "36h", "2w", "1mo3d")


def wallet_of(draw: DrawFn, kind: str, start: dt.date) -> Wallet:
    """Draw a wallet of a kind."""
    spending = None
    if pick(draw, *(True,) * 7, False):
        spending = Spending(
            minimum=pick(draw, 0, 0, 0, 5),
            step=pick(draw, None, None, None, 5),
            largest_share=pick(draw, "1", "1", "0.5", "0.3"),
            excluded=pick(draw, (), (), (), (TOBACCO,)),
        )
    return Wallet(
        name=kind,
        kind=kind,  # type: ignore[arg-type]
        value=pick(draw, "1", "0.5", "0.01", "0.25") if kind == "points" else 1,
        pending=_pending(draw, pick(draw, True, True, True, False)),
        expiry=expiry_of(draw, start),
        negative_balance=pick(draw, "debt", "zero"),
        restored=Lost() if pick(draw, True, False) else Grace(length=pick(draw, "3d", "36h")),
        spending=spending,
    )


def _pending(draw: DrawFn, at_once: bool) -> Any:
    if at_once:
        return AtOnce()
    return pick(draw, After(length="1d"), After(length="3d"), After(length="12h"), WhenDelivered())


def expiry_of(draw: DrawFn, start: dt.date, *, slides: bool = True) -> Any:
    """Draw how units expire."""
    kind = pick(draw, "rolling", "never", "fixed", "rolling", "on", "sliding")
    if kind == "rolling":
        length = pick(draw, *_LENGTHS)
        allowed = not length.endswith("h")
        return Rolling(
            length=length, to_end_of=pick(draw, None, None, "month", "quarter") if allowed else None
        )
    if kind == "fixed":
        day = start + dt.timedelta(days=pick(draw, 20, 2, 60))
        return pick(draw, FixedDate(month=day.month, day=day.day), FixedDate(month=2, day=29))
    if kind == "on":
        return OnDate(date=start + dt.timedelta(days=pick(draw, 400, 30)))
    if kind == "sliding" and slides:
        on = pick(draw, ("order",), ("order", "Review Written"), ("Review Written",))
        return Sliding(length=pick(draw, "3d", "2w", "36h"), on=on)
    return NeverExpires()
