"""What scores, clusters and models see of each customer of a part, now and at an earlier time."""

from __future__ import annotations

import datetime as dt

import polars as pl

from retention_kit.audit.shared.history import History
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.observed import in_zone, instant, is_sale
from retention_kit.metrics.base.periods import last_day

THEN = "_then"
"""What the names of columns end in that are of the earlier instant."""
_DAY_0 = dt.date(1970, 1, 1)


def people(history: History, since: dt.datetime) -> pl.DataFrame:
    """Give recency, frequency, monetary value, and the history that models of purchases see.

    Returns:
        One row per customer with a sale: `customer_id`, `orders`, `revenue`, `net_revenue`, and

        - as `rfm_table`: `recency_days`, `frequency` and `monetary`; with `THEN` after their names
            as they were at `since`, null of who had not bought yet;
        - as `clv_summary`: `repeats`, `t_x_days`, `T_days` and `repeat_spend`, null of who has not
            bought on a second day; the first three with `THEN` after their names as at `since`.
    """
    zone = str(history.as_of.tzinfo)
    then = int(pl.select(instant(since, zone).to_physical()).item())
    local_then = in_zone(since, zone)
    row, day = pl.int_range(pl.len(), dtype=pl.Int64), pl.col("day").cast(pl.Int64)
    first_day = day.gather(row - pl.col("number").cast(pl.Int64) + 1)
    is_before = pl.col("at") < then
    is_new_day = (pl.col("number") == 1) | (day != day.shift())
    lasts = (
        history.sales.lazy()
        .select(
            "customer_id",
            "is_last",
            first_day.alias("first_day"),
            day.alias("day"),
            # Where a customer had not bought yet, this is another's, and of no use.
            pl.when(is_before).then(day).forward_fill().alias("day" + THEN),
            is_new_day.cast(pl.Int64).cum_sum().alias("days"),
            (is_new_day & is_before).cast(pl.Int64).cum_sum().alias("days" + THEN),
            is_before.cast(pl.Int64).cum_sum().alias("frequency" + THEN),
            _running(pl.col("day") != first_day).alias("later"),
            _running(is_before).alias("revenue" + THEN),
        )
        .filter("is_last")
        .with_columns(
            (pl.col(name) - pl.col(name).shift(fill_value=0))
            for name in ("days", "days" + THEN, "frequency" + THEN, "later", "revenue" + THEN)
        )
        .collect()
        .hstack(history.buyers.select("number", "revenue", "net_revenue"))
    )
    back = _returned_before(history, then)
    return (
        lasts.lazy()
        .join(back.lazy(), on="customer_id", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("frequency" + THEN) > 0).then(name).alias(name)
            for name in ("frequency" + THEN, "days" + THEN, "day" + THEN)
        )
        .select(
            "customer_id",
            pl.col("number").cast(pl.Int64).alias("orders"),
            "revenue",
            "net_revenue",
            (_number(history.as_of.date()) - pl.col("day")).alias("recency_days"),
            pl.col("number").cast(pl.Int64).alias("frequency"),
            pl.col("net_revenue").alias("monetary"),
            (_number(local_then.date()) - pl.col("day" + THEN)).alias("recency_days" + THEN),
            "frequency" + THEN,
            pl.when(pl.col("frequency" + THEN).is_not_null())
            .then(pl.col("revenue" + THEN) + pl.col("back").fill_null(0))
            .cast(SUM)
            .alias("monetary" + THEN),
            *_of_models(last_day(history.as_of), ""),
            *_of_models(last_day(local_then), THEN),
            pl.when(pl.col("days") > 1)
            .then(pl.col("later").cast(pl.Float64) / (pl.col("days") - 1))
            .alias("repeat_spend"),
        )
        .collect()
    )


def _of_models(end: dt.date, which: str) -> list[pl.Expr]:
    """Give repeat purchases, the time of the last one and the age, at the end of a day."""
    day, days, first = pl.col("day" + which), pl.col("days" + which), pl.col("first_day")
    # Where the clock goes back over midnight, a later purchase may stand on an earlier date.
    age = pl.max_horizontal(_number(end), day) - first
    return [
        (days - 1).alias("repeats" + which),
        (day - first).cast(pl.Float64).alias("t_x_days" + which),
        pl.when(days.is_not_null()).then(age).cast(pl.Float64).alias("T_days" + which),
    ]


def _running(flag: pl.Expr) -> pl.Expr:
    """Add up the amounts of flagged sales, from the first row on."""
    amount = pl.when(flag).then("amount").otherwise(pl.lit(0, dtype=SUM))
    return amount.cast(SUM).cum_sum()


def _number(day: dt.date) -> pl.Expr:
    return pl.lit((day - _DAY_0).days, dtype=pl.Int64)


def _returned_before(history: History, then: int) -> pl.DataFrame:
    returned = ~is_sale(history.orders) & (pl.col("ordered_at").to_physical() < then)
    return (
        history.orders.filter(returned)
        .group_by("customer_id")
        .agg(pl.col("amount").sum().cast(SUM).alias("back"))
    )
