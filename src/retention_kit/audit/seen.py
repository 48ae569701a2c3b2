"""What an audit looks at, and from where: the instants, the zone and the options of its figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

Answers = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Seen:
    """The frame of an audit.

    Attributes:
        as_of: Observation instant, exclusive, in the shop's zone.
        data_from: The first order's instant.
        since: The instant that today's states are compared with.
        time_zone: The shop's time zone.
        active_within: The window of retention; None is the month.
        stopped_within: The window of the list of those who stopped.
        confidence: How sure intervals are.
    """

    as_of: dt.datetime
    data_from: dt.datetime
    since: dt.datetime
    time_zone: str
    active_within: str | None
    stopped_within: str
    confidence: float

    @property
    def instant(self) -> dict[str, Any]:
        """The arguments of a finisher that knows where the present is."""
        return {"as_of": self.as_of, "time_zone": self.time_zone}

    @property
    def calendar(self) -> dict[str, Any]:
        """The arguments of a finisher that cuts months."""
        return {
            **self.instant,
            "every": "1mo",
            "data_from": self.data_from.date(),
        }
