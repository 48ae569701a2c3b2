"""When a shop is busy: month, weekday and hour, as one clock that runs faster when it is.

A purchase process of constant rate on this clock is a process with these seasons on the wall clock
(the time change of a non-homogeneous Poisson process; Cinlar 1975, Introduction to Stochastic
Processes, chapter 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.datasets._columns import Ints, instants
from retention_kit.datasets._settings import Settings

MONTHS = (0.82, 0.86, 1.0, 0.95, 0.95, 0.92, 0.88, 0.93, 1.0, 1.04, 1.18, 1.75)
WEEKDAYS = (1.0, 0.97, 0.98, 1.02, 1.15, 1.08, 0.85)
HOURS = (
    *(0.25, 0.12, 0.06, 0.05, 0.05, 0.08, 0.2, 0.45, 0.8, 1.15, 1.4, 1.5),
    *(1.5, 1.45, 1.4, 1.35, 1.35, 1.45, 1.6, 1.75, 1.85, 1.7, 1.2, 0.6),
)
NOVEMBER_SALES = 1.6

HOUR = 3_600
DAY = 24 * HOUR
YEAR = 365.25 * DAY


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """The window hour by hour.

    Attributes:
        edges: The second at which each hour starts, and the end of the window.
        readings: Busy time up to each edge, in years.
        months: Whole calendar months between the window's first hour and each hour.
        first_month: Year and month of the window's first hour.
    """

    edges: npt.NDArray[np.int64]
    readings: npt.NDArray[np.float64]
    months: npt.NDArray[np.int16]
    first_month: tuple[int, int]

    @property
    def start(self) -> int:
        """The window's first second."""
        return int(self.edges[0])

    @property
    def end(self) -> int:
        """The second at which the window ends, exclusive."""
        return int(self.edges[-1])

    @property
    def length(self) -> float:
        """Busy time of the whole window, in years: its length, for the clock is fair on average."""
        return float(self.readings[-1])

    def seconds(self, readings: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Tell at which second the clock shows each reading."""
        exact = np.interp(readings, self.readings, self.edges - self.start)
        return np.minimum(exact.astype(np.int64) + self.start, self.end - 1)

    def month_index(self, seconds: Ints) -> npt.NDArray[np.int16]:
        """Count the calendar months of the shop's zone from the window's first."""
        return self.months[(seconds - self.start) // HOUR]

    def calendar_month(self, seconds: Ints) -> npt.NDArray[Any]:
        """Give the month of the year, 1 to 12, in the shop's zone."""
        return (self.month_index(seconds) + (self.first_month[1] - 1)) % 12 + 1


def make_clock(settings: Settings) -> Clock:
    """Build the clock of a window.

    The hours are counted in UTC and weighed by what the shop's wall clock shows in them, so an hour
    that daylight saving skips has no place, and one that it repeats has two.
    """
    starts = np.arange(settings.start_second, settings.end_second, HOUR, dtype=np.int64)
    edges = np.append(starts, settings.end_second)
    wall = instants(starts, settings.time_zone).dt
    month, day = wall.month().to_numpy(), wall.day().to_numpy()
    weights = (
        np.array(MONTHS)[month - 1]
        * np.array(WEEKDAYS)[wall.weekday().to_numpy() - 1]
        * np.array(HOURS)[wall.hour().to_numpy()]
        * np.where((month == 11) & (day >= 23), NOVEMBER_SALES, 1.0)
    )
    busy = np.append(0.0, np.cumsum(weights * np.diff(edges)))
    years = float(edges[-1] - edges[0]) / YEAR
    counted = wall.year().cast(pl.Int64).to_numpy() * 12 + month
    return Clock(
        edges=edges,
        readings=busy / busy[-1] * years,
        months=(counted - counted[0]).astype(np.int16),
        first_month=(settings.start.year, settings.start.month),
    )
