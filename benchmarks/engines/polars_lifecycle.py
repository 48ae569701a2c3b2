"""Lifecycle states, the flow between them, and gaps between purchases, in Polars by hand.

Whether a customer returned is asked of the sales of the last six usual gaps alone, as in
`duckdb_retention`. Gaps come of one sort of customer and instant as one number of 128 bits: the
difference of two such numbers is a gap where it is small, and another customer where it is not.
"""

import polars as pl

from benchmarks.engines.polars_orders import (
    AT,
    DAY,
    MONEY,
    NOW,
    buyers,
    collect,
    sales,
)
from benchmarks.jobs import GAP_DAYS, SINCE

_GAP = round(GAP_DAYS * DAY)
_SINCE = int(SINCE.timestamp()) * 1_000_000
_NAMES = dict(enumerate(("lost", "sleeping", "returned", "new", "active", "loyal")))
_SAME = 2**62
"""A gap is shorter, and the distance of two customers' numbers longer."""


def lifecycle_totals(path: str) -> pl.DataFrame:
    totals = (
        buyers(path, (NOW - pl.col("at").max()).alias("quiet"))
        .join(_lone_last(path, NOW), on="customer_id", how="left")
        .group_by(_state("quiet", "orders", "lone").alias("state"))
        .agg(
            pl.len().alias("customers"),
            pl.col("amount").cast(MONEY).sum().alias("net_revenue"),
        )
    )
    return collect(totals)


def lifecycle_flow(path: str) -> pl.DataFrame:
    key, at = pl.col("key"), pl.col("at")
    in_turn = collect(_in_turn(path)).lazy()
    # The last sale of a customer, and the last one before the earlier instant, are all it takes.
    is_last = (key.shift(-1) - key >= _SAME).fill_null(True)
    is_last_before = (at < _SINCE) & (is_last | (at.shift(-1) >= _SINCE))
    gap = pl.when(key.diff() < _SAME).then(key.diff())
    is_third = (key - key.shift(2) < _SAME).fill_null(False)
    lasts = (
        in_turn.with_columns(
            (key.cast(pl.Int64, wrap_numerical=True) & pl.lit(-1, dtype=pl.Int64)).alias("at")
        )
        .select(
            "key",
            "at",
            gap.cast(pl.Int64).alias("gap"),
            is_third.alias("is_third"),
            is_last.alias("is_last"),
            is_last_before.alias("is_last_before"),
        )
        .filter(pl.col("is_last") | pl.col("is_last_before"))
        .select(
            "key",
            "is_last",
            pl.when("is_last_before").then(_state_of(_SINCE)).alias("earlier"),
            _state_of(NOW).alias("state"),
        )
        .with_columns(
            pl.when(key.diff() < _SAME)
            .then(pl.coalesce("earlier", pl.col("earlier").shift()))
            .otherwise("earlier")
            .alias("state_before")
        )
        .filter("is_last")
        .group_by("state_before", "state")
        .agg(pl.len().alias("customers"))
        .collect(engine="in-memory")
    )
    names = {name: pl.col(name).replace_strict(_NAMES) for name in ("state_before", "state")}
    return lasts.with_columns(**names)


def _in_turn(path: str) -> pl.LazyFrame:
    """Sort sales by customer and instant, as one number."""
    packed = pl.col("customer_id").cast(pl.Int128) * 2**64 + AT
    return sales(path).select(packed.alias("key")).sort("key")


def _state_of(now: int) -> pl.Expr:
    """The number of the state that a customer's last sale before an instant says."""
    quiet, gap = now - pl.col("at"), pl.col("gap")
    return (
        pl.when(quiet > 4 * _GAP)
        .then(0)
        .when(quiet > 2 * _GAP)
        .then(1)
        .when(gap > 4 * _GAP)
        .then(2)
        .when(gap.is_null())
        .then(3)
        .when(~pl.col("is_third"))
        .then(4)
        .otherwise(5)
        .cast(pl.Int8)
    )


def _lone_last(path: str, now: int) -> pl.LazyFrame:
    """Find who bought within two gaps, and not in the four before the last sale."""
    recent = (
        sales(path)
        .filter(AT.is_between(now - 6 * _GAP, now, closed="left"))
        .select("customer_id", at=AT)
    )
    last = recent.group_by("customer_id").agg(pl.col("at").max().alias("last"))
    return (
        recent.join(last.filter(pl.col("last") >= now - 2 * _GAP), on="customer_id")
        .filter(pl.col("last") - pl.col("at") <= 4 * _GAP)
        .group_by("customer_id")
        .agg(pl.len().alias("rows"))
        .filter(pl.col("rows") == 1)
        .select("customer_id", pl.lit(value=True).alias("lone"))
    )


def _state(quiet: str, orders: str, lone: str) -> pl.Expr:
    since, count = pl.col(quiet), pl.col(orders)
    return (
        pl.when(since.is_null())
        .then(None)
        .when(since > 4 * _GAP)
        .then(pl.lit("lost"))
        .when(since > 2 * _GAP)
        .then(pl.lit("sleeping"))
        .when(pl.col(lone).is_not_null() & (count > 1))
        .then(pl.lit("returned"))
        .when(count == 1)
        .then(pl.lit("new"))
        .when(count == 2)
        .then(pl.lit("active"))
        .otherwise(pl.lit("loyal"))
    )


def gap_summary(path: str) -> pl.DataFrame:
    in_turn = collect(_in_turn(path)).lazy()
    step = pl.col("key").diff()
    gaps = (
        in_turn.select(step.alias("step"), (step >= _SAME).cum_sum().alias("customer"))
        .filter(pl.col("step") < _SAME)
        .select(pl.col("step").cast(pl.Int64).alias("gap"), "customer")
        .collect(engine="in-memory")
    )
    medians = (
        gaps.lazy()
        .set_sorted("customer")
        .group_by("customer")
        .agg(pl.col("gap").median())
        .collect(engine="in-memory")
    )
    pooled = gaps.select(pl.col("gap").sort())
    gap = pl.col("gap")
    return pooled.select(
        pl.len().alias("gaps"),
        (gap == 0).sum().alias("zero_gaps"),
        pl.lit(medians.height).alias("customers"),
        (gap.cast(pl.Int128).sum().cast(pl.Float64) / pl.len() / DAY).alias("mean_days"),
        *(
            (gap.quantile(part, "linear") / DAY).alias(name)
            for name, part in (
                ("lower_quartile_days", 0.25),
                ("median_days", 0.5),
                ("upper_quartile_days", 0.75),
                ("ninetieth_percentile_days", 0.9),
            )
        ),
        pl.lit(medians["gap"].median() / DAY).alias("median_of_customer_medians_days"),
    )
