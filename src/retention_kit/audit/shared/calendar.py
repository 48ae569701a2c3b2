"""The day, the month and the hour of the week of many instants, by the shop's clock.

To put an instant on the clock of a zone is slow, and of many orders most share their quarter of an
hour with others: what the clock shows is looked up by that, wherever it shows the same throughout.
"""

from __future__ import annotations

import functools

import polars as pl

from retention_kit.metrics.base.observed import zone_of
from retention_kit.metrics.base.periods import period_index

LOOKED_UP_FROM = 100_000
"""From how many instants on they are looked up."""
_QUARTER = 900_000_000
_YEAR = 35_040
"""Quarters of an hour."""
_YEARS = 100
_HOUR = 3_600_000_000
_MONDAY = 3  # 1970-01-01 was a Thursday


def dated(orders: pl.DataFrame) -> pl.DataFrame:
    """Add `day` (since 1970), `month` (as `period_index`) and `slot` (hours since Monday)."""
    at = orders["ordered_at"]
    if at.len() < LOOKED_UP_FROM:
        return orders.hstack(_shown(at))
    quarters = at.to_physical() // _QUARTER
    first, last = (int(end) // _YEAR for end in (quarters.min(), quarters.max()))  # type: ignore[arg-type]
    shown = _calendar(zone_of(orders.schema), first, last) if last - first < _YEARS else None
    if shown is None:
        return orders.hstack(_shown(at))
    place = (quarters - first * _YEAR).cast(pl.UInt32)
    return orders.hstack([column.gather(place) for column in shown])


def _shown(at: pl.Series) -> pl.DataFrame:
    clock, day = pl.col("clock"), pl.col("day")
    return (
        at.dt.replace_time_zone(None)
        .to_frame("clock")
        .with_columns(clock.dt.date().alias("day"))
        .select(
            day.to_physical(),
            period_index(day, "1mo").alias("month"),
            (
                (day.to_physical() + _MONDAY).mod(7) * 24
                + clock.to_physical().floordiv(_HOUR).mod(24).cast(pl.Int32)
            )
            .cast(pl.Int16)
            .alias("slot"),
        )
    )


@functools.lru_cache(maxsize=4)
def _calendar(zone: str, first: int, last: int) -> pl.DataFrame | None:
    """Give what the clock shows in each quarter of an hour of some years of 365 days.

    Returns:
        None where it does not show the same throughout one: once clocks were changed at one minute
        past midnight, and zones were no whole quarters of an hour apart.
    """
    numbers = pl.int_range(first * _YEAR, (last + 1) * _YEAR, dtype=pl.Int64, eager=True)
    begins = numbers * _QUARTER
    type_ = pl.Datetime("us", "UTC")
    starts, ends = (
        _shown(at.cast(type_).dt.convert_time_zone(zone)) for at in (begins, begins + _QUARTER - 1)
    )
    return starts if starts.equals(ends) else None
