"""Which dates an anniversary is asked of."""

from __future__ import annotations

import datetime as dt

from retention_kit.smart_segments.definitions.lengths import add_months, read_length
from retention_kit.smart_segments.definitions.moments import Anniversary


def due_dates(
    anniversary: Anniversary, as_of: dt.datetime, zone: dt.tzinfo
) -> tuple[dt.date, dt.date]:
    """Give the first and the last of the dates in a row, at an instant of observation.

    Args:
        anniversary: How far ahead, and how many dates.
        as_of: The instant of observation; its date in the shop's zone is today.
        zone: The shop's zone.
    """
    today = as_of.astimezone(zone).date()
    try:
        first = today
        if anniversary.ahead is not None:
            length = read_length("ahead", anniversary.ahead)
            midnight = dt.datetime.combine(today, dt.time())
            first = add_months(midnight, length.months).date() + dt.timedelta(days=length.days)
        return first, first + dt.timedelta(days=anniversary.days - 1)
    except (OverflowError, ValueError):
        return dt.date.max, dt.date.max
