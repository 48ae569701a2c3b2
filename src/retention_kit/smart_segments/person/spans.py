"""How the bounds of a window are found: lengths read beforehand, the rest as the window says."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable

from retention_kit.smart_segments.definitions.lengths import microseconds, read_length
from retention_kit.smart_segments.definitions.windows import (
    AllTime,
    BetweenAges,
    Bounds,
    Last,
    Since,
)
from retention_kit.smart_segments.lowered.spans import BeforeSilence, Span

Resolve = Callable[[dt.datetime, dt.tzinfo], Bounds]
length_of = functools.lru_cache(maxsize=1024)(functools.partial(read_length, "length"))


def resolving(span: Span) -> Resolve:
    """Give the function that finds the bounds of a window at an instant in a zone."""
    match span:
        case Last():
            back = _going_back(span.length)
            return lambda as_of, zone: (back(as_of, zone), microseconds(as_of))
        case BetweenAges():
            oldest, youngest = _going_back(span.oldest), _going_back(span.youngest)
            return lambda as_of, zone: (oldest(as_of, zone), youngest(as_of, zone))
        case BeforeSilence(active=None):
            silent = _going_back(span.silent)
            return lambda as_of, zone: (None, silent(as_of, zone))
    return span.bounds


def grows(span: Span) -> bool:
    """Say whether a window only gets more rows while the instant of observation moves on."""
    return isinstance(span, AllTime | Since)


def _going_back(text: str) -> Callable[[dt.datetime, dt.tzinfo], int]:
    length = length_of(text)
    return lambda as_of, zone: microseconds(length.before(as_of, zone))
