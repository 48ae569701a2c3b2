"""The table `costs`: what the shop spends each month to win customers and to keep them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from retention_kit.datasets._behaviour import CHANNELS, Population
from retention_kit.datasets._clock import Clock
from retention_kit.datasets._columns import NOTHING, money
from retention_kit.datasets._settings import Settings

PER_NEW_CUSTOMER = {
    "yandex_direct": ("advertising", 950),
    "vk_ads": ("advertising", 720),
    "marketplace": ("advertising", 540),
    "organic_search": ("other", 60),
    "referral": ("other", 300),
}
"""By channel, what is paid for and roubles for each customer won."""

PER_MONTH = (
    (None, "salaries", "acquisition", 90_000, 25.0),
    (None, "salaries", "retention", 60_000, 6.0),
    (None, "software", "retention", 15_000, 1.0),
    (None, "rent", "acquisition", 50_000, 0.0),
    (None, "other", "acquisition", 8_000, 3.0),
    ("email", "advertising", "retention", 5_000, 2.0),
    ("email", "software", "retention", 3_000, 0.5),
)
"""Channel, category, purpose, roubles a month, and roubles for each customer won so far."""
UNEVENNESS = 0.12


def costs_frame(settings: Settings, clock: Clock, population: Population) -> pl.DataFrame:
    """Make the table `costs`, by ascending month."""
    months = int(clock.months[-1]) + 1
    buyers = population.buys
    month = clock.month_index(population.first[buyers]).astype(np.int64)
    channel = population.channel[buyers]
    counted = np.bincount(
        month[channel != NOTHING] * len(CHANNELS) + channel[channel != NOTHING],
        minlength=months * len(CHANNELS),
    ).reshape(months, len(CHANNELS))
    so_far = np.cumsum(np.bincount(month, minlength=months))
    lines: list[tuple[str | None, str, str, npt.NDArray[np.floating[Any]]]] = []
    for name, (category, each) in PER_NEW_CUSTOMER.items():
        lines.append(
            (name, category, "acquisition", counted[:, CHANNELS.index(name)] * float(each))
        )
    for of, category, purpose, fixed, growing in PER_MONTH:
        lines.append((of, category, purpose, fixed + growing * so_far))
    year, first = clock.first_month
    dates = [
        dt.date(year + (first - 1 + index) // 12, (first - 1 + index) % 12 + 1, 1)
        for index in range(months)
    ]
    frames = []
    for position, (of, category, purpose, roubles) in enumerate(lines):
        spread = settings.random("costs", position).lognormal(0, UNEVENNESS, months)
        frames.append(
            pl.select(
                month=pl.Series(dates),
                amount=money(np.rint(roubles * spread * 100).astype(np.int64)),
                channel=pl.lit(of, dtype=pl.String),
                category=pl.lit(category),
                purpose=pl.lit(purpose),
            )
        )
    return pl.concat(frames).sort("month", maintain_order=True)
