"""What an audit asks of months and cohorts, from the counts and sums by both."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retention_kit.audit.shared.history import History
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.periods import period_index, period_start
from retention_kit.metrics.orders.totals import PERIOD, SUMS
from retention_kit.metrics.retention.balance import COUNTS

_MONEY = ("revenue", "net_revenue", "margin")
_VALUES = ("customers", "orders", "orders_with_margin", *_MONEY)
_HOURS = 24


def order_sums(history: History) -> pl.DataFrame:
    """Give `order_totals`."""
    return _order_sums(history, [])


def order_sums_by_month(history: History) -> pl.DataFrame:
    """Give `order_totals` by month."""
    sums = _order_sums(history, ["month"])
    return sums.select(period_start(pl.col("month"), "1mo").alias(PERIOD), *SUMS)


def seasons_by_month(history: History) -> pl.DataFrame:
    """Give `seasonality_totals` by month of the year."""
    return _seasons(history.cells, pl.col("month").mod(12) + 1)


def seasons_by_weekday(history: History) -> pl.DataFrame:
    """Give `seasonality_totals` by weekday."""
    return _seasons(history.week, pl.col("slot").floordiv(_HOURS) + 1)


def seasons_by_hour(history: History) -> pl.DataFrame:
    """Give `seasonality_totals` by hour."""
    return _seasons(history.week, pl.col("slot").mod(_HOURS))


def retention(history: History) -> pl.DataFrame:
    """Give `retention_totals` by month, where who bought in a month is a customer at its end."""
    is_later = pl.col("month") != pl.col("first")
    sums = history.cells.group_by("month").agg(
        pl.col("customers").sum().alias("buyers"),
        (pl.col("customers") - pl.col("first_orders") + pl.col("bought_twice"))
        .sum()
        .alias("known_buyers"),
        pl.col("first_orders").sum().alias("new_customers"),
        pl.col("retained", "stays", "orders", "revenue").sum(),
        pl.when(is_later).then("revenue").sum().cast(SUM).alias("returning_revenue"),
    )
    last = pl.select(period_index(pl.lit(history.last_day), "1mo")).item()
    months = sums.select(pl.int_range(pl.col("month").min().fill_null(last), last + 1))
    buyers, new, kept = pl.col("buyers"), pl.col("new_customers"), pl.col("retained")
    change = pl.col("new_customers") + pl.col("reactivated") - pl.col("lost")
    gone = (buyers - pl.col("stays")).shift(fill_value=0) - kept
    return (
        months.cast(pl.Int32)
        .join(sums, on="month", how="left", maintain_order="left")
        .with_columns(pl.exclude("month").fill_null(0))
        .with_columns((buyers - new - kept).alias("reactivated"), gone.alias("lost"))
        .with_columns(change.cum_sum().alias("end_customers"))
        .with_columns((pl.col("end_customers") - change).alias("start_customers"))
        .filter((pl.col("start_customers") > 0) | (buyers > 0))
        .with_columns(
            (pl.col("start_customers") - pl.col("lost")).alias("retained"),
            (buyers - new).alias("returning_customers"),
            period_start(pl.col("month"), "1mo").alias("period"),
        )
        .select("period", *COUNTS)
    )


def cohorts(history: History) -> pl.DataFrame:
    """Give `cohort_totals` by month."""
    sums = ("customers", "last_customers", "orders", "revenue")
    return history.cells.select(*_cohort_and_age(), *sums)


def cohort_values(history: History) -> pl.DataFrame:
    """Give `cohort_value_totals` by month."""
    bought = pl.col("first").is_not_null()
    # A return before the first sale falls in with that sale.
    back = history.returns.filter(bought).with_columns(pl.max_horizontal("month", "first"))
    values = _with_returns(history, back, ["first", "month"])
    return values.select(*_cohort_and_age(), *_VALUES)


def values(history: History) -> pl.DataFrame:
    """Give `value_totals` of whole lives."""
    back = history.returns.filter(pl.col("first").is_not_null())
    sums = _with_returns(history, back, [])
    customers = pl.col("first_orders")
    return sums.select(
        customers.alias("customers"),
        customers.alias("complete_customers"),
        "orders",
        "orders_with_margin",
        *_MONEY,
    )


def _order_sums(history: History, keys: list[str]) -> pl.DataFrame:
    customers = "customers" if keys else "first_orders"
    never = history.returns.filter(pl.col("first").is_null()).select(*keys, "customer_id")
    counted = _by(never.unique(), keys, pl.len().cast(pl.Int64).alias("return_only_customers"))
    sums = pl.concat([_with_returns(history, history.returns, keys), counted], how="diagonal")
    return (
        _by(sums, keys, pl.exclude(keys).sum())
        .with_columns(
            pl.col(customers).alias("customers"),
            (pl.col("orders") - pl.col("first_orders")).alias("repeat_orders"),
            (pl.col("revenue") - pl.col("first_revenue")).cast(SUM).alias("repeat_revenue"),
        )
        .select(*keys, *SUMS)
    )


def _with_returns(history: History, returns: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Sum sales and some returns by keys, with `returns`, `net_revenue` and margins."""
    has_margin = "margin" in returns.columns
    back = _by(
        returns,
        keys,
        pl.len().cast(pl.Int64).alias("returns"),
        pl.col("amount").sum().cast(SUM).alias("net_revenue"),
        *([pl.col("margin").sum().cast(SUM)] if has_margin else []),
    )
    sold = _by(history.cells, keys, pl.exclude(keys).sum())
    sold = sold.with_columns(pl.col("revenue").alias("net_revenue"))
    if not has_margin:
        nothing = (("margin", SUM), ("orders_with_margin", pl.Int64))
        sold = sold.with_columns(pl.lit(0, dtype=dtype).alias(name) for name, dtype in nothing)
    return _by(pl.concat([sold, back], how="diagonal"), keys, pl.exclude(keys).sum())


def _by(frame: pl.DataFrame, keys: Sequence[str], *sums: pl.Expr) -> pl.DataFrame:
    return frame.group_by(keys).agg(*sums) if keys else frame.select(*sums)


def _seasons(sums: pl.DataFrame, slot: pl.Expr) -> pl.DataFrame:
    return sums.group_by(slot.cast(pl.Int64).alias("slot")).agg(pl.col("orders", "revenue").sum())


def _cohort_and_age() -> list[pl.Expr]:
    return [
        period_start(pl.col("first"), "1mo").alias("cohort"),
        (pl.col("month") - pl.col("first")).cast(pl.Int64).alias("period"),
    ]
