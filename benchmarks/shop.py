"""The generator of the made-up shop: sales and returns of customers who differ in pace and leave.

It makes any number of customers at a time, whose ids go on from those made before, so that a shop
too large for memory is made in parts.
"""

import datetime as dt

import numpy as np
import polars as pl

from benchmarks.settings import SHOP_ZONE

FIRST_DAY = dt.date(2021, 1, 1)
LAST_DAY = dt.date(2025, 1, 15)
ROWS_PER_CUSTOMER = 5
RETURN_SHARE = 0.05
TIE_SHARE = 0.002

_MICROSECONDS = 1_000_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SPAN = int((LAST_DAY - FIRST_DAY).total_seconds())


def make_orders(rng: np.random.Generator, rows: int, *, rows_before: int = 0) -> pl.DataFrame:
    """Make sales and then returns, amounts in kopecks; ids are those that `rows_before` left."""
    n_returns = round(rows * RETURN_SHARE)
    n_sales = rows - n_returns
    customers_before = rows_before // ROWS_PER_CUSTOMER
    n_customers = max(1, rows // ROWS_PER_CUSTOMER)
    customer, seconds = _visits(rng, n_sales, n_customers, customers_before)
    kopecks = np.maximum(100, np.round(np.exp(rng.normal(11.9, 0.8, n_sales)))).astype(np.int64)
    returned = rng.choice(n_sales, n_returns, replace=False)
    back_seconds = seconds[returned] + rng.integers(3_600, 30 * 86_400, n_returns)
    back_kopecks = np.maximum(
        1, (kopecks[returned] * rng.uniform(0.2, 1.0, n_returns)).astype(np.int64)
    )
    return pl.DataFrame(
        {
            "order_id": _scattered_ids(rng, rows, rows_before),
            "customer_id": np.concatenate([customer, customer[returned]]),
            "seconds": np.minimum(np.concatenate([seconds, back_seconds]), _SPAN - 1),
            "kopecks": np.concatenate([kopecks, -back_kopecks]),
            "kind": np.repeat(["sale", "return"], [n_sales, n_returns]),
            "status": rng.choice(["completed", "cancelled", "open"], rows, p=[0.92, 0.06, 0.02]),
        }
    ).select(
        "order_id",
        "customer_id",
        _instant().alias("ordered_at"),
        pl.col("kopecks").alias("amount"),
        "kind",
        "status",
    )


def money() -> pl.Expr:
    """Give kopecks as exact money."""
    return (pl.col("amount") / 100).cast(pl.Decimal(18, 4))


def shuffled(rng: np.random.Generator, orders: pl.DataFrame) -> pl.DataFrame:
    return orders[rng.permutation(orders.height)]


def _visits(
    rng: np.random.Generator, n_sales: int, n_customers: int, customers_before: int
) -> tuple[np.ndarray, np.ndarray]:
    """Who bought and when, in seconds of the shop's clock since the first day."""
    pace = rng.gamma(0.7, 1.0, n_customers)
    extra = rng.multinomial(max(0, n_sales - n_customers), pace / pace.sum())
    customer = np.repeat(np.arange(n_customers), extra + 1)[:n_sales]
    start = rng.integers(0, _SPAN, n_customers)
    life = np.minimum(rng.exponential(500 * 86_400, n_customers).astype(np.int64), _SPAN - start)
    seconds = start[customer] + (rng.uniform(0, 1, customer.size) * life[customer]).astype(np.int64)
    tied = np.flatnonzero(rng.uniform(0, 1, customer.size) < TIE_SHARE)
    tied = tied[(tied > 0) & (customer[tied] == customer[tied - 1])]
    seconds[tied] = seconds[tied - 1]
    return _scattered_ids(rng, n_customers, customers_before)[customer], seconds


def _scattered_ids(rng: np.random.Generator, n: int, before: int) -> np.ndarray:
    """Give distinct ids far apart in 62 bits; multiplying by an odd number keeps them distinct."""
    running = rng.permutation(n).astype(np.uint64) + np.uint64(before + 1)
    return (running * _GOLDEN & np.uint64(2**62 - 1)).astype(np.int64)


def _instant() -> pl.Expr:
    elapsed = (pl.col("seconds") * _MICROSECONDS).cast(pl.Duration("us"))
    return (pl.lit(FIRST_DAY).cast(pl.Datetime("us")) + elapsed).dt.replace_time_zone(SHOP_ZONE)
