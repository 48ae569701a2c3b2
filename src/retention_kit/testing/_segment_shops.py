"""Drawn shops made harder for segments: few customers who did much, whole returns, what is unsaid."""

from __future__ import annotations

import polars as pl

from retention_kit.testing._segment_worlds import ids_of
from retention_kit.testing._shop import Shop


def crowded(shop: Shop, most: int) -> Shop:
    """Give the rows of all customers to a few of them, so that each has many."""
    ids = ids_of(shop).to_list()
    to = {who: ids[place % most] for place, who in enumerate(ids)}
    tables = {
        name: frame.with_columns(pl.col("customer_id").replace(to))
        if "customer_id" in frame
        else frame
        for name, frame in shop.tables.items()
    }
    if "customers" in tables:
        tables["customers"] = tables["customers"].unique("customer_id", maintain_order=True)
    return Shop(tables, shop.time_zone, shop.currency)


def returned_whole(shop: Shop) -> Shop:
    """Let each return that belongs to a sale bring back all of it, lines included."""
    orders, lines = shop.tables["orders"], shop.tables["order_items"]
    is_return = pl.col("kind") == "return"
    sales = orders.filter(~is_return).select(
        "customer_id", pl.col("order_id").alias("sale_id"), pl.col("amount").alias("worth")
    )
    of_sale = pl.coalesce("original_order_id", "order_id").alias("sale_id")
    back = orders.with_columns(of_sale).join(
        sales, on=["customer_id", "sale_id"], how="left", maintain_order="left"
    )
    is_whole = is_return & pl.col("worth").is_not_null()
    worth = pl.when(is_whole).then(-pl.col("worth")).otherwise("amount").alias("amount")
    returns = back.filter(is_whole).select("order_id", "sale_id", "customer_id", "ordered_at")
    copies = (
        lines.filter(~is_return)
        .rename({"order_id": "sale_id"})
        .drop("ordered_at", "kind")
        .join(returns, on=["customer_id", "sale_id"], maintain_order="left_right")
        .with_columns(
            -pl.col("quantity"),
            -pl.col("amount"),
            pl.lit("return", dtype=lines.schema["kind"]).alias("kind"),
        )
        .select(lines.columns)
    )
    others = lines.join(returns, on="order_id", how="anti", maintain_order="left")
    sold = lines.filter(~is_return).join(returns, on="order_id", how="semi", maintain_order="left")
    tables = {
        **shop.tables,
        "orders": back.with_columns(worth).select(orders.columns),
        "order_items": pl.concat([others, sold, copies]),
    }
    return Shop(tables, shop.time_zone, shop.currency)


def with_less_said(shop: Shop) -> Shop:
    """Leave out, of every other row, that it is a sale and that it is completed."""
    is_even = pl.int_range(pl.len()) % 2 == 0
    unsaid = {"orders": {"kind": "sale", "status": "completed"}, "order_items": {"kind": "sale"}}
    tables = {
        **shop.tables,
        **{
            name: shop.tables[name].with_columns(
                pl.when(~(is_even & (pl.col(column) == usual))).then(column).alias(column)
                for column, usual in columns.items()
            )
            for name, columns in unsaid.items()
        },
    }
    return Shop(tables, shop.time_zone, shop.currency)
