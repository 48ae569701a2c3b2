"""What an audit asks of customers: how often they bought, what they brought, and who stopped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from retention_kit.audit.shared.history import History
from retention_kit.contracts.schemas import SUM
from retention_kit.metrics.base.activity import duration
from retention_kit.metrics.base.observed import instant

STOPPED_SHOWN = 1_000
"""How many customers the list of those who stopped has."""


def types_of_buyers(history: History) -> pl.DataFrame:
    """Give `buyer_totals`."""
    name = pl.when("buyer_type").then(pl.lit("repeat")).otherwise(pl.lit("one_time"))
    return (
        history.buyers.group_by((pl.col("number") > 1).alias("buyer_type"))
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            pl.col("number").sum().alias("orders"),
            pl.col("revenue", "net_revenue").sum().cast(SUM),
        )
        .with_columns(name.alias("buyer_type"))
    )


def repeats(history: History) -> pl.DataFrame:
    """Give `repeat_purchase_totals`."""
    return history.buyers.select(
        pl.len().cast(pl.Int64).alias("customers"),
        (pl.col("number") > 1).sum().cast(pl.Int64).alias("repeat_customers"),
    )


def order_numbers(history: History) -> pl.DataFrame:
    """Give `order_number_totals`."""
    return history.buyers.group_by(pl.col("number").alias("order_number")).agg(
        pl.len().cast(pl.Int64).alias("customers")
    )


def payments(history: History) -> pl.DataFrame:
    """Give what each customer of a part paid."""
    return history.buyers.select("revenue")


def distribution(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Give `revenue_distribution`, sorted, of what `payments` gives of all parts."""
    paid, customers = pl.col("revenue"), pl.col("customers")
    return (
        pl.concat(parts)
        .sort("revenue")
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("customers"))
        .filter((paid != paid.shift(-1)).fill_null(value=True))
        .with_columns(customers - customers.shift(fill_value=0))
    )


def stopped_orders(history: History, active_within: str) -> pl.DataFrame:
    """Give all orders of those of a part's customers who stopped and were worth the most."""
    most = (
        _stopped(history, active_within)
        .sort("net_revenue", "customer_id", descending=[True, False])
        .head(STOPPED_SHOWN)
    )
    return history.orders.join(most.select("customer_id"), on="customer_id", how="semi")


def stopped_sums(history: History, active_within: str) -> pl.DataFrame:
    """Count a part's customers who stopped, and sum what they brought."""
    value = pl.col("net_revenue").cast(pl.Float64)
    return _stopped(history, active_within).select(
        pl.len().cast(pl.Int64).alias("customers"),
        pl.col("net_revenue").sum().cast(SUM),
        (value.clip(lower_bound=0) / pl.col("number")).sum().alias("one_order_each"),
    )


def all_stopped(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Sum what `stopped_sums` gives of all parts; money becomes `Float64`."""
    return pl.concat(parts).sum().with_columns(pl.col("net_revenue").cast(pl.Float64))


def standings(history: History, since: dt.datetime) -> pl.DataFrame:
    """Give what the states of a part's customers hang on, now and at an earlier instant.

    Returns:
        One row per customer with a sale: `orders`, `at` (of the last), `gap` (before it),
        `net_revenue`; and the first three as they were at `since`, with `_then` after their names,
        null of who had not bought yet. Times are in microseconds.
    """
    then = _physical(since, history)
    is_last, is_earlier = pl.col("is_last"), pl.col("at") < then
    next_is_later = pl.col("at").shift(-1) >= then
    of_then = {"orders": "orders_then", "at": "at_then", "gap": "gap_then"}
    customer, was = pl.col("customer_id"), pl.col("was")
    # A customer's last sale before the instant is this one, or else the row before it.
    seen_before = (customer == customer.shift()) & ~was
    return (
        history.sales.lazy()
        .select(
            "customer_id",
            pl.col("number").cast(pl.Int32).alias("orders"),
            "at",
            "gap",
            "is_last",
            (is_earlier & (is_last | next_is_later)).fill_null(value=False).alias("was"),
        )
        .filter(is_last | was)
        .with_columns(
            pl.when(was).then(name).when(seen_before).then(pl.col(name).shift()).alias(then_name)
            for name, then_name in of_then.items()
        )
        .filter("is_last")
        .select(*of_then, *of_then.values())
        .collect()
        .hstack(history.buyers.select("net_revenue"))
    )


def _stopped(history: History, active_within: str) -> pl.DataFrame:
    """Give those who bought in the window before the last and not in the last."""
    window = duration("active_within", active_within)
    end = window.before(history.as_of)
    start = window.before(end)
    last, (since, until) = pl.col("at"), (_physical(at, history) for at in (start, end))
    return history.buyers.filter((last >= since) & (last < until))


def _physical(at: dt.datetime, history: History) -> int:
    """Give an instant in microseconds since 1970."""
    zone = str(history.as_of.tzinfo)
    return int(pl.select(instant(at, zone).to_physical()).item())
