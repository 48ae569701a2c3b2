"""The rows that count: of completed orders, before the instant of observation, by their filters."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from retention_kit.smart_segments.definitions.rows import INSTANT_OF, Rows
from retention_kit.smart_segments.frame.comparisons import answered
from retention_kit.smart_segments.frame.given import Given
from retention_kit.smart_segments.frame.instants import at_microseconds
from retention_kit.smart_segments.frame.net import with_net
from retention_kit.smart_segments.frame.statuses import (
    GONE_BACK,
    SOLD,
    completed_lines,
    is_completed,
    is_of_return,
)

_NET = "__net"


def marked_rows(
    table: str,
    given: Given,
    masks: Mapping[Rows, str],
    *,
    since: int | None = None,
    keep: pl.Expr | None = None,
) -> pl.LazyFrame:
    """Give a table's rows before the instant of observation, with a mask for each kind asked for.

    Args:
        table: `orders`, `order_items` or `events`.
        given: The tables.
        masks: By rows that are asked for, the name of the column that marks them.
        since: Before when, in microseconds since 1970 in UTC, rows may be left out.
        keep: Which rows must be kept; the others may be left out. It may look at the masks. None
            keeps all, orders of any status among them.

    Returns:
        The rows with all of the table's columns, and the masks; null there is no.
    """
    rows = given.frames[table].filter(given.before_now(table))
    if since is not None:
        # By itself, so that it is asked first, and the scan decodes the rest of few rows alone.
        rows = rows.filter(pl.col(INSTANT_OF[table]) >= at_microseconds(given, table, since))
    rows = _with_kinds(rows, table, given)
    rows = rows.with_columns(_mask(one, given).alias(name) for one, name in masks.items())
    if keep is not None:
        rows = rows.filter(keep)
    if table == "order_items":
        # After the filters, so that few lines look for the status of their order.
        rows = completed_lines(rows, given, since=since)
    net = [name for one, name in masks.items() if one.net]
    if net:
        rows = with_net(rows, table, given, name=_NET).with_columns(
            pl.col(name) & pl.col(_NET) for name in net
        )
    return rows


def _with_kinds(rows: pl.LazyFrame, table: str, given: Given) -> pl.LazyFrame:
    """Say of orders whether they are completed sales or returns; of lines the kind alone."""
    if table == "events":
        return rows
    is_return = is_of_return(given, table)
    is_done = is_completed(given) if table == "orders" else pl.lit(value=True)
    return rows.with_columns(
        (is_done & ~is_return).alias(SOLD), (is_done & is_return).alias(GONE_BACK)
    )


def _mask(rows: Rows, given: Given) -> pl.Expr:
    asked = [answered(given.column(rows.table, one.column), one, given) for one in rows.where]
    if rows.source in ("orders", "order_items"):
        asked.insert(0, pl.col(SOLD))
    if rows.source in ("returns", "returned_items"):
        asked.insert(0, pl.col(GONE_BACK))
    if not asked:
        return pl.lit(value=True)
    return asked[0] if len(asked) == 1 else pl.all_horizontal(asked)
