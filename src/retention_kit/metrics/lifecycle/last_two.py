"""A customer's last sale and the one before it, without sorting."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.metrics.base.observed import SOLD_AT

EARLIER = "__earlier"
ORDERS = "__orders"
TIES = "__ties"


def marked_sales(seen: Frame, sold_at: str, earlier: str, ties: str) -> Frame:
    """Mark, among a customer's sales, those before the last instant and those at it."""
    at, last = pl.col(sold_at), pl.col(sold_at).max().over("customer_id")
    return seen.with_columns(last.alias(earlier)).with_columns(
        pl.when(at < pl.col(earlier)).then(at).alias(earlier),
        (at == pl.col(earlier)).alias(ties),
    )


def last_two(sold_at: str, earlier: str = EARLIER, ties: str = TIES) -> tuple[pl.Expr, pl.Expr]:
    """Give the instants of a customer's last sale and of the one before it, as aggregations."""
    last = pl.col(sold_at).max()
    return last, pl.when(pl.col(ties).sum() > 1).then(last).otherwise(pl.col(earlier).max())


def counted(sold_at: str) -> tuple[pl.Expr, pl.Expr]:
    """Give the instant of a customer's last sale and the number of sales, as aggregations."""
    at = pl.col(sold_at)
    return at.max(), at.count().cast(pl.Int64).alias(ORDERS + sold_at)


def with_earlier(customers: Frame, marked: Frame, moments: dict[str, int], *, within: int) -> Frame:
    """Keep who has bought, with the instants of the sales before the last that are not long ago.

    Args:
        customers: What `counted` gives of each column of `moments`, by customer.
        marked: The sales, with `SOLD_AT`, in microseconds since 1970 in UTC, and those columns.
        moments: By column of instants of sales, null of those that do not count, the instant that
            all of them are before.
        within: How long before the first of `moments` a sale may be, in microseconds; those before
            are not looked at.

    Returns:
        The customers with `EARLIER` and each column's name, null where no such sale is found.
    """
    start = max(min(moments.values()) - within, -(2**62))
    recent = marked.filter(pl.col(SOLD_AT) >= start).select("customer_id", *moments)
    earlier = []
    for sold_at in moments:
        names = EARLIER + sold_at, TIES + sold_at
        recent = marked_sales(recent, sold_at, *names)
        earlier.append(last_two(sold_at, *names)[1].alias(names[0]))
    bought = customers.filter(pl.col(ORDERS + SOLD_AT) > 0)
    return bought.join(recent.group_by("customer_id").agg(earlier), on="customer_id", how="left")
