"""A shop in which some sales are repeated: what an assumed response looks like as data."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from retention_kit.contracts.bundle import Bundle
from retention_kit.loyalty_rules.simulation.assumed import Response
from retention_kit.metrics.base.observed import is_sale
from retention_kit.smart_segments.definitions.lengths import read_length

_AGAIN = " (again)"


def with_response(dataset: Bundle, response: Response) -> Bundle:
    """Repeat the sales that a response chooses, with their lines, some time later.

    A repeated sale has an id of its own: of numbers one below zero, of texts one that ends in
    "(again)".
    """
    length = read_length("after", response.after)
    later = dt.timedelta(days=length.days, seconds=length.seconds)
    orders, items = dataset.orders, dataset.order_items
    chosen = orders.filter(is_sale(orders) & response.chosen())
    moved = [
        (pl.col(name) + later).alias(name)
        for name in ("ordered_at", "delivered_at")
        if name in orders.collect_schema()
    ]
    again = _again(orders)
    more_orders = chosen.with_columns(again, *moved)
    more_items = items.join(chosen.select("order_id"), on="order_id", how="semi")
    if "kind" in items.collect_schema():
        more_items = more_items.filter(is_sale(more_items))
    more_items = more_items.with_columns(
        again, *(one for one in moved if one.meta.output_name() in items.collect_schema())
    )
    return replace(
        dataset,
        orders=pl.concat([orders, more_orders]),
        order_items=pl.concat([items, more_items]),
    )


def _again(orders: pl.LazyFrame) -> pl.Expr:
    order_id = pl.col("order_id")
    if orders.collect_schema()["order_id"] == pl.String:
        return pl.concat_str(order_id, pl.lit(_AGAIN)).alias("order_id")
    return (-order_id - 1).alias("order_id")
