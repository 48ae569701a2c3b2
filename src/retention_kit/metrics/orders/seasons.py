"""Seasonality: which months, weekdays and hours sell more than others, per time they were there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.contracts.law import Frame, additive, finisher
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.dimensions import By, dimensions
from retention_kit.metrics.base.observed import in_zone, is_sale, observed
from retention_kit.metrics.base.reduced import groups_of, sum_of_group, with_empty_rows

Unit = Literal["month", "weekday", "hour"]
"""What repeats: the months of a year, the weekdays of a week, the hours of a day."""

_SLOTS = {"month": range(1, 13), "weekday": range(1, 8), "hour": range(24)}
_SUMS = ("orders", "revenue")
_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@additive(keys=("slot",))
def seasonality_totals(
    orders: Frame, *, as_of: dt.datetime, unit: Unit = "month", by: By = ()
) -> Frame:
    """Count and sum sales by the month, the weekday or the hour they were made in.

    Additive. Orders at or after `as_of`, and those not completed, do not count; returns neither.

    Args:
        orders: The `orders` table, shape `(n_orders, >= 4)`.
        as_of: Observation instant, exclusive, with a time zone.
        unit: Which of the three, by the shop's clock.
        by: Columns of `orders` to split by. An order stands in its own group; a missing value is
            a group of its own.

    Returns:
        One row per group and slot with a sale, in no promised order, the columns of `by` first:

        - `slot` (`Int64`): month 1 … 12, weekday 1 … 7 from Monday, or hour 0 … 23.
        - `orders` (`Int64`): sales in it.
        - `revenue` (`Decimal(38, 4)`): the sum of those, shop currency, major units.

        No sales give zero rows of this schema.

    Raises:
        MissingColumnError: A required column is absent.
        DefinitionError: `as_of` has no time zone, `unit` is none of the three, or `by` names no
            column that can be split by.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> seasonality_totals(orders, as_of=as_of).sort("slot").collect().rows()
        [(1, 1, Decimal('100.0000')), (3, 2, Decimal('350.0000'))]
    """
    _check_unit(unit)
    groups = dimensions(by, orders, reserved=(*_SUMS, "slot"))
    at = pl.col("ordered_at").dt
    slot = {"month": at.month(), "weekday": at.weekday(), "hour": at.hour()}[unit]
    return (
        observed(orders, as_of=as_of)
        .filter(is_sale(orders))
        .group_by(*groups, slot.alias("slot"))
        .agg(
            pl.len().cast(pl.Int64).alias("orders"),
            pl.col("amount").sum().cast(SUM).alias("revenue"),
        )
        .with_columns(pl.col("slot").cast(pl.Int64))
    )


@finisher(of=seasonality_totals)
def seasonality(
    totals: Frame,
    *,
    as_of: dt.datetime,
    time_zone: str,
    data_from: dt.date,
    unit: Unit = "month",
) -> Frame:
    """Turn the sums into sales per month, weekday or hour, and an index of the season.

    Args:
        totals: What `seasonality_totals` gives, or a sum of such tables.
        as_of: The same instant.
        time_zone: The shop's zone, by whose clock the orders were put into slots.
        data_from: The first day that the data covers; how often each slot came is counted from it,
            so that it must be known.
        unit: The same unit.

    Returns:
        One row per group and slot, all slots included, sorted, the columns of `by` first. Ratios
        are `Float64`, null where the denominator is 0:

        - `slot` (`Int64`): month 1 … 12, weekday 1 … 7 from Monday, or hour 0 … 23.
        - `occurrences` (`Float64`): how many such months, days or hours there were from
            `data_from` to `as_of`; part of one counts in part.
        - `orders` (`Int64`), `revenue` (`Decimal(38, 4)`): as in `totals`, 0 where nothing sold.
        - `orders_per_occurrence`: orders / occurrences.
        - `index`: orders per occurrence / all orders per all occurrences; 1 is the average.

    Raises:
        DefinitionError: `as_of` has no time zone, there is no such zone, or `unit` is none of the
            three.

    Notes:
        Time is counted as it passes, by the shop's clock: ten of December's 31 days are 10/31 of
        a December; where clocks are put back the hour there twice counts twice, and the one that
        is skipped does not count. Months differ in length, and nothing is done about it: a
        February with the index 0.9 sells as much a day as a March with 1.

    Examples:
        >>> from retention_kit.datasets import example_orders
        >>> orders, as_of = example_orders()
        >>> table = seasonality(
        ...     seasonality_totals(orders, as_of=as_of),
        ...     as_of=as_of,
        ...     time_zone="Europe/Moscow",
        ...     data_from=dt.date(2025, 1, 1),
        ... )
        >>> table.select("slot", "occurrences", "orders", "index").head(4).collect().rows()
        [(1, 1.0, 1, 1.0), (2, 1.0, 0, 0.0), (3, 1.0, 2, 2.0), (4, 0.0, 0, None)]
    """
    _check_unit(unit)
    groups = groups_of(totals, (*_SUMS, "slot"))
    came = _occurrences(unit, data_from, in_zone(as_of, time_zone), ZoneInfo(time_zone))
    slots = totals.select(
        pl.lit(pl.Series(list(_SLOTS[unit]), dtype=pl.Int64)).alias("slot"),
        pl.lit(pl.Series(came, dtype=pl.Float64)).alias("occurrences"),
    )
    each = pl.when(pl.col("occurrences") > 0).then(pl.col("orders") / pl.col("occurrences"))
    expected = pl.col("occurrences") * sum_of_group("orders", groups)
    return (
        with_empty_rows(totals, slots, groups)
        .select(
            *groups,
            "slot",
            "occurrences",
            *_SUMS,
            each.alias("orders_per_occurrence"),
            pl.when(expected > 0).then(pl.col("orders") * sum(came) / expected).alias("index"),
        )
        .sort(*groups, "slot")
    )


def _occurrences(unit: Unit, data_from: dt.date, as_of: dt.datetime, zone: ZoneInfo) -> list[float]:
    """Count how often each slot came, in the order of the slots; exactly, and rounded at last."""
    came: dict[int, Fraction] = dict.fromkeys(_SLOTS[unit], Fraction())
    start, end = _midnight(data_from, zone), _instant(as_of)
    last = as_of.date()
    if unit == "month":
        for month, following in _months(data_from, last):
            began, ended = _midnight(month, zone), _midnight(following, zone)
            seen = max(min(ended, end) - max(began, start), 0)
            came[month.month] += Fraction(seen, ended - began)
        return [float(count) for count in came.values()]
    whole_days = 0
    for number in range(data_from.toordinal(), last.toordinal() + 1):
        day = dt.date.fromordinal(number)
        began = _midnight(day, zone)
        ended = _midnight(dt.date.fromordinal(number + 1), zone)
        seen = max(min(ended, end) - began, 0)
        if unit == "weekday":
            # A zone that changes sides of the date line has a day that never was.
            came[day.isoweekday()] += Fraction(seen, ended - began) if ended > began else 0
        elif seen == ended - began == _DAY:
            whole_days += 1
        else:
            for hour, part in _hours(began, began + seen, zone):
                came[hour] += Fraction(part, _HOUR)
    return [float(count + whole_days) for count in came.values()]


def _months(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the first days of the months from one date to another, each with the next one."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        month, following = divmod(number, 12), divmod(number + 1, 12)
        yield dt.date(month[0], month[1] + 1, 1), dt.date(following[0], following[1] + 1, 1)


def _hours(began: int, ended: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Give the hours that the clock shows in a time, minute by minute."""
    for at in range(began, ended, _MINUTE):
        local = (_EPOCH + dt.timedelta(microseconds=at)).astimezone(zone)
        yield local.hour, min(_MINUTE, ended - at)


def _midnight(day: dt.date, zone: ZoneInfo) -> int:
    """Give the instant a day begins; where clocks skip midnight, it is the one they skip to."""
    return _instant(dt.datetime(day.year, day.month, day.day, tzinfo=zone))


def _instant(at: dt.datetime) -> int:
    """Count the microseconds since 1970."""
    return (at - _EPOCH) // dt.timedelta(microseconds=1)


def _check_unit(unit: str) -> None:
    if unit not in _SLOTS:
        raise bad_parameter("unit", got=unit, allowed=", ".join(repr(one) for one in _SLOTS))
