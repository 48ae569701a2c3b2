"""Who joined and left the segments that rules ask for, as a programme looks from time to time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
from typing_extensions import Unpack

from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.deriving.days import midnight_of
from retention_kit.loyalty_rules.deriving.rows import EventKind, as_rows
from retention_kit.loyalty_rules.deriving.shop import Shop
from retention_kit.smart_segments.answers import Beside, evaluate_many
from retention_kit.smart_segments.definitions.segment import Segment

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A segment, how often it is looked at, and between which days."""

    segment: Segment
    refreshed: str
    first: dt.date
    last: dt.date


def memberships(shop: Shop, **beside: Unpack[Beside]) -> Iterator[pl.LazyFrame]:
    """Give who joined and who left each segment, at the midnights at which it is looked at.

    A segment is asked as of the first instant of each day, week or month, from the period in which
    a rule begins to ask for it, or that of the shop's first row, to the last one that begins
    before `as_of`. What happens within a period tells from the next one on.
    """
    asked = _asked(shop)
    if not asked:
        return
    empty = pl.DataFrame(schema={"customer_id": shop.schema["customer_id"]})
    before = dict.fromkeys(asked, empty)
    days = sorted({day for one in asked.values() for day in _looks(one)})
    looks = {name: set(_looks(one)) for name, one in asked.items()}
    found: list[pl.DataFrame] = []
    for day in days:
        at = midnight_of(day, shop.zone)
        now = [name for name in asked if day in looks[name]]
        answers = (
            evaluate_many([asked[name].segment for name in now], shop.dataset, at, **beside)
            .collect(engine="streaming")
            .with_columns(pl.col("customer_id").cast(shop.schema["customer_id"]))
        )
        for name in now:
            members = answers.filter(pl.col(name)).select("customer_id")
            found.append(_changed(members, before[name], "joined", name, at, shop))
            found.append(_changed(before[name], members, "parted", name, at, shop))
            before[name] = members
    if found:
        yield pl.concat(found).lazy()


def _changed(
    those: pl.DataFrame,
    but: pl.DataFrame,
    kind: EventKind,
    name: str,
    at: dt.datetime,
    shop: Shop,
) -> pl.DataFrame:
    """Give a row for each customer who is in one table and not in the other."""
    found = those.lazy().join(but.lazy(), on="customer_id", how="anti")
    key = pl.lit(f"{kind}:{name}:{at.date().isoformat()}")
    moment = pl.lit(at).cast(shop.schema["occurred_at"])
    return as_rows(found, shop.schema, kind=kind, at=moment, key=key, name=pl.lit(name)).collect()


def _asked(shop: Shop) -> dict[str, _Asked]:
    """Give the segments by name, each with the days between which anything asks for it."""
    until = (shop.as_of - dt.timedelta(microseconds=1)).date()
    start = _first_day(shop)
    found: dict[str, _Asked] = {}
    if start is None:
        return found
    for version in shop.versions:
        rules: tuple[EarningRule | Discount, ...] = version.program.rules
        for rule in rules + version.program.discounts:
            if rule.segment is None:
                continue
            begins = [start, rule.valid_from, version.starts.date() if version.starts else None]
            ends = [until, rule.valid_until, version.ends.date() if version.ends else None]
            first = max(day for day in begins if day is not None)
            last = min(day for day in ends if day is not None)
            one = found.get(rule.segment.name)
            found[rule.segment.name] = _Asked(
                rule.segment,
                rule.refreshed,
                first if one is None else min(one.first, first),
                last if one is None else max(one.last, last),
            )
    return found


def _first_day(shop: Shop) -> dt.date | None:
    """Give the day of the shop's first row before `as_of`, or None where there is none."""
    firsts = [
        shop.dataset.orders.select(pl.col("ordered_at").min().alias("at")),
        shop.dataset.events.select(pl.col("occurred_at").min().alias("at")),
        shop.customers().select(pl.col("registered_at").min().alias("at")),
    ]
    at = pl.concat(firsts, how="vertical_relaxed").collect()["at"].min()
    if not isinstance(at, dt.datetime) or at >= shop.as_of:
        return None
    return at.date()


def _looks(asked: _Asked) -> Iterator[dt.date]:
    """Give the days at whose midnight a segment is looked at."""
    day = _start_of_period(asked.first, asked.refreshed)
    while day <= asked.last:
        yield day
        day = _start_of_period(day + _STEP[asked.refreshed], asked.refreshed)


_STEP = {"1d": _DAY, "1w": 7 * _DAY, "1mo": 32 * _DAY}


def _start_of_period(day: dt.date, every: str) -> dt.date:
    match every:
        case "1w":
            return day - day.weekday() * _DAY
        case "1mo":
            return day.replace(day=1)
        case _:
            return day
