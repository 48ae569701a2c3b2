"""What a generated shop is made from: checked options, and one random stream per component."""

from __future__ import annotations

import datetime as dt
import math
import os
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeGuard, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from retention_kit.contracts.tables import TABLES
from retention_kit.errors import bad_parameter

CHUNK = 1 << 19
"""Rows drawn at a time. It is part of what a seed means: another size gives other data."""

MOST_THREADS = 4

LONGEST_DAYS = 50 * 366
MOST_CUSTOMERS = 200_000_000


Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Settings:
    """Customers, seed and the options that `generate.ShopOptions` explains."""

    customers: int
    seed: int
    start: dt.date = dt.date(2023, 1, 1)
    end: dt.date = dt.date(2026, 1, 1)
    time_zone: str = "Europe/Moscow"
    tables: tuple[str, ...] = tuple(TABLES)
    orders_per_year: float = 6.0
    rate_shape: float = 0.8
    dropout: float = 0.15
    return_share: float = 0.05
    guest_share: float = 0.04
    event_share: float = 0.05

    def __post_init__(self) -> None:
        _check_whole("customers", self.customers, lowest=1, highest=MOST_CUSTOMERS)
        _check_whole("seed", self.seed, lowest=0, highest=None)
        _check_window(self.start, self.end)
        _check_zone(self.time_zone)
        _check_tables(self.tables)
        _check_positive("orders_per_year", self.orders_per_year, highest=1_000.0)
        _check_positive("rate_shape", self.rate_shape, highest=1_000.0)
        for name in ("dropout", "return_share", "guest_share", "event_share"):
            _check_share(name, getattr(self, name))

    @property
    def start_second(self) -> int:
        """The first second of the window, since 1970 in UTC."""
        return _midnight(self.start, self.time_zone)

    @property
    def end_second(self) -> int:
        """The second at which the window ends, exclusive."""
        return _midnight(self.end, self.time_zone)

    def random(self, component: str, part: int = 0) -> np.random.Generator:
        """Open a component's own stream, which no other component can move."""
        key = (zlib.crc32(component.encode()), part)
        return np.random.Generator(
            np.random.PCG64DXSM(np.random.SeedSequence(self.seed, spawn_key=key))
        )


def in_chunks(rows: int, make: Callable[[int, slice], Part]) -> list[Part]:
    """Make something of each numbered slice of `CHUNK` rows, several at a time.

    Each slice has a random stream of its own, so the result does not depend on who is first. NumPy
    and Polars let go of the interpreter's lock while they work.

    Args:
        rows: How many rows there are; none make one empty slice.
        make: Takes the slice's number and the slice.

    Returns:
        What was made, in the order of the slices.
    """
    slices = [slice(first, min(first + CHUNK, rows)) for first in range(0, max(rows, 1), CHUNK)]
    if len(slices) == 1:
        return [make(0, slices[0])]
    with ThreadPoolExecutor(max_workers=min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(make, range(len(slices)), slices))


def _midnight(day: dt.date, time_zone: str) -> int:
    midnight = dt.datetime.combine(day, dt.time(), tzinfo=ZoneInfo(time_zone))
    return int(midnight.timestamp())


def _check_whole(name: str, value: object, *, lowest: int, highest: int | None) -> None:
    allowed = f"a whole number from {lowest}" + ("" if highest is None else f" to {highest:,}")
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad_parameter(name, got=value, allowed=allowed)
    if value < lowest or (highest is not None and value > highest):
        raise bad_parameter(name, got=value, allowed=allowed)


def _check_share(name: str, value: object) -> None:
    if not _is_number(value) or not 0 <= value <= 1:
        raise bad_parameter(
            name,
            got=value,
            allowed="a share from 0 to 1",
            step="write five in a hundred as 0.05.",
        )


def _check_positive(name: str, value: object, *, highest: float) -> None:
    if not _is_number(value) or not 0 < value <= highest:
        raise bad_parameter(name, got=value, allowed=f"a number above 0, at most {highest:g}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_window(start: object, end: object) -> None:
    for name, value in (("start", start), ("end", end)):
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            raise bad_parameter(
                name,
                got=value,
                allowed="a date without a time of day",
                step="give datetime.date(2024, 1, 1), or call .date() on the datetime.",
            )
    assert isinstance(start, dt.date)
    assert isinstance(end, dt.date)
    if not 1 <= (end - start).days <= LONGEST_DAYS:
        raise bad_parameter(
            "end",
            got=end,
            allowed=f"a date after start ({start}), at most {LONGEST_DAYS:,} days later",
        )
    if not 1900 <= start.year <= end.year <= 2200:
        raise bad_parameter("start", got=start, allowed="a window inside the years 1900 to 2200")


def _check_zone(time_zone: object) -> None:
    allowed = "the name of an IANA time zone"
    step = "give a name such as 'Europe/Moscow' or 'UTC'."
    if not isinstance(time_zone, str):
        raise bad_parameter("time_zone", got=time_zone, allowed=allowed, step=step)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise bad_parameter("time_zone", got=time_zone, allowed=allowed, step=step) from None


def _check_tables(tables: tuple[str, ...]) -> None:
    unknown = [name for name in tables if name not in TABLES]
    if unknown or not tables:
        raise bad_parameter(
            "tables",
            got=tables,
            allowed=f"one or more of {', '.join(TABLES)}",
            step="name each table as a string in a tuple, e.g. ('orders', 'order_items').",
        )
