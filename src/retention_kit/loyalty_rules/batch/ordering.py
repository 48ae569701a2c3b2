"""What is of an order is taken after it, also where it is dated at the same instant or before."""

from __future__ import annotations

import polars as pl

from retention_kit.loyalty_rules.batch.account_rows import CUSTOMER
from retention_kit.loyalty_rules.batch.stream import sorts_of
from retention_kit.loyalty_rules.batch.taking import orders_concerned
from retention_kit.loyalty_rules.kernel import layout

_OF_ORDERS = (layout.RETURN, layout.ACTIVATE)


def after_their_orders(rows: pl.DataFrame) -> pl.DataFrame:
    """Move returns and deliveries that are dated at their order or before it right after it.

    They are then a microsecond later than the order, as `online` takes them too.

    Args:
        rows: Rows of a stream in the order of taking, with all rows of each customer in it.
    """
    is_about = rows["kind"].is_in(_OF_ORDERS)
    if not is_about.any():
        return rows
    about = (
        rows.select(CUSTOMER, "at", orders_concerned(rows)).with_row_index("place").filter(is_about)
    )
    # Few orders have such events; the ids alone are looked up much faster than with customers.
    is_theirs = (rows["kind"] == layout.ORDER) & rows["order_id"].is_in(about["ref"].implode())
    sold = rows.filter(is_theirs).select(
        CUSTOMER, pl.col("order_id").alias("ref"), pl.col("at").alias("sold_at")
    )
    about = about.join(
        sold.unique([CUSTOMER, "ref"], keep="first", maintain_order=True),
        on=[CUSTOMER, "ref"],
        how="inner",
    ).filter(pl.col("at") <= pl.col("sold_at"))
    if about.is_empty():
        return rows
    at = rows["at"].clone().scatter(about["place"], about["sold_at"] + 1)
    return rows.with_columns(at).sort(sorts_of(rows.columns))
