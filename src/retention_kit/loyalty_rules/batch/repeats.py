"""What is told twice: sales, of which the first counts, and events that may have been refused."""

from __future__ import annotations

import numpy as np
import polars as pl

from retention_kit.loyalty_rules.batch.account_rows import CUSTOMER
from retention_kit.loyalty_rules.batch.columns import Numbers
from retention_kit.loyalty_rules.batch.stream import sorts_of
from retention_kit.loyalty_rules.kernel import layout


def sold_once(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out sales of an id that the customer has already: the first in order counts."""
    if all(_are_told_once(rows, kind) for kind in (layout.ORDER, layout.RETURN)):
        return rows
    is_order = pl.col("kind") == layout.ORDER
    is_first = pl.struct(CUSTOMER, "kind", "order_id").is_first_distinct()
    # What is told at one instant twice may differ; what is taken must not depend on chance.
    return rows.sort(*sorts_of(rows.columns), *rows.columns).filter(~is_order | is_first)


def _are_told_once(rows: pl.DataFrame, kind: int) -> bool:
    ids = rows["order_id"].filter(rows["kind"] == kind)
    return ids.n_unique() == len(ids)


def told_before(rows: pl.DataFrame, kind: Numbers) -> Numbers:
    """Find the row before each that tells of the same event: of one kind, under one key.

    Args:
        rows: Rows of `stream.Stream`, in the order of taking, sales once.
        kind: Their kinds.

    Returns:
        By row, the nearest earlier one; -1 where there is none.
    """
    found = np.full(rows.height, -1, dtype=np.int64)
    places = np.flatnonzero(kind != layout.ORDER)
    if not len(places):
        return found
    about = [CUSTOMER, "kind", "order_id", *(name for name in ("key",) if name in rows.columns)]
    others = rows.select(about).filter(kind != layout.ORDER)
    again = others.is_duplicated()
    if not again.any():
        return found
    repeated = places[again.to_numpy()]
    before = pl.col("place").shift().over(about)
    told = others.filter(again).with_columns(pl.Series("place", repeated))
    found[repeated] = told.select(before.fill_null(-1)).to_series().to_numpy()
    return found
