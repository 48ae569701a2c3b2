"""From the dataset to the tables of an audit about what surrounds orders: goods and first steps."""

from __future__ import annotations

import polars as pl

from retention_kit.audit.seen import Answers, Seen
from retention_kit.contracts.dataset import Dataset
from retention_kit.metrics.orders.deliveries import delivery_effect
from retention_kit.metrics.orders.first_experience import funnel, funnel_totals
from retention_kit.metrics.orders.people_in_charge import manager_performance
from retention_kit.metrics.orders.products import product_totals, product_values

SHOWN = 50
"""How many products, categories or managers a table shows one by one."""


def goods_tables(dataset: Dataset, seen: Seen) -> dict[str, pl.DataFrame]:
    """Make the tables of products and categories, the largest and the rest together."""
    tables = {}
    for name, column in (("products", "product_id"), ("categories", "category")):
        totals = product_totals(dataset.order_items, dataset.orders, as_of=seen.as_of, by=column)
        values = product_values(totals.collect(engine="streaming"))
        if values[column].null_count() < values.height:
            tables[name] = shorten(values, column)
    if "products" in tables:
        named = (
            dataset.order_items.join(tables["products"].lazy(), on="product_id", how="semi")
            .group_by("product_id")
            .agg(pl.col("name").drop_nulls().max())
            .collect(engine="streaming")
        )
        tables["products"] = tables["products"].join(
            named, on="product_id", how="left", maintain_order="left"
        )
    return tables


def shorten(values: pl.DataFrame, column: str) -> pl.DataFrame:
    """Keep the largest by revenue, and sum the others up in a row of their own.

    Args:
        values: What `product_values` gives, by one column.
        column: That column.

    Returns:
        The rows, the largest first, with `is_rest` (`Boolean`) and `members` (`Int64`), how many
        a row stands for. Of the rest only what adds up is there: quantity, revenue and shares.
    """
    ordered = values.sort("revenue", column, descending=[True, False], nulls_last=True)
    shown = ordered.head(SHOWN).with_columns(
        pl.lit(value=False).alias("is_rest"), pl.lit(1, dtype=pl.Int64).alias("members")
    )
    rest = ordered.slice(SHOWN)
    if rest.is_empty():
        return shown
    adding = [name for name in ("quantity", "revenue", "share_of_revenue") if name in rest.columns]
    summed = rest.select(
        pl.col(adding).sum(),
        pl.lit(value=True).alias("is_rest"),
        pl.len().cast(pl.Int64).alias("members"),
    )
    return pl.concat([shown, summed], how="diagonal").select(shown.columns)


def people_tables(answers: Answers, seen: Seen) -> dict[str, pl.DataFrame]:
    """Make the tables of managers and of deliveries, where orders tell of them."""
    tables = {}
    if "managers" in answers:
        tables["managers"] = manager_performance(answers["managers"])
    if "delivery" in answers:
        tables["delivery"] = delivery_effect(answers["delivery"], confidence=seen.confidence)
    return tables


def funnel_table(dataset: Dataset, seen: Seen) -> pl.DataFrame:
    """Make the table of first steps, from seeing a product to the second order."""
    totals = funnel_totals(dataset.events, dataset.orders, as_of=seen.as_of)
    return funnel(totals.collect(engine="streaming"))
