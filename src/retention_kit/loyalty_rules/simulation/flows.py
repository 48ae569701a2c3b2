"""What went into wallets and out of them, month by month, from the entries of a ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.periods import period_index, period_start

FLOWS = {
    "issued": ("earn", 1),
    "redeemed": ("redeem", -1),
    "restored": ("restore", 1),
    "expired": ("expire", -1),
    "taken_back": ("clawback", -1),
    "adjusted": ("adjust", 1),
    "transferred": ("transfer", 1),
    "revalued": ("revalue", 1),
}
"""By flow, the kind of its entries and the sign that makes its usual direction positive. No ledger
has entries of the last kind: `worths.with_revaluations` adds them."""


@dataclass(frozen=True, slots=True)
class Window:
    """The months that are reported.

    Attributes:
        since: The instant from which on, in the shop's zone.
        as_of: The instant before which, in the shop's zone.
    """

    since: dt.datetime
    as_of: dt.datetime

    @property
    def first(self) -> dt.date:
        """The first day."""
        return self.since.date()

    def months(self) -> pl.DataFrame:
        """Give the months as their first days, and whether they are covered whole.

        Returns:
            - `month` (`Date`): the first day.
            - `is_complete` (`Boolean`): false of months that the window cuts short.
        """
        last = (self.as_of - dt.timedelta(microseconds=1)).date()
        starts = pl.date_range(self.first.replace(day=1), last, "1mo", eager=True).alias("month")
        begins_whole = pl.col("month") >= self.first
        ends_whole = pl.col("month").dt.offset_by("1mo") <= self.as_of.date()
        return starts.to_frame().with_columns((begins_whole & ends_whole).alias("is_complete"))


def with_months(ledger: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    """Add to entries the month they are reported in and what they change balances by.

    Args:
        ledger: Entries, from the first on.
        window: What is reported.

    Returns:
        The entries with `month` (`Date`), `worth` (`Decimal(38, 4)`, in money), `in_window`
        (`Boolean`). What happened in the window's first month before the window stands in the
        month before.
    """
    at = pl.col("at").dt.convert_time_zone(str(window.since.tzinfo))
    month = period_start(period_index(at, "1mo"), "1mo")
    inside = pl.col("at") >= pl.lit(window.since)
    is_cut = ~inside & (month == pl.lit(window.first.replace(day=1)))
    signed = pl.col("value").abs().cast(SUM) * pl.col("units").sign().cast(SUM)
    worth = pl.when(pl.col("kind") == "revalue").then(pl.col("value").cast(SUM)).otherwise(signed)
    return ledger.with_columns(
        pl.when(is_cut).then(month.dt.offset_by("-1mo")).otherwise(month).alias("month"),
        worth.cast(SUM).alias("worth"),
        inside.alias("in_window"),
    )


def flows_by(entries: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
    """Sum the flows of entries with months by keys.

    Args:
        entries: What `with_months` gives.
        *keys: Columns to sum by.

    Returns:
        The keys, and for each flow its units (`…_units`, `Int64`) and its worth in money
        (`Decimal(38, 4)`), with `change_units` and `change`: what all of them do to balances.
    """
    sums: list[pl.Expr] = []
    moving = pl.col("kind").is_in([kind for kind, _ in FLOWS.values()])
    for name, (kind, sign) in FLOWS.items():
        own = pl.col("kind") == kind
        units = pl.col("units").filter(own).sum() * sign
        sums.append(units.cast(pl.Int64).alias(f"{name}_units"))
        worth = pl.col("worth").filter(own).sum()
        sums.append((worth if sign > 0 else -worth).cast(SUM).alias(name))
    sums.append(pl.col("units").filter(moving).sum().cast(pl.Int64).alias("change_units"))
    sums.append(pl.col("worth").filter(moving).sum().cast(SUM).alias("change"))
    return entries.group_by(*keys).agg(sums)


def discounts_by(entries: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
    """Sum what discounts took off the price: `discounts` (`Decimal(38, 4)`) by keys."""
    return (
        entries.filter(pl.col("kind") == "discount")
        .group_by(*keys)
        .agg(pl.col("value").abs().sum().cast(SUM).alias("discounts"))
    )
