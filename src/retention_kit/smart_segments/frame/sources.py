"""The rows that count: of completed orders, before the instant of observation, by their filters."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.frame.comparisons import answered
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.net import with_net
from retention_kit.smart_segments.frame.statuses import (
    GONE_BACK,
    SOLD,
    is_completed,
    is_of_return,
)

NET = "__net"
_KEY = "__is_return"


def seen_rows(table: str, given: Given, rows: Iterable[Rows]) -> pl.LazyFrame:
    """Give a table's rows before the instant of observation.

    Args:
        table: `orders`, `order_items` or `events`.
        given: The tables.
        rows: The rows that will be asked for.

    Returns:
        The rows with all of the table's columns; of orders those of any status. Orders and lines
        have besides `SOLD` and `GONE_BACK`: whether a row is, or is of, a completed sale, or a
        completed return; and, where `rows` ask for it, `NET`: whether it is not brought back.
    """
    seen = given.frames[table].filter(given.before_now(table))
    if table == "events":
        return seen
    is_return = is_of_return(given, table)
    if table == "orders":
        done = is_completed(given)
        seen = seen.with_columns(
            (done & ~is_return).alias(SOLD), (done & is_return).alias(GONE_BACK)
        )
    else:
        seen = _of_completed_orders(seen, given).with_columns(
            (~is_return).alias(SOLD), is_return.alias(GONE_BACK)
        )
    if any(one.net for one in rows):
        seen = with_net(seen, table, given, name=NET)
    return seen


def matching(rows: Rows, given: Given) -> pl.Expr:
    """Say which of a table's seen rows are those asked for; null is no."""
    asked = [answered(given.column(rows.table, one.column), one, given) for one in rows.where]
    if rows.source in ("orders", "order_items"):
        asked.insert(0, pl.col(SOLD))
    if rows.source in ("returns", "returned_items"):
        asked.insert(0, pl.col(GONE_BACK))
    if rows.net:
        asked.append(pl.col(NET))
    if not asked:
        return pl.lit(value=True)
    return asked[0] if len(asked) == 1 else pl.all_horizontal(asked)


def _of_completed_orders(lines: pl.LazyFrame, given: Given) -> pl.LazyFrame:
    """Drop the lines of orders that are cancelled or open."""
    if given.column("orders", "status").dtype is None:
        return lines
    undone = (
        given.frames["orders"]
        .filter(given.before_now("orders"), ~is_completed(given))
        .select(CUSTOMER, "order_id", is_of_return(given, "orders").alias(_KEY))
    )
    keyed = lines.with_columns(is_of_return(given, "order_items").alias(_KEY))
    return keyed.join(undone, on=[CUSTOMER, "order_id", _KEY], how="anti").drop(_KEY)
