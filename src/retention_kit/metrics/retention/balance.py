"""From who bought, who came back and who left in each period to who was a customer at its ends."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.metrics.base.periods import Every, period_start

COUNTS = (
    "start_customers",
    "end_customers",
    "retained",
    "new_customers",
    "reactivated",
    "lost",
    "buyers",
    "known_buyers",
    "returning_customers",
    "orders",
    "revenue",
    "returning_revenue",
)
"""The columns of `retention_totals` that are summed."""
LEFT = "__left"
"""The period in which the customers of a row, who have left, are lost."""
_SIDE = "__side"
_HERE = (
    "buyers",
    "known_buyers",
    "new_customers",
    "reactivated",
    "orders",
    "revenue",
    "returning_revenue",
)


def moved(stays: Frame, by: tuple[str, ...]) -> Frame:
    """Put the customers who were lost into the period in which they were."""
    # Each row becomes two, one of its period and one of that in which its customers left; a second
    # query for these would read the orders again.
    is_here = pl.col(_SIDE) == 0
    return (
        stays.with_columns(pl.lit([0, 1]).alias(_SIDE))
        .explode(_SIDE)
        .filter(is_here | pl.col(LEFT).is_not_null())
        .group_by(*by, pl.when(is_here).then("period").otherwise(LEFT).alias("period"))
        .agg(
            pl.when(is_here).then(pl.col(*_HERE)).sum(),
            pl.when(~is_here).then("lost").sum(),
        )
    )


def balance(summed: Frame, by: tuple[str, ...], last: pl.Expr, every: Every) -> Frame:
    """Carry the customers from the end of each period to the start of the next."""
    numbers = pl.int_ranges(pl.col("period"), last + 1, dtype=pl.Int32)
    first = pl.col("period").min()
    firsts = summed.group_by(by).agg(first) if by else summed.select(first).drop_nulls()
    every_period = firsts.with_columns(numbers.alias("period")).explode("period")
    change = pl.col("new_customers") + pl.col("reactivated") - pl.col("lost")
    end = change.cum_sum().over(by, order_by="period") if by else change.cum_sum()
    return (
        every_period.join(summed, on=[*by, "period"], how="left", nulls_equal=True)
        .with_columns(pl.col(*_HERE, "lost").fill_null(0))
        .sort(*by, "period")
        .with_columns(end.alias("end_customers"))
        .with_columns((pl.col("end_customers") - change).alias("start_customers"))
        .filter((pl.col("start_customers") > 0) | (pl.col("buyers") > 0))
        .with_columns(
            (pl.col("start_customers") - pl.col("lost")).alias("retained"),
            (pl.col("buyers") - pl.col("new_customers")).alias("returning_customers"),
            period_start(pl.col("period"), every).alias("period"),
        )
        .select(*by, "period", *COUNTS)
    )
