"""What fields of events are checked for when an event is made."""

from __future__ import annotations

import datetime as dt
from typing import Any

from retention_kit.errors import DataError, bad_parameter
from retention_kit.loyalty_rules.online.exact import (
    LARGEST,
    exact_instant,
    exact_text,
    exact_units,
    refused,
)
from retention_kit.smart_segments.definitions.lengths import read_length


def put(event: object, name: str, value: object) -> None:
    """Set a field of a frozen event while it is made."""
    object.__setattr__(event, name, value)


def check_recorded(event: Any) -> None:
    """Make the instant at which the shop learned of an event one in UTC."""
    if event.recorded_at is not None:
        put(event, "recorded_at", exact_instant("recorded_at", event.recorded_at))


def check_common(event: Any) -> None:
    """Check a key and the instants."""
    exact_text("key", event.key)
    put(event, "at", exact_instant("at", event.at))
    check_recorded(event)


def check_segment(event: Any) -> None:
    """Check a segment, its key and the instants; without a key give it one."""
    exact_text("segment", event.segment)
    put(event, "at", exact_instant("at", event.at))
    if event.key is None:
        put(event, "key", f"{event.segment}:{event.at.isoformat()}")
    exact_text("key", event.key)
    check_recorded(event)


def check_signed(units: object) -> None:
    """Raise where units are 0 or no whole number."""
    if exact_units("units", units, least=1 - LARGEST) == 0:
        raise DataError("Units of an event are 0. Allowed: a whole number above or below 0.")


def check_after(name: str, later: dt.datetime | None, at: dt.datetime) -> None:
    """Raise where an end is not after the event."""
    if later is not None and later <= at:
        raise refused(name, got="an instant not after the event's own", allowed="a later instant")


def elapsed(text: str | None) -> dt.timedelta:
    """Give a length of elapsed time."""
    length = read_length("length", text)
    if not length.is_elapsed:
        raise bad_parameter("length", got=text, allowed="hours, minutes and seconds: '15m', '24h'")
    return dt.timedelta(seconds=length.seconds)
