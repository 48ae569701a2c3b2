"""What an audit asks of the time between purchases."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retention_kit.audit.shared.history import History
from retention_kit.metrics.base.weighted import in_days

_PACKED = "packed"


def gaps(history: History) -> pl.DataFrame:
    """Give each gap of a part, and each customer's median gap, as whole numbers.

    Returns:
        `packed`: twice the microseconds, and one more of a median.
    """
    waits = history.sales.lazy().filter(pl.col("gap").is_not_null())
    medians = waits.group_by("customer_id").agg(pl.col("gap").median().floor().cast(pl.Int64))
    both = [waits.select(pl.col("gap") * 2), medians.select(pl.col("gap") * 2 + 1)]
    return pl.concat(pl.collect_all(both)).rename({"gap": _PACKED})


def gap_counts(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Give `gap_totals`, sorted, of what `gaps` gives of all parts."""
    ordered = pl.concat(parts).to_series().sort()
    gap, is_median = pl.col(_PACKED).floordiv(2), pl.col(_PACKED).mod(2)
    running, customers = pl.col("customers", "gaps"), pl.col("customers")
    # Where runs of one length end, the running counts are read off: cheaper than a group-by.
    return (
        ordered.to_frame(_PACKED)
        .lazy()
        .select(
            gap.alias("gap"),
            is_median.cum_sum().alias("customers"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("gaps"),
        )
        .filter((pl.col("gap") != pl.col("gap").shift(-1)).fill_null(value=True))
        .with_columns(running - running.shift(fill_value=0))
        .select(
            pl.col("gap").cast(pl.Duration("us")).set_sorted(),
            pl.col("gaps") - customers,
            customers,
        )
        .collect()
    )


def days_of_purchase(history: History) -> pl.DataFrame:
    """Give `tracking_totals`: first and repeat days of purchase by day."""
    customer, day = pl.col("customer_id"), pl.col("day")
    is_first_day = day == day.gather(pl.int_range(pl.len()) - pl.col("number") + 1)
    is_new_day = (pl.col("number") == 1) | (day != day.shift()) | (customer != customer.shift())
    return (
        history.sales.lazy()
        .select(day, is_first_day.alias("first"), is_new_day.alias("new"))
        .filter("new")
        .group_by(day.cast(pl.Int32).cast(pl.Date))
        .agg(
            pl.col("first").sum().cast(pl.Int64).alias("new_customers"),
            (~pl.col("first")).sum().cast(pl.Int64).alias("repeat_purchases"),
        )
        .collect()
    )


def gaps_by_number(history: History) -> pl.DataFrame:
    """Give each gap of a part with the number of the later purchase."""
    waits = history.sales.filter(pl.col("gap").is_not_null())
    return waits.select(pl.col("number").cast(pl.Int32), "gap")


def medians_by_number(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Give `gaps_by_order` of what `gaps_by_number` gives of all parts."""
    return (
        pl.concat(parts)
        .group_by(pl.col("number").cast(pl.Int64).alias("order_number"))
        .agg(
            pl.len().cast(pl.Int64).alias("gaps"),
            in_days(pl.col("gap").median()).alias("median_days"),
        )
        .sort("order_number")
    )


def next_purchases(history: History) -> pl.DataFrame:
    """Give `next_purchase_totals` after the first purchase."""
    until = pl.lit(history.last_day).to_physical()
    again = ~pl.col("is_last")
    next_day = pl.when(again).then(pl.col("day").shift(-1)).otherwise(until)
    return (
        history.sales.lazy()
        .select(
            "number",
            (next_day - pl.col("day")).cast(pl.Int64).alias("days"),
            again.alias("bought_again"),
        )
        .filter(pl.col("number") == 1)
        .group_by("days")
        .agg(
            pl.col("bought_again").sum().cast(pl.Int64),
            (~pl.col("bought_again")).sum().cast(pl.Int64).alias("censored"),
        )
        .collect()
    )
