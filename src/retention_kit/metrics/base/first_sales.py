"""Which sale was a customer's first, row by row: for figures that split a customer's orders."""

from __future__ import annotations

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.packed import fits_packed, ranked
from retention_kit.metrics.base.observed import SOLD_AT

IS_FIRST = "__is_first"
NEVER_BOUGHT = "__never_bought"
_FIRST = "__first"
_KEY = "__key"


def with_first_sales(seen: Frame) -> Frame:
    """Mark each customer's first sale, over all of their orders, and customers without any.

    Args:
        seen: Orders with the columns that `observed.with_sales` adds.

    Returns:
        The orders with `IS_FIRST` (whether it is the customer's sale with the smallest instant and
        id) and `NEVER_BOUGHT` (whether the customer has returns alone); neither is null.
    """
    if fits_packed(seen.collect_schema()["order_id"]):
        # Instant and id as one number, so that one smallest is looked for.
        key = ranked(pl.col(SOLD_AT).dt.epoch("us"), pl.col("order_id"))
        keyed = seen.with_columns(key.alias(_KEY))
    else:
        # Text does not fit into a number: the smallest id among those of the first instant.
        earliest = pl.col(SOLD_AT).min().over("customer_id")
        is_tied = pl.col(SOLD_AT) == earliest
        keyed = seen.with_columns(pl.when(is_tied).then("order_id").alias(_KEY))
    first = pl.col(_KEY).min().over("customer_id")
    return (
        keyed.with_columns(first.alias(_FIRST))
        .with_columns(
            (pl.col(_KEY) == pl.col(_FIRST)).fill_null(value=False).alias(IS_FIRST),
            pl.col(_FIRST).is_null().alias(NEVER_BOUGHT),
        )
        .drop(_KEY, _FIRST)
    )
