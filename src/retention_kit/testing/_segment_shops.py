"""Drawn shops made harder for segments: few customers who did much, and returns of whole sales."""

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
    """Let each return bring back all of a sale of its customer, lines included."""
    orders, lines = shop.tables["orders"], shop.tables["order_items"]
    is_return = pl.col("kind") == "return"
    sales = orders.filter(~is_return).select("customer_id", "order_id", "status", "amount")
    first = (
        sales.sort(pl.col("status") != "completed", maintain_order=True)
        .group_by("customer_id", maintain_order=True)
        .agg(pl.col("order_id").first().alias("first_id"))
    )
    named = orders.join(first, on="customer_id", how="left", maintain_order="left").with_columns(
        pl.when(is_return)
        .then(pl.coalesce("original_order_id", "first_id"))
        .otherwise("original_order_id")
        .alias("original_order_id")
    )
    worth = sales.select("customer_id", original_order_id="order_id", worth="amount")
    back = named.join(
        worth, on=["customer_id", "original_order_id"], how="left", maintain_order="left"
    )
    is_whole = is_return & pl.col("worth").is_not_null()
    amount = pl.when(is_whole).then(-pl.col("worth")).otherwise("amount").alias("amount")
    returns = back.filter(is_whole).select(
        "order_id", "original_order_id", "customer_id", "ordered_at"
    )
    copies = (
        lines.filter(~is_return)
        .drop("ordered_at", "kind")
        .rename({"order_id": "original_order_id"})
        .join(returns, on=["customer_id", "original_order_id"], maintain_order="left_right")
        .with_columns(
            -pl.col("quantity"),
            -pl.col("amount"),
            pl.lit("return", dtype=lines.schema["kind"]).alias("kind"),
        )
        .select(lines.columns)
    )
    # A return may share the id of its sale.
    is_of_them = is_return & pl.col("order_id").is_in(returns["order_id"].implode())
    tables = {
        **shop.tables,
        "orders": back.with_columns(amount).select(orders.columns),
        "order_items": pl.concat([lines.filter(~is_of_them), copies]),
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
