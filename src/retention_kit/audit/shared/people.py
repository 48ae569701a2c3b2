"""What scores, clusters and models see of each customer of a part, now and at an earlier time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from retention_kit.audit.shared.history import History
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.observed import in_zone, instant, is_sale
from retention_kit.metrics.base.periods import last_day

THEN = "_then"
"""What the names of columns end in that are of the earlier instant."""
_DAY_0 = dt.date(1970, 1, 1)


def people(history: History, since: dt.datetime) -> pl.DataFrame:
    """Give what customers had bought now and at an earlier instant, in as few bytes as will do.

    Returns:
        One row per customer with a sale: `customer_id` and, followed by the same with `THEN` after
        their names as at `since`, null of who had not bought yet but for `net_revenue`: `orders`,
        `revenue`, `net_revenue`; `recency_days`, since the last sale; `repeats`, days of purchase
        after the first, `t_x_days`, from the first to the last of them, and `T_days`, from the
        first to the end. Besides `repeat_spend`, the mean of what was bought on a day after the
        first; null of who has bought on one day alone.
    """
    zone = str(history.as_of.tzinfo)
    then = int(pl.select(instant(since, zone).to_physical()).item())
    row, day = pl.int_range(pl.len(), dtype=pl.Int64), pl.col("day")
    first_day = day.gather(row - pl.col("number").cast(pl.Int64) + 1)
    is_before = pl.col("at") < then
    is_new_day = (pl.col("number") == 1) | (day != day.shift())
    running = {
        "days": is_new_day,
        "days" + THEN: is_new_day & is_before,
        "orders" + THEN: is_before,
    }
    paid = {"later": day != first_day, "revenue" + THEN: is_before}
    lasts = (
        history.sales.lazy()
        .select(
            "customer_id",
            "is_last",
            first_day.alias("first_day"),
            "day",
            # Where a customer had not bought yet, this is another's, and of no use.
            pl.when(is_before).then(day).forward_fill().alias("day" + THEN),
            *(flag.cast(pl.Int32).cum_sum().alias(name) for name, flag in running.items()),
            *(_paid(flag).cum_sum().alias(name) for name, flag in paid.items()),
        )
        .filter("is_last")
        .with_columns(pl.col(name) - pl.col(name).shift(fill_value=0) for name in (*running, *paid))
        .collect()
        .hstack(history.buyers.select("number", "revenue", "net_revenue"))
    )
    had_bought = pl.col("orders" + THEN) > 0
    back = _returned_before(history, then)
    later = pl.col("later").cast(pl.Float64) / (pl.col("days") - 1)
    net_then = pl.col("revenue" + THEN) + pl.col("back").fill_null(0)
    return (
        lasts.lazy()
        .join(back.lazy(), on="customer_id", how="left", maintain_order="left")
        .select(
            "customer_id",
            pl.col("number").cast(pl.Int32).alias("orders"),
            "revenue",
            "net_revenue",
            *_of_days(history.as_of, ""),
            pl.when(had_bought).then("orders" + THEN),
            pl.when(had_bought).then(pl.col("revenue" + THEN).cast(SUM)),
            # Who had not bought yet may have brought something back: the books begin somewhere.
            net_then.cast(SUM).alias("net_revenue" + THEN),
            *(pl.when(had_bought).then(one) for one in _of_days(in_zone(since, zone), THEN)),
            pl.when(pl.col("days") > 1).then(later).alias("repeat_spend"),
        )
        .collect()
    )


def values_of(known: pl.LazyFrame, which: str = "") -> pl.LazyFrame:
    """Add the columns of `rfm_table` that are scored, now or with `THEN` after their names."""
    return known.with_columns(
        pl.col("recency_days" + which).cast(pl.Int64),
        pl.col("orders" + which).cast(pl.Int64).alias("frequency" + which),
        pl.col("net_revenue" + which).alias("monetary" + which),
    )


def summary_of(known: pl.LazyFrame, which: str = "", *, keep: Sequence[str] = ()) -> pl.LazyFrame:
    """Give `clv_summary`, without the first purchase, of now or, with `THEN`, of the earlier time.

    Of the earlier time there is no `monetary`. Columns to keep stand beside it.
    """
    times = (pl.col(name + which).cast(pl.Float64) for name in ("t_x_days", "T_days"))
    return known.filter(pl.col("repeats" + which).is_not_null()).select(
        "customer_id",
        pl.col("repeats" + which).cast(pl.Int64).alias("frequency"),
        *(time.name.replace(THEN, "", literal=True) for time in times),
        *([] if which else [pl.col("repeat_spend").alias("monetary")]),
        *keep,
    )


def _of_days(at: dt.datetime, which: str) -> list[pl.Expr]:
    """Give recency, repeat days, the time of the last one and the age, as seen at an instant."""
    day, days, first = pl.col("day" + which), pl.col("days" + which), pl.col("first_day")
    # Where the clock goes back over midnight, a later purchase may stand on an earlier date.
    end = pl.max_horizontal(_number(last_day(at)), day)
    return [
        (_number(at.date()) - day).alias("recency_days" + which),
        (days - 1).alias("repeats" + which),
        (day - first).alias("t_x_days" + which),
        (end - first).alias("T_days" + which),
    ]


def _paid(flag: pl.Expr) -> pl.Expr:
    return pl.when(flag).then("amount").otherwise(pl.lit(0, dtype=SUM)).cast(SUM)


def _number(day: dt.date) -> pl.Expr:
    return pl.lit((day - _DAY_0).days, dtype=pl.Int32)


def _returned_before(history: History, then: int) -> pl.DataFrame:
    returned = ~is_sale(history.orders) & (pl.col("ordered_at").to_physical() < then)
    return (
        history.orders.filter(returned)
        .group_by("customer_id")
        .agg(pl.col("amount").sum().cast(SUM).alias("back"))
    )
