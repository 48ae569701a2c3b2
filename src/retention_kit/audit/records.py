"""From the dataset to the tables of an audit about the records themselves: views, rejected rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from retention_kit.audit.model import KeyFigure
from retention_kit.contracts.dataset import Dataset
from retention_kit.metrics.base.observed import observed

REJECTED_SHOWN = 1_000
"""How many rejected rows of a table an audit holds."""


def views(
    dataset: Dataset, as_of: dt.datetime, totals: Mapping[str, Any], guests: Mapping[str, Any]
) -> pl.DataFrame:
    """Say which rows each view counts."""
    known, others = (
        observed(dataset.orders, as_of=as_of),
        observed(dataset.guest_orders, as_of=as_of),
    )
    sale = pl.col("kind") == "sale"
    items, guest_items = dataset.order_items, dataset.guest_order_items
    sold = _lines(dataset, items, known.filter(sale))
    returned = _lines(dataset, items, known.filter(~sale))
    to_guests = _lines(dataset, guest_items, others.filter(sale))
    rows = [
        (
            "sales",
            "completed sales to known customers",
            totals["orders"],
            0,
            sold,
            totals["revenue"],
        ),
        (
            "net",
            "the same, and completed returns of known customers",
            totals["orders"],
            totals["returns"],
            _sum(sold, returned),
            totals["net_revenue"],
        ),
        (
            "with_guests",
            "completed sales, those to guests included",
            totals["orders"] + guests["orders"],
            0,
            _sum(sold, to_guests),
            totals["revenue"] + guests["revenue"],
        ),
    ]
    return pl.DataFrame(
        rows,
        schema={
            "view": pl.String,
            "counts": pl.String,
            "orders": pl.Int64,
            "returns": pl.Int64,
            "order_items": pl.Int64,
            "revenue": pl.Decimal(38, 4),
        },
        orient="row",
    )


def _lines(dataset: Dataset, items: pl.LazyFrame, orders: pl.LazyFrame) -> int | None:
    """Count the lines of orders, or give None where no lines were given."""
    if "order_items" not in dataset.given:
        return None
    keys = orders.select("order_id", "kind")
    return int(
        _collect(items.join(keys, on=["order_id", "kind"], how="semi").select(pl.len())).item()
    )


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def rejected(dataset: Dataset) -> dict[str, pl.DataFrame]:
    """Give the first rejected rows of each table, as they came."""
    tables = {}
    for name, table in dataset.health.tables.items():
        if table.rejected:
            tables[f"rejected_{name}"] = _collect(dataset.rejected[name].head(REJECTED_SHOWN))
    return tables


def figure_table(figures: tuple[KeyFigure, ...]) -> pl.DataFrame:
    """Give the key figures as a table."""
    return pl.DataFrame(
        [
            (
                figure.name,
                figure.view,
                None if figure.value is None else float(figure.value),
                figure.unit,
                None if figure.numerator is None else float(figure.numerator),
                None if figure.denominator is None else float(figure.denominator),
                figure.definition,
                figure.low,
                figure.high,
            )
            for figure in figures
        ],
        schema={
            "name": pl.String,
            "view": pl.String,
            "value": pl.Float64,
            "unit": pl.String,
            "numerator": pl.Float64,
            "denominator": pl.Float64,
            "definition": pl.String,
            "low": pl.Float64,
            "high": pl.Float64,
        },
        orient="row",
    )


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming")
